"""Calls over stdio: what goes in, what comes out, and what a server's answer may look like."""

from __future__ import annotations

import asyncio

import pytest

TEXT = "one"


def run(test):
    return asyncio.run(test)


def test_a_call_says_when_where_and_with_which_seed_it_is_made(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            return (await bench.call(tools, "meta")).structured["found"]

    meta = run(check())
    assert meta["agentbox/now"] == "2026-03-20T14:30:00Z"
    assert meta["agentbox/seed"] == 7
    assert meta["agentbox/at"] == "c:a-case/t1/s1/call1"
    assert meta["io.modelcontextprotocol/clientInfo"]["name"] == "agentbox"
    assert meta["io.modelcontextprotocol/clientCapabilities"] == {}


def test_arguments_arrive_as_they_were_given(bench):
    given = {"none": None, "big": 2**80, "deep": [{"x": None}, 1.0, True], "ü": "«✓»\u2028\ud800"}

    async def check():
        async with bench.one("echo.py") as tools:
            return await bench.call(tools, "arguments", **given)

    assert run(check()).structured["found"] == given


def test_paths_of_the_sandbox_are_masked_both_ways(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            folder = await bench.call(tools, "folder")
            back = await bench.call(tools, "arguments", path="«cwd»/a", home="«home»")
            return folder, back

    folder, back = run(check())
    assert folder.structured == {"found": "«cwd»"}
    assert back.structured["found"] == {"path": "«cwd»/a", "home": "«home»"}
    assert "agentbox-" not in str(bench.events.of("mcp.frame"))


def test_without_a_sandbox_the_project_is_the_folder_and_the_environment_is_the_hosts(bench):
    async def check():
        async with bench.one("echo.py", sandbox="off") as tools:
            return [await bench.call(tools, name) for name in ("folder", "environment")]

    folder, environment = run(check())
    assert folder.structured["found"] == "«cwd»"
    assert environment.structured["found"]["SECRET"] == "from the host"
    assert environment.structured["found"]["AGENTBOX_NOW"] == "2026-03-20T14:30:00Z"


def test_a_path_with_escaped_slashes_is_masked(bench):
    async def check():
        async with bench.one("bytes.py") as tools:
            return await bench.call(tools, "slashes")

    assert run(check()).structured == "«cwd»"


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_results_that_strict_models_refuse_are_read_as_they_came(bench, era):
    async def check():
        async with bench.one(f"results.py {era}", era=era) as tools:
            names = [spec.name for spec in tools.specs()]
            return {name: await bench.call(tools, name) for name in names}

    got = run(check())
    assert (got["plain"].status, got["plain"].text) == ("ok", "one")
    assert got["plain"].meta == {"agentbox/retrieval": {"query": "q"}}
    assert got["blocks"].text == "one\ntwo"
    kinds = [part["type"] for part in got["blocks"].parts]
    assert kinds == ["image", "resource_link", "resource", "hologram"]
    assert got["blocks"].parts[0]["annotations"] == {"priority": 1}
    assert got["blocks"].parts[2]["resource"]["own"] is None
    assert got["misfit"].structured == {"n": "seven"}
    assert (got["list"].structured, got["list"].text) == ([1, None], "[1, null]")
    assert (got["failed"].status, got["failed"].source) == ("failed", "tool")
    assert (got["nothing"].status, got["nothing"].text) == ("ok", "")
    for name in ("text", "odd", "task", "array", "unsaid", "asking"):
        assert (got[name].status, got[name].source) == ("failed", "protocol"), name
    assert "task" in got["task"].text
    assert got["unsaid"].text == 'The server answered with a malformed error: "no"'
    assert "something malformed, x" in got["asking"].text
    assert got["refused"].text == 'no such account (error -32602): {"account": "LLM-1"}'
    assert (got["refused"].status, got["refused"].source) == ("failed", "protocol")
    assert got["closed"].status == "failed", "the server's own -32000 is not a lost connection"


def test_big_integers_bad_utf8_nan_and_ids_as_strings_get_through(bench):
    async def check():
        async with bench.one("bytes.py", era="legacy") as tools:
            names = ("big", "bad_utf8", "nan", "string_id")
            return [await bench.call(tools, name) for name in names]

    big, bad, nan, joined = run(check())
    assert big.structured == {"x": 2**80}
    assert bad.text == "caf\ufffd"
    assert nan.structured == {"x": None}
    assert joined.structured == "joined"
    assert bench.events.codes() == ["bad_utf8", "not_json"]


def test_no_depth_of_a_result_makes_a_call_raise(bench):
    async def check():
        async with bench.one("bytes.py", era="legacy") as tools:
            depths = (100, 850, 930, 960, 980, 100_000)
            deep = [await bench.call(tools, "deep", deadline=0.3, n=depth) for depth in depths]
            return deep, await bench.call(tools, "big")

    (shallow, *_, deepest), after = run(check())
    assert (shallow.status, deepest.status, after.status) == ("ok", "timeout", "ok")


def test_lines_of_32_megabytes_are_read_and_an_endless_one_ends_the_connection_clearly(bench):
    async def check():
        async with bench.one("bytes.py", era="legacy") as tools:
            huge = await bench.call(tools, "huge", size=32 * 2**20)
            lost = await bench.call(tools, "endless")
            return huge, lost, await bench.call(tools, "big")

    huge, lost, after = run(check())
    assert len(huge.text) == 32 * 2**20
    assert (lost.status, lost.source) == ("unknown", "transport")
    assert "more than 64 MiB" in lost.text
    assert (after.status, after.source) == ("failed", "transport")
    assert bench.events.codes() == ["long_line"]


def test_rubbish_between_the_frames_is_recorded_and_the_connection_goes_on(bench):
    async def check():
        async with bench.one("rubbish.py", era="legacy") as tools:
            return await bench.call(tools, "work"), await bench.call(tools, "work", more=50)

    first, second = run(check())
    assert (first.text, second.text) == ("served", "served")
    codes = bench.events.codes()
    assert codes[:7] == ["not_mcp"] * 6 + ["bad_utf8"]
    assert codes[-1] == "more"
    assert len(codes) == 11
    said = [finding["message"] for finding in bench.events.of("finding")]
    assert said[0] == "a line is no JSON: Starting up..."
    assert all(len(message) < 300 for message in said)


def test_a_flood_on_stderr_does_not_stop_the_server(bench):
    async def check():
        async with bench.one("flood.py") as tools:
            return await bench.call(tools, "flood")

    assert run(check()).text == "dry"
    (stop,) = [event for event in bench.events if event["kind"] == "server.stop"]
    assert stop["side"]["stderr"].endswith(
        "line 3999 of what nobody reads, and then some more of it"
    )
    assert len(stop["side"]["stderr"].splitlines()) == 20


def test_a_call_that_hangs_is_a_timeout_and_the_server_hears_of_it(bench):
    async def check():
        async with bench.one("hangs.py") as tools:
            hung = await bench.call(tools, "hang", deadline=0.1)
            return hung, await bench.call(tools, "heard")

    hung, heard = run(check())
    assert (hung.status, hung.source, hung.text) == (
        "timeout",
        "transport",
        "No answer within 0.1 s.",
    )
    assert "notifications/cancelled" in heard.text


def test_a_cancelled_call_is_cancelled_at_the_server_and_the_others_go_on(bench):
    async def check():
        async with bench.one("hangs.py") as tools:
            hung = asyncio.create_task(bench.call(tools, "hang"))
            before = await bench.call(tools, "heard")
            hung.cancel()
            with pytest.raises(asyncio.CancelledError):
                await hung
            return before, await bench.call(tools, "heard")

    before, after = run(check())
    assert "cancelled" not in before.text
    assert "cancelled" in after.text


@pytest.mark.parametrize("how", ["", "flood"])
def test_neither_a_deaf_server_nor_a_flood_holds_up_a_deadline(bench, how):
    async def check():
        loop = asyncio.get_running_loop()
        watched = set(loop._selector.get_map())
        async with bench.within(close=0.1).one(f"deaf.py {how}", era="legacy") as tools:
            started = loop.time()
            result = await bench.call(tools, "work", deadline=0.3, much="x" * 4_000_000)
            took = loop.time() - started
        return result, took, set(loop._selector.get_map()) - watched

    result, took, still_watched = run(check())
    assert result.status == "timeout"
    assert took < 2
    assert not still_watched


def test_a_server_that_dies_in_a_call_leaves_it_unknown_and_says_how_it_died(bench):
    async def check():
        async with bench.one("dies.py call") as tools:
            return await bench.call(tools, "work"), await bench.call(tools, "work")

    died, after = run(check())
    assert (died.status, died.source) == ("unknown", "transport")
    assert "may have taken effect: exit code 3" in died.text
    assert died.detail == "cannot open  [31mthe database", "no escape code survives"
    assert (after.status, after.source) == ("failed", "transport")
    assert after.text.startswith("Not called:")
    assert bench.events.of("server.died") == [{"server": "dies", "exit": 3}]


def test_a_server_that_dies_between_calls_is_known_not_to_have_run_the_next(bench):
    async def check():
        async with bench.one("dies.py idle") as tools:
            first = await bench.call(tools, "work")
            await bench.until(lambda: bench.events.of("server.died"))
            return first, await bench.call(tools, "work")

    first, second = run(check())
    assert first.status == "ok"
    assert (second.status, second.source) == ("failed", "transport")


def test_a_tool_that_is_not_listed_is_not_called(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            return await bench.call(tools, "nothing")

    result = run(check())
    assert (result.status, result.source) == ("failed", "protocol")


def test_concurrent_calls_get_their_own_answers(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            calls = [bench.call(tools, "arguments", at=f"c:x/call{n}", n=n) for n in range(100)]
            return await asyncio.gather(*calls)

    assert [result.structured["found"]["n"] for result in run(check())] == list(range(100))


def test_frames_are_recorded_at_the_place_of_their_call(bench):
    async def check():
        async with bench.at(frames=True).one("echo.py", era="modern") as tools:
            await bench.call(tools, "arguments", n=1)

    run(check())
    frames = [event for event in bench.events if event["kind"] == "mcp.frame"]
    told = [
        (event["at"], event["data"]["dir"], event["data"]["frame"].get("method"))
        for event in frames
    ]
    server, call = "h:a-case/server-echo", "c:a-case/t1/s1/call1"
    assert told == [
        (server, "out", "server/discover"),
        (server, "in", None),
        (server, "out", "tools/list"),
        (server, "in", None),
        (call, "out", "tools/call"),
        (call, "in", None),
    ]
    assert frames[-1]["data"]["frame"]["result"]["structuredContent"] == {"found": {"n": 1}}


def test_no_frame_is_recorded_unless_asked(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            await bench.call(tools, "arguments")

    run(check())
    assert not bench.events.of("mcp.frame")
