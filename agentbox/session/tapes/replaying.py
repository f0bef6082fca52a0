"""Plays a trace again: the run is built anew from its header, and a tape answers in its world.

No server starts, no socket opens, no model is asked. The loop and the wrappers run as they are now,
and every request and decision of theirs is compared with what the tape has.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from agentbox.core.clock import Clock
from agentbox.core.divergence import Divergence
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import ToolSpec
from agentbox.core.requests import Actor, End, Observation, Observed
from agentbox.core.runtime import Model, Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.tape import Tape, TapeEnded
from agentbox.core.trace import Position
from agentbox.core.verdict import Verdict
from agentbox.loops import LOOPS
from agentbox.models.tape import TapeModel
from agentbox.runtime import Look, Relisting, World
from agentbox.session.driving import drive
from agentbox.session.run import problems_of, verdict_in_time
from agentbox.session.selection import Selection, load
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host
from agentbox.session.staging import approver_of, form_of, offers_of, user_of
from agentbox.session.tapes.patches import Patches
from agentbox.session.tapes.project import Project
from agentbox.session.tapes.recorded import (
    broken,
    clock_for,
    label_of,
    redactor_of,
    scenario_of,
    sound,
)
from agentbox.session.world import Opened
from agentbox.spec import to_json
from agentbox.toolboxes import Injected, Merged, MockToolbox
from agentbox.toolboxes.tape import TapedCalls
from agentbox.trace import Trace
from agentbox.trace.comparing import Comparing, Diverged


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of playing a tape."""

    scenario: Scenario
    trace: Trace
    compared: int
    """Events that were compared and are the same."""
    divergence: Divergence | None
    ended: str
    """The position at which the tape ended before the run did; empty where it holds all of it."""
    problems: tuple[Problem, ...]
    """What is odd about the tape or the project, and stopped nothing."""
    verdict: Verdict | None = None
    """What the scenario's checks say of the tape; None where it diverged."""

    @property
    def same(self) -> bool:
        """Whether the run is the one on the tape, as far as that goes."""
        return self.divergence is None


def replay(path: Path, host: Host, file: str = "") -> Replay:
    """Play the trace at `path` and compare.

    What is played is the scenario in its header, or, with `file`, the case of that name there.

    Raises:
        TraceError: it cannot be read, or was changed after it was written.
        AuthorError: its scenario cannot be played here.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    trace = sound(path)
    if file:
        (scenario,) = load([f"{file}::{label_of(trace)}"], host, Selection())
        return run_to_end(replayed(scenario, trace, Project.of(scenario, host)))
    recorded = scenario_of(trace)
    project = Project.of(recorded, host)
    return run_to_end(replayed(project.at_home(recorded), trace, project))


async def replayed(
    scenario: Scenario,
    trace: Trace,
    project: Project,
    beside: Callable[[Toolbox], Toolbox] = lambda tools: tools,
) -> Replay:
    """Play a tape in an event loop; `beside` may stand something beside its tools."""
    clock = clock_for(scenario, trace)
    redactor = redactor_of(scenario, project.sources)
    comparing = Comparing(trace, clock, redactor)
    comparing.expect(to_json(scenario))
    async with taped(scenario, Tape(trace.events), project, clock) as standing:
        world = replace(standing.world, toolbox=beside(standing.world.toolbox))
        whole = replace(standing, world=world)
        ended = await _ended(drive(scenario, whole, clock, comparing, redactor), comparing)
    verdict = None
    if comparing.divergence is None:
        verdict = verdict_in_time(scenario, trace, broken(trace), project.check)
    odd = (*trace.problems, *project.notes)
    return Replay(scenario, trace, comparing.compared, comparing.divergence, ended, odd, verdict)


async def _ended(driven: Coroutine[Any, Any, End], comparing: Comparing) -> str:
    """Drive a run that is compared; return why it ended before its end, where it is the same."""
    ended = ""
    try:
        await driven
        comparing.finish()
    except (Diverged, TapeEnded) as error:
        ended = str(error)
    except Exception as error:  # noqa: BLE001 - a loop's bug, or what made the run errored: again
        ended = "; ".join(problem.message for problem in problems_of(error))
        with suppress(Diverged):
            comparing.finish(ended)
    return "" if comparing.divergence else ended


# -- the world that a tape is


@asynccontextmanager
async def taped(
    scenario: Scenario, tape: Tape, project: Project, clock: Clock
) -> AsyncGenerator[Opened]:
    """Open a world in which everything is answered from a tape.

    Raises:
        AuthorError: the loop is the project's own and may not be loaded.
    """
    loop = scenario.agent.loop
    if loop not in LOOPS and not project.trusted:
        raise AuthorError(*project.notes)
    tools = TapedCalls(tape, _specs(scenario, tape, project))
    models: dict[Actor, Model] = {"agent": TapeModel(tape)}
    if scenario.case.user:
        models["user"] = TapeModel(tape)
    world = World(
        models,
        tools,
        user_of(scenario.case),
        clock,
        replace(scenario.deadlines, model=inf, call=inf),
        scenario.seed,
        scenario.tick,
        _seeing(tape),
        form_of(scenario.case),
        approver_of(scenario.case),
        scenario.max_result_bytes,
        Relisting(tools.relist, offers_of(scenario)) if tape.changing else None,
    )
    own = project.sources.loop(loop)
    yield Opened(world, own, tape.left_out, tape.changing, _nothing, tuple)


def _specs(scenario: Scenario, tape: Tape, project: Project) -> Sequence[ToolSpec]:
    recorded = tape.specs()
    if not project.trusted:
        return recorded
    sources = project.sources
    named = [MockToolbox(scenario.mocks, scenario.node), *sources.tapes(scenario)]
    plain: Toolbox = Merged(sources.toolboxes(scenario), {}, named)
    injections = scenario.case.injections
    if injections:
        plain = Injected(plain, injections, lambda _, __: None)
    servers = [spec for spec in recorded if spec.name.partition(".")[0] in scenario.servers]
    return Patches.of(tape.patches).specs([*plain.specs(), *servers])


def _seeing(tape: Tape) -> Look:
    async def look(_: Observation, at: Position) -> Observed:
        return tape.seen(at)

    return look


def _nothing() -> None:
    """Hang up on nobody."""
