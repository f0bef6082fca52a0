"""Reads a trace, whole or torn. A problem is named by line and reason; what is readable is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentbox.core.errors import Mark, Problem, TraceError
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import FORMAT_VERSION, TraceEvent
from agentbox.trace.encoding import decode
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
    blobs: dict[str, Json] = {}
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        found = _event(line, number, blobs)
        if isinstance(found, str):
            problems.append(Problem(f"{path or 'trace'}: {found}", Mark(path, number, 1)))
        elif found.kind == "blob":
            blobs[str(found.data.get("id"))] = found.data.get("data")
        else:
            events.append(found)
    return Trace(path, tuple(events), tuple(problems))


def _event(line: bytes, number: int, blobs: dict[str, Json]) -> TraceEvent | str:
    torn = "" if line.endswith(b"\n") else " (the last line is torn: the run was killed)"
    if len(line) > MAX_LINE:
        return f"line {number} is longer than {MAX_LINE} bytes; skipped"
    try:
        data = decode(line)
    except ValueError as error:
        return f"line {number} is no JSON: {error}{torn}"
    if not is_object(data) or not isinstance(data.get("kind"), str):
        return f"line {number} is no event; skipped"
    if not isinstance(data.get("at"), str):
        return f"line {number} has no position; skipped"
    if _REFERENCE in line:
        data = {key: _resolve(value, blobs) for key, value in data.items()}
    if data["kind"] == "model.request":
        data.update({key: blobs.get(str(data[key]), []) for key in TABLES if key in data})
    return TraceEvent(data["at"], data["kind"], data, number)


def _resolve(value: Any, blobs: dict[str, Json]) -> Json:
    if is_object(value) and len(value) == 1 and REFERENCE in value:
        return blobs.get(str(value[REFERENCE]), value)
    if is_list(value):
        return [_resolve(item, blobs) for item in value]
    return value


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
