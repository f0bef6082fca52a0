"""Opens the world a case runs in: its model, its tools, its servers, its clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agentbox.core.clock import Clock
from agentbox.core.errors import Problem
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.core.trace import Position, Recorder, slug
from agentbox.runtime import Relisting, World
from agentbox.session.looking import Looking, Sight
from agentbox.session.models import models_of
from agentbox.session.resolving import resolve
from agentbox.session.sources import Host, Sources
from agentbox.session.staging import approver_of, form_of, offers_of, user_of
from agentbox.toolboxes import Filtered, Injected, Merged, MockToolbox

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp import Servers, Shares


@dataclass(frozen=True, slots=True)
class Opened:
    """A world that stands, until its context ends."""

    world: World
    loop: LoopFunction
    left_out: tuple[str, ...]
    """The tools of its servers that `allow` and `deny` keep from everybody."""
    changing: frozenset[str]
    """The keys of its servers whose tools may change in mid-run."""
    hang_up: Callable[[], None]
    """Tell the servers that the run is over, without waiting for their end."""
    leftovers: Callable[[], Sequence[Problem]]
    """Return what was prepared for the run and never used: scripts, injections without a place."""


@dataclass(frozen=True, slots=True)
class Play:
    """A case that is about to be played."""

    scenario: Scenario
    sources: Sources
    clock: Clock
    recorder: Recorder
    record: Callable[[], bytes]
    """Gives the run so far, to a command that judges it."""


@asynccontextmanager
async def opened(play: Play) -> AsyncGenerator[Opened]:
    """Open the world of a scenario's one case.

    Raises:
        Unresolved: a scenario that is played names something that is not there.
        AuthorError: tools have one name, or a glob fits none.
        WorldError: a server did not start.
    """
    scenario, sources, clock, recorder = play.scenario, play.sources, play.clock, play.recorder
    site = _Site(scenario, sources.host, clock, recorder, sources.shares)
    async with _servers(scenario.servers, site) as servers, AsyncExitStack() as closing:
        # While the servers start: what is loaded here costs no time of its own.
        sources.once("all", "", lambda: resolve(sources.played or (scenario,), sources))
        models = models_of(scenario, sources, closing)
        loop = sources.loop(scenario.agent.loop)
        toolbox, left_out = await _tools(scenario, sources, servers)
        sight = Sight(toolbox, servers, clock)
        look = Looking(scenario, sources.host, recorder, play.record, sight, partial(_fresh, site))
        world = World(
            models,
            _injected(toolbox, scenario, recorder),
            user_of(scenario.case),
            clock,
            scenario.deadlines,
            scenario.seed,
            scenario.tick,
            look,
            form_of(scenario.case),
            approver_of(scenario.case),
            scenario.max_result_bytes,
            Relisting(servers.relist, offers_of(scenario)) if servers else None,
        )
        changing = servers.changing if servers else frozenset[str]()
        hang_up = servers.hang_up if servers else _nothing
        yield Opened(world, loop, left_out, changing, hang_up, partial(_leftovers, world))


@asynccontextmanager
async def opened_tools(
    scenario: Scenario, sources: Sources, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Toolbox]:
    """Open a scenario's tools alone, as `agentbox tools` wants them."""
    site = _Site(scenario, sources.host, clock, recorder)
    async with _servers(scenario.servers, site) as servers:
        toolbox, _ = await _tools(scenario, sources, servers)
        yield _injected(toolbox, scenario, recorder)


async def _tools(
    scenario: Scenario, sources: Sources, servers: Servers | None
) -> tuple[Toolbox, tuple[str, ...]]:
    """Load the tools that are no server's while the servers start; then connect to those.

    The names of the tools that are left out come with them.
    """
    plain = sources.toolboxes(scenario)
    named = [MockToolbox(scenario.mocks, scenario.node), *sources.tapes(scenario)]
    if servers is None:
        return Merged(plain, {}, named), ()
    keyed = await _connected(scenario, servers)
    left_out = tuple(f"{key}.{name}" for key, box in keyed.items() for name in box.left_out)
    return Merged(plain, keyed, named), left_out


async def _connected(scenario: Scenario, servers: Servers) -> dict[str, Filtered]:
    await servers.connect()
    return {
        name: Filtered(toolbox, name, scenario.servers[name].allow, scenario.servers[name].deny)
        for name, toolbox in servers.toolboxes.items()
    }


@asynccontextmanager
async def _fresh(site: _Site, at: Position) -> AsyncGenerator[Sight]:
    """Open a world of servers alone, started anew; what they do stands under a look's position."""
    scenario = site.scenario
    clock = site.clock if scenario.now == "real" else Clock.at(scenario.now, scenario.zone)
    ours = {name: server for name, server in scenario.servers.items() if not server.url}
    async with _servers(ours, replace(site, clock=clock, shares=None), at) as servers:
        keyed = await _connected(scenario, servers) if servers else {}
        yield Sight(Merged((), keyed), servers, clock)


def _injected(toolbox: Toolbox, scenario: Scenario, recorder: Recorder) -> Toolbox:
    def tell(at: Position, text: str) -> None:
        recorder.emit(at, "injection", {"text": text})

    injections = scenario.case.injections
    return Injected(toolbox, injections, tell) if injections else toolbox


def _leftovers(world: World) -> Sequence[Problem]:
    left = [each for model in world.models.values() for each in model.leftovers()]
    box = world.toolbox
    return [*left, *box.misplaced()] if isinstance(box, Injected) else left


@dataclass(frozen=True, slots=True)
class _Site:
    """Where servers run, and for whom."""

    scenario: Scenario
    host: Host
    clock: Clock
    recorder: Recorder
    shares: Shares | None = None


@asynccontextmanager
async def _servers(
    servers: Mapping[str, Server], where: _Site, at: Position = ""
) -> AsyncGenerator[Servers | None]:
    if not servers:
        yield None
        return
    from agentbox.toolboxes.mcp import Site, spawned  # noqa: PLC0415 - where there are any

    scenario, host = where.scenario, where.host
    site = Site(
        root=host.root,
        at=at or f"h:{slug(scenario.case.name)}",
        clock=where.clock,
        seed=scenario.seed,
        deadlines=scenario.deadlines,
        recorder=where.recorder,
        environ=host.environ,
        frames=scenario.trace.frames,
        live=host.live,
        forms=bool(scenario.case.answers),
    )
    async with spawned(servers, site, where.shares) as running:
        yield running


def _nothing() -> None:
    """Hang up on nobody."""
