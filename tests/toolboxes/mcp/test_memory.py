"""Server objects in this process: real frames, a world of their own each time."""

from __future__ import annotations

import asyncio

import pytest

from agentbox.core.errors import WorldError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp import open_servers

SDK = Server(memory="tests/fixtures/servers/sdk.py:server")


def counted(bench, server=SDK):
    async def check():
        async with open_servers({"mem": server}, bench.site) as opened:
            tools = opened.toolboxes["mem"]
            assert (await bench.call(tools, "fail")).status == "failed"
            return [(await bench.call(tools, "count")).structured["result"] for _ in range(2)]

    return asyncio.run(check())


@pytest.mark.parametrize("era", ["auto", "legacy", "modern"])
def test_real_frames_pass_in_every_era(bench, era):
    bench.at(frames=True)
    assert counted(bench, Server(memory=SDK.memory, era=era)) == [1, 2]
    frames = [frame["frame"] for frame in bench.events.of("mcp.frame")]
    assert sum(frame.get("method") == "tools/call" for frame in frames) == 3
    assert all(frame["jsonrpc"] == "2.0" for frame in frames)
    assert bench.events.of("server.ready")[0]["era"] == ("legacy" if era == "legacy" else "modern")
    assert bench.events.of("server.start")[0]["memory"] == SDK.memory


def test_each_opening_is_a_fresh_world(bench):
    assert counted(bench) == counted(bench) == [1, 2]


@pytest.mark.parametrize(
    ("memory", "why", "hint"),
    [
        (
            "tests/fixtures/servers/sdk.py:servr",
            "`servr` is no MCPServer",
            "did you mean `server`?",
        ),
        ("tests/fixtures/servers/raw.py:send", "`send` is no MCPServer", "make one"),
        ("tests/fixtures/servers/pages.py:x", "No module named 'raw'", "mend it"),
    ],
)
def test_an_object_that_cannot_be_loaded_is_one_problem(bench, memory, why, hint):
    with pytest.raises(WorldError) as caught:
        counted(bench, Server(memory=memory))
    (problem,) = caught.value.problems
    assert why in problem.message
    assert hint in problem.hint
