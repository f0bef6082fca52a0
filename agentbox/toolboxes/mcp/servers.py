"""Opens the servers of a case and ends them, whatever happens in between.

The order is the point: spawn all, then import the SDK while they start, then connect all at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from agentbox.core.errors import WorldError
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Server
from agentbox.core.trace import Position
from agentbox.toolboxes.mcp.plans import Site, plans
from agentbox.toolboxes.mcp.running import Running
from agentbox.toolboxes.mcp.sharing.multiplex import Multiplex
from agentbox.toolboxes.mcp.sharing.shared import Shares


class Servers:
    """Servers that run."""

    def __init__(self, running: Sequence[Running]) -> None:
        self._running = running

    @property
    def toolboxes(self) -> Mapping[str, Toolbox]:
        """A toolbox for each connected server, in the order of the configuration, unprefixed."""
        return {each.plan.name: each.toolbox for each in self._running if each.toolbox}

    @property
    def changing(self) -> frozenset[str]:
        """The keys of the servers whose tools may change in mid-run."""
        return frozenset(each.plan.name for each in self._running if each.may_change)

    async def connect(self) -> None:
        """Import the SDK, connect to all servers at once and list their tools.

        Raises:
            WorldError: servers did not start or connect; all of them are named.
        """
        async with asyncio.TaskGroup() as group:
            for each in self._running:
                group.create_task(each.connect())
        problems = [problem for each in self._running for problem in each.problems]
        if problems:
            raise WorldError(*problems)

    async def relist(self, at: Position) -> bool:
        """List anew what servers said has changed, recorded at `at`; say whether anything did."""
        found = [await each.relist(at) for each in self._running]
        return any(found)

    def named(self, name: str) -> Running:
        """Return a server by its key.

        Raises:
            WorldError: there is none.
        """
        found = next((each for each in self._running if each.plan.name == name), None)
        if found is None:
            raise WorldError(f"there is no server `{name}`")
        return found

    def hang_up(self) -> None:
        """Close every server's stdin and return at once: the context's end awaits their ends."""
        for each in self._running:
            each.hang_up()


@asynccontextmanager
async def open_servers(servers: Mapping[str, Server], site: Site) -> AsyncGenerator[Servers]:
    """Run servers for the time of the context; connect to them before it begins.

    Raises:
        AuthorError: entries are wrong; nothing was started.
        WorldError: servers did not start or connect; all of them are named, and none is left.
    """
    async with spawned(servers, site) as running:
        await running.connect()
        yield running


@asynccontextmanager
async def spawned(
    servers: Mapping[str, Server], site: Site, shares: Shares | None = None
) -> AsyncGenerator[Servers]:
    """Run servers for the time of the context; they start while their user does other things.

    Those to be shared are, with whoever has the same `shares`; without any they are not.

    Raises:
        AuthorError: entries are wrong; nothing was started.
    """
    running = [Running(plan, site, shares) for plan in plans(servers, site)]
    try:
        for each in running:
            each.spawn()
        yield Servers(running)
    finally:
        await _stop(running)


@asynccontextmanager
async def sharing() -> AsyncGenerator[Shares]:
    """Let those share servers who are given what is yielded; end the servers with the context."""
    shares = Shares()
    try:
        yield shares
    finally:
        await _stop(shares.running)


async def _stop(running: Sequence[Running | Multiplex]) -> None:
    """End all servers; when this is itself cancelled, at once."""
    if not running:
        return
    ends = [asyncio.create_task(each.stop()) for each in running]
    try:
        await asyncio.wait(ends)
    except asyncio.CancelledError:
        for each in running:
            each.kill()
        await asyncio.wait(ends)
        raise
    finally:
        for end in ends:
            if end.done() and not end.cancelled():
                end.result()
