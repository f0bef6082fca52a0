"""What the page is given of a trace: its events, and each model call's prompt put together.

Tables that many model requests share (tools, slots, output) stand once and are named by number;
messages that an event brought are named by the event's number, so that nothing stands twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentbox.core.errors import Problem
from agentbox.core.messages import Json
from agentbox.core.prompts import Prompt, prompts
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import Stats
from agentbox.report.story import map_of, maps_of, text_of
from agentbox.report.verdicts import moment, problem_json, stats_json

_TABLES = ("output", "slots", "tools")
_BRINGS = ("model.result", "tool.result")
_BROUGHT = ("text", "calls", "parts")
"""What a message has from the event that brought it."""
_NOTHING: dict[str, Json] = {}


@dataclass(frozen=True, slots=True)
class Opened:
    """A trace to show."""

    name: str
    """The trace's own name in its run, such as `support_bot__overdue_upgrade`."""
    events: Sequence[TraceEvent]
    stats: Stats
    problems: Sequence[Problem] = ()
    """What is odd about the file: a torn line, a changed one."""


def brief_of(trace: Opened) -> dict[str, Json]:
    """Return what the choice of cases shows of a trace."""
    start, end = _first(trace, "run.start"), _first(trace, "run.end")
    outcome = text_of(end.get("outcome")) or "no verdict"
    cases = maps_of(map_of(start.get("scenario")).get("cases"))
    known = cases and outcome == "failed" and text_of(cases[0].get("known_failure"))
    return {
        "name": trace.name,
        "label": text_of(start.get("case")) or trace.name,
        "outcome": "known failure" if known else outcome,
        "root": next((event.at for event in trace.events if event.at.startswith("c:")), ""),
    }


def embedded(trace: Opened) -> str:
    """Return a trace as JSON text in ASCII; what no JSON can hold is said in its place."""
    shown = _Shown(trace.events)
    start = _first(trace, "run.start")
    rest: dict[str, Json] = {
        "moment": moment(text_of(start.get("now")), text_of(start.get("zone"))),
        "problems": [problem_json(one) for one in trace.problems],
        "stats": stats_json(trace.stats),
        "prompts": shown.prompts,
    }
    parts = {
        **{name: encoded(value) for name, value in rest.items()},
        "logs": _array(_array(map(encoded, log)) for log in shown.logs),
        "tables": _array(map(encoded, shown.tables)),
        "events": _array(map(encoded, shown.events)),
    }
    return "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}"


def _first(trace: Opened, kind: str) -> dict[str, Json]:
    return next((map_of(event.data) for event in trace.events if event.kind == kind), _NOTHING)


class _Shown:
    """The events of a trace as the page reads them."""

    def __init__(self, events: Sequence[TraceEvent]) -> None:
        self.tables: list[Json] = []
        self.logs: list[list[Json]] = []
        self.prompts: dict[str, Json] = {}
        """By the number of the request: which log, and from where to where it is shown."""
        self._numbers: dict[int, int] = {}
        brought = {event.at: n for n, event in enumerate(events) if event.kind in _BRINGS}
        self.events = [self._event(event) for event in events]
        self._read({id(event): n for n, event in enumerate(events)}, list(prompts(events)), brought)

    def _event(self, event: TraceEvent) -> dict[str, Json]:
        data = {**event.data, "at": event.at, "kind": event.kind}
        if event.kind == "model.request":
            data.pop("new", None)
            data |= {name: self._table(data[name]) for name in _TABLES if name in data}
        return data

    def _table(self, value: Json) -> int:
        """Return the number of a table; the reader gives the same object for the same one."""
        number = self._numbers.setdefault(id(value), len(self.tables))
        if number == len(self.tables):
            self.tables.append(value)
        return number

    def _read(
        self, numbers: Mapping[int, int], found: list[Prompt], brought: Mapping[str, int]
    ) -> None:
        logs: dict[int, tuple[int, int]] = {}
        for prompt in found:
            log, start = logs.get(id(prompt.log), (len(self.logs), 0))
            if log == len(self.logs):
                self.logs.append([])
            fresh = prompt.log[start : prompt.size]
            self.logs[log] += [_slim(message, brought) for message in fresh]
            logs[id(prompt.log)] = (log, prompt.size)
            number = numbers[id(prompt.request)]
            self.prompts[str(number)] = {"log": log, "from": start, "size": prompt.size}


def _slim(message: Json, brought: Mapping[str, int]) -> Json:
    data = map_of(message)
    number = brought.get(text_of(data.get("from")))
    if number is None:
        return data
    kept = {key: value for key, value in data.items() if key not in _BROUGHT}
    return {**kept, "event": number}


def _array(texts: Iterator[str]) -> str:
    return f"[{','.join(texts)}]"


_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str)


def encoded(value: Json) -> str:
    """Return a value as JSON text in ASCII; what has no form in JSON is said in its place."""
    try:
        return _ENCODER.encode(value)
    except (ValueError, TypeError, RecursionError):
        return _ENCODER.encode(_without(value))


def _without(value: Json) -> Json:
    """Return an event without the values that JSON has no form for."""
    return {key: _held(item) for key, item in map_of(value).items()} or "«not shown»"


def _held(value: Json) -> Json:
    try:
        _ENCODER.encode(value)
    except (ValueError, TypeError):
        return "«no JSON»"
    except RecursionError:
        return "«nested too deep to show»"
    return value
