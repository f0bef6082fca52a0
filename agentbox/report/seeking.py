"""Finds a value in JSON: as it is written, as a number with or without commas, as a date.

A word is found as a whole word, whatever its case: `A-1` is not in `A-12`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

from agentbox.core.clock import MONTHS
from agentbox.core.messages import Json
from agentbox.report.story import parsed, text_of

Pattern: TypeAlias = re.Pattern[str]

_DEPTH = 64
_NUMBER = re.compile(r"-?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")
_IN_WORDS = re.compile(rf"({'|'.join(MONTHS)}) (\d{{1,2}})(?:,? (\d{{4}}))?", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def pattern_of(value: str) -> Pattern:
    """Return what finds a value in a text."""
    forms = [re.escape(value), *_as_number(value), *_as_date(value)]
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def _as_number(value: str) -> Iterator[str]:
    if _NUMBER.fullmatch(value):
        whole, dot, rest = value.replace(",", "").partition(".")
        yield re.escape(whole + dot + rest)
        yield re.escape(f"{int(whole):,}{dot}{rest}")


def _as_date(value: str) -> Iterator[str]:
    words, iso = _IN_WORDS.fullmatch(value), _ISO.fullmatch(value)
    if words:
        month, year = MONTHS.index(words[1].capitalize()) + 1, words[3] or r"\d{4}"
        yield rf"{year}-{month:02}-{int(words[2]):02}(?:T[\d:.]+Z?)?"
        yield rf"{words[1]} {words[2]}(?:,? {year})?"
    if iso and 1 <= int(iso[2]) <= len(MONTHS):
        yield rf"{MONTHS[int(iso[2]) - 1]} {int(iso[3])}(?:,? {iso[1]})?"


def places(
    value: Json, pattern: Pattern, path: str = "$", depth: int = 0
) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every place in a JSON value where a pattern is found.

    A text that is JSON itself is looked into.
    """
    if isinstance(value, dict) and depth < _DEPTH:
        for key, inside in cast("dict[Any, Json]", value).items():
            if pattern.search(str(key)):
                yield path, str(key)
            yield from places(inside, pattern, f"{path}.{key}", depth + 1)
    elif isinstance(value, list) and depth < _DEPTH:
        for index, inside in enumerate(cast("list[Json]", value)):
            yield from places(inside, pattern, f"{path}[{index}]", depth + 1)
    else:
        text = text_of(value)
        known = parsed(text) if isinstance(value, str) and text[:1] in ("{", "[") else None
        within = list(places(known, pattern, path, depth + 1)) if depth < _DEPTH else []
        if within or pattern.search(text):
            yield from within or [(path, text)]


def around(text: str, pattern: Pattern, before: int = 24) -> str:
    """Return a text from a little before where a pattern is found."""
    found = pattern.search(text)
    start = max(0, found.start() - before) if found else 0
    return f"…{text[start:]}" if start else text
