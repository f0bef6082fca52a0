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

from agentbox.core.clock import Clock
from agentbox.core.divergence import Divergence
from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import Json
from agentbox.core.requests import Actor
from agentbox.core.runtime import Model
from agentbox.core.scenario import Scenario
from agentbox.core.tape import Tape
from agentbox.core.trace import Position, Recorder
from agentbox.core.verdict import Verdict
from agentbox.session.following import (
    Following,
    Forked,
    ForkedModel,
    ForkedTools,
    FrozenTools,
    following,
)
from agentbox.session.patches import Patches
from agentbox.session.replaying import (
    Project,
    at_home,
    broken,
    known_here,
    redactor_of,
    scenario_of,
    sound,
    taped,
)
from agentbox.session.run import Judged, Manner, run_case, verdict_in_time
from agentbox.session.runs import trace_paths
from agentbox.session.selection import KINDS
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources, anew
from agentbox.session.world import Opened, opened
from agentbox.spec import from_json, to_json
from agentbox.trace import Trace, TraceWriter

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
    base = scenario_of(trace, host)
    fidelity = _granted(base, wish, host)
    label = str(trace.header.data.get("case", "")) if trace.header else ""
    scenario = at_home(from_json(wish.patches.scenario(to_json(base)), label, KINDS), host)
    trial = replace(scenario.case, known_failure="")  # what is tried is not what is known
    scenario = replace(scenario, cases=(trial,))
    at = _place(wish, trace, scenario.model != base.model)
    forking = _Forking(trace, scenario, wish, at, fidelity, host)
    return run_to_end(forking.forked(folder))


@dataclass(slots=True)
class _Forking:
    trace: Trace
    scenario: Scenario
    wish: Wish
    at: Position
    fidelity: Fidelity
    host: Host

    async def forked(self, folder: Callable[[], Path]) -> Fork:
        scenario, host = self.scenario, self.host
        project = Project.of(scenario, host)
        before = verdict_in_time(scenario, self.trace, broken(self.trace), project.sources.check)
        heard: list[Following] = []
        judged: list[Judged] = []

        def recorder(writer: TraceWriter, clock: Clock) -> Recorder:
            redactor = redactor_of(scenario, project)
            heard.append(following(self.trace, clock, redactor, writer, self.at))
            return heard[-1]

        manner = Manner(self._world, recorder, self._header())
        (path,) = trace_paths(folder(), [scenario])
        await run_case(
            scenario,
            Sources(host, [scenario], anew()),
            path,
            judged.append,
            manner,
        )
        (follower,) = heard
        return Fork(
            scenario,
            before,
            judged[0],
            self.at,
            follower.free_at,
            follower.divergence,
            self.fidelity,
        )

    def _header(self) -> dict[str, Json]:
        digest: Json = self.trace.events[-1].data.get("digest", "")
        parent = {"trace": Path(self.trace.path).name, "digest": digest}
        patch = list(map(str, self.wish.patches.all))
        told = {"at": self.at, "patch": patch, "then": self.wish.then, "fidelity": self.fidelity}
        return {"parent": parent, "fork": told}

    @asynccontextmanager
    async def _world(
        self,
        scenario: Scenario,
        sources: Sources,
        clock: Clock,
        recorder: Recorder,
        record: Callable[[], bytes],
    ) -> AsyncGenerator[Opened]:
        """Open the world of a fork: the tape's as far as it goes, then the scenario's."""
        if not isinstance(recorder, Following):
            raise TypeError("a fork is recorded by who follows the tape")
        forked = Forked(Tape(self.trace.events), recorder, self.at, self.wish.patches)
        if self.wish.then == "tape":
            project = Project.of(scenario, self.host)
            async with taped(scenario, forked.tape, project, clock) as standing:
                yield _frozen(standing, forked)
        else:
            async with opened(scenario, sources, clock, recorder, record) as standing:
                yield _freed(standing, forked, scenario)


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


def _granted(base: Scenario, wish: Wish, host: Host) -> Fidelity:
    """Return how much a fork will prove.

    Raises:
        AuthorError: it cannot be made here, or would change nothing.
    """
    if not wish.patches and not wish.at:
        hint = "say what to change: --set context.now=2026-03-20; or where to ask anew: --at t1/s2"
        raise AuthorError(Problem("this fork changes nothing", hint=hint))
    if wish.patches.placed and not wish.at:
        hint = "say where: --at t1/s1/call1; `agentbox show` lists the places"
        raise AuthorError(Problem("an answer, a call or a result is changed at a place", hint=hint))
    if wish.then == "tape":
        return "F0"
    if not known_here(base, host):
        message = f"no scenario of this project names what the trace would start: {base.path}"
        hint = "put its scenario file back as it was, or fork with --then tape"
        raise AuthorError(Problem(message, hint=hint))
    far = [n for n, s in base.servers.items() if s.url and s.world != "stateless"]
    if far:
        message = f"the server `{far[0]}` cannot be rebuilt: it runs at an address, not by us"
        hint = "if its calls leave nothing behind: `world: stateless`; or fork with --then tape"
        raise AuthorError(Problem(message, hint=hint))
    swapped = any(patch.head == "model" for patch in wish.patches.all)
    if base.model.provider == "openai" or wish.then == "live":
        if wish.then != "live":
            hint = "--then live asks it again; --then tape asks nobody"
            raise AuthorError(Problem("the recorded model is a live one", hint=hint))
        return "F2" if swapped else "F3"
    return "F0" if base.model.provider == "scripted" and not swapped else "F1"


def _place(wish: Wish, trace: Trace, swapped: bool) -> Position:  # noqa: FBT001 - of one caller
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
