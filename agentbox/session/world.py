"""Opens the world a case runs in: its model, its tools, its servers, its clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agentbox.core.clock import Clock
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.core.trace import Position, Recorder, slug
from agentbox.runtime import World
from agentbox.session.looking import Looking, Sight
from agentbox.session.models import models_of
from agentbox.session.sources import Host, Sources
from agentbox.session.staging import user_of
from agentbox.toolboxes import Filtered, Injected, Merged

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp import Servers


@dataclass(frozen=True, slots=True)
class Opened:
    """A world that stands, until its context ends."""

    world: World
    loop: LoopFunction
    hang_up: Callable[[], None]
    """Tell the servers that the run is over, without waiting for their end."""


@asynccontextmanager
async def opened(
    scenario: Scenario,
    sources: Sources,
    clock: Clock,
    recorder: Recorder,
    record: Callable[[], bytes],
) -> AsyncGenerator[Opened]:
    """Open the world of a scenario's one case; `record` gives the run so far to who judges it.

    Raises:
        AuthorError: the scenario names something that is not there.
        WorldError: a server did not start.
    """
    site = _Site(scenario, sources.host, clock, recorder)
    async with _servers(scenario.servers, site) as servers:
        models = models_of(scenario, sources)
        loop = sources.loop(scenario.agent.loop)
        toolbox = await _tools(scenario, sources, servers)
        sight = Sight(toolbox, servers, clock)
        look = Looking(scenario, sources.host, recorder, record, sight, partial(_fresh, site))
        if scenario.case.injections:
            toolbox = _injected(toolbox, scenario, recorder)
        world = World(
            models,
            toolbox,
            user_of(scenario.case),
            clock,
            scenario.deadlines,
            scenario.seed,
            scenario.tick,
            look,
        )
        yield Opened(world, loop, servers.hang_up if servers else _nothing)


@asynccontextmanager
async def opened_tools(
    scenario: Scenario, sources: Sources, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Toolbox]:
    """Open a scenario's tools alone, as `agentbox tools` wants them."""
    site = _Site(scenario, sources.host, clock, recorder)
    async with _servers(scenario.servers, site) as servers:
        yield await _tools(scenario, sources, servers)


async def _tools(scenario: Scenario, sources: Sources, servers: Servers | None) -> Toolbox:
    """Load the tools that are no server's while the servers start; then connect to those."""
    plain = [sources.toolbox(file) for file in scenario.tools]
    return Merged(plain, await _connected(scenario, servers) if servers else {})


async def _connected(scenario: Scenario, servers: Servers) -> dict[str, Toolbox]:
    await servers.connect()
    return {
        name: _filtered(name, toolbox, scenario.servers[name])
        for name, toolbox in servers.toolboxes.items()
    }


@asynccontextmanager
async def _fresh(site: _Site, at: Position) -> AsyncGenerator[Sight]:
    """Open a world of servers alone, started anew; what they do stands under a look's position."""
    scenario = site.scenario
    clock = site.clock if scenario.now == "real" else Clock.at(scenario.now, scenario.zone)
    ours = {name: server for name, server in scenario.servers.items() if not server.url}
    async with _servers(ours, replace(site, clock=clock), at) as servers:
        keyed = await _connected(scenario, servers) if servers else {}
        yield Sight(Merged((), keyed), servers, clock)


def _filtered(name: str, toolbox: Toolbox, server: Server) -> Toolbox:
    if not server.allow and not server.deny:
        return toolbox
    return Filtered(toolbox, name, server.allow, server.deny)


def _injected(toolbox: Toolbox, scenario: Scenario, recorder: Recorder) -> Toolbox:
    def tell(at: Position, text: str) -> None:
        recorder.emit(at, "injection", {"text": text})

    return Injected(toolbox, scenario.case.injections, tell)


@dataclass(frozen=True, slots=True)
class _Site:
    """Where servers run, and for whom."""

    scenario: Scenario
    host: Host
    clock: Clock
    recorder: Recorder


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
    )
    async with spawned(servers, site) as running:
        yield running


def _nothing() -> None:
    """Hang up on nobody."""
