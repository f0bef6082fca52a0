"""What models were shown, put together again from the events that brought it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agentbox.core.messages import Json, is_list
from agentbox.core.trace import Position, TraceEvent

MAIN_LOG = "main"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A model request, and the log it was shown: the first `size` messages of it."""

    request: TraceEvent
    log: list[Json]
    """Shared by the prompts of one log, and only ever appended to.

    Each message is as in the trace, with `from`: the event that brought it, if any.
    """
    size: int

    @property
    def messages(self) -> list[Json]:
        """The messages that the model was shown."""
        return self.log[: self.size]


def prompts(events: Iterable[TraceEvent]) -> Iterator[Prompt]:
    """Yield the prompt of each model request, in the order the requests were written."""
    events = tuple(events)
    results = ("model.result", "tool.result")
    brought = {event.at: event for event in events if event.kind in results}
    logs: dict[str, list[Json]] = {}
    for event in events:
        if event.kind == "model.request":
            run = event.at.partition("/")[0] + "/"
            log = logs.setdefault(str(event.data.get("log", MAIN_LOG)), [])
            new = event.data.get("new")
            log += [_message(item, run, brought) for item in new] if is_list(new) else []
            yield Prompt(event, log, len(log))


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
