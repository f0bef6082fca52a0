"""A tape: the events of a run, written down by hand as the runtime writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from agentbox.core.errors import Mark
from agentbox.core.requests import Observation, look_of
from agentbox.core.scenario import Case, CheckSpec, Level, ModelSpec, Scenario, Turn
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import CheckResult
from agentbox.judge import CHECKS, Check, judge


def spec_of(kind: str, kinds: Mapping[str, Check] = CHECKS, level: Level = "fail", **params: Any):
    """A check as the reader makes it; `level` stands beside its kind."""
    mark = Mark("f.yaml", 7, 9)
    return CheckSpec(kind, kinds[kind].params(**params), mark, "the line", level)


@dataclass
class Tape:
    """Grows by turns and steps; `judge` closes it and judges one check."""

    events: list[TraceEvent] = field(default_factory=list)
    turns: int = 0
    steps: int = 0
    closed: bool = False
    answer: str = ""
    end: dict[str, Any] = field(default_factory=dict)
    scenario: Scenario | None = None
    clock: float = 0.0
    new: list[Any] = field(default_factory=list)
    slots: list[Any] = field(default_factory=list)
    load: Callable[[str], Any] | None = None

    def emit(self, at: str, kind: str, **data: Any) -> None:
        data = {"at": at, "kind": kind, "clock": self.clock, **data}
        self.events.append(TraceEvent(at, kind, data))

    def shows(self, *new: Any, **slots: str) -> Tape:
        """What the next model call is shown anew, and its slots: each its text, or its state."""
        self.new = list(new)
        self.slots = [
            {"slot": name, "state": "absent" if text == "absent" else "filled", "text": text}
            for name, text in slots.items()
        ]
        return self

    def sees(self, look: Observation, value: Any = None, place: str = "end", **data: Any) -> Tape:
        """An observation, made at the end of the run, before the first turn, or after a turn."""
        told = {"look": look_of(look), **(data or {"value": value})}
        self.emit(f"h:case/{place}/look1", "observe.request", look=told["look"])
        self.emit(f"h:case/{place}/look1", "observe.result", **told)
        return self

    def turn(self, user: str = "What happened?") -> Tape:
        if not self.turns:
            self.emit("c:case", "scope.enter", scope="run")
        elif not self.end:
            self._leave_turn({"reason": "answered", "answer": self.answer})
        self.turns, self.steps, self.answer, self.end = self.turns + 1, 0, "", {}
        self.emit(f"u:case/t{self.turns}", "user.result", text=user)
        self.emit(f"c:case/t{self.turns}", "scope.enter", scope="turn")
        return self

    def say(self, text: str, usage: dict[str, Any] | None = None) -> Tape:
        self._step(text, [], usage)
        self.answer = text
        return self

    def aside(self, text: str) -> Tape:
        """A model call whose answer is no part of the conversation: a summary."""
        self._step(text, [], None, aside="summary", log="main/summary")
        return self

    def call(self, *calls: tuple[str, dict[str, Any], dict[str, Any]], text: str = "") -> Tape:
        """A step with calls: each its tool, its arguments and its result (a status if short)."""
        at = self._step(text, [{"tool": tool, "args": args} for tool, args, _ in calls])
        for number, (tool, args, _) in enumerate(calls, 1):
            self.emit(f"{at}/call{number}", "tool.request", tool=tool, args=args)
        for number, (_, _, result) in reversed(list(enumerate(calls, 1))):
            whole = {"status": "ok", "source": "tool", "text": "", **result}
            self.emit(f"{at}/call{number}", "tool.result", **whole)
        return self

    def ends(self, reason: str, **data: Any) -> Tape:
        self.end = {"reason": reason, "answer": self.answer, **data}
        return self

    def cut(self) -> Tape:
        self.closed = True
        return self

    def close(self) -> list[TraceEvent]:
        if not self.closed:
            end = self.end or {"reason": "answered", "answer": self.answer}
            self._leave_turn(end)
            self.emit("c:case", "scope.leave", end=end)
            self.closed = True
        return self.events

    def judge(self, kind: str, turn: int | None = None, **params: Any) -> CheckResult:
        return self.results((kind, turn, params))[0]

    def results(
        self,
        *checks: tuple[str, int | None, dict[str, Any]],
        turns: int = 0,
        kinds: Mapping[str, Check] = CHECKS,
    ) -> tuple[CheckResult, ...]:
        specs = [(turn, spec_of(kind, kinds, **params)) for kind, turn, params in checks]
        played = tuple(
            Turn("What happened?", tuple(spec for turn, spec in specs if turn == number))
            for number in range(1, max(self.turns, turns) + 1)
        )
        final = tuple(spec for turn, spec in specs if turn is None)
        case = Case("case", played, final, mark=Mark("f.yaml", 3, 5))
        self.scenario = Scenario(1, "2026-03-20T14:30:00Z", (case,), ModelSpec())
        return judge(self.close(), self.scenario, kinds, self.load)

    def _step(
        self, text: str, calls: list[Any], usage: dict[str, Any] | None = None, **more: str
    ) -> str:
        self.steps += 1
        at = f"c:case/t{self.turns}/s{self.steps}"
        told = {"log": "main", "n": 1, "prompt": "", "tools": "", **more}
        self.emit(at, "model.request", **told, new=self.new, slots=self.slots)
        self.new = []
        self.emit(at, "model.result", text=text, calls=calls, usage=usage or {}, stop="end")
        return at

    def _leave_turn(self, end: dict[str, Any]) -> None:
        self.emit(f"c:case/t{self.turns}", "scope.leave", end=end)


@pytest.fixture
def spec() -> Callable[..., CheckSpec]:
    return spec_of


@pytest.fixture
def tape() -> Tape:
    return Tape()
