"""YAML text as a tree of nodes.

What holds: YAML 1.2 with the core schema, of which only what JSON can say too. No tags,
directives, merge keys, second document, keys that are no text, or duplicate keys; no alias that
multiplies the file past `MAX_NODES` or stands inside its own anchor. A key of `{...}` without a
value is refused: it is prose that a comma split.

The parser is ruamel's, the tree is built here from its events: so depth and size are bounded
before there is a tree, and nothing is constructed that a scenario does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agentbox.core.errors import Mark
from agentbox.spec.nodes import Entry, Node, cut, seen
from agentbox.spec.plain import plain
from agentbox.spec.problems import Problems
from agentbox.spec.scalars import paired, resolved

MAX_DEPTH = 64
MAX_NODES = 100_000


def compose(text: str, file: str, problems: Problems) -> Node | None:
    """Return the tree of the one document in `text`; None where there is none to be had.

    Whatever is wrong is in `problems`.
    """
    lines = problems.file(file, text)
    return plain(text, file, MAX_DEPTH, MAX_NODES) or compose_whole(text, file, lines, problems)


def compose_whole(text: str, file: str, lines: list[str], problems: Problems) -> Node | None:
    """Return the tree as `compose` does, by the parser that knows all of YAML."""
    composer = _Composer(file, lines, problems)
    try:
        composer.refuse_characters(text)
        composer.refuse_directives()
        for event in _events(text, composer):
            composer.take(event)
    except _Stop:
        return None
    return composer.root


class _Stop(Exception):
    """What follows cannot be understood; the problem is told already."""


def _events(text: str, composer: _Composer) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - 20 ms, which only reading a file should cost
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415 - comes with it

    try:
        parser: Any = YAML(typ="safe", pure=True)
        yield from parser.parse(text)
    except MarkedYAMLError as error:
        composer.refuse_syntax(error)
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        # what ruamel raises of bad input beside its own errors, such as "\U99999999"
        composer.stop(composer.here, f"this is no YAML: {error}")


FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Control characters, and what YAML 1.1 took for a line break or a byte order mark."""


@dataclass(slots=True)
class _Frame:
    """A list or mapping that is not closed yet."""

    mark: Mark
    flow: bool
    anchor: str | None
    items: list[Node] | None
    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    key: Node | None = None
    size: int = 1
    height: int = 1


class _Anchored(NamedTuple):
    node: Node
    size: int
    height: int


class _Composer:
    """Builds the tree from the parser's events."""

    def __init__(self, file: str, lines: list[str], problems: Problems) -> None:
        self.root: Node | None = None
        self.here = Mark(file, 1, 1)
        self._lines = lines
        self._problems = problems
        self._frames: list[_Frame] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._size = 0
        self._documents = 0

    # -- what stops it ---------------------------------------------------------------------------

    def stop(self, mark: Mark, message: str, *, note: str = "", hint: str = "") -> None:
        """Say what is wrong, and go no further."""
        self._problems.add(mark, message, note=note, hint=hint)
        raise _Stop

    def refuse_characters(self, text: str) -> None:
        """Stop at a character that no file may hold."""
        found = FORBIDDEN.search(text)
        if found:
            line = text.count("\n", 0, found.start()) + 1
            column = found.start() - text.rfind("\n", 0, found.start())
            message = f"the character U+{ord(found[0]):04X} cannot stand in a file"
            hint = r'write it as an escape in double quotes, such as "\x1b"'
            self.stop(Mark(self.here.file, line, column), message, hint=hint)

    def refuse_directives(self) -> None:
        """Stop at a `%YAML` or `%TAG` line."""
        for number, line in enumerate(self._lines, 1):
            if line.startswith("%"):
                mark = Mark(self.here.file, number, 1, len(line))
                self.stop(mark, "YAML directives are not allowed", hint="remove this line")
            if line.strip() and not line.lstrip().startswith("#"):
                return

    def refuse_syntax(self, error: Any) -> None:
        """Stop at the place of a parser's error, in words that help."""
        from agentbox.spec.syntax import said  # noqa: PLC0415 - wanted only on an error

        ours = said(str(error.problem))
        start, end = error.context_mark, error.problem_mark
        place = start if ours.at_start and start else end
        began = start and f"it began at {self._mark(start, start)}"
        note = began if began and start.line != place.line else ""
        self.stop(self._mark(place, place), ours.message, note=note, hint=ours.hint)

    # -- events ----------------------------------------------------------------------------------

    def take(self, event: Any) -> None:
        """Take the parser's next event."""
        step = _STEPS.get(type(event).__name__)
        if step:
            self.here = self._mark(event.start_mark, event.end_mark)
            if getattr(event, "tag", None) is not None:
                hint = "write plain values"
                self._problems.add(self.here, "YAML tags are not allowed", hint=hint)
            step(self, event)

    def document(self, _: Any) -> None:
        """Take the start of a document."""
        self._documents += 1
        if self._documents > 1:
            self.stop(self.here, "a second document begins here", hint="give it a file of its own")

    def scalar(self, event: Any) -> None:
        """Take a scalar."""
        try:
            value = resolved(event.value) if event.style is None else event.value
            value = paired(value) if isinstance(value, str) else value
        except ValueError as error:
            self._problems.add(self.here, str(error), hint="put text in quotes")
            value = 0  # any number: what is wrong here is told
        text = value if isinstance(value, str) else event.value
        self._add(Node(value, self.here, text, event.style is not None), event.anchor)

    def begin(self, event: Any) -> None:
        """Take the start of a list or a mapping."""
        if event.anchor:
            self._anchors[event.anchor] = None
        items: list[Node] | None = [] if type(event).__name__.startswith("Seq") else None
        self._frames.append(_Frame(self.here, bool(event.flow_style), event.anchor, items))
        self._bound(len(self._frames))

    def end(self, event: Any) -> None:
        """Take the end of a list or a mapping."""
        frame = self._frames.pop()
        value = frame.entries if frame.items is None else tuple(frame.items)
        self._add(Node(value, self._whole(frame, event)), frame.anchor, frame.size, frame.height)

    def alias(self, event: Any) -> None:
        """Take an alias: the anchored node itself stands in its place."""
        name = event.anchor
        anchored = self._anchors.get(name)
        if name not in self._anchors:
            self.stop(self.here, f"there is no anchor `&{name}` above this")
        elif anchored is None:
            self.stop(self.here, f"`*{name}` stands inside its own anchor")
        else:
            self._size += anchored.size
            self._bound(len(self._frames) + anchored.height)
            self._attach(*anchored)

    # -- the tree --------------------------------------------------------------------------------

    def _add(self, node: Node, anchor: str | None, size: int = 1, height: int = 0) -> None:
        self._size += 1
        self._bound(len(self._frames))
        if anchor:
            self._anchors[anchor] = _Anchored(node, size, height)
        self._attach(node, size, height)

    def _bound(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.stop(self.here, f"this is nested deeper than {MAX_DEPTH} levels")
        if self._size > MAX_NODES:
            self.stop(self.here, f"more than {MAX_NODES:,} values, those of aliases counted")

    def _attach(self, node: Node, size: int, height: int) -> None:
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        frame.size += size
        frame.height = max(frame.height, height + 1)
        if frame.items is not None:
            frame.items.append(node)
        elif frame.key is None:
            frame.key = node
        else:
            key, frame.key = frame.key, None
            if node.value is None and not node.text:  # a value left out has no place of its own
                node = Node(None, key.mark)
            if self._fits(frame, key, node) and isinstance(key.value, str):
                frame.entries[key.value] = Entry(key, node)

    def _fits(self, frame: _Frame, key: Node, value: Node) -> bool:
        """Return whether a mapping can hold the pair; say why where it cannot."""
        first = frame.entries.get(key.text)
        if frame.flow and value.value is None and not value.text:
            self._refuse_key(
                key,
                f"`{cut(key.text)}` has no value",
                "quote the text",
                "inside { } a comma begins a new key: text that holds one needs quotes",
            )
        elif frame.flow and self._lines[key.mark.line - 1][: key.mark.column - 1].endswith("?"):
            # ruamel takes `{?a: b}` for `{? a: b}`
            self._refuse_key(key, "text cannot begin with `?` here", hint="quote it")
        elif key.kind != "str":
            note = f'write "{cut(key.text)}"' if key.text else ""
            self._refuse_key(key, f"a key must be text, but this is {seen(key)}", note)
        elif key.text == "<<" and not key.quoted:
            self._refuse_key(key, "merge keys are not allowed", hint="write the keys out")
        elif first:
            note = f"first at {first.key.mark}"
            self._refuse_key(key, f"the key `{cut(key.text)}` stands twice", note)
        else:
            return True
        return False

    def _refuse_key(self, key: Node, message: str, note: str = "", hint: str = "") -> None:
        self._problems.add(key.mark, message, note=note, hint=hint)

    # -- places ----------------------------------------------------------------------------------

    def _whole(self, frame: _Frame, event: Any) -> Mark:
        """Return the place of a closed list or mapping: its first line, or its first key."""
        if not frame.flow:
            first = next(iter(frame.entries.values()), None)
            return first.key.mark if first else frame.mark
        end = event.end_mark
        line, start = frame.mark.line, frame.mark.column - 1
        stop = end.column if end.line + 1 == line else len(self._lines[line - 1].rstrip())
        return Mark(frame.mark.file, line, start + 1, max(1, stop - start))

    def _mark(self, start: Any, end: Any) -> Mark:
        row: int = start.line
        line = self._lines[row] if row < len(self._lines) else ""
        stop = end.column if end.line == row else len(line.rstrip())
        return Mark(self.here.file, row + 1, start.column + 1, max(1, stop - start.column))


_STEPS = {
    "DocumentStartEvent": _Composer.document,
    "ScalarEvent": _Composer.scalar,
    "AliasEvent": _Composer.alias,
    "SequenceStartEvent": _Composer.begin,
    "MappingStartEvent": _Composer.begin,
    "SequenceEndEvent": _Composer.end,
    "MappingEndEvent": _Composer.end,
}
