"""What a trace shows of a run, as checks look at it: what was said, what was called, how it ended.

Only the agent's own events count (`c:`), and of these only what the user could see: a message that
a server had the model write in the middle of a call is no answer. The order in which concurrent
calls finished does not matter; positions decide.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent, position_key

End: TypeAlias = Mapping[str, Json]
"""A recorded end: reason, answer, and the limit or the error if there was one."""

Found = TypeVar("Found")
_WHOLE = 0
_TURN = re.compile(r"c:[^/]*/t(\d+)(?:/|$)")
_CALL = re.compile(r"(.+?/call\d+)(?:/try\d+)?")


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
        """How it ended: `answered`, `limit: steps`, `refused`, `failed`; empty if cut short."""
        end = self.end or {}
        limit = end.get("limit")
        reason = str(end.get("reason", ""))
        return f"{reason}: {limit}" if limit else reason


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
    reading = _Reading()
    for event in events:
        take = _TAKES.get(event.kind)
        if take and event.at.startswith("c:"):
            take(reading, event)
    return reading.run()


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


class _Reading:
    """Gathers, then sorts by position and splits by turn."""

    def __init__(self) -> None:
        self._steps: list[Position] = []
        self._said: list[Utterance] = []
        self._calls: dict[Position, Called] = {}
        self._open: dict[Position, list[str]] = {}
        self._ends: dict[Position, End | None] = {}

    def enter(self, event: TraceEvent) -> None:
        """A scope opens; plans share the position of their turn, so each position has a stack."""
        kind = str(event.data.get("scope", ""))
        self._open.setdefault(event.at, []).append(kind)
        if kind in ("run", "turn"):
            self._ends[event.at] = None

    def leave(self, event: TraceEvent) -> None:
        """A scope closes: the innermost one of this position."""
        open_here = self._open.get(event.at)
        if open_here and open_here.pop() in ("run", "turn"):
            self._ends[event.at] = event.data.get("end") or {}

    def ask(self, event: TraceEvent) -> None:
        """A model call."""
        if not in_call(event.at):
            self._steps.append(event.at)

    def say(self, event: TraceEvent) -> None:
        """The model's message."""
        text = str(event.data.get("text") or "")
        if text.strip() and not in_call(event.at):
            self._said.append(Utterance(text, event.at))

    def call(self, event: TraceEvent) -> None:
        """A call as proposed."""
        at, data = call_of(event.at), event.data
        if at:
            malformed = str(data.get("malformed", ""))
            self._calls[at] = Called(str(data.get("tool")), data.get("args") or {}, at, malformed)

    def result(self, event: TraceEvent) -> None:
        """What came of a call; a later try replaces an earlier one."""
        at, data = call_of(event.at), event.data
        if at in self._calls:
            self._calls[at] = replace(
                self._calls[at],
                status=str(data.get("status")),
                text=str(data.get("text") or ""),
                structured=data.get("structured"),
            )

    def run(self) -> Run:
        """Return what was gathered."""
        said = _by_turn(self._said, lambda one: one.at)
        calls = _by_turn(self._calls.values(), lambda one: one.at)
        steps = _by_turn(self._steps, lambda at: at)

        def evidence(turn: int, at: Position = "", end: End | None = None) -> Evidence:
            scope = f"turn {turn}" if turn else "the run"
            found = tuple(said[turn]), tuple(calls[turn]), tuple(steps[turn])
            return Evidence(scope, at, *found, end)

        scopes = {turn_of(at): evidence(turn_of(at), at, end) for at, end in self._ends.items()}
        return Run(scopes.pop(_WHOLE, evidence(_WHOLE)), scopes)


def _by_turn(found: Iterable[Found], at: Callable[[Found], Position]) -> Mapping[int, list[Found]]:
    """Sort by position and split by turn; everything is under `_WHOLE`."""
    ordered = sorted(found, key=lambda one: position_key(at(one)))
    split = defaultdict[int, list[Found]](list)
    for one in ordered:
        split[turn_of(at(one))].append(one)
    split[_WHOLE] = ordered
    return split


_TAKES: Mapping[str, Callable[[_Reading, TraceEvent], None]] = {
    "scope.enter": _Reading.enter,
    "scope.leave": _Reading.leave,
    "model.request": _Reading.ask,
    "model.result": _Reading.say,
    "tool.request": _Reading.call,
    "tool.result": _Reading.result,
}
