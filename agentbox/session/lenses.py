"""Three more ways to play a tape.

A new model in the old world; the old model with real tools; and the tape as it is, while harmless
tools are asked again, to see whether they have drifted.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.comparing import changes
from agentbox.core.divergence import Change, Divergence
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json, Message, ToolCall, ToolResult, ToolSpec
from agentbox.core.requests import Actor, Ask
from agentbox.core.runtime import CallContext, Model, Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.tape import Tape
from agentbox.core.trace import Position, Recorder
from agentbox.models.tape import TapeModel
from agentbox.session.following import Following, following
from agentbox.session.models import models_of
from agentbox.session.replaying import (
    Project,
    Replay,
    known_here,
    redactor_of,
    replayed,
    scenario_of,
    sound,
    taped,
)
from agentbox.session.run import Judged, Manner, run_case
from agentbox.session.runs import trace_paths
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources, anew
from agentbox.session.world import Opened, opened, opened_tools
from agentbox.toolboxes.tape import TapedTools
from agentbox.trace import Trace, TraceWriter

Live: TypeAlias = Literal["model", "tools"]


@dataclass(frozen=True, slots=True)
class HalfLive:
    """What came of a run of which one half was real, and the other a tape."""

    scenario: Scenario
    judged: Judged
    divergence: Divergence | None
    """The first thing that went otherwise; None where all went as on the tape."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A call that a tool answers otherwise than it did."""

    at: Position
    tool: str
    changes: tuple[Change, ...]


def half_live(path: Path, live: Live, host: Host, folder: Callable[[], Path]) -> HalfLive:
    """Play a trace's scenario with a real model and taped tools, or the other way round.

    The run is recorded in the folder that `folder` makes.

    Raises:
        TraceError: the trace cannot be read, or was changed after it was written.
        AuthorError: what would run is not named by a scenario of this project.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    trace = sound(path)
    scenario = _known(scenario_of(trace, host), host)
    return run_to_end(_HalfLive(trace, scenario, live, host).played(folder))


def drifted(path: Path, globs: Sequence[str], host: Host) -> tuple[Replay, tuple[Drift, ...]]:
    """Replay a trace, and ask tools of these names again as it goes: they must only read.

    Raises:
        TraceError: the trace cannot be read, or was changed after it was written.
        AuthorError: what would run is not named by a scenario of this project.
        WorldError: a server did not start.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    trace = sound(path)
    scenario = _known(scenario_of(trace, host), host)
    return run_to_end(_drifted(scenario, trace, tuple(globs), host))


def _known(scenario: Scenario, host: Host) -> Scenario:
    if known_here(scenario, host):
        return scenario
    message = f"no scenario of this project names what the trace would start: {scenario.path}"
    raise AuthorError(Problem(message, hint="put its scenario file back as it was"))


# -- half live


@dataclass(frozen=True, slots=True)
class _HalfLive:
    trace: Trace
    scenario: Scenario
    live: Live
    host: Host

    async def played(self, folder: Callable[[], Path]) -> HalfLive:
        scenario, host = self.scenario, self.host
        redactor = redactor_of(scenario, Project.of(scenario, host))
        heard: list[Following] = []
        judged: list[Judged] = []

        def recorder(writer: TraceWriter, clock: Clock) -> Recorder:
            heard.append(following(self.trace, clock, redactor, writer))
            return heard[-1]

        told: Mapping[str, Json] = {"trace": Path(self.trace.path).name, "live": self.live}
        manner = Manner(self._world, recorder, {"parent": told})
        (path,) = trace_paths(folder(), [scenario])
        await run_case(scenario, Sources(host, [scenario], anew()), path, judged.append, manner)
        return HalfLive(scenario, judged[0], heard[0].divergence)

    @asynccontextmanager
    async def _world(
        self,
        scenario: Scenario,
        sources: Sources,
        clock: Clock,
        recorder: Recorder,
        record: Callable[[], bytes],
    ) -> AsyncGenerator[Opened]:
        tape = Tape(self.trace.events)
        if self.live == "tools":
            async with opened(scenario, sources, clock, recorder, record) as standing:
                recorded: dict[Actor, Model] = {
                    actor: TapeModel(tape) for actor in standing.world.models
                }
                yield _with(standing, models=recorded)
            return
        project = Project.of(scenario, self.host)
        async with taped(scenario, tape, project, clock) as standing, AsyncExitStack() as closing:
            models = models_of(scenario, sources, closing)
            specs = standing.world.toolbox.specs()
            tools = TapedTools(tape, specs, Path(self.trace.path).name)
            world = replace(standing.world, deadlines=scenario.deadlines, toolbox=tools)
            yield _with(replace(standing, world=world), models=models)


def _with(standing: Opened, models: dict[Actor, Model]) -> Opened:
    return replace(standing, world=replace(standing.world, models=models), leftovers=tuple)


# -- drift


async def _drifted(
    scenario: Scenario, trace: Trace, globs: tuple[str, ...], host: Host
) -> tuple[Replay, tuple[Drift, ...]]:
    found: list[Drift] = []
    clock = Clock.at(scenario.now, scenario.zone)
    sources = Sources(host, [scenario], anew())
    async with opened_tools(scenario, sources, clock, Silent()) as real:

        def beside(tools: Toolbox) -> Toolbox:
            return _Drifting(tools, real, globs, found)

        played = await replayed(scenario, trace, host, beside)
    return played, tuple(found)


class _Drifting:
    """Answers from a tape, and asks real tools the same."""

    def __init__(
        self, taped: Toolbox, real: Toolbox, globs: Sequence[str], found: list[Drift]
    ) -> None:
        self._taped = taped
        self._real = real
        self._globs = globs
        self._found = found

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools of the tape."""
        return self._taped.specs()

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Return what is on the tape; where a real tool gives something else, note it."""
        recorded = await self._taped.call(call, context)
        if any(fnmatchcase(call.name, glob) for glob in self._globs):
            now = await self._real.call(call, context)
            differing = changes(_told(recorded), _told(now))
            found = tuple(Change(*each) for each in differing)
            if found:
                self._found.append(Drift(context.at, call.name, found))
        return recorded


def _told(result: ToolResult) -> dict[str, Json]:
    return {"status": result.status, "text": result.text, "structured": result.structured}


class Silent:
    """A recorder that keeps nothing."""

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
        holds: Message | None = None,
    ) -> None:
        """Keep nothing."""

    def ask(self, at: Position, ask: Ask) -> None:
        """Keep nothing."""

    def blob(self, value: Json) -> str:  # noqa: ARG002 - a Recorder names it
        """Keep nothing."""
        return ""
