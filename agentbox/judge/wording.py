"""How checks put things: on one line, short, and with nothing in it that moves a cursor.

Answers and results come from outside. Line breaks become blanks, and whatever is not printable
(terminal escapes, bidirectional overrides) becomes `�`.
"""

from __future__ import annotations

import json
import re

from agentbox.core.messages import Json

_WINDOW = 30
"""Characters shown before the place where two texts begin to differ."""
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")


def one_line(text: str, width: int = 600) -> str:
    """Return `text` on one line of at most `width` characters."""
    flat = " ".join(text.split())
    clean = "".join(char if char.isprintable() else "�" for char in flat)
    return clean if len(clean) <= width else clean[: width - 1].rstrip() + "…"


def quoted(text: str, width: int = 120) -> str:
    """Return `text` in quotation marks, shortened."""
    return f'"{one_line(text, width)}"'


def shown(value: Json, width: int = 60) -> str:
    """Return a JSON value as JSON, shortened."""
    return one_line(json.dumps(value, ensure_ascii=False, default=str), width)


def sentence(text: str, start: int, end: int, width: int = 160) -> str:
    """Return the sentence in which `text[start:end]` stands, cropped around it if it is long."""
    left = max((m.end() for m in _SENTENCE_ENDS.finditer(text, 0, start)), default=0)
    after = _SENTENCE_ENDS.search(text, end)
    right = after.start() if after else len(text)
    if right - left <= width:
        return quoted(text[left:right], width)
    room = max(0, width - (end - start)) // 2
    near, far = max(left, start - room), min(right, end + room)
    cropped = ("…" if near > left else "") + text[near:far] + ("…" if far < right else "")
    return quoted(cropped, width + 2)


def parting(one: str, other: str) -> tuple[str, str, int]:
    """Return two texts, quoted around where they part, and the first character that differs."""
    pairs = enumerate(zip(one, other, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, first - _WINDOW)
    head = "…" if start else ""
    return quoted(head + one[start:]), quoted(head + other[start:]), first + 1


def count(number: int) -> str:
    """Return how often, in words."""
    return {0: "never", 1: "once", 2: "twice"}.get(number, f"{number} times")
