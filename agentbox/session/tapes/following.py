"""A run that follows a tape: the two are compared as long as they go together; then it is free.

It comes free where something first happens otherwise than on the tape, or at a wanted place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.divergence import Divergence
from agentbox.core.messages import Json, Message
from agentbox.core.requests import Ask
from agentbox.core.scenario import Scenario
from agentbox.core.tape import TapeEnded
from agentbox.core.trace import Position, Recorder
from agentbox.session.run import Judged, Manner, run_case
from agentbox.session.runs import trace_paths
from agentbox.session.sources import Sources, anew
from agentbox.session.tapes.project import Project
from agentbox.session.tapes.recorded import redactor_of
from agentbox.session.world import Opened, Play
from agentbox.trace import Trace, TraceWriter
from agentbox.trace.comparing import Comparing, Diverged, is_compared

BEYOND = frozenset({"scope.enter", "clock.read"})
"""Kinds that it is not held to: other limits, or a clock that is read, show in what follows."""

OpenFollowed: TypeAlias = Callable[[Play, "Following"], AbstractAsyncContextManager[Opened]]
"""Opens the world of a run that follows, and is told who knows whether it still does."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A run that is to follow a trace: what of it is not the trace's."""

    scenario: Scenario
    trace: Trace
    project: Project
    world: OpenFollowed
    header: Mapping[str, Json]
    until: Position = ""
    """Where it is free at the latest."""

    async def played(self, folder: Path) -> tuple[Judged, Following]:
        """Play it, recorded in `folder`; return the verdict, and how far it went with the trace."""
        scenario, host = self.scenario, self.project.sources.host
        redactor = redactor_of(scenario, self.project.sources)
        heard: list[Following] = []
        judged: list[Judged] = []

        def recorder(writer: TraceWriter, clock: Clock) -> Recorder:
            comparing = Comparing(self.trace, clock, redactor, BEYOND)
            heard.append(Following(comparing, writer, self.until))
            return heard[0]

        manner = Manner(
            lambda play: self.world(play, heard[0]), recorder, self.header, self.project.check
        )
        (path,) = trace_paths(folder, [scenario])
        await run_case(scenario, Sources(host, [scenario], anew()), path, judged.append, manner)
        return judged[0], heard[0]


class Following:
    """A recorder that hears everything first, and knows whether the tape still answers."""

    def __init__(self, comparing: Comparing, writer: Recorder, until: Position = "") -> None:
        self._comparing = comparing
        self._writer = writer
        self._until = until
        self.free_at: Position = ""
        """Where the run came free; empty while it follows."""

    @property
    def divergence(self) -> Divergence | None:
        """What was first asked otherwise than on the tape, if that is how it came free."""
        return self._comparing.divergence

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
        holds: Message | None = None,
    ) -> None:
        """Compare one event while the run follows; write it."""
        if not self.free_at and is_compared(at, kind) and kind not in BEYOND:
            self._follow(at, lambda: self._comparing.emit(at, kind, data))
        self._writer.emit(at, kind, data, side, holds)

    def ask(self, at: Position, ask: Ask) -> None:
        """Compare a model request while the run follows; write it."""
        if not self.free_at:
            self._follow(at, lambda: self._comparing.ask(at, ask))
        self._writer.ask(at, ask)

    def blob(self, value: Json) -> str:
        """Write a value once."""
        return self._writer.blob(value)

    def _follow(self, at: Position, compare: Callable[[], None]) -> None:
        if at != self._until:
            try:
                compare()
            except (Diverged, TapeEnded):
                pass
            else:
                return
        self.free_at = at
        found = self.divergence
        told = {"free": at, "class": found.kind if found else "wanted"}
        self._writer.emit(f"h:{at.partition('/')[0][2:]}/fork", "fork", told)
