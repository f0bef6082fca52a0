"""Opens the world a case runs in: its model, its tools, its servers, its clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentbox.core.clock import Clock
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.core.trace import Position, Recorder
from agentbox.runtime import Relisting, World
from agentbox.session.models import models_of
from agentbox.session.sources import Host, Sources
from agentbox.session.staging import form_of, offers_of, user_of
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
    scenario: Scenario, sources: Sources, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Opened]:
    """Open the world of a scenario's one case.

    Raises:
        AuthorError: the scenario names something that is not there.
        WorldError: a server did not start.
    """
    async with _servers(scenario, sources.host, clock, recorder) as servers:
        models = models_of(scenario, sources)
        loop = sources.loop(scenario.agent.loop)
        toolbox = await _tools(scenario, sources, servers)
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
            form_of(scenario.case),
            scenario.max_result_bytes,
            Relisting(servers.relist, offers_of(scenario)) if servers else None,
        )
        yield Opened(world, loop, servers.hang_up if servers else _nothing)


@asynccontextmanager
async def opened_tools(
    scenario: Scenario, sources: Sources, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Toolbox]:
    """Open a scenario's tools alone, as `agentbox tools` wants them."""
    async with _servers(scenario, sources.host, clock, recorder) as servers:
        yield await _tools(scenario, sources, servers)


async def _tools(scenario: Scenario, sources: Sources, servers: Servers | None) -> Toolbox:
    """Load the tools that are no server's while the servers start; then connect to those."""
    plain = [sources.toolbox(file) for file in scenario.tools]
    if servers is None:
        return Merged(plain)
    await servers.connect()
    keyed = {
        name: _filtered(name, toolbox, scenario.servers[name])
        for name, toolbox in servers.toolboxes.items()
    }
    return Merged(plain, keyed)


def _filtered(name: str, toolbox: Toolbox, server: Server) -> Toolbox:
    if not server.allow and not server.deny:
        return toolbox
    return Filtered(toolbox, name, server.allow, server.deny)


def _injected(toolbox: Toolbox, scenario: Scenario, recorder: Recorder) -> Toolbox:
    def tell(at: Position, text: str) -> None:
        recorder.emit(at, "injection", {"text": text})

    return Injected(toolbox, scenario.case.injections, tell)


@asynccontextmanager
async def _servers(
    scenario: Scenario, host: Host, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Servers | None]:
    if not scenario.servers:
        yield None
        return
    from agentbox.toolboxes.mcp import Site, spawned  # noqa: PLC0415 - where there are any

    site = Site(
        root=host.root,
        case=scenario.case.name,
        clock=clock,
        seed=scenario.seed,
        deadlines=scenario.deadlines,
        recorder=recorder,
        environ=host.environ,
        frames=scenario.trace.frames,
        live=host.live,
        forms=bool(scenario.case.answers),
    )
    async with spawned(scenario.servers, site) as servers:
        yield servers


def _nothing() -> None:
    """Hang up on nobody."""
