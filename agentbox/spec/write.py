"""JSON as YAML that people read: what a scenario file looks like that a program writes.

What holds: the reader gives back exactly the value. Blocks, and on one line in brackets what is
small; texts of several lines as they are, long ones folded; quotes where they are needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from agentbox.core.messages import Json, is_list, is_object
from agentbox.spec.compose import FORBIDDEN
from agentbox.spec.plain import BLOCK_TEXT, FLOW_TEXT, FOREIGN
from agentbox.spec.scalars import resolved

Path: TypeAlias = tuple[str | int, ...]
Comments: TypeAlias = Mapping[Path, Sequence[str]]
"""What stands above a key or an entry, by its path; an empty one is an empty line.

Whatever a comment holds, it stays one.
"""

WIDTH = 100
_HEIGHT = 2
"""How deep what stands in brackets may be: `{args: {id: 1}}`."""
_WORD = re.compile(r"[A-Za-z_$][\w.$/*-]{0,99}")
_FOR_OTHERS = re.compile(r"(?i:y|yes|n|no|on|off)|\d{4}-\d\d-\d\d|\d+(:\d+)+")
"""What a reader of YAML 1.1 takes for a truth, a date or a number in base 60."""
_NOT_HERE = re.compile(f"\n|{FOREIGN.pattern}").search
"""Finds what only double quotes can hold on one line."""


def yaml_text(value: Mapping[str, Json], comments: Comments | None = None) -> str:
    """Return a mapping as YAML; the comments of the empty path stand first."""
    writer = _Writer(comments or {})
    return "".join(f"{line}\n" for line in (*writer.remarks((), 0), *writer.mapping(value, (), 0)))


class _Writer:
    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def remarks(self, path: Path, indent: int) -> Iterator[str]:
        for comment in self._comments.get(path, ()):
            told = FORBIDDEN.sub("?", " ".join(comment.split()))
            lines = _folded(told, WIDTH - indent - 2)
            yield from (f"{' ' * indent}# {line}" if line else "" for line in lines)

    def mapping(self, value: Mapping[str, Json], path: Path, indent: int) -> Iterator[str]:
        for key, item in value.items():
            here = (*path, key)
            yield from self.remarks(here, indent)
            yield from self._entry(f"{' ' * indent}{_key(key)}:", item, here, indent)

    def _list(self, items: Sequence[Json], path: Path, indent: int) -> Iterator[str]:
        for number, item in enumerate(items):
            here = (*path, number)
            yield from self.remarks(here, indent)
            yield from self._entry(f"{' ' * indent}-", item, here, indent)

    def _entry(self, head: str, item: Json, path: Path, indent: int) -> Iterator[str]:
        """Yield the lines of a value behind `key:` or `-`."""
        alone = head.endswith("-") and is_object(item) and len(item) == 1
        holds = alone and any(map(_height, item.values()))  # `- says: {any: [a, b]}`
        inline = "" if holds else self._inline(item, path, WIDTH - len(head) - 1)
        if inline:
            yield f"{head} {inline}"
        elif isinstance(item, str):
            style, lines = _block(item, WIDTH - indent - 2)
            yield f"{head} {style}"
            yield from (f"{' ' * (indent + 2)}{line}" if line else "" for line in lines)
        elif is_object(item) and head.endswith("-"):
            lines = list(self.mapping(item, path, indent + 2))
            first = next(n for n, line in enumerate(lines) if line.strip()[:1] not in ("", "#"))
            yield from lines[:first]
            yield f"{head} {lines[first].lstrip()}"
            yield from lines[first + 1 :]
        else:
            yield head
            yield from self._below(item, path, indent + 2)

    def _below(self, item: Json, path: Path, indent: int) -> Iterator[str]:
        return (
            self.mapping(item, path, indent) if is_object(item) else self._list(item, path, indent)
        )

    def _inline(self, item: Json, path: Path, room: int) -> str:
        """Return a value on the rest of a line; empty where it needs lines of its own."""
        if isinstance(item, str):
            text = _text(item, BLOCK_TEXT)
            return "" if len(text) > room and _block(item, room)[0] else _or_block(item, text)
        if not isinstance(item, dict | list) or not item:
            return _flow(item)
        commented = any(known[: len(path)] == path and known != path for known in self._comments)
        if commented or _height(item) > _HEIGHT or _spreads(item):
            return ""
        text = _flow(item)
        return text if len(text) <= room else ""


def _or_block(item: str, text: str) -> str:
    """Return a text's line, but for a text of several lines that can stand as it is."""
    return "" if "\n" in item and _block(item, WIDTH)[0] else text


def _height(value: Json) -> int:
    inner = list(value.values()) if is_object(value) else value
    return 1 + max(map(_height, inner), default=0) if is_list(inner) else 0


def _spreads(value: Json) -> bool:
    """Return whether a value holds a text of several lines."""
    if isinstance(value, str):
        return "\n" in value
    if is_object(value):
        return any(map(_spreads, value.values()))
    return is_list(value) and any(map(_spreads, value))


# -- one line ------------------------------------------------------------------------------------


def _flow(value: Json) -> str:
    if isinstance(value, str):
        return _text(value, FLOW_TEXT)
    if is_object(value):
        return "{" + ", ".join(f"{_key(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) and _is_text(key) else _quoted(key)


def _text(text: str, plain: re.Pattern[str]) -> str:
    return text if plain.fullmatch(text) and _is_text(text) else _quoted(text)


def _is_text(text: str) -> bool:
    """Return whether a text without quotes is read as that text, by others too."""
    try:
        read = resolved(text)
    except ValueError:
        return False
    return read == text and not _NOT_HERE(text) and not _FOR_OTHERS.fullmatch(text)


def _quoted(text: str) -> str:
    if "'" not in text and ('"' in text or "\\" in text) and not _NOT_HERE(text):
        return f"'{text}'"
    return FORBIDDEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# -- several lines -------------------------------------------------------------------------------


def _block(text: str, room: int) -> tuple[str, list[str]]:
    """Return how a text stands in lines of its own, and the lines; empty where it cannot."""
    if FORBIDDEN.search(text) or "\r" in text or text != text.lstrip() or not text:
        return "", []
    if "\n" in text:
        lines = text.removesuffix("\n").split("\n")
        straight = all(line == "" or line.strip() for line in lines) and lines[-1]
        return (("|" if text.endswith("\n") else "|-"), lines) if straight else ("", [])
    foldable = "\t" not in text and text == text.rstrip()
    return (">-", _folded(text, room)) if foldable else ("", [])


def _folded(text: str, room: int) -> list[str]:
    """Return a text in lines, broken where one blank stands between words: so it reads the same."""
    lines: list[str] = []
    for word in re.split(r"(?<=\S) (?=\S)", text):
        if lines and len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
