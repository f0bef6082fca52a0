"""The shipped servers as a host has them: over stdio, or in this process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from loading import loaded
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVERS = Path(__file__).parents[1] / "servers"
MODERN, LEGACY = "2026-07-28", "legacy"


def conversation(
    name: str,
    folder: Path,
    talk: Callable[[Client], Awaitable[Any]],
    era: str = MODERN,
    *,
    stdio: bool = False,
    **env: str,
) -> Any:
    """Start a server in `folder`, talk to it, and return what the talk returned.

    It runs in this process, with the SDK imported once, and over `stdio` in one of its own.
    """

    async def connected(server: Any) -> Any:
        async with Client(server, mode=era, cache=None, read_timeout_seconds=30) as client:
            return await talk(client)

    if not stdio:
        with _as_if_started(folder, env):
            server = loaded(SERVERS / f"{name}.py").server
            return asyncio.run(asyncio.wait_for(connected(server), 60))
    with (folder / "stderr.txt").open("w") as errors:
        parameters = StdioServerParameters(
            command=sys.executable, args=[str(SERVERS / f"{name}.py")], cwd=folder, env=env
        )
        transport = stdio_client(parameters, errlog=errors)
        return asyncio.run(asyncio.wait_for(connected(transport), 60))


@contextmanager
def _as_if_started(folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    before, place = dict(os.environ), Path.cwd()
    os.environ.update(env)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(before)


def called(name: str, folder: Path, *calls: tuple, era: str = MODERN, **how: Any) -> list[Any]:
    """Make calls, each `(tool, arguments[, meta])`, and return their results."""

    async def talk(client: Client) -> list[Any]:
        return [
            await client.call_tool(call[0], call[1], meta=call[2] if call[2:] else None)
            for call in calls
        ]

    return conversation(name, folder, talk, era, **how)


def text(result: Any) -> str:
    """Return the one text block of a result."""
    (block,) = result.content
    return block.text


def rows(path: Path, query: str) -> list[tuple]:
    """Return what a query gives."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()
