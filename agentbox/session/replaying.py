"""Plays a trace again: the run is built anew from its header, and a tape answers in its world.

No server starts, no socket opens, no model is asked. The loop and the wrappers run as they are now,
and every request and decision of theirs is compared with what the tape has.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from agentbox.core.clock import Clock
from agentbox.core.divergence import Divergence
from agentbox.core.errors import AuthorError, Problem, TraceError
from agentbox.core.messages import Json, ToolSpec, is_list
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
from agentbox.session.marking import marked
from agentbox.session.run import problems_of, verdict_in_time
from agentbox.session.selection import KINDS, Selection, load
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources, references
from agentbox.session.staging import approver_of, form_of, offers_of, user_of
from agentbox.session.world import Opened
from agentbox.spec import from_json, to_json
from agentbox.toolboxes import Injected, Merged, MockToolbox
from agentbox.toolboxes.tape import TapedCalls
from agentbox.trace import Comparing, Diverged, Redactor, Trace, edited, keys_in, read_trace


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
    scenario = scenario_of(trace, host, file)
    return run_to_end(replayed(scenario, trace, host))


async def replayed(
    scenario: Scenario,
    trace: Trace,
    host: Host,
    beside: Callable[[Toolbox], Toolbox] = lambda tools: tools,
) -> Replay:
    """Play a tape in an event loop; `beside` may stand something beside its tools."""
    project = Project.of(scenario, host)
    clock = _clock(scenario, trace)
    redactor = redactor_of(scenario, project)
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


def redactor_of(scenario: Scenario, project: Project) -> Redactor:
    """Return what takes secrets out of a run that is compared, as it was taken out of the tape."""
    redactor = Redactor(project.sources.secrets(scenario))
    redactor.publish(keys_in(to_json(scenario)))
    return redactor


def sound(path: Path) -> Trace:
    """Return the trace at `path`.

    Raises:
        TraceError: it cannot be read, has no header, or was changed after it was written.
    """
    trace = read_trace(path)
    changed = edited(trace, path.read_bytes())
    if changed:
        raise TraceError(*changed)
    if trace.header is None:
        raise TraceError(Problem(f"{path} does not say what was played: it has no header"))
    return trace


def scenario_of(trace: Trace, host: Host, file: str = "") -> Scenario:
    """Return the scenario that a trace's header holds, or the case of its name in `file`.

    Raises:
        TraceError: the header holds none that this agentbox can read.
        AuthorError: the file cannot be read or has no such case.
    """
    data = _header(trace)
    label = str(data.get("case", ""))
    if file:
        (found,) = load([f"{file}::{label}"], host, Selection())
        return found
    try:
        scenario = from_json(data.get("scenario"), label, KINDS)
    except AuthorError as error:
        message = f"the header of {trace.path} holds no scenario that this agentbox can read"
        raise TraceError(Problem(message), *error.problems) from error
    return at_home(scenario, host)


def at_home(scenario: Scenario, host: Host) -> Scenario:
    """Return a recorded scenario as one of this project."""
    placed = marked(scenario, _cases(scenario.path, host))
    return replace(placed, root=str(host.root.absolute()))


def clock_of_header(trace: Trace) -> Clock:
    """Return the clock of a recorded run, as it was at its start.

    Raises:
        TraceError: the header tells no time.
    """
    data = _header(trace)
    zone = str(data.get("zone", ""))
    try:
        return Clock.at(str(data.get("now", "")), zone if "/" in zone else "")
    except ValueError as error:
        raise TraceError(f"the header of {trace.path} has no time: {error}") from error


def _clock(scenario: Scenario, trace: Trace) -> Clock:
    """Return the clock of a scenario; where its time was the real one, that of the trace."""
    recorded = clock_of_header(trace)
    return recorded if scenario.now == "real" else Clock.at(scenario.now, scenario.zone)


def broken(trace: Trace) -> list[Problem]:
    """Return what made a recorded run errored: that still does."""
    for event in reversed(trace.events):
        if event.kind == "run.end":
            told: Json = event.data.get("problems")
            return [Problem(str(each)) for each in told] if is_list(told) else []
    return []


def _header(trace: Trace) -> Mapping[str, Json]:
    return trace.header.data if trace.header else {}


# -- the project


@dataclass(frozen=True, slots=True)
class Project:
    """What of a project a tape may use: code that a scenario file of the project names itself.

    A trace is data. Whoever wrote one does not decide what is imported here.
    """

    sources: Sources
    trusted: bool
    notes: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, scenario: Scenario, host: Host) -> Project:
        """Return what a scenario out of a trace may use of a project."""
        sources = Sources(host)
        named = references(scenario)
        if not named:
            return cls(sources, trusted=True)
        known = _named_by(scenario.path, host)
        if named <= known:
            return cls(sources, trusted=True)
        strange = ", ".join(sorted(named - known))
        message = (
            f"not loaded, for {scenario.path or 'no scenario'} here does not name it: {strange}"
        )
        hint = "put the scenario file back, to have tools and loops compared as they are now"
        return cls(sources, trusted=False, notes=(Problem(message, hint=hint),))

    def check(self, reference: str) -> Any:
        """Return the function of a `python` check.

        Raises:
            AuthorError: there is none, or it may not be loaded.
        """
        if not self.trusted:
            raise AuthorError(*self.notes)
        return self.sources.check(reference)


def known_here(scenario: Scenario, host: Host) -> bool:
    """Whether a scenario file of the project itself names all that a recorded one would start."""

    def started(one: Scenario) -> tuple[object, ...]:
        user = one.case.user
        return one.servers, one.model, one.tools, one.agent.loop, user and user.model

    return any(started(scenario) == started(one) for one in _cases(scenario.path, host))


def _cases(file: str, host: Host) -> Sequence[Scenario]:
    """Return the cases of a scenario file of the project; none where it cannot be read."""
    if not file or not host.owns(file):
        return ()
    try:
        return load([str(host.root / file)], host, Selection())
    except AuthorError:
        return ()


def _named_by(file: str, host: Host) -> frozenset[str]:
    """Return what the scenario file at a path of the project names, over all its cases."""
    found = _cases(file, host)
    return frozenset(name for scenario in found for name in references(scenario))


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
    return [*plain.specs(), *servers]


def _seeing(tape: Tape) -> Look:
    async def look(_: Observation, at: Position) -> Observed:
        return tape.seen(at)

    return look


def _nothing() -> None:
    """Hang up on nobody."""
