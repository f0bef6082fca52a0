"""Reads a trace, whole or torn. A problem is named by line and reason; what is readable is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentbox.core.errors import Mark, Problem, TraceError
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import FORMAT_VERSION, MAX_POSITION, TraceEvent
from agentbox.trace.encoding import decode
from agentbox.trace.fields import TABLES, misfit, table_misfit
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
        seen = {(event.at, event.kind) for event in self.events}
        return [
            event
            for event in self.events
            if event.kind in _ENDED_BY
            and not any((event.at, kind) in seen for kind in _ENDED_BY[event.kind])
        ]


def read_trace(path: Path) -> Trace:
    """Return the trace in `path`.

    Raises:
        TraceError: there is no such file, it is no trace, or it is of a newer format.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TraceError(f"cannot read the trace {path}: {error.strerror}") from error
    trace = parse_trace(content, str(path))
    _check_version(trace)
    return trace


def parse_trace(content: bytes, path: str = "") -> Trace:
    """Return the trace in `content`; what cannot be read is in its `problems`."""
    events: list[TraceEvent] = []
    problems: list[Problem] = []
    blobs = _Blobs()
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        found = _event(line, number, blobs)
        if isinstance(found, str):
            problems.append(Problem(f"{path or 'trace'}: {found}", Mark(path, number, 1)))
        elif found.kind == "blob":
            blobs.add(found.data)
        else:
            events.append(found)
    return Trace(path, tuple(events), tuple(problems))


def _event(line: bytes, number: int, blobs: _Blobs) -> TraceEvent | str:
    data = _object(line, number)
    if isinstance(data, str):
        return data
    kind: Json = data.get("kind")
    if not isinstance(kind, str):
        return f"line {number} is no event; skipped"
    if not isinstance(data.get("at"), str) or len(data["at"]) > MAX_POSITION:
        return f"line {number} has no position; skipped"
    if _REFERENCE in line:
        data = {key: blobs.resolved(value) for key, value in data.items()}
    wrong = misfit(kind, data) or (blobs.put_tables(data) if kind == "model.request" else "")
    if wrong:
        return f"line {number} is no {kind}: {wrong}; skipped"
    return TraceEvent(data["at"], kind, data, number)


def _object(line: bytes, number: int) -> dict[str, Json] | str:
    """Return the JSON object in a line, or why it holds none."""
    if len(line) > MAX_LINE:
        return f"line {number} is longer than {MAX_LINE} bytes; skipped"
    try:
        data = decode(line)
    except ValueError as error:
        torn = "" if line.endswith(b"\n") else " (the last line is torn: the run was killed)"
        return f"line {number} is no JSON: {error}{torn}"
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH and _is_deep(data):
        return f"line {number} is nested more than {MAX_DEPTH} deep; skipped"
    return data if is_object(data) else f"line {number} is no event; skipped"


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

    def resolved(self, value: Any) -> Json:
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


def _check_version(trace: Trace) -> None:
    header = trace.header
    version = header.data.get("format") if header else None
    if header is None and not any(event.at for event in trace.events):
        raise TraceError(f"{trace.path} is no trace: it has no events")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise TraceError(
            Problem(
                f"{trace.path} is a trace of format {version}; this agentbox reads up to "
                f"{FORMAT_VERSION}",
                hint="pip install --upgrade agentbox",
            )
        )
