"""json_path and json_schema, on the answer and on results."""

from __future__ import annotations

import pytest

from agentbox.judge.structure import JsonPath, JsonSchema

ACCOUNT = {"id": "LLM-4829", "status": "pending", "tags": ["a", "b"], "note": None, "seats": 3}


def test_a_path_that_selects_something_holds(tape):
    tape.turn().say('{"status": "pending"}')
    assert tape.judge("json_path", path="$.status").outcome == "passed"


def test_a_code_fence_around_the_answer_is_none_of_it(tape):
    tape.turn().say('```json\n{"status": "pending"}\n```')
    assert tape.judge("json_path", path="$.status", equals="pending").outcome == "passed"


def test_a_path_that_selects_nothing_shows_where_it_looked(tape):
    found = tape.turn().say('{"état": "pending"}').judge("json_path", path="$.status")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1")
    assert found.message == '$.status selects nothing in the answer: {"état": "pending"}'


def test_a_path_may_have_to_select_nothing(tape):
    tape.turn().say('{"error": "no"}')
    assert tape.judge("json_path", path="$.warning", exists=False).outcome == "passed"
    found = tape.judge("json_path", path="$.error", exists=False)
    assert (found.outcome, found.message) == (
        "failed",
        '$.error exists in the answer: it is "no"',
    )


def test_every_value_that_a_path_selects_must_be_equal(tape):
    tape.turn().say('[{"n": 1}, {"n": 1}, {"n": 2}]')
    assert tape.judge("json_path", path="$[:2].n", equals=1).outcome == "passed"
    found = tape.judge("json_path", path="$[*].n", equals=1)
    assert (found.outcome, found.message) == ("failed", "$[2]['n'] is 2, not 1 (in the answer)")


@pytest.mark.parametrize(
    ("equals", "outcome"), [(None, "passed"), ("", "failed"), (0, "failed"), (False, "failed")]
)
def test_null_is_a_value_that_may_be_asked_for(tape, equals, outcome):
    tape.turn().say('{"note": null}')
    assert tape.judge("json_path", path="$.note", equals=equals).outcome == outcome


def test_asking_for_null_is_not_asking_for_anything(tape):
    tape.turn().say('{"note": 1}')
    assert tape.judge("json_path", path="$.note", equals=None).outcome == "failed"


def test_true_is_not_one_and_one_is_one_point_zero(tape):
    tape.turn().say('{"yes": true, "n": 1.0}')
    assert tape.judge("json_path", path="$.yes", equals=1).outcome == "failed"
    assert tape.judge("json_path", path="$.n", equals=1).outcome == "passed"


def test_exists_false_with_equals_is_refused():
    with pytest.raises(ValueError, match="`exists: false` and `equals` can't both hold"):
        JsonPath("$.a", equals=1, exists=False)


def test_an_answer_that_is_no_json_can_not_be_judged(tape):
    found = tape.turn().say("Sorry, no.").judge("json_path", path="$.a")
    assert (found.outcome, found.at) == ("errored", "c:case/t1/s1")
    assert found.message == (
        'the answer is no JSON (Expecting value: line 1 column 1 (char 0)): "Sorry, no."'
    )


@pytest.mark.parametrize("answer", ["NaN", "[" * 100_000, "", "{'a': 1}", "9" * 5000])
def test_hostile_answers_are_errored_and_never_crash(tape, answer):
    assert tape.turn().say(answer).judge("json_path", path="$.a").outcome == "errored"


@pytest.mark.parametrize("path", ["status", "", "$.a[", "$[?" + "(" * 5000])
def test_a_bad_path_is_refused_before_anything_runs(path):
    with pytest.raises(ValueError, match=r"is no JSONPath \(RFC 9535\): "):
        JsonPath(path)


def test_a_result_too_deep_to_follow_can_not_be_judged(tape):
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    tape.turn().call(("a.b", {}, {"structured": deep})).say("Done.")
    found = tape.judge("json_path", path="$..b", of="a.b")
    assert (found.outcome, found.at) == ("errored", "c:case")
    assert found.message.startswith("$..b can't be followed: ")


def test_a_path_may_look_at_a_tools_last_ok_result(tape):
    tape.turn().call(
        ("accounts.get_account", {}, {"structured": {"status": "old"}}),
        ("accounts.get_account", {}, {"structured": ACCOUNT}),
        ("accounts.get_account", {}, {"status": "failed", "text": "no"}),
    ).say("Done.")
    found = tape.judge("json_path", path="$.status", equals="active", of="accounts.get_*")
    assert found.message == (
        '$[\'status\'] is "pending", not "active" (in the result of accounts.get_account)'
    )
    assert found.at == "c:case/t1/s1/call2"
    assert tape.judge("json_path", path="$.status", equals="pending", of="*").outcome == "passed"


def test_a_result_without_structure_is_read_as_json(tape):
    tape.turn().call(("a.b", {}, {"text": '{"status": "pending"}'})).say("Done.")
    assert tape.judge("json_path", path="$.status", equals="pending", of="a.b").outcome == "passed"


def test_a_result_that_is_no_json_can_not_be_judged(tape):
    tape.turn().call(("a.b", {}, {"text": "plain"})).say("Done.")
    found = tape.judge("json_path", path="$.status", of="a.b")
    assert (found.outcome, found.at) == ("errored", "c:case/t1/s1/call1")
    assert found.message.startswith("the result of a.b is no JSON (")


def test_of_a_tool_that_was_not_called_can_not_be_judged(tape):
    tape.turn().call(("accounts.get_account", {"n": 1}, {})).say("Done.")
    found = tape.judge("json_path", path="$.a", of="accounts.get_acount")
    assert found.outcome == "errored"
    assert found.message == (
        "accounts.get_acount was never called (did you mean `accounts.get_account`?); called were "
        "t1/s1/call1 accounts.get_account(n=1)"
    )


def test_of_a_tool_that_never_ended_ok_can_not_be_judged(tape):
    tape.turn().call(("a.b", {}, {"status": "failed"}), ("a.b", {}, {"status": "timeout"}))
    found = tape.judge("json_schema", schema={}, of="a.b")
    assert (found.outcome, found.message) == (
        "errored",
        "no call of a.b ended ok: the last is `timeout`",
    )


SCHEMA = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["pending"]}, "seats": {"type": "integer"}},
}


def test_a_schema_holds_for_what_fits_it(tape):
    tape.turn().call(("a.b", {}, {"structured": ACCOUNT})).say('{"status": "pending"}')
    assert tape.judge("json_schema", schema=SCHEMA).outcome == "passed"
    assert tape.judge("json_schema", schema=SCHEMA, of="a.b").outcome == "passed"


def test_a_schema_lists_every_error_with_its_path(tape):
    found = tape.turn().say('{"status": "x", "seats": "y"}').judge("json_schema", schema=SCHEMA)
    assert found.outcome == "failed"
    assert found.message == (
        "the answer does not fit the schema: $.seats: 'y' is not of type 'integer'; "
        "$.status: 'x' is not one of ['pending']"
    )


def test_a_schema_counts_the_errors_it_does_not_list(tape):
    found = (
        tape.turn()
        .say("[1, 2, 3, 4, 5]")
        .judge("json_schema", schema={"items": {"type": "string"}})
    )
    assert found.message.endswith("; and 2 more")


def test_a_schema_is_read_in_its_own_dialect(tape):
    tape.turn().say("[1, 2]")
    schema = {"items": [{"type": "integer"}, {"type": "string"}]}
    draft7 = {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
    assert tape.judge("json_schema", schema=draft7).outcome == "failed"


def test_a_schema_that_is_none_is_refused_before_anything_runs():
    with pytest.raises(ValueError, match="this is no JSON Schema: 'objekt' is not valid"):
        JsonSchema({"type": "objekt"})
    with pytest.raises(ValueError, match="this is no JSON Schema"):
        JsonSchema({"items": [{"type": "integer"}]})  # 2020-12, where `items` is no list


@pytest.mark.filterwarnings("ignore")  # jsonschema warns before it fetches; we want no fetch
def test_a_reference_is_never_fetched_not_even_from_a_file(tape, tmp_path):
    place = tmp_path / "schema.json"
    place.write_text('{"type": "object"}')
    found = tape.turn().say("{}").judge("json_schema", schema={"$ref": place.as_uri()})
    assert (found.outcome, found.message) == (
        "errored",
        f"the schema refers to {place.as_uri()!r}, which is not in it",
    )
