"""Reads a trace, whole or torn. A problem is named by line and reason; what is readable is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agentbox.core.errors import Mark, Problem, UnreadableTrace
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import Position, TraceEvent
from agentbox.trace.encoding import decoder, lines_of
from agentbox.trace.migrating import STEPS, migrated
from agentbox.trace.writer import REFERENCE

TABLES = ("output", "slots", "tools")
"""Fields of a model request that are the id of a blob."""
_REFERENCE = REFERENCE.encode()
MAX_LINE = 64 * 1024 * 1024
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
    blobs: dict[str, Json] = {}
    loads = decoder(content)
    for number, line in enumerate(lines_of(content), 1):
        found = _decoded(line, loads)
        if isinstance(found, str):
            told = f"{path or 'trace'}: line {number} {found}"
            problems.append(Problem(told, Mark(path, number, 1)))
        elif found["kind"] == "blob":
            blobs[str(found.get("id"))] = found.get("data")
        else:
            data = found
            if _REFERENCE in line:
                data = {key: _filled(value, blobs) for key, value in found.items()}
            if data["kind"] == "model.request":
                data.update({key: blobs.get(str(data[key]), []) for key in TABLES if key in data})
            events.append(TraceEvent(data["at"], data["kind"], data, number))
    return Trace(path, tuple(events), tuple(problems))


def _decoded(line: bytes, loads: Callable[[bytes], Json]) -> dict[str, Json] | str:
    """Return the fields of a line that is an event; what is wrong with one that is not."""
    if len(line) > MAX_LINE:
        return f"is longer than {MAX_LINE} bytes; skipped"
    try:
        data = loads(line)
    except ValueError as error:
        torn = "" if line.endswith(b"\n") else " (the last line is torn: the run was killed)"
        return f"is no JSON: {error}{torn}"
    if not is_object(data) or not isinstance(data.get("kind"), str):
        return "is no event; skipped"
    if not isinstance(data.get("at"), str):
        return "has no position; skipped"
    return data


def _filled(value: Json, blobs: dict[str, Json]) -> Json:
    """Return a field with its blobs put back: it is one, or a list of messages that may be."""
    if is_list(value):
        return [_blob(item, blobs) for item in value]
    return _blob(value, blobs)


def _blob(value: Json, blobs: dict[str, Json]) -> Json:
    if is_object(value) and len(value) == 1 and REFERENCE in value:
        return blobs.get(str(value[REFERENCE]), value)
    return value
