"""The same work off a tape: compared with it, or recorded anew."""

from __future__ import annotations

from math import inf
from pathlib import Path

import ours_loop
from ours_loop import SECRETS, TOOLS, UNLIMITED

from agentbox import Clock
from agentbox.core.scenario import Deadlines
from agentbox.core.tape import Tape
from agentbox.loops import Briefing, Setting, conversation, react
from agentbox.models.tape import TapeModel
from agentbox.runtime import Budget, Driver, Effects, World, scripted_user, stacked
from agentbox.runtime.wall import elapsed
from agentbox.toolboxes.tape import TapedCalls
from agentbox.trace import Redactor, Trace, TraceFile, TraceWriter, read_trace
from agentbox.trace.comparing import Comparing


async def recorded(steps: int, path: Path) -> Trace:
    """Play a run and return its trace."""
    await ours_loop.run(steps, path)
    return read_trace(path)


class Replay:
    """A replay that is ready to begin: what it needs of the trace is indexed."""

    def __init__(self, trace: Trace, anew: Path | None) -> None:
        self._clock = Clock.at("2026-03-20T14:30:00Z")
        redactor = Redactor(SECRETS)
        self._tape = Tape(trace.events)
        self._file = TraceFile(anew) if anew else None
        self._comparing = Comparing(trace, self._clock, redactor)
        self._writer = TraceWriter(self._file, self._clock, elapsed, redactor) if anew else None

    async def run(self) -> None:
        """Play it: compared, or, where it has a file, recorded there."""
        recorder = self._writer or self._comparing
        world = World(
            {"agent": TapeModel(self._tape)},
            TapedCalls(self._tape, TOOLS),
            scripted_user(["Hello"]),
            self._clock,
            Deadlines(model=inf, call=inf),
        )
        handler = stacked(Effects(world, recorder), Budget(self._clock, recorder))
        setting = Setting(Briefing("Be kind.", ("now",)), UNLIMITED, lambda _: TOOLS)
        await Driver(handler, "case").drive(conversation(react, setting))
        if self._writer:
            self._writer.seal()
            self._file.close()
        else:
            self._comparing.finish()
