"""The ways to a server, each as the pair of streams that an SDK session is made of.

Imports the SDK.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

import anyio
import httpx2
from mcp.client._memory import InMemoryTransport  # no public name leads to it
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server
from mcp.server.mcpserver import MCPServer
from mcp.shared.message import SessionMessage

from agentbox.core.errors import Problem, WorldError, nearest
from agentbox.toolboxes.mcp.frames import ENDED, Frame, Wire
from agentbox.toolboxes.mcp.plans import Plan, Site
from agentbox.toolboxes.mcp.process import MAX_LINE, Process
from agentbox.toolboxes.mcp.sharing.inbox import END
from agentbox.toolboxes.mcp.sharing.shared import Seat
from agentbox.toolboxes.mcp.streams import Incoming, Lines, Outgoing

Streams: TypeAlias = tuple[Incoming, Outgoing]

_numbers = itertools.count(1)


def link_to(
    plan: Plan, site: Site, wire: Wire, process: Process | Seat | None
) -> AbstractAsyncContextManager[Streams]:
    """Return the way to a server; a process, where it has one, runs already."""
    if isinstance(process, Seat):
        return _seated(process, wire)
    if process:
        return _stdio(process, wire)
    return _http(plan, site, wire) if plan.url else _memory(plan, site, wire)


@asynccontextmanager
async def _stdio(process: Process, wire: Wire) -> AsyncGenerator[Streams]:
    """Yield the streams of a process that runs already."""
    await process.attach()
    lines = Lines(process, wire)
    yield Incoming(lines.receive, wire), Outgoing(lines.deliver, wire)


@asynccontextmanager
async def _seated(seat: Seat, wire: Wire) -> AsyncGenerator[Streams]:
    """Yield the streams of a place at a shared process."""

    async def receive() -> Any:
        while (item := await seat.receive()) is not END:
            if not callable(item):
                return item
            item(wire)
        raise anyio.EndOfStream

    async def deliver(_: SessionMessage, frame: Frame) -> None:
        try:
            await seat.send(frame)
        except BrokenPipeError:
            wire.lost = wire.lost or ENDED
            raise anyio.BrokenResourceError from None

    await seat.attach()
    yield Incoming(receive, wire), Outgoing(deliver, wire)


@asynccontextmanager
async def _http(plan: Plan, site: Site, wire: Wire) -> AsyncGenerator[Streams]:
    """Yield the streams of a Streamable HTTP address; the deadlines are the caller's."""
    async with (
        httpx2.AsyncClient(
            headers=plan.headers,
            timeout=httpx2.Timeout(None, connect=site.deadlines.connect),
            trust_env=site.live,  # a proxy from the environment would lead out of loopback
        ) as client,
        streamable_http_client(plan.url, http_client=client, max_sse_event_size=MAX_LINE) as (
            reads,
            writes,
        ),
    ):
        yield _relayed(reads, writes, wire)


@asynccontextmanager
async def _memory(plan: Plan, site: Site, wire: Wire) -> AsyncGenerator[Streams]:
    """Yield the streams of a server object in this process: real frames, no pipe.

    Raises:
        WorldError: there is no such file or object, or it does not import.
    """
    with _loaded(plan, site.root) as server:
        async with InMemoryTransport(server) as (reads, writes):
            yield _relayed(reads, writes, wire)


def _relayed(reads: Any, writes: Any, wire: Wire) -> Streams:
    async def receive() -> Any:
        item: SessionMessage | Exception = await reads.receive()
        if isinstance(item, Exception):
            return str(item)
        return item.message.model_dump(by_alias=True, mode="json", exclude_unset=True)

    async def deliver(item: SessionMessage, _: Frame) -> None:
        await writes.send(item)

    return Incoming(receive, wire), Outgoing(deliver, wire)


# -- server objects


@contextmanager
def _loaded(plan: Plan, root: Path) -> Generator[Server[Any] | MCPServer]:
    """Run the file anew, for a world of its own, and yield the object it holds."""
    file, _, name = plan.server.memory.rpartition(":")
    module = f"agentbox_memory_{next(_numbers)}"
    spec = importlib.util.spec_from_file_location(module, root / file)
    if spec is None or spec.loader is None:
        raise _unusable(plan, f"`{file}` is no Python file", "write path/to/file.py:server")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[module] = loaded  # dataclasses and pydantic look the module up by name
    try:
        try:
            with _quiet_logging():
                spec.loader.exec_module(loaded)
        except (Exception, SystemExit) as error:
            raise _unusable(plan, f"{type(error).__name__}: {error}", "mend it") from error
        yield _server(plan, vars(loaded), name)
    finally:
        del sys.modules[module]


def _server(plan: Plan, names: dict[str, Any], name: str) -> Server[Any] | MCPServer:
    found = names.get(name)
    if isinstance(found, (Server, MCPServer)):
        return cast("Server[Any] | MCPServer", found)
    servers = [each for each, value in names.items() if isinstance(value, (Server, MCPServer))]
    close = nearest(name, servers) or ", ".join(servers)
    hint = f"did you mean `{close}`?" if close else "make one: server = MCPServer('name')"
    raise _unusable(plan, f"`{name}` is no MCPServer and no Server", hint)


@contextmanager
def _quiet_logging() -> Generator[None]:
    """Undo what an MCPServer does to the root logger: a handler that prints to the terminal."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _unusable(plan: Plan, why: str, hint: str) -> WorldError:
    message = f"the server `{plan.name}` cannot be loaded: {why} ({plan.written})"
    return WorldError(Problem(message, hint=hint))
