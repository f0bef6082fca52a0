"""Seconds for one call of the same server by agentbox's toolbox, every frame recorded."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from agentbox import Clock, ToolCall
from agentbox.core.runtime import CallContext
from agentbox.core.scenario import Deadlines, Server
from agentbox.runtime.wall import elapsed
from agentbox.toolboxes.mcp import Site, open_servers
from agentbox.trace import TraceFile, TraceWriter

ROOT = Path(__file__).parents[2]


async def main(calls: int) -> None:
    """Open the server, warm up, call."""
    clock = Clock.at("2026-03-20T14:30:00Z")
    with tempfile.TemporaryDirectory() as folder:
        file = TraceFile(Path(folder) / "t.jsonl")
        site = Site(
            root=ROOT,
            at="h:case",
            clock=clock,
            seed=0,
            deadlines=Deadlines(),
            recorder=TraceWriter(file, clock, elapsed),
            environ={},
            frames=True,
        )
        server = Server(command=("python", "servers/accounts.py"))
        async with open_servers({"accounts": server}, site) as servers:
            box = servers.toolboxes["accounts"]
            call = ToolCall("get_account", {"account_id": "LLM-4829"})
            for number in range(20):
                await box.call(call, CallContext(f"c:case/t1/s{number}/call1", clock))
            started = time.perf_counter()
            for number in range(calls):
                result = await box.call(call, CallContext(f"c:case/t2/s{number}/call1", clock))
            print((time.perf_counter() - started) / calls, flush=True)
            if result.status != "ok":
                raise ValueError(result)
        file.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
