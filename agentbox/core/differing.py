"""What two traces, or two runs, differ in.

A difference is a root, which stands by itself, or follows from one: a reply from its prompt, a call
from the reply that made it, a prompt from the messages that came before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentbox.core.comparing import Change, edits
from agentbox.core.errors import Problem
from agentbox.core.messages import Json
from agentbox.core.trace import Position
from agentbox.core.verdict import Stats

DifferenceKind: TypeAlias = Literal[
    "now",
    "slot",
    "tools",
    "prompt",
    "model",
    "reply",
    "usage",
    "args",
    "result",
    "user",
    "look",
    "server",
    "scope",
    "end",
    "clock",
    "event",
    "missing",
    "extra",
]
"""What differs. `missing` is only in the first, `extra` only in the second."""


def changed(one: Json, other: Json, path: str = "") -> list[Change]:
    """Return where two values differ, each path under `path`."""
    try:
        found = [*edits(one, other)]
    except RecursionError:
        found = [("$", one, other)]
    return [
        Change((path + place[1:]).removeprefix("."), before, after)
        for place, before, after in found
    ]


@dataclass(frozen=True, slots=True)
class Difference:
    """One operation that differs: a model call, a tool call, a turn."""

    kind: DifferenceKind
    before_at: Position
    """Its position in the first; empty where it is not there."""
    after_at: Position
    what: str = ""
    """The operation: a tool's name, `model`, `user`, an event's kind."""
    changes: tuple[Change, ...] = ()
    why: str = ""
    """On one that follows: what it follows from."""
    follows: tuple[Difference, ...] = ()
    """On a root: what follows from it, in the order it happened."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one of the two traces came to."""

    name: str
    case: str = ""
    outcome: str = ""
    end: str = ""
    """How the last turn ended; empty: the trace does not say."""
    stats: Stats = field(default_factory=Stats)
    sealed: bool = True
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceDiff:
    """Two traces side by side."""

    before: Told
    after: Told
    roots: tuple[Difference, ...] = ()
    """The first difference first; each holds what follows from it."""
    header: tuple[Change, ...] = ()
    """What differs of the scenario, the pinned time, the seed, the trace's format."""
    checks: tuple[Change, ...] = ()
    """Checks by title: what they came to."""
    code: tuple[Change, ...] = ()
    """Code that is not the same, by file. For information: it is no difference."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the traces themselves."""
        return (*self.before.problems, *self.after.problems)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.roots or self.header or self.checks or self._ends_differ)

    @property
    def _ends_differ(self) -> bool:
        one, other = self.before, self.after
        return (one.outcome, one.end, one.sealed) != (other.outcome, other.end, other.sealed)


@dataclass(frozen=True, slots=True)
class CaseDiff:
    """A case that one run or both have; without `diff`, only one has it."""

    name: str
    before: str = ""
    """Its outcome in the first; empty: it is not there."""
    after: str = ""
    diff: TraceDiff | None = None


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs of many cases, side by side."""

    cases: Sequence[CaseDiff]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(case.diff is not None and case.diff.same for case in self.cases)
