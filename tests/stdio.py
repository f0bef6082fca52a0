"""The shipped servers as a host has them: a process of their own, over stdio."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVERS = Path(__file__).parents[1] / "servers"
MODERN, LEGACY = "2026-07-28", "legacy"


def conversation(
    name: str,
    folder: Path,
    talk: Callable[[Client], Awaitable[Any]],
    era: str = MODERN,
    **env: str,
) -> Any:
    """Start a server in `folder`, talk to it, and return what the talk returned."""
    with (folder / "stderr.txt").open("w") as errors:
        parameters = StdioServerParameters(
            command=sys.executable, args=[str(SERVERS / f"{name}.py")], cwd=folder, env=env
        )

        async def connected() -> Any:
            transport = stdio_client(parameters, errlog=errors)
            async with Client(transport, mode=era, cache=None, read_timeout_seconds=30) as client:
                return await talk(client)

        return asyncio.run(asyncio.wait_for(connected(), 60))


def called(name: str, folder: Path, *calls: tuple, era: str = MODERN, **env: str) -> list[Any]:
    """Make calls, each `(tool, arguments[, meta])`, and return their results."""

    async def talk(client: Client) -> list[Any]:
        return [
            await client.call_tool(call[0], call[1], meta=call[2] if call[2:] else None)
            for call in calls
        ]

    return conversation(name, folder, talk, era, **env)


def text(result: Any) -> str:
    """Return the one text block of a result."""
    (block,) = result.content
    return block.text


def rows(path: Path, query: str) -> list[tuple]:
    """Return what a query gives."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()
