"""What the model saw at a position, put together again from the events that brought it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentbox.core.errors import TraceError
from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent
from agentbox.trace.reader import Trace
from agentbox.trace.writer import MAIN_LOG


@dataclass(frozen=True, slots=True)
class Prompt:
    """A model request as the model saw it."""

    at: Position
    messages: Sequence[Json]
    """Each message as in the trace, with `from`: the event that brought it, if any."""
    tools: Json
    slots: Json


def prompt_at(trace: Trace, at: Position) -> Prompt:
    """Return the whole prompt of the model request at `at`.

    Raises:
        TraceError: there is no model request at `at`, or part of it is missing.
    """
    brought = {
        event.at: event for event in trace.events if event.kind in ("model.result", "tool.result")
    }
    run = at.partition("/")[0] + "/"
    logs: dict[str, list[Json]] = {}
    for event in trace.events:
        if event.kind != "model.request":
            continue
        log = logs.setdefault(event.data.get("log", MAIN_LOG), [])
        log += [_message(item, run, brought) for item in event.data["new"]]
        if event.at == at:
            return Prompt(at, log, event.data["tools"], event.data["slots"])
    raise TraceError(f"no model request at {at} in {trace.path}")


def _message(item: Json, run: str, brought: Mapping[Position, TraceEvent]) -> Json:
    if not isinstance(item, str):
        return item
    at = item if ":" in item.partition("/")[0] else run + item
    event = brought.get(at)
    if event is None:
        return {"role": "unknown", "text": f"«missing: {at}»", "from": at}
    data = event.data
    if event.kind == "model.result":
        kept = {key: data[key] for key in ("text", "calls", "parts") if data.get(key)}
        return {"role": "assistant", **kept, "from": at}
    kept = {key: data[key] for key in ("text", "parts") if data.get(key)}
    failed = {"failed": True} if data.get("status") != "ok" else {}
    return {"role": "tool", "call_id": at.partition("/")[2], **kept, **failed, "from": at}
