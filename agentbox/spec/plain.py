"""Reads the plain part of YAML, of which scenario files are mostly made, five times as fast.

It takes: mappings and lists, in blocks and in brackets; text on one line, quoted or not; comments.
Of whatever else, and of whatever is wrong, it says nothing: the whole composer reads the file then.
So it decides nothing: what it gives is what the composer gives, which a property test holds it to.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from agentbox.core.errors import Mark
from agentbox.spec.nodes import Entry, Node
from agentbox.spec.scalars import resolved

FOREIGN = re.compile("[^\n\x20-\x7e\xa1-\u2027\u2030-\ud7ff\uf900-\ufdcf\U00010000-\U0001fffd]")
"""Characters of which YAML has its own opinion, tabs among them."""
_CONTENT = re.compile(r" *(?=[^ #])")
_END = re.compile(r" *$| +#|(?<= )#")
_DOUBLE = r'"(?:[^"\\]|\\[\\"/nt])*"'
_SINGLE = r"'(?:[^']|'')*'"
_QUOTED = re.compile(f"{_DOUBLE}|{_SINGLE}")
_KEY = re.compile(rf"([A-Za-z_$][\w.$/*-]*|{_DOUBLE}|{_SINGLE}):(?: +|$)")
_FIRST = r"(?:[^\s?:,\[\]{}#&*!|>'\"%@`-]|-(?=[\w.]))"
BLOCK_TEXT = re.compile(rf"{_FIRST}(?:[^ :#]|:(?=[^ ])| +(?=[^ #])|(?<! )#)*")
_FLOW_WORD = r"(?:[^ ,:\[\]{}#]|:(?=[\w/.]))*"
FLOW_TEXT = re.compile(rf"{_FIRST}{_FLOW_WORD}(?: +(?=[^ ,:\[\]{{}}#]){_FLOW_WORD})*")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t"}
_LONGEST_KEY = 100

_Pattern: TypeAlias = re.Pattern[str]


def plain(text: str, file: str, depth: int, length: int) -> Node | None:
    """Return the tree of a text, at most so deep and so long; None where it is not plain."""
    if len(text) > length or FOREIGN.search(text):
        return None
    try:
        return _Reader(text.split("\n"), file, depth).document()
    except _Beyond:
        return None


class _Beyond(Exception):
    """Here is something that only the whole composer understands."""


class _Reader:
    """A place in the lines, and what begins there."""

    def __init__(self, lines: list[str], file: str, depth: int) -> None:
        self._lines = lines
        self._file = file
        self._depth = depth
        self._row = -1
        self._at = 0
        self._indent = 0
        self._line = ""

    def document(self) -> Node:
        self._advance()
        if self._indent:
            raise _Beyond
        node = self._block()
        if self._row < len(self._lines):
            raise _Beyond
        return node

    def _advance(self) -> None:
        """Go to the next line that holds more than a comment; past the last, its indent is -1."""
        for row in range(self._row + 1, len(self._lines)):
            found = _CONTENT.match(self._lines[row])
            if found:
                self._row, self._line = row, self._lines[row]
                self._at = self._indent = found.end()
                return
        self._row, self._line, self._at, self._indent = len(self._lines), "", 0, -1

    # -- blocks ----------------------------------------------------------------------------------

    def _block(self) -> Node:
        return self._list(self._indent) if self._dashed() else self._mapping(self._indent)

    def _dashed(self) -> bool:
        return self._line.startswith("- ", self._at) or self._line[self._at :] == "-"

    def _mapping(self, indent: int) -> Node:
        entries: dict[str, Entry] = {}
        self._down()
        while not entries or self._indent == indent:
            key = self._key()
            value = self._below(indent, key) if self._ended() else self._inline(indent)
            self._put(entries, key, value)
        self._up(indent)
        return Node(entries, next(iter(entries.values())).key.mark)

    def _list(self, indent: int) -> Node:
        items: list[Node] = []
        mark = self._mark(self._at + 1)
        self._down()
        while self._indent == indent and self._dashed():
            self._at += 1
            self._spaces()
            if self._ended():
                items.append(self._below(indent, None))
            elif _KEY.match(self._line, self._at):
                items.append(self._mapping(self._at))
            else:
                items.append(self._inline(indent))
        self._up(indent)
        return Node(tuple(items), mark)

    def _below(self, indent: int, key: Node | None) -> Node:
        """Return what the lines below give to a key, or to a dash."""
        self._advance()
        if self._indent > indent:
            return self._block()
        if key is None:
            raise _Beyond
        if self._indent == indent and self._dashed():
            return self._list(indent)
        return Node(None, key.mark)

    def _inline(self, indent: int) -> Node:
        """Return what stands on the rest of a line, and go to the next."""
        flow = self._line[self._at] in "[{\"'"
        node = self._flow(indent) if flow else self._text(BLOCK_TEXT)
        if not self._ended():
            raise _Beyond
        self._advance()
        if self._indent > indent:  # text goes on there, or it is wrong
            raise _Beyond
        return node

    def _down(self) -> None:
        self._depth -= 1
        if self._depth < 0:
            raise _Beyond

    def _up(self, indent: int) -> None:
        self._depth += 1
        if self._indent > indent:
            raise _Beyond

    # -- brackets --------------------------------------------------------------------------------

    def _flow(self, indent: int) -> Node:
        opened = self._line[self._at]
        if opened in "[{":
            row, mark = self._row, self._mark(len(self._line.rstrip()))
            self._at += 1
            self._down()
            value = self._entries(indent) if opened == "{" else self._items(indent)
            self._depth += 1
            if row == self._row:
                mark = Mark(mark.file, mark.line, mark.column, self._at + 1 - mark.column)
            return Node(value, mark)
        return self._quoted() if opened in "\"'" else self._text(FLOW_TEXT)

    def _entries(self, indent: int) -> dict[str, Entry]:
        made: dict[str, Entry] = {}
        while not self._closed("}", indent, first=not made):
            key = self._key()
            self._gap(indent)
            self._put(made, key, self._flow(indent))
        return made

    def _items(self, indent: int) -> tuple[Node, ...]:
        made: list[Node] = []
        while not self._closed("]", indent, first=not made):
            made.append(self._flow(indent))
        return tuple(made)

    def _closed(self, bracket: str, indent: int, *, first: bool) -> bool:
        """Return whether the bracket closes here; else go past the comma, to the next entry."""
        self._gap(indent)
        if self._line[self._at] == bracket:
            self._at += 1
            return True
        if not first:
            if self._line[self._at] != ",":
                raise _Beyond
            self._at += 1
            self._gap(indent)
        return False

    def _gap(self, indent: int) -> None:
        """Go past blanks, and to the next line where this one ends."""
        self._spaces()
        if self._at == len(self._line):
            row = self._row + 1
            self._advance()
            if self._row != row or self._indent <= indent:
                raise _Beyond

    # -- scalars ---------------------------------------------------------------------------------

    def _key(self) -> Node:
        found = _KEY.match(self._line, self._at)
        if not found or len(found[1]) > _LONGEST_KEY:
            raise _Beyond
        quoted = found[1][0] in "\"'"
        text = _unquoted(found[1]) if quoted else found[1]
        if not (quoted or isinstance(resolved(text), str)):
            raise _Beyond
        mark = self._mark(found.end(1))
        self._at = found.end()
        return Node(text, mark, text, quoted)

    def _quoted(self) -> Node:
        found = _QUOTED.match(self._line, self._at)
        if not found:
            raise _Beyond
        text, mark = _unquoted(found[0]), self._mark(found.end())
        self._at = found.end()
        return Node(text, mark, text, quoted=True)

    def _text(self, pattern: _Pattern) -> Node:
        found = pattern.match(self._line, self._at)
        if not found:
            raise _Beyond
        text, mark = found[0], self._mark(found.end())
        self._at = found.end()
        try:
            return Node(resolved(text), mark, text)
        except ValueError:
            raise _Beyond from None

    def _put(self, entries: dict[str, Entry], key: Node, value: Node) -> None:
        if key.text in entries:
            raise _Beyond
        entries[key.text] = Entry(key, value)

    def _spaces(self) -> None:
        while self._line.startswith(" ", self._at):
            self._at += 1

    def _ended(self) -> bool:
        """Return whether nothing but a comment is left of the line."""
        return _END.match(self._line, self._at) is not None

    def _mark(self, end: int) -> Mark:
        return Mark(self._file, self._row + 1, self._at + 1, end - self._at)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    if text[0] == "'":
        return inner.replace("''", "'")
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), inner)
