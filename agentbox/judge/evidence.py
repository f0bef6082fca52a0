"""What a trace shows of a run, as checks look at it: what was said, what was called, how it ended.

Only the agent's own events count (`c:`), and of these only what the user could see: a message that
a server had the model write in the middle of a call is no answer. The order in which concurrent
calls finished does not matter; positions decide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent

End: TypeAlias = Mapping[str, Json]
"""A recorded end: reason, answer, and the limit or the error if there was one."""

Found = TypeVar("Found")
_WHOLE = 0
_JUDGED = ("run", "turn")
_TURN = re.compile(r"c:[^/]*/t(\d+)(?:/|$)")
_CALL = re.compile(r"([^/]*(?:/[ts]\d[^/]*)*/call\d+)(?:/try\d+)?")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of the assistant that the user could see."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call as proposed, and what came of it; its tries are one call."""

    tool: str
    args: Mapping[str, Json]
    at: Position
    malformed: str = ""
    """The arguments as written, where they were no JSON object."""
    status: str = "unanswered"
    text: str = ""
    structured: Json = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one check may look at: a turn, or the whole run."""

    scope: str
    """In words: `turn 2`, `the run`."""
    at: Position = ""
    said: tuple[Utterance, ...] = ()
    calls: tuple[Called, ...] = ()
    steps: tuple[Position, ...] = ()
    """The model calls, in order."""
    end: End | None = None
    """None where the scope was cut short."""

    @property
    def answer(self) -> str:
        """The final answer of the scope."""
        return str((self.end or {}).get("answer", ""))

    @property
    def answer_at(self) -> Position:
        """Where the final answer was given, or should have been: the last model call."""
        return self.steps[-1] if self.steps else self.at

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        return ended(self.end)


@dataclass(frozen=True, slots=True)
class Run:
    """The evidence of a whole run, and of each turn that was played."""

    whole: Evidence
    turns: Mapping[int, Evidence] = field(default_factory=dict[int, Evidence])

    @property
    def last(self) -> int:
        """The number of the last turn played; 0 if there was none."""
        return max(self.turns, default=0)


def read(events: Iterable[TraceEvent]) -> Run:
    """Return what `events` show, in the order they were written or in canonical order."""
    ours = [event for event in events if event.at.startswith("c:")]
    steps = _by_turn(_steps(ours), str)
    said = _by_turn(_said(ours), lambda one: one.at)
    calls = _by_turn(_calls(ours), lambda one: one.at)

    def evidence(turn: int, at: Position = "", end: End | None = None) -> Evidence:
        scope = f"turn {turn}" if turn else "the run"
        return Evidence(scope, at, said[turn], calls[turn], steps[turn], end)

    scopes = {turn_of(at): evidence(turn_of(at), at, end) for at, end in ends(ours).items()}
    return Run(scopes.pop(_WHOLE, evidence(_WHOLE)), scopes)


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


def ended(end: End | None) -> str:
    """Return an end in words: `answered`, `limit: steps`, `refused`, `failed`; empty if none."""
    told = end or {}
    reason, limit = str(told.get("reason", "")), told.get("limit")
    return f"{reason}: {limit}" if limit else reason


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


def _steps(events: Iterable[TraceEvent]) -> Iterator[Position]:
    return (e.at for e in events if e.kind == "model.request" and not in_call(e.at))


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
        step, _, number = call.at.rpartition("/call")
        return order.setdefault(step, len(order)), int(number)

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
    )


def _by_turn(
    found: Iterable[Found], at: Callable[[Found], Position]
) -> Mapping[int, tuple[Found, ...]]:
    """Split by turn; everything is under `_WHOLE`."""
    whole = tuple(found)
    turns = defaultdict[int, list[Found]](list)
    for one in whole:
        turns[turn_of(at(one))].append(one)
    return defaultdict(tuple, {**{n: tuple(part) for n, part in turns.items()}, _WHOLE: whole})
