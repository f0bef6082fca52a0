"""unchanged and same_as_gold, and what checks want observed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentbox.core.messages import ToolCall
from agentbox.core.requests import Observation
from agentbox.core.scenario import CheckSpec
from agentbox.judge import CHECKS, distinct, observations_of
from agentbox.judge.compared import GoldCall, SameAsGold, Unchanged
from agentbox.judge.looks import FileAt, ResourceAt, SqlAt, ToolAt

SQL = Observation("sql", "accounts", "select 1", {"database": "a.db"})
AT = SqlAt("accounts", "a.db", "select 1")
FILE = Observation("file", "accounts", "a.txt")
GOLD = replace(SQL, gold=(ToolCall("a.b", {"n": 1}),))
GOLDEN = {"calls": (GoldCall("a.b", {"n": 1}),), "sql": AT}


def table(*rows):
    return {"columns": ["id"], "rows": list(rows)}


def at_start(look):
    return replace(look, when="start")


@pytest.fixture
def done(tape):
    return tape.turn().say("Done.")


def test_a_place_that_is_as_it_was_is_unchanged(done):
    done.sees(at_start(SQL), table([1]), "start").sees(SQL, table([1]))
    assert done.judge("unchanged", sql=AT).outcome == "passed"
    done.sees(SQL, table([1.0]), "t1")
    assert done.judge("unchanged", turn=1, sql=AT).outcome == "passed"


def test_every_difference_is_told_by_its_path(done):
    done.sees(at_start(SQL), table([1, {"a": 1, "b": 2}], [2], [3], [4]), "start")
    done.sees(SQL, table([1, {"a": "x", "c": 3}]))
    found = done.judge("unchanged", sql=AT)
    assert (found.outcome, found.at) == ("failed", "h:case/end/look1")
    assert found.message == (
        'the rows of select 1 changed: $.rows[0][1].a is "x", was 1; $.rows[0][1].b is nothing, '
        "was 2; $.rows[0][1].c is 3, was nothing; and 3 more"
    )
    assert found.claim == "unchanged the rows of select 1"


def test_texts_are_shown_where_they_part(done):
    done.sees(at_start(FILE), {"text": "x" * 99 + "A"}, "start")
    done.sees(FILE, {"text": "x" * 99 + "B"})
    found = done.judge("unchanged", file=FileAt("accounts", "a.txt"))
    assert found.message == (
        f'the file a.txt changed: $.text is "…{"x" * 30}B", was "…{"x" * 30}A"'
    )


def test_a_file_that_was_not_there_and_is_not_there_is_unchanged(done):
    done.sees(at_start(FILE), None, "start").sees(FILE, None)
    params = {"file": FileAt("accounts", "a.txt")}
    assert done.judge("unchanged", **params).outcome == "passed"
    done.sees(FILE, {"text": ""}, "t1")
    found = done.judge("unchanged", turn=1, **params)
    assert found.message == 'the file a.txt changed: $ is {"text": ""}, was null'


def test_unchanged_needs_both_looks(done):
    done.sees(SQL, table())
    found = done.judge("unchanged", sql=AT)
    assert (found.outcome, found.message) == (
        "errored",
        "not observed: sql accounts select 1 before the first turn",
    )
    done.sees(at_start(SQL), place="start", error="no such table")
    found = done.judge("unchanged", sql=AT)
    assert (found.outcome, found.message) == (
        "errored",
        "sql accounts select 1 could not be observed before the first turn: no such table",
    )


def test_a_world_as_the_gold_calls_leave_it_is_the_same(done):
    done.sees(GOLD, table([1])).sees(SQL, table([1]))
    assert done.judge("same_as_gold", **GOLDEN).outcome == "passed"
    done.sees(GOLD, table([1]), "t1").sees(SQL, table(), "t1")
    found = done.judge("same_as_gold", turn=1, **GOLDEN)
    assert (found.outcome, found.at) == ("failed", "h:case/t1/look1")
    assert found.message == (
        "not as the gold calls leave it, the rows of select 1: $.rows[0] is nothing, "
        "after the gold calls [1]"
    )
    assert found.claim == "same_as_gold the rows of select 1"


def test_other_gold_calls_are_another_world(done):
    done.sees(GOLD, table([1])).sees(SQL, table([1]))
    found = done.judge("same_as_gold", calls=(GoldCall("a.b", {"n": 2}),), sql=AT)
    assert (found.outcome, found.message) == (
        "errored",
        "not observed: sql accounts select 1 after the gold calls",
    )


@pytest.mark.parametrize("params", [Unchanged, lambda **at: SameAsGold((GoldCall("a"),), **at)])
def test_exactly_one_place_must_be_named(params):
    for places in ({}, {"sql": AT, "file": FileAt("a", "b")}):
        with pytest.raises(
            ValueError, match=r"^give exactly one of `resource`, `tool`, `sql`, `file`$"
        ):
            params(**places)


def test_a_check_tells_what_it_wants_observed(spec):
    checks = [
        spec("says", text="x"),
        spec("resource", uri="a://b", server="s", contains="x"),
        spec("tool_state", tool="s.t", args={"n": 1}, contains="x"),
        spec("sql", server="accounts", database="a.db", query="select 1", count=1),
        spec("file", server="accounts", path="a.txt"),
        spec("command", command=("check it", "-x")),
        spec("unchanged", sql=AT),
        spec("same_as_gold", **GOLDEN),
    ]
    assert observations_of(checks) == (
        Observation("resource", "s", "a://b"),
        Observation("tool", "", "s.t", {"n": 1}),
        SQL,
        FILE,
        Observation("command", "", "'check it' -x"),
        at_start(SQL),
        GOLD,
    )


def test_parts_of_checks_want_observed_what_they_want(spec):
    inner = spec("file", server="accounts", path="a.txt")
    deep = spec("not", check=spec("all", checks=(spec("any", checks=(inner,)), inner)))
    unchanged = spec("unchanged", resource=ResourceAt("s", "u"))
    several = spec("at_least", n=1, checks=(unchanged, deep))
    look = Observation("resource", "s", "u")
    assert observations_of([several, inner]) == (at_start(look), look, FILE)
    assert observations_of([spec("unchanged", tool=ToolAt("a"))])[1] == Observation("tool", "", "a")


def test_what_is_no_kind_or_has_no_parameters_wants_nothing():
    assert observations_of([CheckSpec("greets", None)], CHECKS) == ()


def test_the_same_look_is_made_once():
    assert distinct([SQL, at_start(SQL), replace(SQL, args={"database": "a.db"})]) == (
        SQL,
        at_start(SQL),
    )


def test_what_is_null_is_not_what_is_not_there(done):
    done.sees(at_start(SQL), {"a": None}, "start").sees(SQL, {"b": None})
    found = done.judge("unchanged", sql=AT)
    assert found.message == (
        "the rows of select 1 changed: $.a is nothing, was null; $.b is null, was nothing"
    )
