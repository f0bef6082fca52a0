"""Servers from start to stop: how they fail to start, and that nothing of them is ever left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from agentbox.core.errors import AuthorError, WorldError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp import open_servers


def run(test):
    return asyncio.run(test)


# -- starting


def test_a_server_is_recorded_from_start_to_stop(bench):
    async def check():
        async with bench.one("echo.py", era="modern") as tools:
            return len(tools.specs())

    assert run(check()) == 5
    start, ready, stop = bench.events
    assert {event["at"] for event in bench.events} == {"h:a-case/server-echo"}
    assert start["data"] == {
        "server": "echo",
        "transport": "stdio",
        "command": "python tests/fixtures/servers/echo.py",
        "era": "modern",
        "sandbox": "process",
    }
    assert ready["kind"] == "server.ready"
    assert ready["data"].pop("tools_hash")
    assert ready["data"] == {
        "server": "echo",
        "era": "modern",
        "protocol": "2026-07-28",
        "name": "raw",
        "version": "1",
        "tools": 5,
    }
    assert stop["data"] == {"server": "echo"}
    assert stop["side"] == {"exit": 0, "killed": False, "stderr": ""}


def test_two_runs_of_a_server_give_the_same_events(bench):
    async def check():
        async with bench.at(frames=True).one("echo.py") as tools:
            for name in ("environment", "folder", "meta"):
                await bench.call(tools, name)
        told = [{**event, "side": None} for event in bench.events]
        bench.events.clear()
        return told

    assert run(check()) == run(check())


@pytest.mark.parametrize(
    ("command", "why", "hint"),
    [
        (("no-such-program", "x"), "there is no command `no-such-program` on PATH", "install it"),
        (("./no/such/file",), "there is no file ./no/such/file", "mend"),
        (("./pyproject.toml",), "pyproject.toml is not executable", "chmod +x"),
        (("python", "a\0b"), "null byte", "mend"),
    ],
)
def test_a_command_that_cannot_run_is_one_problem_with_its_remedy(bench, command, why, hint):
    async def check():
        async with open_servers({"s": Server(command=command)}, bench.site):
            pass

    before = bench.boxes()
    with pytest.raises(WorldError) as caught:
        run(check())
    (problem,) = caught.value.problems
    assert problem.message.startswith("the server `s` cannot be started: ")
    assert why in problem.message
    assert hint in problem.hint
    assert bench.boxes() == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dies.py start", "exit code 3"),
        ("dies.py list", "exit code 3"),
        ("silent.py", "no answer within 0.6 s"),
        ("rubbish.py only", "no answer within 0.6 s"),
        ("handshake.py refuses", "it answered with error -32603: no license"),
        ("handshake.py malformed", "its answer is malformed: capabilities"),
        ("handshake.py future", "Unsupported protocol version from the server: 2099-01-01"),
        ("pages.py hang", "it gave no tool list within 0.5 s"),
        ("pages.py endless", "its tool list has more than 100 pages"),
        ("pages.py broken", "its tool list is none"),
    ],
)
def test_a_server_that_does_not_start_is_one_problem_and_leaves_nothing(bench, name, why):
    before = bench.boxes()
    bench.within(connect=0.6 if "no answer" in why else 10, list=0.5)
    (problem,) = run(bench.fails(name, era="legacy"))
    server = name.partition(".")[0]
    command = f"python tests/fixtures/servers/{name}"
    assert problem.message.startswith(f"the server `{server}` did not start: ")
    assert why in problem.message
    assert f"({command})" in problem.message
    assert problem.hint == f"run it yourself: {command}"
    assert not bench.alive(bench.pid())
    assert bench.boxes() == before
    assert bench.events[-1]["kind"] == "server.stop"


def test_the_last_words_of_a_server_are_in_its_problem(bench):
    (problem,) = run(bench.fails("dies.py start"))
    assert "its stderr ends:\n  cannot open  [31mthe database" in problem.message


def test_what_a_server_printed_in_place_of_mcp_is_in_its_problem(bench):
    (problem,) = run(bench.within(connect=0.6).fails("rubbish.py only"))
    assert "its output is no MCP: Starting up..." in problem.message


def test_all_servers_that_fail_are_named_at_once_and_the_good_ones_are_ended(bench):
    problems = run(bench.within(connect=1).fails("echo.py", "dies.py start", "silent.py"))
    assert [problem.message.split("`")[1] for problem in problems] == ["dies", "silent"]
    pids = [event["side"]["pid"] for event in bench.events if event["kind"] == "server.start"]
    assert len(pids) == 3
    assert not any(map(bench.alive, pids))


def test_mistakes_in_entries_are_all_told_before_anything_starts(bench):
    servers = {
        "none": Server(),
        "two": Server(command=("python",), url="http://127.0.0.1/"),
        "unset": Server(command=("python", "${NOT_SET}"), env={"A": "${ALSO_NOT}", "B": "${C:-c}"}),
        "far": Server(url="https://example.com/mcp"),
        "gone": Server(memory="tests/no_such.py:server"),
    }

    async def check():
        async with open_servers(servers, bench.site):
            pass

    with pytest.raises(AuthorError) as caught:
        run(check())
    told = [problem.message for problem in caught.value.problems]
    assert len(told) == 6
    assert not bench.events


# -- eras


@pytest.mark.parametrize(
    ("name", "era", "found"),
    [
        ("echo.py", "auto", "modern"),
        ("echo.py", "modern", "modern"),
        ("echo.py", "legacy", "legacy"),
        ("flood.py", "auto", "legacy"),
        ("results.py", "auto", "modern"),
    ],
)
def test_the_era_is_pinned_or_detected_and_recorded(bench, name, era, found):
    async def check():
        async with bench.one(name, era=era):
            pass

    run(check())
    assert bench.events.of("server.ready")[0]["era"] == found


def test_a_legacy_server_pinned_to_modern_fails_clearly(bench):
    (problem,) = run(bench.fails("flood.py", era="modern"))
    assert "`era: modern` is pinned" in problem.message
    assert "Method not found" in problem.message


def test_a_modern_server_pinned_to_legacy_fails_clearly(bench):
    (problem,) = run(bench.fails("results.py", era="legacy"))
    assert "it answered with error -32601: Method not found" in problem.message


def test_a_server_that_ignores_discover_connects_and_the_remedy_is_a_finding(bench):
    async def check():
        async with bench.within(connect=3).one("handshake.py") as tools:
            return await bench.call(tools, "work")

    assert run(check()).text == "worked"
    assert bench.events.of("server.ready")[0]["era"] == "legacy"
    (finding,) = bench.events.of("finding")
    assert finding["code"] == "no_discover"
    assert "pin `era: legacy`" in finding["message"]


def test_a_modern_server_that_starts_slower_than_the_probe_is_still_modern(bench):
    async def check():
        async with bench.within(connect=3).one("locks.py 1.3") as tools:
            return await bench.call(tools, "work")

    assert run(check()).text == "worked"
    assert bench.events.of("server.ready")[0]["era"] == "modern"


def test_the_last_words_of_a_server_hold_no_path_of_this_machine(bench):
    server = Server(command=("python", "-c", "import os, sys; sys.exit(os.getcwd())"))

    async def check():
        async with open_servers({"s": server}, bench.site):
            pass

    with pytest.raises(WorldError) as caught:
        run(check())
    assert "its stderr ends:\n  «cwd»" in caught.value.problems[0].message


# -- tool lists


def test_a_list_is_read_to_its_last_page(bench):
    async def check():
        async with bench.one("pages.py 3") as tools:
            return [spec.name for spec in tools.specs()], await bench.call(tools, "tool3")

    names, result = run(check())
    assert names == ["tool1", "tool2", "tool3"]
    assert result.text == "tool3"


def test_a_list_that_comes_round_again_is_read_once_and_is_a_finding(bench):
    async def check():
        async with bench.one("pages.py loop") as tools:
            return [spec.name for spec in tools.specs()]

    assert run(check()) == ["tool1", "tool2", "tool3"]
    assert bench.events.codes() == ["page_loop"]


def test_a_server_without_tools_has_none(bench):
    async def check():
        async with bench.one("pages.py none") as tools:
            return tools.specs()

    assert run(check()) == ()


def test_bad_tools_are_findings_and_the_good_ones_keep_their_schemas_verbatim(bench):
    async def check():
        async with bench.one("flawed.py") as tools:
            return tools.specs(), await bench.call(tools, "last")

    (good, odd, _), result = run(check())
    assert result.text == "last"
    assert good.input_schema["properties"]["account"] == {"$ref": "#/$defs/id"}
    assert good.input_schema["properties"]["how"]["oneOf"][1] == {"const": 7}
    assert good.output_schema == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert good.annotations == {"readOnlyHint": True, "x-own": [1]}
    assert good.title == "Good"
    assert (odd.description, odd.title, odd.annotations, odd.output_schema) == ("", "", {}, None)
    found = [(finding["tool"], finding["code"]) for finding in bench.events.of("finding")]
    assert found == [
        *((name, "bad_input_schema") for name in ("empty", "none", "array", "list")),
        *((name, "bad_input_schema") for name in ("invalid", "dangling", "remote")),
        ("", "bad_tool"),
        ("", "bad_tool"),
        ("", "bad_name"),
        ("with space", "bad_name"),
        ("", "bad_name"),
        ("n" * 129, "bad_name"),
        ("good", "duplicate_name"),
        ("odd", "bad_description"),
        ("odd", "bad_title"),
        ("odd", "bad_annotations"),
        ("odd", "bad_output_schema"),
    ]
    assert bench.events.of("server.ready")[0]["tools"] == 3


# -- ending


def test_hanging_up_asks_a_server_to_end_before_anybody_waits(bench):
    async def check():
        async with bench.open("echo.py") as opened:
            pid = bench.pid()
            opened.hang_up()
            result = await bench.call(opened.toolboxes["echo"], "pid")
            await bench.until(lambda: not bench.alive(pid))
            return result

    result = run(check())
    assert (result.status, result.source) == ("failed", "transport")
    assert not bench.events.of("server.died")


def test_hanging_up_closes_stdin_without_a_turn_of_the_loop(bench):
    async def check():
        async with bench.open("echo.py") as opened:
            pid = bench.pid()
            opened.hang_up()
            while bench.alive(pid):
                pass  # the loop must not turn

    run(check())


def test_a_server_that_ignores_the_end_of_stdin_and_sigterm_is_killed(bench):
    async def check():
        async with bench.one("stubborn.py") as tools:
            return int((await bench.call(tools, "pid")).text)

    pid = run(check())
    assert not bench.alive(pid)
    (stop,) = [event for event in bench.events if event["kind"] == "server.stop"]
    assert (stop["side"]["exit"], stop["side"]["killed"]) == (-signal.SIGKILL, True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no environment can be read")
@pytest.mark.parametrize("how", ["politely", "in a call", "hidden", "hidden in a call"])
def test_descendants_die_with_their_server_however_it_ends(bench, tmp_path, how):
    record = tmp_path / "pids"
    more = {"record": str(record)} if "in a call" in how else {}
    more |= {"hidden": True} if "hidden" in how else {}

    async def check():
        async with bench.one("family.py") as tools:
            return await bench.call(tools, "family", **more)

    result = run(check())
    pids = json.loads(record.read_text() if "record" in more else result.text)
    assert result.status == ("unknown" if "record" in more else "ok")
    assert len(pids) == 4 + ("hidden" in more)
    if how == "hidden in a call":  # no mark, no group, no parent: it lives, and nobody waits for it
        os.kill(pids.pop(), signal.SIGKILL)
    assert not any(map(bench.alive, pids))


def test_temporary_folders_go_with_their_servers(bench):
    before = bench.boxes()

    async def check():
        async with bench.one("echo.py"):
            return bench.boxes()

    assert len(run(check()) - before) == 1
    assert bench.boxes() == before


@pytest.mark.parametrize("phase", ["connect", "list", "call", "close"])
def test_a_cancelled_run_leaves_nothing_in_any_phase(bench, phase):
    names = {"connect": "silent.py stubborn", "list": "pages.py hang", "call": "hangs.py"}
    name = names.get(phase, "stubborn.py")
    before = bench.boxes()
    bench.within(close=30 if phase == "close" else 0.2)
    in_phase = asyncio.Event()

    async def session():
        async with bench.at(frames=True).open(name) as opened:
            (tools,) = opened.toolboxes.values()
            if phase == "close":
                in_phase.set()
                return
            await bench.call(tools, "hang")

    async def check():
        task = asyncio.create_task(session())
        wanted = {"connect": "server/discover", "list": "2", "call": "tools/call"}.get(phase)
        await bench.until(lambda: in_phase.is_set() or f"'{wanted}'" in str(bench.events))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(check())
    assert not bench.alive(bench.pid())
    assert bench.boxes() == before


def test_a_second_cancellation_while_closing_kills_at_once(bench):
    bench.within(close=30)

    async def session():
        async with bench.open("stubborn.py"):
            await asyncio.Event().wait()

    async def check():
        task = asyncio.create_task(session())
        await bench.until(lambda: bench.events.of("server.ready"))
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.05)
        with pytest.raises(asyncio.CancelledError):
            await task

    run(check())
    assert not bench.alive(bench.pid())


HOST = """
import asyncio, sys
sys.path.insert(0, "tests")
from bench import Bench, Server, open_servers

async def main():
    bench = Bench()
    {body}

asyncio.run(main())
"""


def host(bench, body, **options):
    """Start a Python of its own that opens servers."""
    script = HOST.format(body=textwrap.indent(textwrap.dedent(body), "    ").strip())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", script], cwd=bench.site.root, **pipes, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")
def test_a_stubborn_server_dies_with_an_agentbox_that_is_killed(bench, tmp_path):
    body = """
        async with bench.one("stubborn.py") as tools:
            print((await bench.call(tools, "pid")).text, flush=True)
            await asyncio.Event().wait()
    """
    with host(bench, body, env={**os.environ, "TMPDIR": str(tmp_path)}) as killed:
        pid = int(killed.stdout.readline())
        assert bench.alive(pid)
        killed.kill()
    while bench.alive(pid):
        pass


def test_ctrl_c_ends_a_run_and_its_servers(bench):
    body = """
        async with bench.one("stubborn.py") as tools:
            print((await bench.call(tools, "pid")).text, flush=True)
            await asyncio.Event().wait()
    """
    with host(bench, body) as interrupted:
        pid = int(interrupted.stdout.readline())
        interrupted.send_signal(signal.SIGINT)
        assert interrupted.wait() == -signal.SIGINT
    assert not bench.alive(pid)


def test_the_sdk_prints_nothing_and_leaves_the_root_logger_alone(bench):
    body = """
        import logging
        sdk = Server(memory="tests/fixtures/servers/sdk.py:server")
        async with open_servers({"mem": sdk}, bench.site) as opened:
            print((await bench.call(opened.toolboxes["mem"], "fail")).status)
        async with bench.one("headers.py"):
            print(bench.events.codes(), logging.getLogger().handlers)
    """
    with host(bench, body) as quiet:
        assert quiet.communicate() == (b"failed\n['bad_header'] []\n", b"")


# -- the sandbox


def test_the_clean_environment_holds_what_is_named_and_the_contract(bench):
    async def check():
        async with bench.one("echo.py", env={"TOKEN": "Bearer ${SECRET}", "X": "${Y:-z}"}) as tools:
            return (await bench.call(tools, "environment")).structured["found"]

    found = run(check())
    assert found.pop("PATH") == bench.site.environ["PATH"]
    found.pop("PWD")
    assert found == {
        "AGENTBOX_HOME": "«home»",
        "AGENTBOX_NOW": "2026-03-20T14:30:00Z",
        "AGENTBOX_SEED": "7",
        "AGENTBOX_TZ": "UTC",
        "HOME": "«home»",
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "TMPDIR": "«home»/tmp",
        "TOKEN": "Bearer from the host",
        "TZ": "UTC",
        "X": "z",
    }
    assert "from the host" not in str(bench.events.of("server.start"))


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on data is Linux's")
def test_a_sandboxed_server_has_limits(bench):
    async def check():
        async with bench.one("limits.py") as tools:
            limits = json.loads((await bench.call(tools, "limits")).text)
            return limits, await bench.call(tools, "eat")

    limits, eaten = run(check())
    assert limits == {"CORE": 0, "FSIZE": 2**30, "NOFILE": 1024, "DATA": 2**32}
    assert eaten.status == "unknown"
    assert "MemoryError" in eaten.detail


def test_files_of_the_project_are_found_from_the_servers_own_folder(bench):
    async def check():
        async with bench.one("echo.py") as tools:
            return (await bench.call(tools, "folder")).text

    assert run(check()) == '"«cwd»"'
    assert not Path(bench.site.root, "«cwd»").exists()
