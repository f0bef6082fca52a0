"""The tools there are now: each change of a list reaches the next model call."""

from __future__ import annotations

import asyncio

from stage import Tools

from agentbox import ToolSpec
from agentbox.core.messages import Transcript
from agentbox.core.requests import Ask
from agentbox.core.runtime import Placed
from agentbox.runtime.listing import Listing, Relisting

FIRST = (ToolSpec("look", "as it was"),)


def test_a_tool_that_changes_twice_is_offered_as_it_is_each_time() -> None:
    lists = [FIRST, (ToolSpec("look", "changed"),), (ToolSpec("look", "changed again"),)]
    listed = list(lists.pop(0))
    box = Tools({}, listed)
    told: list[str] = []

    async def relist(_: str) -> bool:
        listed[:] = lists.pop(0)
        return True

    async def offered() -> None:
        listing = Listing(box, Relisting(relist, lambda *_: True))
        for number in (1, 2):
            ask = Ask(Transcript().view(), FIRST)
            now = await listing.current(Placed(f"c:a/t1/s{number}", ask), ask)
            told.extend(tool.description for tool in now.tools)

    asyncio.run(offered())
    assert told == ["changed", "changed again"]
