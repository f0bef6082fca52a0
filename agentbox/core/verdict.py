"""What a run came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentbox.core.errors import Mark, Problem
from agentbox.core.messages import Json
from agentbox.core.scenario import Level
from agentbox.core.trace import Position

Outcome: TypeAlias = Literal["passed", "failed", "errored"]
"""`errored` is a run or a check that could not be judged: never a pass, never a failure."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check's verdict, with what it rests on."""

    kind: str
    outcome: Outcome
    message: str = ""
    """On a failure: what was seen, in one line, with the matching mode in words."""
    turn: int | None = None
    """The turn it judged, counted from 1; None for the whole run."""
    at: Position = ""
    """The event a failure points to."""
    mark: Mark = field(default_factory=lambda: Mark(""))
    source: str = ""
    claim: str = ""
    """What was to hold, as a title: `says March 19`; empty: the kind alone."""
    level: Level = "fail"
    """With `warn`, a failure fails no case."""
    expects_end: bool = False
    """It holds because the run ended as it did: that end is then no failure."""

    @property
    def warns(self) -> bool:
        """Whether it says no and only warns."""
        return self.outcome == "failed" and self.level == "warn"


@dataclass(frozen=True, slots=True)
class Stats:
    """What a run used. None is unknown, never zero."""

    turns: int = 0
    steps: int = 0
    tool_calls: int = 0
    tokens: int | None = None
    cost_usd: float | None = None
    virtual_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A case's verdict."""

    file: str
    case: str
    outcome: Outcome
    checks: tuple[CheckResult, ...] = ()
    end: str = ""
    """The last turn's end: `answered`, `limit: steps`, `refused`, `failed`."""
    problems: tuple[Problem, ...] = ()
    """Why it is errored."""
    problem_at: Position = ""
    known_failure: str = ""
    stats: Stats = field(default_factory=Stats)
    trace: str = ""
    """The trace file."""
    wall: float = 0.0
    group: str = ""
    """What its repeats share: `file::case[cell]`; empty where it is played once."""
    require: int = 0
    """How many of its group must pass."""
    facts: Mapping[str, Json] = field(default_factory=dict[str, Json])

    @property
    def green(self) -> bool:
        """Whether this is what was expected: a known failure that fails is."""
        if self.known_failure:
            return self.outcome == "failed"
        return self.outcome == "passed"


@dataclass(frozen=True, slots=True)
class Rate:
    """What is likely of k plays of a case, with the interval that it lies in at 95 %."""

    k: int
    any: float
    """pass@k: the chance that one of them passes."""
    any_interval: tuple[float, float]
    all: float
    """pass^k: the chance that all of them pass."""
    all_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Repeated:
    """What the plays of one case came to."""

    group: str
    played: int
    """Those that could be judged."""
    passed: int
    errored: int
    require: int
    enough: bool
    """As many were as was expected of it as must be."""
    rates: tuple[Rate, ...] = ()
    """For every k up to `played`."""
