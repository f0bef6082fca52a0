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
from agentbox.core.comparing import Change, changes
from agentbox.core.divergence import Divergence
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec
from agentbox.core.requests import Actor
from agentbox.core.runtime import CallContext, Model, Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.tape import Tape
from agentbox.core.trace import Position
from agentbox.models.tape import TapeModel
from agentbox.runtime import result_data
from agentbox.runtime.wall import elapsed
from agentbox.session.models import models_of
from agentbox.session.run import Judged
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources, anew
from agentbox.session.tapes.following import Followed, Following
from agentbox.session.tapes.project import Project
from agentbox.session.tapes.recorded import pinned, scenario_of, sound
from agentbox.session.tapes.replaying import Replay, replayed, taped
from agentbox.session.world import Opened, Play, opened, opened_tools
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
    scenario, project = _admitted(trace, host)
    return run_to_end(_played(scenario, trace, live, project, folder()))


def drifted(path: Path, globs: Sequence[str], host: Host) -> tuple[Replay, tuple[Drift, ...]]:
    """Replay a trace, and ask tools of these names again as it goes: they must only read.

    Raises:
        TraceError: the trace cannot be read, or was changed after it was written.
        AuthorError: what would run is not named by a scenario of this project.
        WorldError: a server did not start.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    trace = sound(path)
    scenario, project = _admitted(trace, host)
    return run_to_end(_drifted(scenario, trace, tuple(globs), project))


def _admitted(trace: Trace, host: Host) -> tuple[Scenario, Project]:
    """Return the scenario of a trace that may be started here.

    Raises:
        AuthorError: it may not: no scenario file of the project names what it would start.
    """
    recorded = scenario_of(trace)
    project = Project.of(recorded, host)
    project.admit("put the scenario file back as it was")
    return project.at_home(pinned(recorded, trace)), project


# -- half live


async def _played(
    scenario: Scenario, trace: Trace, live: Live, project: Project, folder: Path
) -> HalfLive:
    tape, name = Tape(trace.events), Path(trace.path).name

    @asynccontextmanager
    async def world(play: Play, _: Following) -> AsyncGenerator[Opened]:
        if live == "tools":
            async with opened(play) as standing:
                recorded: dict[Actor, Model] = {
                    actor: TapeModel(tape) for actor in standing.world.models
                }
                yield _with(standing, recorded)
            return
        async with (
            taped(scenario, tape, project, play.clock) as standing,
            AsyncExitStack() as closing,
        ):
            models = models_of(scenario, play.sources, closing)
            tools = TapedTools(tape, standing.world.toolbox.specs(), name)
            real = replace(standing.world, deadlines=scenario.deadlines, toolbox=tools)
            yield _with(replace(standing, world=real), models)

    header: Mapping[str, Json] = {"parent": {"trace": name, "live": live}}
    judged, follower = await Followed(scenario, trace, project, world, header).played(folder)
    return HalfLive(scenario, judged, follower.divergence)


def _with(standing: Opened, models: dict[Actor, Model]) -> Opened:
    return replace(standing, world=replace(standing.world, models=models), leftovers=tuple)


# -- drift


async def _drifted(
    scenario: Scenario, trace: Trace, globs: tuple[str, ...], project: Project
) -> tuple[Replay, tuple[Drift, ...]]:
    found: list[Drift] = []
    clock = Clock.at(scenario.now, scenario.zone)
    sources = Sources(project.sources.host, [scenario], anew())
    unheard = TraceWriter(_forget, clock, elapsed)
    async with opened_tools(scenario, sources, clock, unheard) as real:

        def beside(tools: Toolbox) -> Toolbox:
            return _Drifting(tools, real, globs, found)

        played = await replayed(scenario, trace, project, beside)
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
            differing = changes(result_data(recorded), result_data(now))
            found = tuple(Change(*each) for each in differing)
            if found:
                self._found.append(Drift(context.at, call.name, found))
        return recorded


def _forget(_: bytes) -> None:
    """Keep no line: what the servers do beside a tape is nobody's trace."""
