"""Streamable HTTP, against real servers on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from agentbox.core.errors import AuthorError, WorldError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp import open_servers

pytestmark = pytest.mark.loopback


@pytest.fixture(scope="module")
def port():
    """Return the port of a server of the SDK."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "tests/fixtures/servers/sdk.py", "http", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while not accepts(port):
                assert process.poll() is None
            yield port
        finally:
            process.kill()


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def answering(*answers):
    """Serve raw HTTP: each request gets what the next function makes of its body and verb."""
    seen = []

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
            fields = {key.lower(): value for key, value in fields.items()}
            sent = await reader.readexactly(int(fields.get("content-length", 0)))
            body = json.loads(sent or "{}") | {"verb": head.split()[0].decode()}
            seen.append((fields, body))
            answer = answers[min(len(seen), len(answers)) - 1](body)
            if answer is None:
                await asyncio.Event().wait()
            writer.write(answer)
            await writer.drain()

    async def forgiving(reader, writer):
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(forgiving, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], seen
    finally:
        server.close()


def response(status, kind, body):
    fields = [f"content-type: {kind}", f"content-length: {len(body)}", "mcp-session-id: 1"]
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode() + body


def reply(result):
    def answer(body):
        frame = {"jsonrpc": "2.0", "id": body["id"], "result": result}
        return response("200 OK", "application/json", json.dumps(frame).encode())

    return answer


DISCOVERED = reply({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
TOOLS = reply(
    {
        "tools": [
            {
                "name": "find",
                "inputSchema": {
                    "type": "object",
                    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
                },
            },
            {
                "name": "unfit",
                "inputSchema": {"type": "object", "properties": {"a": {"x-mcp-header": "a b"}}},
            },
        ]
    }
)
FOUND = reply({"content": [{"type": "text", "text": "found"}]})


def at(port, **options):
    return {"web": Server(url=f"http://127.0.0.1:{port}/mcp", **options)}


def opening(bench, servers):
    async def check():
        async with open_servers(servers, bench.site):
            pass

    return asyncio.run(check())


@pytest.mark.parametrize("era", ["auto", "legacy", "modern"])
def test_tools_are_listed_and_called_over_http_in_every_era(bench, port, era):
    async def check():
        async with open_servers(at(port, era=era), bench.at(frames=True).site) as opened:
            tools = opened.toolboxes["web"]
            names = [spec.name for spec in tools.specs()]
            return names, await bench.call(tools, "add", a=2, b=3), await bench.call(tools, "fail")

    names, added, failed = asyncio.run(check())
    assert names == ["add", "count", "long", "fail"]
    assert (added.status, added.structured, added.text) == ("ok", {"result": 5}, "5")
    assert (failed.status, failed.source) == ("failed", "tool")
    (ready,) = bench.events.of("server.ready")
    assert ready["era"] == ("legacy" if era == "legacy" else "modern")
    assert (ready["name"], ready["version"]) == ("sdk", "1.2.3")
    assert bench.events.of("server.start")[0]["url"] == f"http://127.0.0.1:{port}/mcp"
    frames = [event["at"] for event in bench.events if event["kind"] == "mcp.frame"]
    assert frames.count("c:a-case/t1/s1/call1") == 4


def test_a_long_result_fits_in_one_event(bench, port):
    async def check():
        async with open_servers(at(port, era="legacy"), bench.site) as opened:
            return await bench.call(opened.toolboxes["web"], "long", size=3_000_000)

    assert len(asyncio.run(check()).text) == 3_000_000


def test_headers_are_expanded_and_marked_arguments_become_headers(bench):
    async def check():
        async with answering(DISCOVERED, TOOLS, FOUND) as (port, seen):
            servers = at(port, headers={"Authorization": "Bearer ${SECRET}"})
            async with open_servers(servers, bench.site) as opened:
                tools = opened.toolboxes["web"]
                names = [spec.name for spec in tools.specs()]
                result = await bench.call(tools, "find", region="eu")
            return names, result, seen

    names, result, seen = asyncio.run(check())
    assert names == ["find"]
    assert bench.events.codes() == ["bad_header"]
    assert result.text == "found"
    assert all(fields["authorization"] == "Bearer from the host" for fields, _ in seen)
    assert seen[2][0]["mcp-param-region"] == "eu"
    assert "from the host" not in str(bench.events)


def test_an_address_that_refuses_is_one_problem(bench):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(WorldError) as caught:
            opening(bench, at(port))
    (problem,) = caught.value.problems
    assert problem.message.startswith("the server `web` did not start: ")
    assert f"http://127.0.0.1:{port}/mcp" in problem.message


def test_a_server_that_accepts_and_says_nothing_fails_at_the_deadline(bench):
    async def check():
        async with (
            answering(lambda body: None) as (port, _),
            open_servers(at(port), bench.within(connect=0.5).site),
        ):
            pass

    with pytest.raises(WorldError, match=r"no answer within 0\.5 s"):
        asyncio.run(check())


def test_a_server_that_does_not_let_go_of_its_session_is_left(bench):
    results = {
        "initialize": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": {"name": "clingy", "version": "1"},
        },
        "tools/list": {"tools": []},
    }

    def answer(body):
        if body["verb"] == "DELETE":
            return None
        result = results.get(body.get("method"))
        return reply(result)(body) if result else response("202 Accepted", "text/plain", b"")

    async def check():
        loop = asyncio.get_running_loop()
        async with answering(answer) as (port, seen):
            async with open_servers(at(port, era="legacy"), bench.within(close=0.2).site):
                started = loop.time()
            return loop.time() - started, seen[-1][1]["verb"]

    took, last = asyncio.run(check())
    assert last == "DELETE"
    assert took < 1


def test_a_run_that_is_cancelled_while_it_connects_does_not_wait_for_the_server(bench):
    async def session(port):
        async with open_servers(at(port), bench.within(close=20).site):
            pass

    async def check():
        async with answering(lambda body: None) as (port, seen):
            task = asyncio.create_task(session(port))
            await bench.until(lambda: seen)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=2)
            return done

    assert asyncio.run(check())


def test_a_proxy_of_the_environment_is_not_used(bench, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def check():
        async with answering(DISCOVERED, TOOLS) as (port, seen), open_servers(at(port), bench.site):
            return len(seen)

    assert asyncio.run(check()) == 2


def test_a_page_that_is_no_mcp_fails_clearly(bench):
    async def check():
        async with (
            answering(lambda body: response("200 OK", "text/html", b"<p>hi")) as (port, _),
            open_servers(at(port), bench.site),
        ):
            pass

    with pytest.raises(WorldError, match="Unexpected content type: text/html"):
        asyncio.run(check())


def test_a_hanging_call_is_a_timeout_and_the_next_one_works(bench):
    async def check():
        async with (
            answering(DISCOVERED, TOOLS, lambda body: None, FOUND) as (port, _),
            open_servers(at(port), bench.site) as opened,
        ):
            tools = opened.toolboxes["web"]
            return await bench.call(tools, "find", deadline=0.2), await bench.call(tools, "find")

    hung, found = asyncio.run(check())
    assert (hung.status, hung.source) == ("timeout", "transport")
    assert found.text == "found"


@pytest.mark.parametrize(
    "cut",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 3\r\n\r\n:\n\n",
    ],
)
def test_a_connection_that_breaks_in_a_call_leaves_it_unknown(bench, cut):
    async def check():
        def broken(body):
            if not cut:
                raise ConnectionResetError
            return cut

        async with (
            answering(DISCOVERED, TOOLS, broken) as (port, _),
            open_servers(at(port), bench.site) as opened,
        ):
            return await bench.call(opened.toolboxes["web"], "find")

    result = asyncio.run(check())
    assert (result.status, result.source) == ("unknown", "transport")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/mcp",
        "https://localhost.example.com/mcp",
        "http://127.0.0.1@example.com/mcp",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
    ],
)
def test_an_offline_run_reaches_loopback_only(bench, url):
    with pytest.raises(AuthorError) as caught:
        opening(bench, {"far": Server(url=url)})
    (problem,) = caught.value.problems
    assert "this run is offline" in problem.message
    assert "--live" in problem.hint


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "127.0.0.1:80/mcp", "http://", "http://[::1"]
)
def test_what_is_no_http_address_is_refused(bench, url):
    with pytest.raises(AuthorError, match="is no HTTP address"):
        opening(bench, {"odd": Server(url=url)})
