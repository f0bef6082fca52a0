"""The floor of MCP: the bare SDK client on the same stdio server, no agent.

bare_client.py              start, list, one call, done
bare_client.py calls N      seconds for one of N calls, after a warm-up
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from mcp import Client, StdioServerParameters

SERVER = Path(__file__).parents[2] / "servers" / "accounts.py"


async def main(calls: int) -> None:
    """Connect, list, call."""
    server = StdioServerParameters(command=sys.executable, args=[str(SERVER)])
    arguments = {"account_id": "LLM-4829"}
    async with Client(server, cache=None) as client:
        await client.list_tools()
        if not calls:
            result = await client.call_tool("get_account", arguments)
            print("done" if not result.is_error else result, flush=True)
            return
        for _ in range(20):
            await client.call_tool("get_account", arguments)
        started = time.perf_counter()
        for _ in range(calls):
            await client.call_tool("get_account", arguments)
        print((time.perf_counter() - started) / calls, flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[2]) if len(sys.argv) > 2 else 0))
