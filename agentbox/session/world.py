"""Opens the world a case runs in: its model, its tools, its servers, its clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentbox.core.clock import Clock
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.trace import Recorder
from agentbox.models import FunctionModel
from agentbox.runtime import World, scripted_user
from agentbox.session.sources import Host, Sources
from agentbox.toolboxes import Merged

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
        loop = sources.loop(scenario.agent.loop)
        model = FunctionModel(sources.model(scenario.model.function), scenario.model.name)
        toolbox = await _tools(scenario, sources, servers)
        user = scripted_user(turn.user for turn in scenario.case.turns)
        world = World(model, toolbox, user, clock, scenario.deadlines, scenario.seed, scenario.tick)
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
    return Merged(plain, servers.toolboxes)


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
    )
    async with spawned(scenario.servers, site) as servers:
        yield servers


def _nothing() -> None:
    """Hang up on nobody."""
