"""resource, tool_state, sql, file: what was observed at the end."""

from __future__ import annotations

import pytest

from agentbox.core.requests import Observation
from agentbox.judge.state import File, Resource, Sql, ToolState

URI = "accounts://LLM-4829"
RESOURCE = Observation("resource", "accounts", URI)
TOOL = Observation("tool", "", "accounts.get", {"id": 1})
SQL = Observation("sql", "accounts", "select * from t", {"database": "a.db"})
FILE = Observation("file", "accounts", "out/report.txt")
AT = {"server": "accounts", "uri": URI}
QUERY = {"server": "accounts", "database": "a.db", "query": "select * from t"}
PATH = {"server": "accounts", "path": "out/report.txt"}


@pytest.fixture
def done(tape):
    return tape.turn().say("Done.")


def test_a_resource_is_compared_as_text_or_as_the_json_it_holds(done):
    done.sees(RESOURCE, '{"status": "open", "n": 1}\n')
    for held in ({"equals": {"n": 1.0, "status": "open"}}, {"contains": '"open"'}):
        assert done.judge("resource", **AT, **held).outcome == "passed"
    assert done.judge("resource", **AT, equals=' {"status": "open", "n": 1}').outcome == "passed"
    found = done.judge("resource", **AT, equals={"n": 2})
    assert (found.outcome, found.at) == ("failed", "h:case/end/look1")
    assert found.message == (f'the resource {URI} is {{"status": "open", "n": 1}}, not {{"n": 2}}')
    found = done.judge("resource", **AT, equals='{"status": "shut"}')
    assert found.message == (
        f'the resource {URI} is "{{"status": "open", "n": 1}}", not "{{"status": "shut"}}" '
        "(they differ from character 13 on)"
    )
    found = done.judge("resource", **AT, contains="shut", equals=1)
    assert found.message == f'"shut" is not in the resource {URI}: "{{"status": "open", "n": 1}}"'
    assert found.claim == f"resource {URI}"


def test_a_path_leads_into_a_resource(done):
    done.sees(RESOURCE, '{"status": "open", "note": null}')
    assert done.judge("resource", **AT, path="$.status").outcome == "passed"
    assert done.judge("resource", **AT, path="$.note", equals=None).outcome == "passed"
    found = done.judge("resource", **AT, path="$.status", equals="shut")
    assert found.message == f'$[\'status\'] is "open", not "shut" (in the resource {URI})'
    found = done.judge("resource", **AT, path="$.x")
    assert found.message.startswith(f"$.x selects nothing in the resource {URI}: ")


def test_a_resource_that_is_no_json_can_not_be_compared_with_data(done):
    done.sees(RESOURCE, "open")
    for asked in ({"equals": {}}, {"path": "$.a"}):
        found = done.judge("resource", **AT, **asked)
        assert (found.outcome, found.at) == ("errored", "h:case/end/look1")
        assert found.message.startswith(f"the resource {URI} is no JSON (")


def test_what_a_tool_gives_is_compared_as_data(done):
    done.sees(TOOL, {"status": "open", "name": "Zoë"})
    asked = {"tool": "accounts.get", "args": {"id": 1}}
    assert done.judge("tool_state", **asked, path="$.status", equals="open").outcome == "passed"
    assert done.judge("tool_state", **asked, contains="Zoë").outcome == "passed"
    found = done.judge("tool_state", **asked, equals="open")
    assert found.message == (
        'the result of accounts.get is {"status": "open", "name": "Zoë"}, not "open"'
    )
    assert found.claim == "tool_state accounts.get"


def test_what_was_not_observed_can_not_be_judged(done):
    done.sees(TOOL, {}).sees(RESOURCE, error="the server is gone")
    found = done.judge("tool_state", tool="accounts.get", args={"id": 2}, contains="x")
    assert (found.outcome, found.at) == ("errored", "c:case")
    assert found.message == "not observed: tool accounts.get"
    found = done.judge("resource", **AT, contains="x")
    assert (found.outcome, found.at) == ("errored", "h:case/end/look1")
    assert found.message == (f"resource accounts {URI} could not be observed: the server is gone")


def test_a_turns_check_looks_at_what_was_observed_after_that_turn(tape):
    tape.turn().say("a").sees(FILE, {"text": "one"}, "t1").turn().say("b")
    tape.sees(FILE, {"text": "two"}, "t2").sees(FILE, {"text": "three"})
    for turn, text in ((1, "one"), (2, "two"), (None, "three")):
        assert tape.judge("file", turn=turn, **PATH, equals=text).outcome == "passed"


def test_a_look_that_was_begun_and_never_ended_is_not_observed(done):
    done.emit("h:case/end/look1", "observe.request", look={"kind": "file"})
    found = done.judge("file", **PATH)
    assert found.message == "not observed: file accounts out/report.txt"


ROWS = {"columns": ["id", "name"], "rows": [[1, "a"], [2, None]]}


def test_rows_are_compared_as_lists_or_as_mappings(done):
    done.sees(SQL, ROWS)
    for rows in ([[1, "a"], [2, None]], [{"name": "a", "id": 1}, [2, None]]):
        assert done.judge("sql", **QUERY, rows=tuple(rows)).outcome == "passed"
    found = done.judge("sql", **QUERY, rows=([1, "b"], {"id": 3}, [3, "c"]))
    assert (found.outcome, found.at) == ("failed", "h:case/end/look1")
    assert found.message == (
        'row 1 is [1, "a"], not [1, "b"]; row 2 differs: id is 2, not 3, name is null and was not '
        'expected; row 3 is missing: [3, "c"] (order: exact)'
    )
    found = done.judge("sql", **QUERY, rows=())
    assert found.message == (
        'row 1 was not expected: [1, "a"]; row 2 was not expected: [2, null] (order: exact)'
    )
    found = done.judge("sql", **QUERY, rows=([0], [0], [0], [0]))
    assert found.message.endswith("row 3 is missing: [0]; and 1 more (order: exact)")
    assert found.claim == "sql select * from t"


def test_rows_may_come_in_any_order(done):
    done.sees(SQL, ROWS)
    assert done.judge("sql", **QUERY, rows=([2, None], [1, "a"]), order="any").outcome == "passed"
    assert done.judge("sql", **QUERY, rows=([2, None], [1, "a"])).outcome == "failed"
    found = done.judge("sql", **QUERY, rows=([1, "a"], {"id": 1, "name": "a"}), order="any")
    assert found.message == (
        'a row is missing: {"id": 1, "name": "a"}; a row was not expected: [2, null] (order: any)'
    )


def test_rows_may_be_counted(done):
    done.sees(SQL, ROWS)
    assert done.judge("sql", **QUERY, count=2).outcome == "passed"
    found = done.judge("sql", **QUERY, count=0)
    assert found.message == 'the query gives 2 rows, not 0: [[1, "a"], [2, null]]'


def test_no_rows_are_told_as_that(done):
    found = done.sees(SQL, {"columns": ["id"], "rows": []}).judge("sql", **QUERY, count=1)
    assert found.message == "the query gives 0 rows, not 1"


def test_two_columns_of_one_name_can_not_be_compared_by_name(done):
    done.sees(SQL, {"columns": ["id", "id"], "rows": [[1, 2]]})
    found = done.judge("sql", **QUERY, rows=({"id": 1},))
    assert (found.outcome, found.message) == (
        "errored",
        "two columns have one name (id, id): give the rows as lists",
    )
    assert done.judge("sql", **QUERY, rows=([1, 2],)).outcome == "passed"


def test_a_file_is_there_and_holds_its_text(done):
    done.sees(FILE, {"text": "Total: 3\n"})
    for held in (
        {},
        {"equals": "Total: 3"},
        {"contains": "3"},
        {"contains": "T", "equals": "Total: 3"},
    ):
        assert done.judge("file", **PATH, **held).outcome == "passed"
    found = done.judge("file", **PATH, equals="Total: 4")
    assert found.message == (
        'the file out/report.txt is "Total: 3", not "Total: 4" (they differ from character 8 on)'
    )
    found = done.judge("file", **PATH, contains="4")
    assert found.message == '"4" is not in the file out/report.txt: "Total: 3"'
    found = done.judge("file", **PATH, exists=False)
    assert found.message == "the file out/report.txt exists"
    assert found.claim == "file out/report.txt"


def test_a_file_that_is_not_there_is_told_as_that(done):
    done.sees(FILE, None)
    assert done.judge("file", **PATH, exists=False).outcome == "passed"
    found = done.judge("file", **PATH, equals="")
    assert (found.outcome, found.message) == ("failed", "there is no file out/report.txt")


def test_a_file_that_is_no_text_exists_and_no_more(done):
    done.sees(FILE, {"base64": "/w=="})
    assert done.judge("file", **PATH).outcome == "passed"
    found = done.judge("file", **PATH, contains="x")
    assert (found.outcome, found.message) == ("errored", "the file out/report.txt is no text")


def test_an_observation_of_another_shape_is_errored(done):
    found = done.sees(SQL, "rows").judge("sql", **QUERY, count=1)
    assert found.outcome == "errored"
    assert found.message.startswith("the check `sql` raised TypeError")


def test_looks_without_a_question_are_refused():
    unasked = "^say what it must be: give `equals`, `contains` or `path`$"
    with pytest.raises(ValueError, match=unasked):
        Resource(URI, "accounts")
    with pytest.raises(ValueError, match=unasked):
        ToolState("a.b")
    with pytest.raises(ValueError, match="is no JSONPath"):
        ToolState("a.b", path="status")
    for given in ({}, {"rows": (), "count": 0}):
        with pytest.raises(ValueError, match=r"^give exactly one of `rows`, `count`$"):
            Sql(**QUERY, **given)
    with pytest.raises(ValueError, match=r"^a row is a list or a mapping, but this is 3$"):
        Sql(**QUERY, rows=([], 3))
    for given in ({"equals": ""}, {"contains": "x"}):
        with pytest.raises(ValueError, match="goes with neither `equals` nor `contains`"):
            File(**PATH, exists=False, **given)
