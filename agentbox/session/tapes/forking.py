"""Goes back to a place of a trace, changes something there, and plays on from it.

A fork is a run of the changed scenario that follows the tape as long as it asks the same. So the
place where a change begins to matter is found and not guessed: where it is earlier than the place
that was asked for, the fork is there, and says so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from agentbox.core.divergence import Divergence
from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import Json
from agentbox.core.requests import Actor
from agentbox.core.runtime import Model
from agentbox.core.scenario import Scenario
from agentbox.core.tape import Tape
from agentbox.core.trace import Position
from agentbox.core.verdict import Verdict
from agentbox.session.run import Judged, verdict_in_time
from agentbox.session.selection import KINDS
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host
from agentbox.session.tapes.following import Followed, Following
from agentbox.session.tapes.forked import Forked, ForkedModel, ForkedTools, FrozenTools
from agentbox.session.tapes.patches import Patches
from agentbox.session.tapes.project import Project
from agentbox.session.tapes.recorded import broken, pinned, scenario_of, sound
from agentbox.session.tapes.replaying import taped
from agentbox.session.world import Opened, Play, opened
from agentbox.spec import to_json
from agentbox.spec.decode import from_json
from agentbox.trace import Trace

Then: TypeAlias = Literal["mock", "live", "tape"]
"""Who answers once the run is free: the scenario's own offline model, a live one, the tape."""
Fidelity: TypeAlias = Literal["F0", "F1", "F2", "F3"]

FIDELITIES: Mapping[Fidelity, str] = {
    "F0": "the tape answers, or a script that does not read its prompt",
    "F1": "a behavioural mock answers",
    "F2": "another model answers than the one recorded",
    "F3": "the model that was recorded answers",
}
"""Who answered after the fork, and so how much it proves."""


@dataclass(frozen=True, slots=True)
class Fork:
    """What came of a fork."""

    scenario: Scenario
    before: Verdict
    """What the changed scenario's checks say of the tape."""
    judged: Judged
    wanted: Position
    free_at: Position
    """Where the run came free; empty where it never did: it asked all as on the tape."""
    divergence: Divergence | None
    """What was asked otherwise there, if that is how it came free."""
    fidelity: Fidelity


@dataclass(frozen=True, slots=True)
class Wish:
    """What a fork is asked for."""

    at: str = ""
    """A position, with or without its case: `t1/s2`."""
    patches: Patches = field(default_factory=Patches)
    then: Then = "mock"


def fork(path: Path, wish: Wish, host: Host, folder: Callable[[], Path]) -> Fork:
    """Fork the trace at `path`; `folder` makes the one that the child's trace is kept in.

    Raises:
        TraceError: the trace cannot be read, or was changed after it was written.
        AuthorError: the wish changes nothing or cannot be granted; nothing was played.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    trace = sound(path)
    recorded = scenario_of(trace)
    project = Project.of(recorded, host)
    base = pinned(recorded, trace)
    changed = from_json(wish.patches.scenario(to_json(base)), base.case.label, KINDS)
    trial = replace(changed.case, known_failure="")  # what is tried is not what is known
    scenario = project.at_home(replace(changed, cases=(trial,)))
    _grant(base, wish, project)
    fidelity = _fidelity(base, scenario, wish)
    at = _place(wish, trace, swapped=scenario.model != base.model)
    return run_to_end(_forked(_Forking(trace, scenario, project, wish, at, fidelity), folder))


@dataclass(frozen=True, slots=True)
class _Forking:
    trace: Trace
    scenario: Scenario
    project: Project
    wish: Wish
    at: Position
    fidelity: Fidelity


async def _forked(forking: _Forking, folder: Callable[[], Path]) -> Fork:
    scenario, trace, project = forking.scenario, forking.trace, forking.project
    wish, at = forking.wish, forking.at
    tape = Tape(trace.events)
    before = verdict_in_time(scenario, trace, broken(trace), project.check)

    @asynccontextmanager
    async def world(play: Play, following: Following) -> AsyncGenerator[Opened]:
        forked = Forked(tape, following, at, wish.patches)
        if wish.then == "tape":
            async with taped(scenario, tape, project, play.clock) as standing:
                yield _frozen(standing, forked)
        else:
            async with opened(play) as standing:
                yield _freed(standing, forked, scenario)

    followed = Followed(scenario, trace, project, world, _header(forking), at)
    judged, follower = await followed.played(folder())
    free_at, found = follower.free_at, follower.divergence
    return Fork(scenario, before, judged, at, free_at, found, forking.fidelity)


def _header(forking: _Forking) -> dict[str, Json]:
    """Return what the child's header says of its parent, and of what is changed."""
    trace, wish = forking.trace, forking.wish
    digest: Json = trace.events[-1].data.get("digest", "")
    parent = {"trace": Path(trace.path).name, "digest": digest}
    patch = list(map(str, wish.patches.all))
    told = {"at": forking.at, "patch": patch, "then": wish.then, "fidelity": forking.fidelity}
    return {"parent": parent, "fork": told}


def _frozen(standing: Opened, forked: Forked) -> Opened:
    """Return a world in which the tape alone answers, after the fork too."""
    world = standing.world
    models: dict[Actor, Model] = {
        actor: ForkedModel(forked, None, counts=False) for actor in world.models
    }
    tools = FrozenTools(forked, world.toolbox.specs())
    return replace(standing, world=replace(world, models=models, toolbox=tools))


def _freed(standing: Opened, forked: Forked, scenario: Scenario) -> Opened:
    """Return a world in which the tape answers up to the fork, and what stands there after it."""
    world = standing.world
    counts = scenario.model.provider == "scripted"
    models: dict[Actor, Model] = {
        actor: ForkedModel(forked, model, counts=counts) for actor, model in world.models.items()
    }
    servers = scenario.servers.items()
    stateless = frozenset(key for key, server in servers if server.world == "stateless")
    tools = ForkedTools(forked, world.toolbox, stateless)
    changed = replace(world, models=models, toolbox=tools)
    return replace(standing, world=changed, leftovers=tuple)


def _grant(base: Scenario, wish: Wish, project: Project) -> None:
    """Refuse a fork that would change nothing, or whose world cannot be rebuilt here.

    Raises:
        AuthorError: it is such a one.
    """
    if not wish.patches and not wish.at:
        hint = "say what to change: --set context.now=2026-03-20; or where to ask anew: --at t1/s2"
        raise AuthorError(Problem("this fork changes nothing", hint=hint))
    if wish.patches.placed and not wish.at:
        hint = "say where: --at t1/s1/call1; `agentbox show` lists the places"
        raise AuthorError(Problem("an answer, a call or a result is changed at a place", hint=hint))
    if wish.then == "tape":
        return
    project.admit("put the scenario file back as it was, or fork with --then tape")
    far = [n for n, s in base.servers.items() if s.url and s.world != "stateless"]
    if far:
        message = f"the server `{far[0]}` cannot be rebuilt: it runs at an address, not by us"
        hint = "if its calls leave nothing behind: `world: stateless`; or fork with --then tape"
        raise AuthorError(Problem(message, hint=hint))


def _fidelity(base: Scenario, scenario: Scenario, wish: Wish) -> Fidelity:
    """Return how much a fork will prove: by who answers in it, not by who was asked for.

    Raises:
        AuthorError: a live model would answer, and that was not asked for.
    """
    provider = scenario.model.provider
    if wish.then == "tape" or provider in ("scripted", "tape"):
        return "F0"
    if provider != "openai":
        return "F1"
    if wish.then != "live":
        hint = "--then live asks it; --then tape asks nobody"
        raise AuthorError(Problem("the model that would answer is a live one", hint=hint))
    return "F3" if scenario.model == base.model else "F2"


def _place(wish: Wish, trace: Trace, *, swapped: bool) -> Position:
    """Return the whole position that a fork is wanted at; empty where the change finds it.

    Raises:
        AuthorError: the tape has nothing there.
    """
    asked = [e.at for e in trace.events if e.kind in ("model.request", "tool.request")]
    if not wish.at:
        return next(iter(asked), "") if swapped else ""
    for at in asked:
        if wish.at in (at, at.partition("/")[2]):
            return at
    short = [at.partition("/")[2] for at in asked]
    close = nearest(wish.at, short)
    note = f"did you mean `{close}`?" if close else f"it has: {', '.join(short[:12])}"
    raise AuthorError(Problem(f"the tape has no model or tool call at `{wish.at}`", note=note))
