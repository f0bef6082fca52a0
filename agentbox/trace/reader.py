"""Reads a trace, whole or torn. A problem is named by line and reason; what is readable is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agentbox.core.errors import Mark, Problem, UnreadableTrace
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import MAX_POSITION, Position, TraceEvent
from agentbox.trace.encoding import decoder, lines_of
from agentbox.trace.fields import TABLES, misfit, table_misfit
from agentbox.trace.migrating import STEPS, migrated
from agentbox.trace.writer import REFERENCE

_REFERENCE = REFERENCE.encode()
MAX_LINE = 64 * 1024 * 1024
MAX_DEPTH = 200
"""Of what is nested deeper nobody can make anything: Python's own stack ends at 1,000."""
_ENDED_BY = {
    "run.start": ("run.ready", "run.end"),
    "model.request": ("model.result",),
    "tool.request": ("tool.result",),
    "user.request": ("user.result",),
    "server.request": ("server.result",),
    "observe.request": ("observe.result",),
    "server.start": ("server.ready", "server.died", "server.stop"),
}
_ENDS = {end: kind for kind, ends in _ENDED_BY.items() for end in ends}


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace as read: its events in the order they were written, blobs put back."""

    path: str
    events: tuple[TraceEvent, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def header(self) -> TraceEvent | None:
        """The `run.start` event."""
        return next((event for event in self.events if event.kind == "run.start"), None)

    @property
    def complete(self) -> bool:
        """Whether the trace was sealed."""
        return bool(self.events) and self.events[-1].kind == "seal"

    def in_flight(self) -> list[TraceEvent]:
        """Return the requests never answered, and the run or servers that never got ready."""
        ended: dict[str, set[Position]] = {kind: set() for kind in _ENDED_BY}
        for event in self.events:
            kind = _ENDS.get(event.kind)
            if kind:
                ended[kind].add(event.at)
        return [e for e in self.events if e.kind in ended and e.at not in ended[e.kind]]


def read_trace(path: Path) -> Trace:
    """Return the trace in `path`.

    Raises:
        UnreadableTrace: there is no such file, it is no trace, or it is of a newer format.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableTrace(f"cannot read the trace {path}: {error.strerror}") from error
    trace = parse_trace(content, str(path))
    if not any(event.at for event in trace.events):
        raise UnreadableTrace(f"{path} is no trace: it has no events")
    return replace(trace, events=migrated(trace.events, trace.path, STEPS))


def parse_trace(content: bytes, path: str = "") -> Trace:
    """Return the trace in `content`; what cannot be read is in its `problems`."""
    events: list[TraceEvent] = []
    problems: list[Problem] = []
    blobs = _Blobs()
    loads = decoder(content)
    for number, line in enumerate(lines_of(content), 1):
        found = _event(line, loads, number, blobs)
        if isinstance(found, str):
            told = f"{path or 'trace'}: line {number} {found}"
            problems.append(Problem(told, Mark(path, number, 1)))
        elif found.kind == "blob":
            blobs.add(found.data)
        else:
            events.append(found)
    return Trace(path, tuple(events), tuple(problems))


def _event(
    line: bytes, loads: Callable[[bytes], Json], number: int, blobs: _Blobs
) -> TraceEvent | str:
    """Return the event in a line; what is wrong with a line that holds none."""
    data = _object(line, loads)
    if isinstance(data, str):
        return data
    kind: Json = data.get("kind")
    if not isinstance(kind, str):
        return "is no event; skipped"
    if not isinstance(data.get("at"), str) or len(data["at"]) > MAX_POSITION:
        return "has no position; skipped"
    if _REFERENCE in line:
        data = {key: blobs.resolved(value) for key, value in data.items()}
    wrong = misfit(kind, data) or (blobs.put_tables(data) if kind == "model.request" else "")
    if wrong:
        return f"is no {kind}: {wrong}; skipped"
    return TraceEvent(data["at"], kind, data, number)


def _object(line: bytes, loads: Callable[[bytes], Json]) -> dict[str, Json] | str:
    """Return the JSON object in a line, or why it holds none."""
    if len(line) > MAX_LINE:
        return f"is longer than {MAX_LINE} bytes; skipped"
    try:
        data = loads(line)
    except ValueError as error:
        torn = "" if line.endswith(b"\n") else " (the last line is torn: the run was killed)"
        return f"is no JSON: {error}{torn}"
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(data):
        return f"is nested more than {MAX_DEPTH} deep; skipped"
    return data if is_object(data) else "is no event; skipped"


def _is_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        inside = [each.values() if is_object(each) else each for each in level]
        level = [item for each in inside for item in each if isinstance(item, (dict, list))]
    return bool(level)


class _Blobs:
    """The values that lines refer to, by their ids."""

    def __init__(self) -> None:
        self._values: dict[str, Json] = {}
        self._tables: dict[tuple[str, str], str] = {}
        """What is wrong with a blob as a table of model requests: looked at once."""

    def add(self, line: Mapping[str, Json]) -> None:
        """Take in a blob's line."""
        name = str(line.get("id"))
        self._values[name] = line.get("data")
        for field in TABLES:
            self._tables.pop((field, name), None)

    def resolved(self, value: Json) -> Json:
        """Return a field's value, references in it put back."""
        if is_object(value) and len(value) == 1 and REFERENCE in value:
            return self._values.get(str(value[REFERENCE]), value)
        if is_list(value):
            return [self.resolved(item) for item in value]
        return value

    def put_tables(self, request: dict[str, Json]) -> str:
        """Put its tables into a model request; return what is wrong with them."""
        for field in TABLES:
            if field in request:
                name = str(request[field])
                request[field] = self._values.get(name, [])
                wrong = self._tables.get((field, name))
                if wrong is None:
                    wrong = self._tables[field, name] = table_misfit(field, request[field])
                if wrong:
                    return wrong
        return ""
