"""A trace as a tree of operations: turns, model calls, tool calls, and what else happened.

The order is that of positions alone, so that it does not matter which call finished first. An
operation has keys to be aligned by, the strictest first; no key holds a position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import EVENT_FIELDS, Position, TraceEvent
from agentbox.trace.encoding import encode, event_hash

Path: TypeAlias = tuple[str, ...]
Rank: TypeAlias = tuple[int, int, str, int, int]

_OWN: Mapping[str, str] = {
    "model.request": "model",
    "model.result": "model",
    "tool.request": "tool",
    "tool.result": "tool",
    "user.request": "user",
    "user.result": "user",
    "observe.request": "look",
    "observe.result": "look",
    "server.request": "asked",
    "server.result": "asked",
    "server.start": "server",
    "server.ready": "server",
    "server.died": "server",
    "server.stop": "server",
    "scope.enter": "scope",
    "scope.leave": "scope",
}
"""The events that make an operation, by kind; any other event is an operation of its own."""
_ELSEWHERE = frozenset({"run.start", "run.end", "check.result", "fork", "seal"})
"""Told of the run as a whole, and compared there."""
_LANES = {"u": 0, "c": 1, "h": 2}
"""In a turn the user speaks first, and the harness looks last."""
_DIGITS = "0123456789"
_BEFORE = ("clock.read", "run.ready")
"""Events that stand before what is done in their place; any other stands after it."""
_DEEPEST = 24
"""Parts of a position that are told apart; none of ours is deeper."""
_MADE_OF = ("turn", *dict.fromkeys(_OWN.values()))
_TABLES = ("slots", "tools", "output")
_SHOWN = EVENT_FIELDS | {"new", "n", "prompt", *_TABLES}
"""Fields of a model request that hold positions, or are looked at by themselves."""


@dataclass(slots=True, eq=False)
class Operation:
    """Something that was done, and what was done within it."""

    at: Position
    kind: str
    """`model`, `tool`, `user`, `look`, `asked`, `server`, `scope`, `turn`, or an event's kind."""
    name: str = ""
    """A tool's or a server's name."""
    lane: str = "c"
    rank: Rank = (1, 0, "", 0, 0)
    """Puts it among those beside it."""
    events: list[TraceEvent] = field(default_factory=list[TraceEvent])
    inside: list[Operation] = field(default_factory=list["Operation"])
    keys: tuple[int, int, str, str] = (0, 0, "", "")
    """All of it and what it says or does, hashed; which tools it calls; its name."""

    def first(self, kind: str) -> Mapping[str, Json]:
        """Return the content of the first event of a kind; empty where there is none."""
        return next((event.data for event in self.events if event.kind == kind), _NOTHING)

    def run(self) -> str:
        """Return what the positions of its run begin with."""
        return self.at.partition("/")[0] + "/"


_NOTHING: Mapping[str, Json] = {}


def operations(events: Iterable[TraceEvent]) -> Operation:
    """Return the run's operation, which holds all others."""
    tree = _Tree()
    for event in events:
        if event.kind not in _ELSEWHERE and event.at:
            tree.place(event)
    for node in tree.nodes.values():
        node.inside.sort(key=_rank)
    _Keys().give(tree.root)
    return tree.root


def _rank(operation: Operation) -> Rank:
    return operation.rank


class _Tree:
    """The operations by their place in the tree."""

    def __init__(self) -> None:
        self.root = Operation("", "scope")
        self.nodes: dict[Path, Operation] = {(): self.root}
        self._places: dict[Position, Operation] = {}

    def place(self, event: TraceEvent) -> None:
        """Add an event to the operation it is part of."""
        at = event.at
        self.root.at = self.root.at or f"c:{at.partition('/')[0][2:]}"
        node = self._places.get(at)
        if node is None:
            node = self._places[at] = self._node(_path(at), at)
        kind = _OWN.get(event.kind)
        if kind is None:
            rank = (0 if event.kind in _BEFORE else 2, 0, "", 0, 0)
            node.inside.append(Operation(at, event.kind, "", node.lane, rank, [event]))
            return
        node.kind, node.at = kind, at
        node.events.append(event)
        node.name = node.name or text_in(event.data, "tool") or text_in(event.data, "server")

    def _node(self, path: Path, at: Position) -> Operation:
        """Return the operation at a path, made with all that hold it where they are not there."""
        found = self.nodes.get(path)
        if found is None:
            kind = "turn" if len(path) == 1 else "scope"
            lane = path[1] if len(path) > 1 else "c"
            found = self.nodes[path] = Operation(at, kind, "", lane, _ranked(path))
            above = at if len(path) == 2 else _above(at)  # noqa: PLR2004 - a turn and its lane
            self._node(path[:-1], above).inside.append(found)
        return found


def _ranked(path: Path) -> Rank:
    """Return what puts an operation among those beside it; numbers are compared as numbers."""
    *_, last = path
    if len(path) == 2:  # noqa: PLR2004 - a turn and its lane
        return (1, _LANES[last], "", 0, 0)
    phase = _phase(last) if len(path) == 1 else 0
    name = last.rstrip(_DIGITS)
    return (1, phase, name, len(last) - len(name), int(last[len(name) :] or 0))


def _phase(name: str) -> int:
    """Return when in a run something is done: servers, what sets them up, turns, the end."""
    if name.startswith("server-"):
        return 0
    return 1 if name == "setup" else 2 + (segment_kind(name) != "t")


def _path(at: Position) -> Path:
    """Return the place of a position in the tree: without its case, its turn before its lane."""
    head, _, rest = at.partition("/")
    lane = head[0] if head[1:2] == ":" and head[0] in _LANES else "c"
    if not rest:
        return () if lane == "c" else ("", lane)
    turn, *steps = rest.split("/")
    parts = [part for step in steps for part in step.split(".")]
    return (turn, lane, *parts[:_DEEPEST], *filter(None, [".".join(parts[_DEEPEST:])]))


def _above(at: Position) -> Position:
    """Return the position that holds this one: `t1/s2` of `t1/s2.1` and of `t1/s2/call1`."""
    return at[: max(at.rfind("/"), at.rfind("."), 0)]


def is_loose(operation: Operation) -> bool:
    """Whether an operation is an event that is part of no other: a plan made, a limit reached."""
    return operation.kind not in _MADE_OF


def segment_kind(rest: str) -> str:
    """Return `t` of `t1/s2`; of what is no turn, its whole name."""
    name = rest.partition("/")[0]
    return "t" if name[:1] == "t" and name[1:].isdecimal() else name


# -- keys ----------------------------------------------------------------------------------------


class _Keys:
    """Gives operations their keys, from the innermost outwards."""

    def __init__(self) -> None:
        self._tables: dict[int, int] = {}
        """Hashes of tables by identity: the requests of a log share one."""

    def give(self, operation: Operation) -> None:
        """Give an operation, and all that is in it, the keys to align it by."""
        for each in operation.inside:
            self.give(each)
        kind, lane = operation.kind, operation.lane
        said = _said(operation)
        name = segment_kind(operation.at.partition("/")[2]) if kind == "turn" else operation.name
        whole = [kind, lane, self._content(operation), [each.keys[0] for each in operation.inside]]
        calls = operation.first("model.result").get("calls")
        tools = [text_in(call, "tool") for call in maps_in(calls)]
        named = f"{kind} {lane} {name}"
        operation.keys = (_hash(whole), _hash([kind, lane, said]), f"{named} {tools}", named)

    def _content(self, operation: Operation) -> Json:
        start = operation.events[0].clock if operation.events else 0
        return [
            [
                event.kind,
                round(event.clock - start, 6),
                content_of(event),
                [message_content(item) for item in inline(event)],
                self._tables_of(event),
            ]
            for event in operation.events
        ]

    def _tables_of(self, event: TraceEvent) -> list[int]:
        if event.kind != "model.request":
            return []
        return [self._table(event.data[name]) for name in _TABLES if name in event.data]

    def _table(self, table: Json) -> int:
        found = self._tables.get(id(table))
        if found is None:
            found = self._tables[id(table)] = _hash(table)
        return found


def _said(operation: Operation) -> Json:
    """Return what an operation says or does, whatever it was shown and whatever came of it."""
    if operation.kind in _SAID:
        kind, fields = _SAID[operation.kind]
        data = operation.first(kind)
        return [data.get(name) for name in fields]
    user = [each.keys[1] for each in operation.inside if each.kind == "user"]
    if operation.events and is_loose(operation):
        return content_of(operation.events[0])
    return user or [operation.name, *(each.keys[1] for each in operation.inside)]


_SAID: Mapping[str, tuple[str, Sequence[str]]] = {
    "model": ("model.result", ("text", "calls", "error")),
    "tool": ("tool.request", ("tool", "args", "malformed")),
    "user": ("user.result", ("text",)),
    "look": ("observe.request", ("look",)),
    "asked": ("server.request", ("server", "method", "params")),
}


def content_of(event: TraceEvent) -> dict[str, Json]:
    """Return what an event holds, without positions and without what a request was shown."""
    unsaid = _SHOWN if event.kind == "model.request" else EVENT_FIELDS
    found = {key: value for key, value in event.data.items() if key not in unsaid}
    if event.kind == "mcp.frame" and is_object(found.get("frame")):
        found["frame"] = {key: value for key, value in found["frame"].items() if key != "id"}
        params = found["frame"].get("params")
        if is_object(params):  # `_meta` holds positions
            kept = {key: value for key, value in params.items() if key != "_meta"}
            found["frame"] = {**found["frame"], "params": kept}
    return found


def inline(event: TraceEvent) -> list[dict[str, Json]]:
    """Return the messages of a model request that no earlier event holds."""
    return maps_in(event.data.get("new"))


def maps_in(value: Json) -> list[dict[str, Json]]:
    """Return the objects of a list; none where it is none."""
    return [item for item in value if is_object(item)] if is_list(value) else []


def text_in(data: Mapping[str, Json], key: str) -> str:
    """Return a text; nothing where there is none, or something else stands there."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def message_content(message: dict[str, Json]) -> dict[str, Json]:
    """Return a message without the position of the call that it answers."""
    return {key: value for key, value in message.items() if key != "call_id"}


def _hash(value: Json) -> int:
    try:
        return event_hash(encode(value))
    except RecursionError:
        return event_hash(encode(_flat(value)))


def _flat(value: Json) -> list[Json]:
    """Return a value that is nested too deep to be written, as one list."""
    found: list[Json] = []
    left = [value]
    while left:
        each = left.pop()
        if is_object(each):
            found.append({"keys": sorted(each)})
            left += [each[key] for key in sorted(each)]
        elif is_list(each):
            found.append({"items": len(each)})
            left += each
        else:
            found.append(each)
    return found
