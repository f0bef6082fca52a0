"""What holds of each of the shipped servers, whatever it serves."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from loading import loaded
from stdio import SERVERS, called, conversation, text

TOOLS = {
    "shipments": {"list_shipments", "get_shipment", "list_policies", "get_policy"},
    "knowledge": {"search", "read_page"},
    "invoices": {"list_invoices", "read_invoice", "pay_invoice"},
    "crm": {"search", "get", "update", "set_tier"},
    "orders": {"search", "get", "update", "refund"},
    "catalog": {"search", "get", "update", "recommend"},
}
WRITES = {"pay_invoice", "update", "set_tier", "refund"}
LOOKUPS = {
    "shipments": ("get_shipment", "shipment_id", "SHP-1270"),
    "invoices": ("read_invoice", "invoice_id", "INV-2031"),
    "crm": ("get", "customer_id", "C-104"),
    "orders": ("get", "order_id", "O-7731"),
    "catalog": ("get", "item_id", "I-12"),
}
every = pytest.mark.parametrize("name", TOOLS)


@every
def test_tools_tell_what_they_do_and_what_they_give(tmp_path, name):
    async def talk(client: Any) -> Any:
        return {tool.name: tool for tool in (await client.list_tools()).tools}

    tools = conversation(name, tmp_path, talk, stdio=True)
    assert set(tools) == TOOLS[name]
    for tool in tools.values():
        assert tool.title
        assert tool.description
        assert tool.annotations.read_only_hint is (tool.name not in WRITES)
        assert tool.output_schema["type"] == "object"
        assert "ctx" not in tool.input_schema["properties"]
        for kind in tool.input_schema["properties"].values():
            assert "description" in kind
    assert (tmp_path / "stderr.txt").read_text() == ""


@pytest.mark.parametrize("name", LOOKUPS)
def test_hostile_ids_are_errors_and_the_server_goes_on(tmp_path, name):
    tool, key, known = LOOKUPS[name]
    hostile = ("", "A" * 1_000_000, f"{known}\x00", "' OR 1=1 --", 7, None)
    *wrong, near, right = called(
        name,
        tmp_path,
        (tool, {}),
        *((tool, {key: value}) for value in hostile),
        (tool, {key: f"{known}9"}),
        (tool, {key: known}),
    )
    assert [one.is_error for one in wrong] == [True] * 7
    assert all(len(text(one)) < 1000 for one in wrong)
    assert near.is_error
    assert f"Did you mean {known[:-1]}" in text(near)
    assert not right.is_error
    assert right.structured_content[key] == known


@every
def test_two_new_databases_are_the_same_and_one_that_is_filled_stays_so(tmp_path, name):
    server = loaded(SERVERS / f"{name}.py")
    dumps = []
    for number in (1, 2):
        with closing(server.connect(str(tmp_path / f"{number}.db"))) as db:
            dumps.append(list(db.iterdump()))
            server._fill(db)  # as if another server had been quicker
            assert not db.in_transaction
            assert list(db.iterdump()) == dumps[0]
    assert len(dumps[0]) >= 8
    assert dumps[0] == dumps[1]


@every
def test_a_database_that_is_none_ends_the_server_with_one_line(tmp_path, name):
    place = tmp_path / "x.db"
    place.write_bytes(b"this is no database, however long it may be" * 99)
    done = subprocess.run(
        [sys.executable, str(SERVERS / f"{name}.py"), str(place)],
        cwd=tmp_path,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"{name}: cannot open the database {place}: ")
    assert done.stderr.count(b"\n") == 1


@every
def test_the_database_may_be_named_by_the_environment(tmp_path, name):
    place = tmp_path / "named.db"

    async def talk(client: Any) -> Any:
        return await client.list_tools()

    conversation(name, tmp_path, talk, **{f"{name.upper()}_DB": str(place)})
    with closing(sqlite3.connect(place)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
    assert not (tmp_path / f"{name}.db").exists()


@pytest.mark.parametrize("path", sorted(SERVERS.glob("*.py")), ids=lambda path: path.stem)
def test_no_server_knows_agentbox(path):
    source = path.read_text()
    assert "import agentbox" not in source
    assert "from agentbox" not in source
