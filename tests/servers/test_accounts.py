"""The accounts server, over real stdio, in both eras of the protocol."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import stdio
from loading import loaded
from stdio import LEGACY, MODERN, rows, text

SERVER = stdio.SERVERS / "accounts.py"
PINNED = "2026-03-20T15:30:00+01:00"
ERAS = (MODERN, LEGACY)
conversation = partial(stdio.conversation, "accounts")
called = partial(stdio.called, "accounts")


@pytest.mark.parametrize("era", ERAS)
def test_the_account_of_the_story_is_as_the_story_says(tmp_path, era):
    (found,) = called(tmp_path, ("get_account", {"account_id": "LLM-4829"}), era=era, stdio=True)
    assert not found.is_error
    assert found.structured_content == {
        "account_id": "LLM-4829",
        "customer": "Dana",
        "plan": "enterprise",
        "updated": "2026-03-15",
        "upgrade_scheduled": "2026-03-19",
        "upgrade_status": "pending",
    }
    assert json.loads(text(found)) == found.structured_content
    assert (tmp_path / "stderr.txt").read_text() == ""


@pytest.mark.parametrize("era", ERAS)
def test_tools_tell_what_they_do_and_what_they_give(tmp_path, era):
    async def talk(client: Any) -> Any:
        tools = (await client.list_tools()).tools
        return client.protocol_version, {tool.name: tool for tool in tools}

    version, tools = conversation(tmp_path, talk, era)
    assert version == (era if era != LEGACY else "2025-11-25")
    assert set(tools) == {"get_account", "list_accounts", "open_ticket"}
    assert [tools[name].annotations.read_only_hint for name in sorted(tools)] == [True, True, False]
    assert tools["open_ticket"].annotations.destructive_hint is False
    assert tools["get_account"].input_schema["required"] == ["account_id"]
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema["type"] == "object"
        assert "ctx" not in tool.input_schema["properties"]


@pytest.mark.parametrize("era", ERAS)
def test_a_ticket_carries_the_requests_time_before_the_environments(tmp_path, era):
    ticket = {"account_id": "LLM-4829", "summary": "The upgrade is late."}
    by_env, by_meta, again = called(
        tmp_path,
        ("open_ticket", ticket),
        ("open_ticket", ticket, {"agentbox/now": "2031-01-02T03:04:05.250Z"}),
        ("open_ticket", ticket),
        era=era,
        AGENTBOX_NOW=PINNED,
    )
    assert by_env.structured_content == {
        "ticket_id": "T-1",
        "opened_at": "2026-03-20T14:30:00Z",
        **ticket,
    }
    assert by_meta.structured_content["opened_at"] == "2031-01-02T03:04:05Z"
    assert again.structured_content["opened_at"] == "2026-03-20T14:30:00Z"
    assert [one.structured_content["ticket_id"] for one in (by_meta, again)] == ["T-2", "T-3"]


def test_unpinned_a_ticket_carries_the_hosts_time(tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)
    (found,) = called(tmp_path, ("open_ticket", {"account_id": "LLM-4829", "summary": "Late."}))
    opened = datetime.fromisoformat(found.structured_content["opened_at"])
    assert before <= opened <= datetime.now(UTC)


def test_a_pinned_time_that_is_none_is_refused_and_nothing_is_written(tmp_path):
    ticket = {"account_id": "LLM-4829", "summary": "Late."}
    wrong = ("soon", "2026-03-20T14:30:00", 7)
    found = called(tmp_path, *(("open_ticket", ticket, {"agentbox/now": now}) for now in wrong))
    assert [text(one).partition(": ")[2] for one in found] == [
        f"The pinned time '{now}' is no RFC 3339 time." for now in wrong
    ]
    assert rows(tmp_path / "accounts.db", "SELECT * FROM ticket") == []


def test_an_unknown_account_is_an_error_that_names_the_nearest(tmp_path):
    ask, other, write = called(
        tmp_path,
        ("get_account", {"account_id": "LLM-4892"}),
        ("get_account", {"account_id": "zz"}),
        ("open_ticket", {"account_id": "LLM-4892", "summary": "Late."}),
    )
    assert ask.is_error and other.is_error and write.is_error  # noqa: PT018 - one fact
    assert text(ask).endswith("There is no account 'LLM-4892'. Did you mean LLM-4829?")
    assert text(other).endswith("There is no account 'zz'. list_accounts lists those there are.")
    assert text(write).endswith("Did you mean LLM-4829?")


def test_pages_follow_each_other_without_gap_or_overlap(tmp_path):
    async def talk(client: Any) -> list[list[str]]:
        pages, cursor = [], None
        while True:
            result = await client.call_tool("list_accounts", {"limit": 4, "cursor": cursor})
            page = result.structured_content
            pages.append([account["account_id"] for account in page["accounts"]])
            cursor = page["next_cursor"]
            if cursor is None:
                return pages

    assert conversation(tmp_path, talk) == [
        ["LLM-1047", "LLM-2210", "LLM-3301", "LLM-4829"],
        ["LLM-5112", "LLM-6040"],
    ]


def test_a_page_may_hold_one_plan_only(tmp_path):
    (found,) = called(tmp_path, ("list_accounts", {"plan": "enterprise"}))
    page = found.structured_content
    assert [one["account_id"] for one in page["accounts"]] == ["LLM-4829", "LLM-5112"]
    assert page["next_cursor"] is None


def test_hostile_arguments_are_errors_or_data_and_never_more(tmp_path):
    injection = "x'); DROP TABLE account;--"
    results = called(
        tmp_path,
        ("get_account", {}),
        ("get_account", {"account_id": 7}),
        ("get_account", {"account_id": ""}),
        ("get_account", {"account_id": "A" * 1_000_000}),
        ("get_account", {"account_id": "LLM-4829\x00"}),
        ("get_account", {"account_id": "' OR 1=1 --"}),
        ("list_accounts", {"limit": 0}),
        ("list_accounts", {"limit": 10**30}),
        ("list_accounts", {"plan": "gold"}),
        ("open_ticket", {"account_id": "LLM-4829", "summary": "a\x00b"}),
        ("open_ticket", {"account_id": "LLM-4829", "summary": "b" * 2001}),
        ("nothing", {}),
        ("open_ticket", {"account_id": "LLM-4829", "summary": injection}),
        ("get_account", {"account_id": "LLM-4829"}),
    )
    assert [one.is_error for one in results] == [True] * 12 + [False] * 2
    assert all(len(text(one)) < 1000 for one in results)
    assert results[-2].structured_content["summary"] == injection


def test_a_lone_surrogate_does_not_end_the_server(tmp_path):
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }
    arguments = {"account_id": "\ud800"}
    bad = {"name": "get_account", "arguments": arguments}
    good = {"name": "get_account", "arguments": {"account_id": "LLM-4829"}}
    lines = [
        hello,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": bad},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": good},
    ]
    with served(tmp_path) as process:
        replies = {}
        for line in lines:
            process.stdin.write(json.dumps(line).encode() + b"\n")
            process.stdin.flush()
        while 3 not in replies:
            reply = json.loads(process.stdout.readline())
            replies[reply.get("id")] = reply
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stdout.read() == b""
    assert replies[3]["result"]["structuredContent"]["customer"] == "Dana"


def served(tmp_path: Path, *arguments: str, **env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(SERVER), *arguments],
        cwd=tmp_path,
        env={**os.environ, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_accounts_are_resources_too(tmp_path):
    async def talk(client: Any) -> Any:
        templates = (await client.list_resource_templates()).resource_templates
        found = await client.read_resource("accounts://LLM-4829")
        with pytest.raises(Exception, match="Did you mean LLM-4829"):
            await client.read_resource("accounts://LLM-482")
        return templates[0].uri_template, json.loads(found.contents[0].text)

    template, record = conversation(tmp_path, talk)
    assert template == "accounts://{account_id}"
    assert record["customer"] == "Dana"


def test_what_was_written_is_there_for_the_next_server(tmp_path):
    ticket = {"account_id": "LLM-4829", "summary": "Late."}
    called(tmp_path, ("open_ticket", ticket), AGENTBOX_NOW=PINNED)
    (second,) = called(tmp_path, ("open_ticket", ticket), AGENTBOX_NOW=PINNED)
    assert second.structured_content["ticket_id"] == "T-2"
    assert rows(tmp_path / "accounts.db", "SELECT count(*) FROM account") == [(6,)]


def test_the_database_may_be_named_by_the_environment(tmp_path):
    place = tmp_path / "deep"
    place.mkdir()
    called(tmp_path, ("get_account", {"account_id": "LLM-4829"}), ACCOUNTS_DB=str(place / "x.db"))
    assert rows(place / "x.db", "SELECT count(*) FROM account") == [(6,)]
    assert not (tmp_path / "accounts.db").exists()


def test_a_database_that_another_server_has_just_filled_is_taken_as_it_is(tmp_path):
    accounts = loaded(SERVER)
    with closing(accounts.connect(str(tmp_path / "x.db"))) as db:
        accounts._fill(db)
        assert not db.in_transaction
        assert db.execute("SELECT count(*) FROM account").fetchone()[0] == 6
    with closing(sqlite3.connect(f"file:{tmp_path}/x.db?mode=ro", uri=True)) as db:
        accounts._fill(db)
    (tmp_path / "empty.db").touch()
    with closing(sqlite3.connect(f"file:{tmp_path}/empty.db?mode=ro", uri=True)) as db:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            accounts._fill(db)
        assert not db.in_transaction


@pytest.mark.parametrize("content", [None, b"this is no database, however long it may be" * 99])
def test_a_database_that_can_not_be_opened_ends_the_server_with_one_line(tmp_path, content):
    place = tmp_path / "absent" / "x.db" if content is None else tmp_path / "x.db"
    if content:
        place.write_bytes(content)
    process = served(tmp_path, str(place))
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, b"")
    assert errors.decode().startswith(f"accounts: cannot open the database {place}: ")
    assert errors.count(b"\n") == 1
