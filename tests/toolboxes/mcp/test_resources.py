"""What is looked at in a server: its resources, its folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentbox.core.errors import WorldError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp.servers import Servers

AT = "h:a-case/end/look1"


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_resource_is_its_text_and_several_contents_are_lines(bench, era) -> None:
    async def play():
        async with bench.open(f"shelves.py {era}", era=era) as servers:
            shelves = servers.named("shelves")
            return [await shelves.read(uri, AT) for uri in ("x:one", "x:two", "x:cwd")], (
                await bench.call(servers.toolboxes["shelves"], "told")
            )

    texts, told = asyncio.run(play())
    assert texts == ["one", "one\ntwo", "in «cwd»"]
    assert told.text == f"2026-03-20T14:30:00Z 7 {AT}"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("x:blob", "the resource is no text"),
        ("x:none", "the answer holds no contents"),
        ("x:odd", "the answer holds no contents"),
        ("x:gone", "no such resource (error -32002)"),
        ("x:die", "the server was lost before it answered"),
    ],
)
def test_a_resource_that_is_no_text_is_an_error_that_says_why(bench, uri, said) -> None:
    async def play():
        async with bench.open("shelves.py", era="legacy") as servers:
            await servers.named("shelves").read(uri, AT)

    with pytest.raises(WorldError, match=said.replace("(", r"\(").replace(")", r"\)")):
        asyncio.run(play())


def test_a_read_past_its_deadline_is_given_up(bench) -> None:
    async def play():
        async with bench.within(call=0.1).open("shelves.py", era="legacy") as servers:
            await servers.named("shelves").read("x:hang", AT)

    with pytest.raises(TimeoutError):
        asyncio.run(play())


def test_a_server_that_is_gone_has_no_resources(bench) -> None:
    async def play():
        async with bench.open("shelves.py", era="legacy") as servers:
            servers.hang_up()
            await servers.named("shelves").read("x:one", AT)

    with pytest.raises(WorldError, match="the server `shelves` is gone: it was told to end"):
        asyncio.run(play())


def test_a_server_has_a_folder_of_its_own_or_the_projects(bench) -> None:
    async def play():
        async with bench.open("shelves.py", era="legacy", files={"a.txt": "a"}) as servers:
            shelves = servers.named("shelves")
            own = (shelves.folder / "a.txt").read_text(), shelves.hide(f"{shelves.folder}/a.txt")
        async with bench.open("shelves.py", era="legacy", sandbox="off") as servers:
            return own, servers.named("shelves").folder

    own, off = asyncio.run(play())
    assert own == ("a", "«cwd»/a.txt")
    assert off == bench.site.root == Path(__file__).parents[3]


def test_a_server_at_an_address_has_no_folder_and_one_that_is_not_there_is_named(bench) -> None:
    from agentbox.toolboxes.mcp.plans import plans  # noqa: PLC0415 - here alone
    from agentbox.toolboxes.mcp.running import Running  # noqa: PLC0415 - here alone

    (plan,) = plans({"far": Server(url="http://127.0.0.1:1/mcp")}, bench.site)
    servers = Servers([Running(plan, bench.site)])
    far = servers.named("far")
    assert far.hide("as it is") == "as it is"
    with pytest.raises(WorldError, match="the server `far` is at an address: it has no folder"):
        _ = far.folder
    with pytest.raises(WorldError, match="there is no server `near`"):
        servers.named("near")
