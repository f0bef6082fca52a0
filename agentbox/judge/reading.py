"""From events to evidence: what a trace shows of the run and of each of its turns.

The order in which concurrent calls finished does not matter; positions decide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from agentbox.core.messages import Json, Usage, is_object
from agentbox.core.prompts import prompts
from agentbox.core.trace import Position, TraceEvent
from agentbox.judge.evidence import Called, End, Evidence, ModelCall, Seen, Utterance

Found = TypeVar("Found")
Number = TypeVar("Number", int, float)
_WHOLE = 0
_JUDGED = ("run", "turn")
_TURN = re.compile(r"c:[^/]*/t(\d+)(?:/|$)")
_CALL = re.compile(r"([^/]*(?:/[ts]\d[^/]*)*/call\d+)(?:/try\d+)?")
_LOOK = re.compile(r"[^/]*/t(\d+)/")
_START = re.compile(r"[^/]*/start/")
_COUNTED = ("input", "output", "reasoning", "cost_usd")


@dataclass(frozen=True, slots=True)
class Run:
    """The evidence of a whole run, and of each turn that was played."""

    whole: Evidence
    turns: Mapping[int, Evidence] = field(default_factory=dict[int, Evidence])
    late: Mapping[Position, str] = field(default_factory=dict[Position, str])
    """The model calls that had no answer in time, and how long was waited."""

    @property
    def last(self) -> int:
        """The number of the last turn played; 0 if there was none."""
        return max(self.turns, default=0)


def read(events: Iterable[TraceEvent]) -> Run:
    """Return what `events` show, in the order they were written or in canonical order."""
    events = tuple(events)
    ours = [event for event in events if event.at.startswith("c:")]
    asked = _by_turn(_asked(ours, events), lambda one: one.at)
    said = _by_turn(_said(ours), lambda one: one.at)
    calls = _by_turn(_calls(ours), lambda one: one.at)
    usages = _by_turn([e for e in ours if e.kind == "model.result"], lambda one: one.at)
    seen, tools = list(_seen(events)), _tools(ours)

    def evidence(turn: int, at: Position = "", end: End | None = None) -> Evidence:
        return Evidence(
            f"turn {turn}" if turn else "the run",
            at,
            said[turn],
            calls[turn],
            tuple(call for call in calls[_WHOLE] if turn_of(call.at) < turn),
            asked[turn],
            tuple(map(usage_of, usages[turn])),
            _seconds(ours, at),
            tuple(one for one in seen if _look_of(one.at) in (turn, None)),
            end,
            tools,
        )

    scopes = {turn_of(at): evidence(turn_of(at), at, end) for at, end in ends(ours).items()}
    return Run(scopes.pop(_WHOLE, evidence(_WHOLE)), scopes, dict(_late(ours)))


def ends(events: Iterable[TraceEvent]) -> dict[Position, End | None]:
    """Return how the run and each turn ended, by position; None where one was cut short.

    A plan shares the position of its turn, so each position has a stack of open scopes.
    """
    found: dict[Position, End | None] = {}
    opened = defaultdict[Position, list[str]](list)
    for event in events:
        if event.kind == "scope.enter":
            opened[event.at].append(event.data.get("scope", ""))
            if opened[event.at][-1] in _JUDGED:
                found[event.at] = None
        elif event.kind == "scope.leave" and opened[event.at]:
            scope = opened[event.at].pop()
            found |= {event.at: event.data.get("end") or {}} if scope in _JUDGED else {}
    return found


def turn_of(at: Position) -> int:
    """Return the turn a position of the agent lies in; 0 for none."""
    found = _TURN.match(at)
    return int(found[1]) if found else 0


def call_of(at: Position) -> Position:
    """Return the call that an event belongs to, its tries as one; empty for a child of a call."""
    found = _CALL.fullmatch(at)
    return found[1] if found else ""


def in_call(at: Position) -> bool:
    """Whether this happened inside a tool call, where the user sees nothing of it."""
    return "/call" in at


def usage_of(result: TraceEvent) -> Usage:
    """Return what a model call used, as its result tells."""
    given = result.data.get("usage")
    used = given if is_object(given) else {}
    return Usage(**{name: _number(used.get(name)) for name in _COUNTED})


def _number(value: Json) -> Json:
    return value if isinstance(value, (int, float)) else None


def total(parts: Sequence[Number | None], zero: Number) -> Number | None:
    """Return a sum; None if any part of it is unknown."""
    known = [part for part in parts if part is not None]
    return sum(known, zero) if len(known) == len(parts) else None


def _asked(ours: Sequence[TraceEvent], events: Sequence[TraceEvent]) -> Iterator[ModelCall]:
    """Yield the agent's model calls; only the events that brought its messages are others'."""
    brought = [event for event in events if event.kind.endswith(".result")]
    for prompt in prompts([*brought, *(e for e in ours if e.kind == "model.request")]):
        asked = prompt.request
        if not in_call(asked.at):
            slots = tuple(asked.data.get("slots") or ())
            yield ModelCall(asked.at, prompt, slots, str(asked.data.get("aside", "")))


def _tools(events: Iterable[TraceEvent]) -> tuple[str, ...] | None:
    """Return the tools that were listed at any time, those left out too: they can be spoken of."""
    names: list[Iterable[str]] = []
    for event in events:
        data = event.data
        if event.kind == "run.ready":
            names.append((*data.get("tools", ()), *data.get("left_out", ())))
        elif event.kind == "tools.changed":
            names.append(f"{data.get('server')}.{name}" for name in data.get("added", ()))
    return tuple(dict.fromkeys(chain(*names))) if names else None


def _late(events: Iterable[TraceEvent]) -> Iterator[tuple[Position, str]]:
    for event in events:
        if event.kind == "model.result" and event.data.get("status") == "timeout":
            yield event.at, str(event.data.get("error"))


def _said(events: Sequence[TraceEvent]) -> Iterator[Utterance]:
    asides = {e.at for e in events if e.kind == "model.request" and e.data.get("aside")}
    for event in events:
        if event.kind == "model.result" and not in_call(event.at) and event.at not in asides:
            text = str(event.data.get("text") or "")
            if text.strip():
                yield Utterance(text, event.at)


def _calls(events: Iterable[TraceEvent]) -> list[Called]:
    """Return the calls in call order, each with its last result."""
    requests: dict[Position, TraceEvent] = {}
    results: dict[Position, TraceEvent] = {}
    for event in events:
        if event.kind == "tool.request":
            requests[call_of(event.at)] = event
        elif event.kind == "tool.result":
            results[call_of(event.at)] = event
    requests.pop("", None)
    found = [_called(at, request, results.get(at)) for at, request in requests.items()]
    order: dict[str, int] = {}

    def place(call: Called) -> tuple[int, int]:
        return order.setdefault(call.step, len(order)), int(call.at.rpartition("/call")[2])

    return sorted(found, key=place)


def _called(at: Position, request: TraceEvent, result: TraceEvent | None) -> Called:
    asked = request.data
    came: Mapping[str, Json] = result.data if result else {}
    return Called(
        str(asked.get("tool")),
        asked.get("args") or {},
        at,
        str(asked.get("malformed", "")),
        str(came.get("status", "unanswered")),
        str(came.get("text") or ""),
        came.get("structured"),
        str(came.get("source", "")),
        came.get("meta"),
    )


def _seen(events: Iterable[TraceEvent]) -> Iterator[Seen]:
    for event in events:
        if event.kind == "observe.result":
            data = event.data
            look, error = data.get("look", {}), str(data.get("error", ""))
            yield Seen(look, event.at, data.get("value"), error)


def _look_of(at: Position) -> int | None:
    """Return the turn that an observation was made after, 0 at the end, None before the first."""
    if _START.match(at):
        return None
    found = _LOOK.match(at)
    return int(found[1]) if found else _WHOLE


def _seconds(events: Iterable[TraceEvent], at: Position) -> float:
    scope = [e.clock for e in events if e.at == at and e.kind in ("scope.enter", "scope.leave")]
    return scope[-1] - scope[0] if scope else 0.0


def _by_turn(
    found: Iterable[Found], at: Callable[[Found], Position]
) -> Mapping[int, tuple[Found, ...]]:
    """Split by turn; everything is under `_WHOLE`."""
    whole = tuple(found)
    turns = defaultdict[int, list[Found]](list)
    for one in whole:
        turns[turn_of(at(one))].append(one)
    return defaultdict(tuple, {**{n: tuple(part) for n, part in turns.items()}, _WHOLE: whole})
