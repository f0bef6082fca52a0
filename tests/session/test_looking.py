"""Looks that stand in nobody's scenario: what is not there, what breaks, what cannot be new."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from agentbox.core.clock import Clock
from agentbox.core.messages import ToolCall
from agentbox.core.requests import Observation, Observed
from agentbox.core.scenario import Case, ModelSpec, Scenario, Server
from agentbox.runtime.wall import elapsed
from agentbox.session import Host
from agentbox.session.looking import Looking, Sight
from agentbox.toolboxes import Merged
from agentbox.trace import TraceWriter

NOW = "2026-03-20T14:30:00Z"
FAR = Server(url="http://127.0.0.1:1/mcp")
GOLD = (ToolCall("near.put"),)


def look(observation: Observation, tmp_path, broken: Exception | None = None) -> Observed:
    """Make a look at a world without tools; `broken` is what asking for the record raises."""

    def record() -> bytes:
        if broken:
            raise broken
        return b"{}"

    def fresh(at: str) -> AbstractAsyncContextManager[Sight]:
        raise AssertionError(f"a fresh world was opened for {at}")

    clock = Clock.at(NOW)
    servers = {"near": Server(command="near"), "far": FAR}
    scenario = Scenario(1, NOW, (Case("a"),), ModelSpec(), servers=servers)
    writer = TraceWriter(lambda _: None, clock, elapsed)
    sight = Sight(Merged(), None, clock)
    looking = Looking(scenario, Host(tmp_path, {}), writer, record, sight, fresh)
    return asyncio.run(looking(observation, "h:a/end/look1"))


@pytest.mark.parametrize("kind", ["resource", "file", "sql"])
def test_without_servers_there_is_nothing_to_look_at(kind, tmp_path) -> None:
    assert look(Observation(kind, "near", "x"), tmp_path) == Observed(error="there are no servers")


def test_what_is_at_an_address_can_not_be_made_anew(tmp_path) -> None:
    file = look(Observation("file", "far", "x", gold=GOLD), tmp_path)
    assert file.error == "no fresh `far`: it is at an address"
    tool = look(Observation("tool", "", "far.get", gold=GOLD), tmp_path)
    assert tool.error == ("no fresh `far.get`: only servers that agentbox starts are made anew")


def test_whatever_breaks_in_a_look_is_its_error(tmp_path) -> None:
    seen = look(Observation("command", target="true"), tmp_path, KeyError("events"))
    assert seen.error == "KeyError: 'events'"
    assert look(Observation("command", target="true"), tmp_path).value["exit"] == 0
