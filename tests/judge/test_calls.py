"""The checks on calls, one by one and together."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.core.comparing import same
from agentbox.judge.calls import ToolCalled
from agentbox.judge.matching import assigned
from agentbox.judge.values import differences

GET = "accounts.get_account"


def got(account: str, **more) -> tuple:
    return GET, {"account_id": account, **more}, {}


def test_a_tool_that_was_called_was_called(tape):
    tape.turn().call(got("LLM-4829")).say("Done.")
    assert tape.judge("tool_called", name=GET).outcome == "passed"
    assert tape.judge("tool_called", name="accounts.*").outcome == "passed"
    assert tape.judge("tool_called", turn=1, name=GET).outcome == "passed"


def test_a_name_that_nothing_has_gets_the_nearest_and_the_calls_there_were(tape):
    found = (
        tape.turn()
        .call(got("LLM-4829"))
        .say("Done.")
        .judge("tool_called", name="accounts.get_acount")
    )
    assert (found.outcome, found.at) == ("failed", "c:case")
    assert found.message == (
        "accounts.get_acount was never called (did you mean `accounts.get_account`?); called were "
        't1/s1/call1 accounts.get_account(account_id="LLM-4829")'
    )


def test_no_call_at_all_is_told_as_that(tape):
    found = tape.turn().say("Done.").judge("tool_called", turn=1, name=GET)
    assert (found.outcome, found.at) == ("failed", "c:case/t1")
    assert found.message == "accounts.get_account was never called; no tool was"


def test_a_name_that_no_tool_has_cannot_be_judged(tape):
    tape.emit("c:case", "run.ready", tools={GET: "h"}, left_out=["accounts.delete"])
    tape.turn().call(got("LLM-4829")).call(("made.up", {}, {"status": "failed"})).say("Done.")
    for kind in ("tool_not_called", "tool_called"):
        found = tape.judge(kind, name="accounts.get_acount")
        assert (found.outcome, found.message) == (
            "errored",
            f"no tool is named `accounts.get_acount`: did you mean `{GET}`?",
        )
    told = tape.judge("tool_called", turn=1, name="x", times=0).message
    assert told == f"no tool is named `x`: there is: {GET}, accounts.delete"
    assert tape.judge("tool_not_called", name="accounts.del*").outcome == "passed"
    assert tape.judge("tool_not_called", name="made.up").outcome == "failed"


def test_all_tools_can_be_spoken_of_where_there_are_none(tape):
    tape.emit("c:case", "run.ready", tools={})
    tape.turn().say("Done.")
    assert tape.judge("tool_not_called", name="*").outcome == "passed"
    assert tape.judge("tool_not_called", name="a").message == (
        "no tool is named `a`: there is: none"
    )


def test_arguments_are_compared_over_the_union_of_keys(tape):
    tape.turn().call(got("LLM-4829", limit=5)).say("Done.")
    exact = tape.judge("tool_called", name=GET, args={"account_id": "LLM-4829"})
    assert (exact.outcome, exact.at) == ("failed", "c:case/t1/s1/call1")
    assert exact.message == (
        "accounts.get_account was called once, but not so (match: exact, failed_calls: count): "
        "t1/s1/call1 limit is 5 and was not expected"
    )
    missing = tape.judge("tool_called", name=GET, args={"account_id": "LLM-4829", "plan": "pro"})
    assert "plan is missing, limit is 5 and was not expected" in missing.message


def test_the_differing_argument_is_shown_and_the_nearest_call_pointed_at(tape):
    tape.turn().call(got("LLM-1", a=1), got("LLM-2")).say("Done.")
    found = tape.judge("tool_called", name=GET, args={"account_id": "LLM-4829"})
    assert found.at == "c:case/t1/s1/call2"
    assert found.message == (
        "accounts.get_account was called twice, but not so (match: exact, failed_calls: count): "
        't1/s1/call1 account_id is "LLM-1", not "LLM-4829", a is 1 and was not expected; '
        't1/s1/call2 account_id is "LLM-2", not "LLM-4829"'
    )


def test_subset_allows_more_at_every_depth(tape):
    tape.turn().call(("a.b", {"where": {"plan": "pro", "seats": 3}, "limit": 5}, {})).say("Done.")
    args = {"where": {"plan": "pro"}}
    assert tape.judge("tool_called", name="a.b", args=args, match="subset").outcome == "passed"
    assert tape.judge("tool_called", name="a.b", args=args).outcome == "failed"
    wrong = tape.judge("tool_called", name="a.b", args={"where": {"plan": "x"}}, match="subset")
    assert wrong.message.endswith(
        '(match: subset, failed_calls: count): t1/s1/call1 where.plan is "pro", not "x"'
    )


def test_arguments_may_be_judged_by_a_schema(tape):
    tape.turn().call(got("LLM-4829")).say("Done.")
    fits = {"properties": {"account_id": {"pattern": "^LLM-"}}}
    assert tape.judge("tool_called", name=GET, args=fits, match="schema").outcome == "passed"
    not_so = {"properties": {"account_id": {"pattern": "^X-"}}}
    found = tape.judge("tool_called", name=GET, args=not_so, match="schema")
    assert found.message.endswith(
        "(match: schema, failed_calls: count): "
        "t1/s1/call1 $.account_id: 'LLM-4829' does not match '^X-'"
    )


def test_arguments_may_be_ignored(tape):
    tape.turn().call(got("LLM-4829")).say("Done.")
    found = tape.judge("tool_called", name=GET, args={"other": 1}, match="ignore")
    assert found.outcome == "passed"


def test_no_arguments_at_all_may_be_asked_for(tape):
    tape.turn().call(("clock.now", {}, {}), got("LLM-4829")).say("Done.")
    assert tape.judge("tool_called", name="clock.now", args={}).outcome == "passed"
    assert tape.judge("tool_called", name=GET, args={}).outcome == "failed"


@pytest.mark.parametrize("match", ["subset", "schema"])
def test_a_mode_without_arguments_is_refused(match):
    with pytest.raises(ValueError, match=f"`match: {match}` needs `args` to compare with"):
        ToolCalled(GET, match=match)


def test_arguments_that_are_no_schema_are_refused():
    with pytest.raises(ValueError, match="this is no JSON Schema"):
        ToolCalled(GET, {"type": "objekt"}, match="schema")
    assert ToolCalled(GET, {"type": "objekt"}).match == "exact"


def test_arguments_that_were_no_json_object_fit_nothing(tape):
    tape.turn().say("Done.")
    tape.emit("c:case/t1/s1/call1", "tool.request", tool="a.b", args={}, malformed='{"a": ')
    assert tape.judge("tool_called", name="a.b").outcome == "passed"
    found = tape.judge("tool_called", name="a.b", args={})
    assert found.message.endswith('t1/s1/call1 its arguments are no JSON object: {"a":')


def test_times_counts_the_calls_that_fit_exactly(tape):
    tape.turn().call(got("A"), got("B"), got("A")).say("Done.")
    assert tape.judge("tool_called", name=GET, times=3).outcome == "passed"
    args = {"account_id": "A"}
    assert tape.judge("tool_called", name=GET, args=args, times=2).outcome == "passed"
    found = tape.judge("tool_called", name=GET, args=args, times=1)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call3")
    assert found.message == (
        "accounts.get_account was called twice, not once (match: exact, failed_calls: count): "
        't1/s1/call1 accounts.get_account(account_id="A"); '
        't1/s1/call3 accounts.get_account(account_id="A")'
    )


def test_times_of_calls_of_which_none_fits_shows_what_differs(tape):
    tape.turn().call(got("A")).say("Done.")
    found = tape.judge("tool_called", name=GET, args={"account_id": "B"}, times=2)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call1")
    assert found.message.endswith('t1/s1/call1 account_id is "A", not "B"')


def test_times_may_be_none_at_all(tape):
    tape.turn().call(got("A")).say("Done.")
    assert tape.judge("tool_called", name="other", times=0).outcome == "passed"
    found = tape.judge("tool_called", name=GET, times=0)
    assert found.message.startswith(
        "accounts.get_account was called once, not never (match: ignore"
    )


def test_a_long_list_of_calls_is_counted_at_its_end(tape):
    tape.turn().call(*[got(str(n)) for n in range(6)]).say("Done.")
    found = tape.judge("tool_called", name=GET, times=1)
    assert found.message.endswith('t1/s1/call3 accounts.get_account(account_id="2"); and 3 more')


def test_failed_calls_count_unless_they_are_skipped(tape):
    late = (GET, {}, {"status": "timeout"})
    tape.turn().call(late, late).say("Done.")
    assert tape.judge("tool_called", name=GET).outcome == "passed"
    found = tape.judge("tool_called", name=GET, failed_calls="skip")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call2")
    assert found.message == (
        "no call of accounts.get_account ended ok (match: ignore, failed_calls: skip): "
        "t1/s1/call1 accounts.get_account timeout; t1/s1/call2 accounts.get_account timeout"
    )


def test_skipping_failed_calls_counts_the_others(tape):
    tape.turn().call((GET, {}, {"status": "timeout"}), (GET, {}, {}), (GET, {}, {})).say("Done.")
    assert tape.judge("tool_called", name=GET, times=2, failed_calls="skip").outcome == "passed"


def test_the_tries_of_a_call_are_one_call_that_ended_as_its_last_try(tape):
    tape.turn().say("Done.")
    for number, status in enumerate(["timeout", "ok"], 1):
        at = f"c:case/t1/s1/call1/try{number}"
        tape.emit(at, "tool.request", tool=GET, args={})
        tape.emit(at, "tool.result", status=status, text="")
    assert tape.judge("tool_called", name=GET, times=1, failed_calls="skip").outcome == "passed"


def test_sub_steps_and_what_happens_inside_a_call_are_told_apart(tape):
    tape.turn().say("Done.")
    tape.emit("c:case/t1/s1.2/call1", "tool.request", tool="a.b", args={})
    tape.emit("c:case/t1/s1.2/call1/child1", "tool.request", tool="inner", args={})
    tape.emit("c:case/t1/s1.2/call1/child1", "tool.result", status="failed")
    tape.emit("u:case/t1/s1/call1", "tool.request", tool="phone.dial", args={})
    assert tape.judge("tool_called", name="*", times=1).outcome == "passed"


def test_tool_not_called_holds_where_it_was_not(tape):
    tape.turn().call(got("A")).say("Done.")
    assert tape.judge("tool_not_called", name="accounts.open_ticket").outcome == "passed"


def test_tool_not_called_points_at_the_first_call(tape):
    tape.turn().say("Hm.").call(got("A")).call((GET, {}, {"status": "failed"})).say("Done.")
    found = tape.judge("tool_not_called", name="accounts.*")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2/call1")
    assert found.message == (
        'called twice: t1/s2/call1 accounts.get_account(account_id="A"); '
        "t1/s3/call1 accounts.get_account()"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text("ab"), JSON, max_size=3)


def plain(value) -> tuple:
    """A JSON value as Python compares it, its kind beside it."""
    if isinstance(value, bool) or value is None:
        return ("constant", value)
    if isinstance(value, (int, float)):
        return ("number", value)
    if isinstance(value, list):
        return ("list", [plain(item) for item in value])
    if isinstance(value, dict):
        return ("object", {key: plain(item) for key, item in value.items()})
    return ("text", value)


@given(JSON, JSON)
def test_equality_of_json_is_pythons_with_kinds_told_apart(one, other):
    assert same(one, one)
    assert same(one, other) == (plain(one) == plain(other))
    assert same([one], [other]) == same(one, other)
    assert not same([one], [one, other])


@given(OBJECTS, OBJECTS)
def test_objects_differ_exactly_where_they_are_unequal(one, other):
    assert (not list(differences(one, other))) == same(one, other)
    merged = {**other, **one}
    assert list(differences(one, merged, extra=True)) == []


# -- tool_error, valid_arguments, parallel, no_duplicate_calls


def test_tool_error_holds_where_a_call_failed(tape):
    tape.turn().call((GET, {}, {"status": "timeout"}), (GET, {}, {})).say("Done.")
    assert tape.judge("tool_error", name="accounts.*").outcome == "passed"
    assert tape.judge("tool_error", name=GET, times=1).outcome == "passed"
    found = tape.judge("tool_error", name=GET, times=2)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call1")
    assert found.message == (
        "accounts.get_account failed once, not twice: t1/s1/call1 accounts.get_account timeout"
    )
    assert tape.judge("tool_error", name=GET, times=0).message.startswith(
        "accounts.get_account failed once, not never: "
    )


def test_tool_error_fails_where_no_call_failed(tape):
    tape.turn().call((GET, {}, {})).say("Done.")
    found = tape.judge("tool_error", name=GET)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call1")
    assert found.message == (
        "no call of accounts.get_account failed: t1/s1/call1 accounts.get_account ok"
    )
    found = tape.judge("tool_error", name="phone.dial")
    assert found.message.startswith("phone.dial was never called; called were t1/s1/call1 ")
    assert tape.judge("tool_error", name=GET, times=0).outcome == "passed"


def test_a_call_without_an_answer_did_not_end_with_an_error(tape):
    tape.turn().say("Done.")
    tape.emit("c:case/t1/s1/call1", "tool.request", tool=GET, args={})
    assert tape.judge("tool_error", name=GET).outcome == "failed"


REFUSED = {"status": "failed", "source": "schema", "text": "a.b was not run: its arguments\n- x"}


def test_valid_arguments_fails_where_a_schema_refused_a_call(tape):
    unfit = {"status": "failed", "source": "schema", "text": "The result does not fit"}
    tape.turn().call(("a.c", {}, unfit), ("a.b", {}, REFUSED), ("a.d", {}, {})).say("Done.")
    assert tape.judge("valid_arguments", name="a.c").outcome == "passed"
    found = tape.judge("valid_arguments")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call2")
    assert found.message == ("refused once: t1/s1/call2 a.b: a.b was not run: its arguments - x")


def test_arguments_that_were_no_json_object_are_not_valid(tape):
    tape.turn().say("Done.")
    tape.emit("c:case/t1/s1/call1", "tool.request", tool="a.b", args={}, malformed="{")
    found = tape.judge("valid_arguments", name="a.*")
    assert found.message == "refused once: t1/s1/call1 a.b: {"


def test_parallel_holds_where_one_message_calls_all(tape):
    tape.turn().call(("a.b", {}, {})).call(("a.c", {}, {}), ("a.b", {}, {})).say("Done.")
    assert tape.judge("parallel", names=("a.b", "a.c")).outcome == "passed"
    assert tape.judge("parallel", names=("a.*", "a.b")).outcome == "passed"
    found = tape.judge("parallel", names=("a.b", "a.b"))
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1/call1")
    assert found.message == "no one message calls a.b, a.b: t1/s1/call1 a.b; t1/s2/call2 a.b"
    assert found.claim == "parallel a.b, a.b"


def test_parallel_of_a_tool_that_was_never_called_says_so(tape):
    found = tape.turn().call(("a.b", {}, {})).say("Done.").judge("parallel", names=("a.b", "xyz"))
    assert (found.outcome, found.at) == ("failed", "c:case")
    assert found.message == "xyz was never called; called were t1/s1/call1 a.b()"


def test_no_call_may_be_made_twice(tape):
    tape.turn().call(("a.b", {"n": 1}, {}), ("a.b", {"n": 2}, {}), ("a.c", {"n": 1}, {})).say("x")
    assert tape.judge("no_duplicate_calls").outcome == "passed"
    tape = tape.__class__().turn().call(("a.b", {"n": 1}, {})).say("x").turn()
    tape.call(("a.c", {}, {}), ("a.b", {"n": 1.0}, {})).say("x")
    found = tape.judge("no_duplicate_calls")
    assert (found.outcome, found.at) == ("failed", "c:case/t2/s1/call2")
    assert found.message == (
        "t1/s1/call1 and t2/s1/call2 are the same call: a.b(n=1.0) (failed_calls: count)"
    )
    assert tape.judge("no_duplicate_calls", name="a.c").outcome == "passed"
    assert tape.judge("no_duplicate_calls", turn=2).outcome == "passed"


def test_a_failed_call_may_be_made_again_if_failed_calls_are_skipped(tape):
    tape.turn().call(("a.b", {}, {"status": "timeout"})).call(("a.b", {}, {})).say("Done.")
    assert tape.judge("no_duplicate_calls").outcome == "failed"
    assert tape.judge("no_duplicate_calls", failed_calls="skip").outcome == "passed"


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), max_size=5))
def test_a_pairing_is_as_large_as_any(fits):
    found = assigned(len(fits), 4, lambda want, have: fits[want][have])
    assert all(fits[want][have] for want, have in found.items())
    assert len(set(found.values())) == len(found)
    wants = [[have for have in range(4) if row[have]] + [None] for row in fits]
    sizes = [[h for h in one if h is not None] for one in product(*wants)]
    assert len(found) == max(len(one) for one in sizes if len(set(one)) == len(one))
