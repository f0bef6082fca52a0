"""Text as lines of styled spans, measured in terminal cells and safe to show.

A `Line` is a tuple of `(text, style)`. Whatever a span holds, `safe` stands between it and the
screen: what came from a model, a tool, a user or a file can neither move the cursor, nor change
the title, nor turn the text around, nor hide in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["plain", "bold", "dim", "accent", "good", "warn", "bad"]
Span: TypeAlias = tuple[str, Style]
Line: TypeAlias = tuple[Span, ...]
Lines: TypeAlias = Sequence[Line]

ELLIPSIS = "…"
BLANK: Line = ()

UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: they drive the terminal
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, embeddings, overrides, isolates
    "\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # unseen
    "\u2028\u2029"  # line ends to some, not to others
    "\ud800-\udfff"  # halves of a pair: no encoding takes them
    "\U000e0000-\U000e0fff"  # tags and selectors, which can carry whole hidden sentences
    "]"
)


_FORMS = (("x", 2), ("u", 4), ("U", 8))
"""Python's own escapes, each with its number of hex digits."""


def safe(text: str) -> str:
    """Return `text` in one line, with all that a terminal would obey or hide made visible."""
    return UNSAFE.sub(_escape, text.replace("\t", "    "))


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return {"\n": "\\n", "\r": "\\r"}.get(char) or _code(ord(char))


def _code(point: int) -> str:
    letter, digits = next(form for form in _FORMS if point < 16 ** form[1])
    return f"\\{letter}{point:0{digits}x}"


def cells(text: str) -> int:
    """Return how many terminal cells `text` takes: two for a wide character, none for a mark."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return the start of `text` that fits into `width` cells, ending in `…` where it was cut."""
    if cells(text) <= width:
        return text
    head, _ = split_at(text, max(0, width - 1))
    return head.rstrip() + ELLIPSIS if width > 0 else ""


def split_at(text: str, width: int) -> tuple[str, str]:
    """Return the longest start of `text` that fits into `width` cells, and the rest."""
    used = 0
    for index, char in enumerate(text):
        used += _cells_of(char)
        if used > width:
            return text[:index], text[index:]
    return text, ""


def pad(text: str, width: int) -> str:
    """Return `text` filled with spaces to `width` cells."""
    return text + " " * (width - cells(text))


def one_line(text: str, width: int) -> str:
    """Return `text` as one safe line of at most `width` cells, its white space collapsed."""
    # Four characters a cell leave room for marks of no width; the rest is not worth reading.
    return cut(safe(" ".join(text[: width * 4 + 64].split())), width)


def wrap(text: str, width: int, most: int = 1000) -> list[str]:
    """Return `text` as safe lines of at most `width` cells, `most` of them, its own lines kept."""
    lines: list[str] = []
    for piece in _pieces(text, max(width, 8)):
        if len(lines) == most:
            lines[-1] = f"{split_at(lines[-1], max(width, 8) - 2)[0].rstrip()} {ELLIPSIS}"
            break
        lines.append(piece)
    return lines or [""]


def _pieces(text: str, width: int) -> Iterator[str]:
    for line in text.replace("\r\n", "\n").rstrip(" \n").split("\n"):
        yield from _folded(safe(line).rstrip(), width)


def _folded(line: str, width: int) -> Iterator[str]:
    while cells(line) > width:
        head, rest = split_at(line, width)
        space = len(head) if rest.startswith(" ") else max(0, head.rfind(" "))
        at = space if head[:space].strip() else len(head)
        yield line[:at].rstrip()
        line = line[at:].lstrip()
    yield line


def styled(text: str, style: Style = "plain") -> Line:
    """Return a line of one span."""
    return ((text, style),)


def section(title: str, lines: Sequence[Line]) -> list[Line]:
    """Return lines under a title; without lines there is no section."""
    return [styled(safe(title), "bold"), *lines] if lines else []


def plain(lines: Iterable[Line]) -> str:
    """Return lines as text without styles, each ended by a newline."""
    return "".join(f"{flat(line)}\n" for line in lines)


def flat(line: Line) -> str:
    """Return one line as safe text without styles, and without spaces at its end."""
    return "".join(safe(text) for text, _ in line).rstrip()


def cut_line(line: Line, width: int) -> Line:
    """Return the spans of a line that fit into `width` cells."""
    kept: list[Span] = []
    for text, style in line:
        shown = cut(safe(text), width)
        kept.append((shown, style))
        width -= cells(shown)
        if shown != safe(text):
            break
    return tuple(kept)


def indent(lines: Iterable[Line], by: int) -> list[Line]:
    """Return lines moved to the right; empty ones stay empty."""
    return [((" " * by, "plain"), *line) if line else line for line in lines]


def count(number: int, noun: str) -> str:
    """Return `1 turn`, `2 turns`, `1,200 turns`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
