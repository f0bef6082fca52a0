"""Paths that differ from run to run, and the words that stand for them on our side of a pipe.

Masking works on whole lines: one search a path and spelling, whatever the line's size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import orjson


class Masks:
    """Swaps paths for words in lines of JSON, both ways."""

    __slots__ = ("_hide", "_show", "_words")

    def __init__(self, words: Mapping[Path, str]) -> None:
        """Mask each path as its word; of two paths in one another, the inner one goes first."""
        longest = sorted(words.items(), key=lambda item: -len(str(item[0])))
        self._words = [(str(path), word) for path, word in longest if path != path.parent]
        self._hide = [
            (spelling, word.encode()) for path, word in self._words for spelling in _spellings(path)
        ]
        self._show = [(_ascii(word), _ascii(path)) for path, word in self._words]

    def hide(self, line: bytes) -> bytes:
        """Return a line from the server with words for paths."""
        for path, word in self._hide:
            line = line.replace(path, word)
        return line

    def show(self, line: bytes) -> bytes:
        """Return a line of ASCII JSON for the server, with its paths put back."""
        for word, path in self._show:
            line = line.replace(word, path)
        return line

    def hide_text(self, text: str) -> str:
        """Return plain text with words for paths."""
        for path, word in self._words:
            text = text.replace(path, word)
        return text


def _spellings(path: str) -> list[bytes]:
    """Return `path` as encoders write it in a JSON string: raw, as ASCII, with escaped slashes."""
    forms = [orjson.dumps(path)[1:-1], _ascii(path)]
    return list(dict.fromkeys([*forms, *(form.replace(b"/", rb"\/") for form in forms)]))


def _ascii(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()
