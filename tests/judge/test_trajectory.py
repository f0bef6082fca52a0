"""trajectory: order, extra calls, arguments, failed calls."""

from __future__ import annotations

import pytest

from agentbox.judge.trajectory import PathCall, Trajectory

A, B, C = (PathCall(f"t.{name}") for name in "abc")


def judged(tape, *calls, **modes):
    return tape.judge("trajectory", calls=calls, **modes)


@pytest.fixture
def abc(tape):
    return tape.turn().call(("t.a", {"n": 1}, {})).call(("t.b", {}, {}), ("t.c", {}, {})).say("x")


@pytest.mark.parametrize("order", ["exact", "in_order"])
def test_without_extra_calls_the_path_is_the_calls_one_by_one(abc, order):
    assert judged(abc, A, B, C, order=order).outcome == "passed"
    assert judged(abc, PathCall("t.*"), B, C, order=order).outcome == "passed"
    found = judged(abc, A, C, B, order=order)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2/call1")
    assert found.message == (
        f"call 2 is not t.c: t1/s2/call1 is t.b() (order: {order}, extra: deny, args: exact, "
        "failed_calls: count); the calls: t1/s1/call1 t.a(n=1); t1/s2/call1 t.b(); t1/s2/call2 "
        "t.c()"
    )
    assert found.claim == "trajectory t.a, t.c, t.b"
    found = judged(abc, A, B, order=order)
    assert found.at == "c:case/t1/s2/call2"
    assert found.message.startswith("t1/s2/call2 t.c() was not expected (")
    found = judged(abc, A, B, C, A, order=order)
    assert found.at == "c:case/t1/s2/call2"
    assert found.message.startswith("3 calls were made, and t.a was still to come (")


def test_exact_with_extra_calls_wants_them_one_directly_after_another(abc):
    assert judged(abc, B, C, extra="allow").outcome == "passed"
    assert judged(abc, A, B, extra="allow").outcome == "passed"
    found = judged(abc, A, C, extra="allow")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2/call2")
    assert found.message.startswith(
        "t.a, t.c never came one directly after another (order: exact, extra: allow, "
    )
    assert judged(abc, A, B, C, A, extra="allow").outcome == "failed"


def test_in_order_with_extra_calls_lets_others_stand_between(abc):
    allow = {"order": "in_order", "extra": "allow"}
    assert judged(abc, A, C, **allow).outcome == "passed"
    found = judged(abc, C, A, **allow)
    assert found.message.startswith("t.a was not called after t.c (order: in_order, extra: allow, ")
    found = judged(abc, PathCall("t.x"), **allow)
    assert found.message.startswith("t.x was not called (")
    assert judged(abc, A, A, **allow).outcome == "failed"


def test_in_any_order_each_call_counts_once(abc):
    assert judged(abc, C, A, B, order="any").outcome == "passed"
    assert judged(abc, PathCall("t.*"), C, A, order="any").outcome == "passed"
    found = judged(abc, C, A, order="any")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2/call1")
    assert found.message.startswith("t1/s2/call1 t.b() was not expected (order: any, extra: deny")
    assert judged(abc, C, A, order="any", extra="allow").outcome == "passed"
    found = judged(abc, A, A, order="any", extra="allow")
    assert found.message.startswith("t.a was not called (order: any, extra: allow")


def test_no_calls_at_all_may_be_the_path(tape):
    tape.turn().say("Hello.").turn().call(("t.a", {}, {})).say("x")
    assert tape.judge("trajectory", turn=1, calls=()).outcome == "passed"
    found = tape.judge("trajectory", turn=2, calls=())
    assert found.message.startswith("t2/s1/call1 t.a() was not expected")
    found = tape.judge("trajectory", turn=1, calls=(A,))
    assert found.at == "c:case/t1"
    assert found.message == (
        "0 calls were made, and t.a was still to come (order: exact, extra: deny, args: exact, "
        "failed_calls: count); the calls: none"
    )


def test_arguments_are_compared_over_the_union_of_keys_where_they_are_given(abc):
    assert judged(abc, PathCall("t.a", {"n": 1}), B, C).outcome == "passed"
    found = judged(abc, PathCall("t.a", {"n": 1, "m": 2}), B, C)
    assert found.message.startswith(
        "call 1 is not t.a(n=1, m=2): t1/s1/call1 m is missing (order: exact"
    )
    found = judged(abc, PathCall("t.a", {}), B, C)
    assert found.message.startswith("call 1 is not t.a(): t1/s1/call1 n is 1 and was not expected")


def test_arguments_may_be_a_subset_or_fit_a_schema_or_be_ignored(abc):
    assert judged(abc, PathCall("t.a", {}), B, C, args="subset").outcome == "passed"
    fits, unfit = PathCall("t.a", {"required": ["n"]}), PathCall("t.a", {"required": ["m"]})
    assert judged(abc, fits, B, C, args="schema").outcome == "passed"
    assert judged(abc, unfit, B, C, args="schema").outcome == "failed"
    assert judged(abc, unfit, B, C, args="ignore").outcome == "passed"


def test_failed_calls_count_unless_they_are_skipped(tape):
    tape.turn().call(("t.a", {}, {"status": "failed"})).call(("t.a", {}, {})).say("x")
    assert judged(tape, A).outcome == "failed"
    assert judged(tape, A, failed_calls="skip").outcome == "passed"
    found = judged(tape, B, failed_calls="skip")
    assert found.message.endswith("failed_calls: skip); the calls: t1/s2/call1 t.a()")


def test_a_path_that_always_holds_and_a_schema_that_is_none_are_refused():
    with pytest.raises(ValueError, match=r"^no calls with `extra: allow` always holds$"):
        Trajectory((), extra="allow")
    with pytest.raises(ValueError, match="this is no JSON Schema"):
        Trajectory((PathCall("a", {"type": "objekt"}),), args="schema")
    assert Trajectory((PathCall("a", {"type": "objekt"}), A), args="exact").args == "exact"
    assert Trajectory((A,), args="schema").args == "schema"
