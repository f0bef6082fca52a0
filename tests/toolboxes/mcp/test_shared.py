"""`share: true`: one process for many cases, and each case as if it had one of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from bench import Bench, fixture

from agentbox.core.clock import Clock
from agentbox.core.errors import WorldError
from agentbox.core.requests import Elicited
from agentbox.toolboxes.mcp import sharing, spawned

run = asyncio.run
ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


class Case:
    """A case of a suite: a bench of its own, and a server that it may share."""

    def __init__(self, name, **site):
        self.name = name
        self.bench = Bench().at(at=f"h:{name}", frames=True, **site)
        self.servers = None

    @asynccontextmanager
    async def open(self, shares, server="common.py", **options):
        entry = fixture(server, **{"share": True, **options})
        async with spawned({"box": entry}, self.bench.site, shares) as self.servers:
            await self.servers.connect()
            yield self

    async def call(self, name, call="call1", **more):
        (tools,) = self.servers.toolboxes.values()
        return await self.bench.call(tools, name, at=f"c:{self.name}/t1/s1/{call}", **more)

    @property
    def pid(self):
        return self.bench.pid()

    def kinds(self):
        return [event["kind"] for event in self.bench.events if event["kind"] != "mcp.frame"]

    def trace(self):
        """Return what was recorded, without names of the case and of sharing, by position."""
        found = []
        for event in self.bench.events:
            data = {key: value for key, value in event["data"].items() if key != "share"}
            found.append((event["at"], event["kind"], data))
        text = str(sorted(found, key=lambda each: each[0]))
        return text.replace(self.name, "CASE")


@asynccontextmanager
async def cases(*each, server="common.py", **options):
    """Open cases that share what they can."""
    async with sharing() as shares, AsyncExitStack() as closing:
        for case in each:
            await closing.enter_async_context(case.open(shares, server, **options))
        yield each


def named(*names, **site):
    return [Case(name, **site) for name in names]


@pytest.fixture(autouse=True)
def _own_temporary_folders(bench):
    """Folders of these servers lie where no other run's are: the bench sees to that."""


# -- one process, and nobody notices


@ERAS
def test_two_cases_have_one_process_and_each_hears_of_its_own_calls_alone(era):
    async def check():
        words = "common.py curious"
        async with cases(*named("one", "two"), server=words, era=era, roots=("servers",)) as each:
            texts = await asyncio.gather(*(one.call("tells", n=7) for one in each))
            texts += await asyncio.gather(*(one.call("tells", "call2", n=8) for one in each))
            assert {one.pid for one in each} == {each[0].pid}
        async with Case("alone").open(None, words, era=era, roots=("servers",)) as own:
            texts += [await own.call("tells", n=7), await own.call("tells", "call2", n=8)]
        return texts, [one.trace() for one in (*each, own)]

    texts, (first, second, alone) = run(check())
    assert [result.text for result in texts] == ["told 7"] * 2 + ["told 8"] * 2 + [
        "told 7",
        "told 8",
    ]
    assert first == second == alone
    assert "server.progress" in alone
    assert "working on 7" in alone


@ERAS
def test_resources_are_read_by_the_case_that_asks(era):
    async def check():
        async with cases(*named("one", "two"), era=era) as each:
            asked = (
                one.servers.named("box").read(f"own:{one.name}", f"h:{one.name}/look1")
                for one in each
            )
            return await asyncio.gather(*asked)

    assert run(check()) == ["own:one", "own:two"]


def test_a_form_is_shown_to_the_case_whose_call_asks_for_it():
    def filled(word):
        async def answer(_, __):
            await asyncio.sleep(0)
            return Elicited("accept", {"id": word})

        return answer

    async def asking(one):
        first = await one.call("asks", "call1", reenter=filled(f"{one.name} first"))
        return first.text, (await one.call("asks", "call2", reenter=filled(one.name))).text

    async def check():
        async with cases(*named("one", "two", forms=True), era="legacy") as each:
            return await asyncio.gather(*map(asking, each)), each

    texts, each = run(check())
    ids = [json.loads(text)["content"]["id"] for both in texts for text in both]
    assert ids == ["one first", "one", "two first", "two"]
    assert each[0].pid == each[1].pid
    for one in each:
        asked = [e["at"] for e in one.bench.events if e["kind"] == "server.request"]
        assert asked == [f"c:{one.name}/t1/s1/call{n}/child1" for n in (1, 2)]


def test_a_case_that_ends_leaves_the_process_to_the_others():
    async def check():
        async with sharing() as shares:
            async with Case("one").open(shares) as first:
                pass
            async with Case("two").open(shares) as second:
                result = await second.call("tells", n=1)
            assert Bench.alive(first.pid)
        return result, first.pid, second.pid

    result, first, second = run(check())
    assert result.text == "told 1"
    assert first == second
    assert not Bench.alive(first)


@pytest.mark.parametrize(
    "other",
    [
        {"site": {"clock": Clock.at("2026-03-21T14:30:00Z")}},
        {"site": {"clock": Clock.at("2026-03-20T14:30:00Z", "Europe/Berlin")}},
        {"site": {"seed": 8}},
        {"site": {"forms": True}},
        {"options": {"env": {"A": "b"}}},
        {"options": {"files": {"a": "b"}}},
        {"options": {"sandbox": "off"}},
        {"options": {"roots": ("servers",)}},
        {"options": {"sampling": "allow"}},
        {"options": {"era": "modern"}},
        {"server": "common.py banner"},
        {"options": {"share": False}},
    ],
    ids=[
        *("its date", "its zone", "its seed", "who answers it", "its environment", "its files"),
        *("its sandbox", "its roots", "its sampling", "its era", "its command", "not shared"),
    ],
)
def test_what_would_start_another_process_does(other):
    async def check():
        first, second = Case("one"), Case("two", **other.get("site", {}))
        server, options = other.get("server", "common.py"), other.get("options", {})
        async with (
            sharing() as shares,
            first.open(shares),
            second.open(shares, server, **options),
        ):
            return first.pid, second.pid

    first, second = run(check())
    assert first != second


def test_without_anybody_to_share_with_a_server_is_a_cases_own():
    async def check():
        async with Case("one").open(None) as alone:
            (start,) = alone.bench.events.of("server.start")
        return start, alone.pid

    start, pid = run(check())
    assert "share" not in start
    assert not Bench.alive(pid), "it has ended with its case"


@pytest.mark.parametrize("words", ["changes.py", "changes.py modern"])
def test_a_changed_list_is_told_to_all_who_are_there(words):
    async def check():
        async with cases(*named("one", "two"), server=words) as each:
            await each[0].call("changes")
            at = "c:case/t1/s2"
            return [await one.servers.relist(at) for one in each]

    told = run(check())
    # In the modern era the fixture tells the one who asked last.
    assert told == ([False, True] if "modern" in words else [True, True])


def test_ids_that_come_back_as_strings_are_a_cases_own_ids_as_strings():
    async def check():
        async with cases(*named("one", "two"), server="bytes.py", era="legacy") as each:
            for one in each:
                assert (await one.call("string_id")).structured == "joined"
        return [[e["data"]["frame"]["id"] for e in one.bench.events if _is_call(e)] for one in each]

    first, second = run(check())
    assert first == second
    assert isinstance(first[-1], str)


def _is_call(event):
    return event["kind"] == "mcp.frame" and event["at"].startswith("c:") and "id" in str(event)


# -- what one case does to its server, the others do not feel


@ERAS
def test_a_call_that_times_out_in_one_case_leaves_the_others_alone(era):
    async def check():
        first, second, third = named("one", "two", "three")
        for one in (first, second, third):
            one.bench.within(call=0.8)
        async with sharing() as shares:
            async with first.open(shares, era=era), second.open(shares, era=era):
                hangs = asyncio.create_task(first.call("hangs", deadline=0.8))
                await Bench.until(lambda: "mcp.frame" in _calls(first))
                beside = await second.call("tells", n=1)
                late = await hangs
                again = await first.call("tells", "call2", deadline=0.2)
            gone = not Bench.alive(first.pid)
            async with third.open(shares, era=era):
                after = await third.call("tells", n=3)
        return beside, late, again, after, gone, (first, second, third)

    beside, late, again, after, gone, (first, second, third) = run(check())
    assert (late.status, beside.text, after.text) == ("timeout", "told 1", "told 3")
    assert again.status == "timeout", "it hangs still, for the case that made it hang"
    assert gone, "and has ended with that case"
    assert first.pid == second.pid != third.pid
    assert second.kinds().count("server.died") == 0


def _calls(case):
    return [event["kind"] for event in case.bench.events if event["at"].startswith("c:")]


@ERAS
def test_a_server_that_dies_in_a_call_is_unknown_there_and_another_serves_the_rest(era):
    async def check():
        async with sharing() as shares:
            first, second, third = named("one", "two", "three")
            async with first.open(shares, era=era), second.open(shares, era=era):
                died = await first.call("dies")
                await Bench.until(lambda: "server.died" in first.kinds())
                later = await first.call("tells", "call2", n=1)
                beside = await second.call("tells", n=2)
                async with third.open(shares, era=era):
                    after = await third.call("tells", n=3)
        return died, later, beside, after, (first, second, third)

    died, later, beside, after, (first, second, third) = run(check())
    assert (died.status, died.source) == ("unknown", "transport")
    assert "exit code 3" in died.text
    assert "out of ink" in died.detail
    assert later.status == "failed"
    assert "is gone" in later.text
    assert (beside.text, after.text) == ("told 2", "told 3")
    assert "server.died" not in second.kinds()
    assert first.pid == second.pid != third.pid


@pytest.mark.parametrize("words", ["common.py", "common.py banner"])
def test_a_case_that_moves_has_the_trace_it_would_have_alone(words):
    async def check():
        first, second, alone = named("one", "two", "alone")
        async with cases(first, second, server=words):
            await second.call("tells", n=1)
            await first.call("dies")
            await second.call("tells", "call2", n=2)
        async with alone.open(None, words):
            await alone.call("tells", n=1)
            await alone.call("tells", "call2", n=2)
        return second, alone

    moved, alone = run(check())
    assert moved.bench.events.codes() == alone.bench.events.codes()
    if "banner" not in words:  # where it stands among the frames is a race, if one is alone
        assert moved.trace() == alone.trace()


def test_what_a_server_says_at_its_start_each_case_is_told():
    async def check():
        async with sharing() as shares:
            first, second = named("one", "two")
            async with first.open(shares, "common.py banner"):
                await first.call("tells", n=1)
            async with second.open(shares, "common.py banner"):
                pass
        return first, second

    first, second = run(check())
    said = "a line is no JSON: welcome"
    assert first.bench.events.of("finding")[0]["message"] == said
    assert [each["message"] for each in second.bench.events.of("finding")] == [said]


def test_a_call_that_takes_long_makes_who_waits_start_another(tmp_path):
    gate = tmp_path / "gate"

    async def check():
        first, second = named("one", "two")
        for one in (first, second):
            one.bench.within(call=0.8)
        async with cases(first, second, env={"GATE": str(gate)}, era="legacy"):
            waits = asyncio.create_task(first.call("waits"))
            await Bench.until(gate.with_suffix(".reached").exists)
            beside = await second.call("tells", n=1)
            gate.touch()
            return (await waits).text, beside.text

    assert run(check()) == ("waited", "told 1")


def test_a_server_that_asks_once_initialized_asks_each_case_that_comes():
    async def check():
        words = "common.py curious"
        options = {"era": "legacy", "roots": ("servers",)}
        async with sharing() as shares:
            async with Case("one").open(shares, words, **options) as first:
                await first.call("tells", n=1)
            async with Case("two").open(shares, words, **options) as second:
                await second.call("tells", n=1)
                answers = await heard(second)
        assert len(answers) == 1, "and hears one answer"
        return first, second

    for one in run(check()):
        asked = [e["at"] for e in one.bench.events if e["kind"] == "server.request"]
        assert asked == [f"h:{one.name}/server-box/child1"]
        assert one.bench.events.of("server.result") == [
            {"server": "box", "result": {"roots": ["servers"]}}
        ]


async def heard(case):
    """Return the answers that a server has heard to what it asked, once there are any."""
    while not (answers := json.loads((await case.call("heard", "call9")).text)):
        pass
    return answers


def test_what_a_server_asks_between_calls_is_answered_and_nobodys(tmp_path):
    file = tmp_path / "heard"
    options = {"era": "legacy", "roots": ("servers",), "env": {"HEARD": str(file)}}

    async def check():
        async with cases(*named("one", "two"), **options) as each:
            await each[0].call("later")
            await Bench.until(file.exists)
            return await heard(each[1]), each

    answers, each = run(check())
    assert [(one["id"], "result" in one) for one in answers] == [("ping", True), ("roots", False)]
    assert "server.request" not in each[0].kinds() + each[1].kinds()


def test_odd_things_said_in_a_call_are_its_cases():
    async def check():
        async with cases(*named("one", "two"), era="legacy", roots=("servers",)) as each:
            await each[0].call("odd")
            await each[1].call("tells", n=1)
        async with Case("alone").open(None, era="legacy", roots=("servers",)) as alone:
            await alone.call("odd")
        return [*each, alone]

    first, second, alone = run(check())
    assert first.kinds().count("server.progress") == alone.kinds().count("server.progress") == 1
    assert first.bench.events.codes() == alone.bench.events.codes() == ["not_mcp"]
    (withdrawn,) = frames(first, "notifications/cancelled")
    assert withdrawn == frames(alone, "notifications/cancelled")[0]
    assert "server.request" not in second.kinds()


def test_news_of_a_call_that_is_over_is_no_news_of_anothers():
    async def check():
        async with cases(*named("one", "two")) as each:
            await each[0].call("tells", n=1)
            await each[1].call("trails")
        return each[1].kinds()

    assert "server.progress" not in run(check())


def frames(case, method):
    found = (event["data"]["frame"] for event in case.bench.events if event["kind"] == "mcp.frame")
    return [frame for frame in found if frame.get("method") == method]


def test_a_late_answer_is_no_other_requests(tmp_path):
    gate = tmp_path / "gate"

    async def check():
        async with cases(*named("one", "two"), env={"GATE": str(gate)}) as each:
            late = await each[0].call("waits", deadline=0.3)
            gate.touch()
            after = await each[0].call("tells", "call2", n=1)
            return late.status, after.text, (await each[1].call("tells", n=2)).text

    assert run(check()) == ("timeout", "told 1", "told 2")


def test_a_line_without_end_is_told_to_whose_call_it_is():
    async def check():
        async with cases(*named("one", "two"), server="bytes.py", era="legacy") as each:
            lost = await each[0].call("endless")
            return lost, (await each[1].call("big")).status, each

    lost, beside, each = run(check())
    assert lost.status == "unknown"
    assert "more than 64 MiB" in lost.text
    assert beside == "ok"
    assert [one.bench.events.codes() for one in each] == [["long_line"], []]


def test_all_calls_of_a_case_that_moves_are_answered_and_it_hears_news_there():
    async def check():
        async with cases(*named("one", "two"), server="changes.py modern") as each:
            for one in each:
                await Bench.until(lambda one=one: frames(one, "subscriptions/listen"))
            os.kill(each[0].pid, signal.SIGSTOP)
            lost = asyncio.create_task(each[0].call("stays"))
            await Bench.until(lambda: _calls(each[0]))
            os.kill(each[0].pid, signal.SIGKILL)
            await Bench.until(lambda: "server.died" in each[0].kinds())
            assert (await lost).status == "unknown"
            texts = await asyncio.gather(*(each[1].call("stays", f"call{n}") for n in range(3)))
            await each[1].call("changes", "call9")
            return [result.text for result in texts], await each[1].servers.relist("c:x/t1/s2")

    assert run(check()) == (["stays"] * 3, True)


@ERAS
def test_where_no_other_process_starts_who_would_move_is_told(era, tmp_path):
    env = {"STARTS": str(tmp_path / "starts")}

    async def check():
        async with cases(*named("one", "two"), server="common.py once", env=env, era=era) as each:
            await each[0].call("dies")
            return await each[1].call("tells", n=1), await each[1].call("tells", "call2", n=1)

    lost, after = run(check())
    assert (lost.status, lost.source) == ("unknown", "transport")
    assert "exit code 3" in lost.text
    assert "is gone" in after.text


def test_a_process_that_a_case_moves_to_is_told_the_roots_as_well():
    async def check():
        options = {"server": "common.py curious", "era": "legacy", "roots": ("servers",)}
        async with cases(*named("one", "two"), **options) as each:
            await each[0].call("dies")
            await each[1].call("tells", n=1)
            return await heard(each[1])

    (answer,) = run(check())
    assert answer["result"]["roots"][0]["name"] == "servers"


# -- its start, its end


def test_a_server_that_does_not_start_is_told_to_each_case_with_its_last_words():
    async def check():
        async with sharing() as shares:
            problems = []
            for one in named("one", "two"):
                with pytest.raises(WorldError) as caught:
                    async with one.open(shares, "dies.py start"):
                        pass
                problems += caught.value.problems
        return problems

    for problem in run(check()):
        assert "the server `box` did not start: exit code 3" in problem.message
        assert "cannot open" in problem.message


def test_a_command_that_is_not_there_is_told_to_each_case():
    async def check():
        async with sharing() as shares:
            for one in named("one", "two"):
                entry = replace(fixture("common.py"), command=("no-such-program",), share=True)
                with pytest.raises(WorldError, match="no-such-program"):
                    async with spawned({"box": entry}, one.bench.site, shares) as servers:
                        await servers.connect()

    run(check())


def test_rubbish_instead_of_mcp_is_told_to_each_case():
    async def check():
        async with sharing() as shares:
            seen = []
            for one in named("one", "two"):
                one.bench.within(connect=0.5)
                with pytest.raises(WorldError) as caught:
                    async with one.open(shares, "rubbish.py only", era="legacy"):
                        pass
                seen += [problem.message for problem in caught.value.problems]
        return seen

    for message in run(check()):
        assert "it gave no answer within 0.5 s" in message
        assert "its output is no MCP: Starting up..." in message


def test_whatever_ends_a_suite_no_shared_process_is_left(bench):
    pids = []

    async def check():
        async with cases(*named("one", "two")) as each:
            pids.append(each[0].pid)
            hangs = asyncio.create_task(each[0].call("hangs"))
            await Bench.until(lambda: _calls(each[0]))
            hangs.cancel()
            raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run(check())
    assert not Bench.alive(pids[0])
    assert not bench.boxes()
