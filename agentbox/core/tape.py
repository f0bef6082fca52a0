"""What a trace answers: who was asked where, and what came of it.

An answer is found by position. It is what was recorded, so what was redacted then stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from agentbox.core.errors import FailedStatus, ModelFailed, WorldError
from agentbox.core.messages import (
    UNKNOWN_USAGE,
    Json,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    is_list,
    is_object,
)
from agentbox.core.requests import Observed, Said
from agentbox.core.trace import Position, TraceEvent

_ANSWERS = frozenset(
    [
        "model.request",
        "model.result",
        "tool.request",
        "tool.result",
        "tool.truncated",
        "tools.changed",
        "observe.result",
    ]
)
_NOTHING: Mapping[str, Json] = {}
_INTERRUPTED = "interrupted"


class TapeEnded(WorldError):
    """The tape holds no answer: the run ended there. It is no divergence."""


class Tape:
    """The answers of one trace."""

    def __init__(self, events: Iterable[TraceEvent]) -> None:
        self.events = tuple(events)
        self._found: dict[str, dict[Position, TraceEvent]] = {kind: {} for kind in _ANSWERS}
        self._asides: dict[Position, list[TraceEvent]] = {}
        """Model calls that a server wanted in the middle of a call, by the call's position."""
        for event in self.events:
            if event.kind in _ANSWERS:
                self._found[event.kind][event.at] = event
            if event.kind == "model.request" and event.data.get("aside") == "sampling":
                self._asides.setdefault(event.at.rpartition("/")[0], []).append(event)
        self._by_call: dict[str, list[TraceEvent]] | None = None
        start = next((event.at for event in self.events if event.kind == "run.start"), "")
        self._case = start.partition(":")[2]

    def own(self, at: Position) -> Position:
        """Return a position of another run's as one of this: its case is this one's."""
        return f"{at[:2]}{self._case}/{at.partition('/')[2]}"

    def said(self, at: Position) -> tuple[Said, str]:
        """Return what the model said at a position, and its name.

        Raises:
            ModelFailed: it gave no answer there either.
            WorldError: it could not be asked; the run broke.
            TapeEnded: there is no answer.
        """
        event = self._found["model.result"].get(at)
        if event is None:
            raise TapeEnded(f"the tape ends before the model answers at {at}")
        data = event.data
        if "error" in data:
            raise _failure(data, at)
        message = Message("assistant", data.get("text", ""), _calls(data), parts=_parts(data))
        usage = Usage(**data["usage"]) if "usage" in data else UNKNOWN_USAGE
        return Said(message, usage, data.get("stop", "end")), data.get("model", "")

    def result(self, at: Position) -> ToolResult:
        """Return the result of the call at a position, as the tool gave it.

        Raises:
            TapeEnded: there is none.
        """
        event = self._found["tool.result"].get(at)
        if event is None or event.data.get("status") == _INTERRUPTED:
            raise TapeEnded(f"the tape ends before the tool answers at {at}")
        result = result_of(event.data)
        cut = self._found["tool.truncated"].get(at)
        if cut is None:
            return result
        whole = str(cut.data.get("whole", ""))
        return ToolResult(
            result.status, whole, result.source, result.structured, result.parts, result.meta
        )

    def result_for(self, call: ToolCall) -> ToolResult | None:
        """Return the next result of an equal call anywhere on the tape, each served once."""
        if self._by_call is None:
            self._by_call = {}
            for at, event in self._found["tool.request"].items():
                if at in self._found["tool.result"]:
                    key = _key(event.data.get("tool"), event.data.get("args"))
                    self._by_call.setdefault(key, []).append(event)
        left = self._by_call.get(_key(call.name, dict(call.args)))
        return self.result(left.pop(0).at) if left else None

    def calls_of(self, name: str) -> list[Json]:
        """Return the arguments that a tool was called with, in order."""
        found = self._found["tool.request"].values()
        return [event.data.get("args") for event in found if event.data.get("tool") == name]

    def seen(self, at: Position) -> Observed:
        """Return what a look saw at a position; an error where it was not made."""
        event = self._found["observe.result"].get(at)
        if event is None:
            raise TapeEnded(f"the tape ends before anything is seen at {at}")
        return Observed(event.data.get("value"), event.data.get("error", ""))

    def asides(self, at: Position) -> Sequence[TraceEvent]:
        """Return the model requests that a server made in the middle of the call at a position."""
        return self._asides.get(at, ())

    def relisted(self, at: Position) -> Sequence[ToolSpec] | None:
        """Return what the model was offered at a position where servers had changed their tools."""
        request = self._found["model.request"].get(at)
        if at not in self._found["tools.changed"] or request is None:
            return None
        return [spec_of(each) for each in request.data.get("tools", ())]

    @property
    def patches(self) -> tuple[str, ...]:
        """What its run changed, as typed, where it is a fork's."""
        start = next((event.data for event in self.events if event.kind == "run.start"), _NOTHING)
        told = start.get("fork")
        return tuple(map(str, told.get("patch", ()))) if is_object(told) else ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The tools of servers that were kept from everybody."""
        ready = next((event for event in self.events if event.kind == "run.ready"), None)
        return tuple(ready.data.get("left_out", ())) if ready else ()

    @property
    def changing(self) -> frozenset[str]:
        """The keys of the servers whose tools changed in mid-run."""
        return frozenset(e.data.get("server", "") for e in self._found["tools.changed"].values())

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return the tools there were at the start, by full name."""
        found: dict[str, ToolSpec] = {}
        for event in self.events:
            table = event.data.get("specs" if event.kind == "run.ready" else "tools")
            for each in table if is_list(table) else ():
                if is_object(each):
                    found.setdefault(str(each.get("name")), spec_of(each))
            if event.kind == "run.ready" and found:
                break
        return tuple(found.values())


def spec_of(data: Mapping[str, Json]) -> ToolSpec:
    """Return a tool as a trace's tables hold it."""
    return ToolSpec(
        str(data.get("name", "")),
        str(data.get("description", "")),
        data.get("input_schema") or {},
        data.get("output_schema"),
        data.get("annotations") or {},
    )


def result_of(data: Mapping[str, Json]) -> ToolResult:
    """Return a call's result out of its event."""
    return ToolResult(
        data.get("status", "ok"),
        data.get("text", ""),
        data.get("source", "tool"),
        data.get("structured"),
        _parts(data),
        data.get("meta"),
    )


def _calls(data: Mapping[str, Json]) -> tuple[ToolCall, ...]:
    calls = data.get("calls")
    if not calls:
        return ()
    return tuple(
        ToolCall(call.get("tool", ""), call.get("args", {}), "", call.get("malformed", ""))
        for call in calls
    )


def _parts(data: Mapping[str, Json]) -> tuple[Mapping[str, Json], ...]:
    return tuple(data["parts"]) if "parts" in data else ()


def _failure(data: Mapping[str, Json], at: Position) -> WorldError:
    why = str(data["error"])
    if "status" in data:
        return ModelFailed(why, cast("FailedStatus", data["status"]), data.get("retry_after"))
    if why == _INTERRUPTED:
        return TapeEnded(f"the run was interrupted before the model answered at {at}")
    return WorldError(why)


def _key(name: Any, args: Json) -> str:
    import json  # noqa: PLC0415 - where a tape is asked by call, not by position

    return json.dumps([name, args], sort_keys=True, default=str)
