"""The floor's model as a scenario names it."""

from __future__ import annotations

import asyncio
from typing import Any

from agentbox import call, say


def reply(messages: Any, tools: Any) -> Any:
    """Ask for `lookup` five times."""
    n = sum(message.role == "tool" for message in messages)
    return call("lookup", key="k", n=n) if n < 5 else say("done")


async def late(messages: Any, tools: Any) -> Any:
    """Answer as `reply` does, 20 ms later."""
    await asyncio.sleep(0.02)
    return reply(messages, tools)


async def lookup(key: str, n: int) -> str:
    """Return 75 characters at once."""
    return f"value {n:04} for {key}: a line of words as tools give them, so and so long it is."
