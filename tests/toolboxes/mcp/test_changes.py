"""A tool list that changes in mid-run: listed anew when somebody asks, and told as it changed."""

from __future__ import annotations

import asyncio

import pytest

run = asyncio.run
AT = "c:a-case/t1/s2"


def played(bench, words, *names):
    async def check():
        told = []
        async with bench.open(f"changes.py {words}".strip()) as servers:
            (tools,) = servers.toolboxes.values()
            for name in names:
                result = await bench.call(tools, name)
                assert result.text == name
                told.append(await servers.relist(AT))
            again = await servers.relist(AT)
            return told, again, [spec.name for spec in tools.specs()]

    return run(check())


@pytest.mark.parametrize("words", ["", "modern"])
def test_what_changed_is_listed_anew_once_and_told_by_name(bench, words):
    told, again, names = played(bench, words, "stays", "changes")
    assert (told, again) == ([False, True], False)
    assert names == ["changes", "claims", "stays", "comes"]
    ((at, data),) = [(e["at"], e["data"]) for e in bench.events if e["kind"] == "tools.changed"]
    assert at == AT
    hashed = data.pop("tools_hash")
    (ready,) = bench.events.of("server.ready")
    assert hashed != ready["tools_hash"]
    assert data == {
        "server": "changes",
        "added": ["comes"],
        "removed": ["goes"],
        "changed": ["stays"],
    }
    assert bench.events.codes() == ["bad_name"]


def test_a_list_that_is_as_it_was_is_no_change(bench):
    told, _, names = played(bench, "", "claims")
    assert told == [False]
    assert names == ["changes", "claims", "goes", "stays"]
    assert not bench.events.of("tools.changed")


def test_a_list_that_cannot_be_had_again_is_a_finding_and_the_old_one_stays(bench):
    told, _, names = played(bench, "broken", "changes")
    assert told == [False]
    assert names == ["changes", "claims", "goes", "stays"]
    assert bench.events.codes() == ["not_listed"]
    assert "not now" in bench.events.of("finding")[0]["message"]


def test_a_server_that_is_gone_is_not_listed_anew(bench):
    async def check():
        async with bench.open("changes.py") as servers:
            (tools,) = servers.toolboxes.values()
            await bench.call(tools, "changes")
            servers.hang_up()
            return await servers.relist(AT)

    assert run(check()) is False
