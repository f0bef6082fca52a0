"""The wire alone: what it hands on, what it keeps, and where it says things happened."""

from __future__ import annotations

import pytest

from agentbox.core.errors import WorldError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp.frames import Exchange, Wire, asking
from agentbox.toolboxes.mcp.plans import plans

AT = "h:c/server-s"
ASK = {"jsonrpc": "2.0", "id": "a", "method": "roots/list"}


@pytest.fixture
def wire(bench):
    (plan,) = plans({"s": Server(command=("python",))}, bench.site)
    return Wire(plan, AT, bench.events, frames=True)


def sends(wire, key, method, at=AT, **params):
    exchange = Exchange(at)
    token = asking.set(exchange)
    wire.outgoing({"jsonrpc": "2.0", "id": key, "method": method, "params": params})
    asking.reset(token)
    return exchange


def answer(key, **more):
    return {"jsonrpc": "2.0", "id": key, **more}


def test_a_result_is_kept_as_it_came_and_the_sdk_gets_an_empty_one(wire):
    exchange = sends(wire, 1, "tools/call", "c:c/call1")
    came = answer(1, result={"content": [{"type": "hologram"}]})
    seen = wire.incoming(came)
    assert seen == answer(1, result={"content": [], "resultType": "complete"})
    assert exchange.reply is came


def test_the_sdk_is_told_of_tools_with_header_marks_alone(wire):
    sends(wire, 1, "tools/list")
    marked = {"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "A"}}}
    tools = [{"name": "a", "inputSchema": marked, "icons": 7}, {"name": "b"}, 7]
    seen = wire.incoming(answer(1, result={"tools": tools, "nextCursor": "2"}))
    assert seen["result"]["tools"] == [{"name": "a", "inputSchema": marked}]


@pytest.mark.parametrize("broken", [{"result": [1]}, {"error": "no"}, {"error": {"code": "x"}}])
def test_a_malformed_answer_ends_the_request_it_answers(wire, broken):
    sends(wire, 1, "initialize")
    assert wire.incoming(answer(1, **broken))["error"]["code"] == -32600


def test_answers_to_nothing_are_recorded_and_go_no_further(wire, bench):
    assert wire.incoming(answer(7, result={})) is None
    assert bench.events.of("mcp.frame")[0]["frame"]["id"] == 7


def test_a_late_answer_to_an_abandoned_call_goes_no_further(wire):
    exchange = sends(wire, 1, "tools/call")
    cancel = {"method": "notifications/cancelled", "params": {"requestId": 1}}
    wire.outgoing({"jsonrpc": "2.0", **cancel})
    assert wire.incoming(answer(1, result={})) is None
    assert exchange.reply is None


def test_a_request_of_the_server_belongs_to_the_only_call_there_is(wire, bench):
    sends(wire, 1, "tools/call", "c:c/t1/s1/call1")
    assert wire.incoming(ASK) == ASK
    wire.outgoing(answer("a", error={"code": 1, "message": "no"}))
    assert [event["at"] for event in bench.events[1:]] == ["c:c/t1/s1/call1/child1"] * 4


def test_of_several_calls_any_leads_to_who_answers_a_request_of_the_server(wire):
    async def host(at, request): ...

    for key in (1, 2):
        sends(wire, key, "tools/call", f"c:c/t1/s1/call{key}").reenter = host
    wire.incoming(ASK)
    asked = wire.asked("a")
    assert (asked.at, asked.exchange.reenter) == (f"{AT}/child1", host)
    asked.exchange.error = WorldError("broken")
    with pytest.raises(WorldError, match="broken"):
        wire.raise_broken(Exchange("c:c/t1/s1/call2"))


@pytest.mark.parametrize("calls", [0, 2])
def test_a_request_of_the_server_belongs_to_the_server_when_its_call_is_not_known(
    wire, bench, calls
):
    for key in range(calls):
        sends(wire, key, "tools/call", f"c:c/t1/s1/call{key}")
    wire.incoming(ASK)
    assert bench.events[-1]["at"] == f"{AT}/child1"


def test_news_that_the_sdk_does_not_need_stops_here(wire):
    assert wire.incoming({"jsonrpc": "2.0", "method": "notifications/message"}) is None
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert wire.incoming(cancelled) == cancelled


@pytest.mark.parametrize(
    "junk",
    [
        "words",
        None,
        [],
        {},
        {"jsonrpc": "1.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "parse error"}},
        {"jsonrpc": "2.0", "id": True, "result": {}},
        {"jsonrpc": "2.0", "id": [], "method": "x"},
        {"jsonrpc": "2.0", "method": "x", "params": []},
        {"jsonrpc": "2.0", "id": 1},
    ],
)
def test_what_is_no_message_is_one_finding(wire, bench, junk):
    assert wire.incoming(junk) is None
    assert bench.events.codes() == ["not_mcp"]


def test_of_many_blemishes_ten_are_told_and_then_that_there_are_more(wire, bench):
    for number in range(15):
        wire.blemish("not_mcp", "a line is no JSON", f"junk {number}")
    assert bench.events.codes() == [*["not_mcp"] * 10, "more"]
    assert "junk 0" in wire.junk
