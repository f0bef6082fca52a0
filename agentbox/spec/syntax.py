"""What ruamel says of YAML it cannot parse, in words that help an author."""

from __future__ import annotations

from typing import NamedTuple


def said(message: str) -> Saying:
    """Return what we say for a parser's message; one that we do not know stays as it is."""
    return next((saying for saying in _SAYINGS if saying.ruamel in message), Saying("", message))


class Saying(NamedTuple):
    """What ruamel says of a mistake, and what we say."""

    ruamel: str
    message: str
    hint: str = ""
    at_start: bool = False
    """Whether to point to where the construct began, not to where it was given up."""


_SAYINGS = (
    Saying(
        "mapping values are not allowed",
        "`: ` does not fit here",
        "quote text that holds `: `, and begin each key in the column of its siblings",
    ),
    Saying("found character '\\t'", "a tab cannot stand here", "use spaces"),
    Saying("that cannot start any token", "text cannot begin with this character", "quote it"),
    Saying("found unexpected end of stream", "this quote is never closed", at_start=True),
    Saying("'<stream end>'", "this bracket is never closed", at_start=True),
    Saying(
        "expected ',' or",
        "this does not fit into the brackets it stands in",
        "put a comma before it, or quote text that holds `: ` or a bracket",
    ),
    Saying(
        "found '<scalar>'",
        "this does not fit what stands before it",
        "quote the whole text, and begin each key in the column of its siblings",
    ),
    Saying(
        "expected <block end>",
        "this does not line up with what stands above it",
        "begin each key, and each `- `, in the column of its siblings",
    ),
    Saying(
        "could not find expected ':'",
        "a key without its `:`",
        "write `key: value`; indent text that goes on, or quote it",
        at_start=True,
    ),
    Saying(
        "expected '<document start>'",
        "this does not go on what stands above it",
        "a file is one mapping of keys",
    ),
    Saying("undefined tag handle", "YAML tags are not allowed", "write plain values"),
)
