"""most: what a turn or the run used, and what is unknown."""

from __future__ import annotations

import pytest

from agentbox.judge.budgets import Most

USED = {"input": 10, "output": 5, "cost_usd": 0.25}


def test_each_bound_holds_for_what_was_used(tape):
    tape.turn().call(("a.b", {}, {}), ("a.b", {}, {})).turn().say("hi", USED)
    assert tape.judge("most", steps=2, tool_calls=2).outcome == "passed"
    assert tape.judge("most", turn=2, steps=1, tokens=15, cost_usd=0.25).outcome == "passed"
    found = tape.judge("most", turn=2, steps=0, tokens=14, cost_usd=0.2, seconds=0)
    assert (found.outcome, found.at) == ("failed", "c:case/t2/s1")
    assert found.message == (
        "turn 2 took 1 steps, more than 0; 15 tokens, more than 14; 0.25 cost_usd, more than 0.2"
    )
    assert found.claim == "most 0 steps, 14 tokens, 0.2 cost_usd, 0 seconds"
    found = tape.judge("most", tool_calls=1)
    assert found.message == "the run took 2 tool_calls, more than 1"


def test_seconds_are_virtual_and_those_of_the_scope(tape):
    tape.turn().say("a")
    tape.clock = 60.0
    tape.turn().say("b")
    tape.clock = 62.5
    tape.close()
    assert tape.judge("most", turn=2, seconds=2.5).outcome == "passed"
    found = tape.judge("most", seconds=60)
    assert found.message == "the run took 62.5 seconds, more than 60"


def test_what_is_unknown_is_never_within_a_bound(tape):
    tape.turn().say("a", USED).say("b", {"input": 1})
    for bound in ({"tokens": 10**9}, {"cost_usd": 10**9}):
        found = tape.judge("most", **bound)
        assert (found.outcome, found.at) == ("errored", "c:case/t1/s2")
        assert found.message == f"how much the run took is unknown: {next(iter(bound))}"
    assert tape.judge("most", steps=2).outcome == "passed"


def test_a_bound_that_is_broken_is_a_failure_whatever_is_unknown(tape):
    found = tape.turn().say("a").judge("most", steps=0, tokens=5)
    assert (found.outcome, found.message) == ("failed", "the run took 1 steps, more than 0")


def test_tokens_of_a_model_call_that_a_server_asked_for_count(tape):
    tape.turn().say("a", USED)
    tape.emit("c:case/t1/s1/call1/child1", "model.result", usage=USED)
    assert tape.judge("most", tokens=29).outcome == "failed"
    assert tape.judge("most", tokens=30, steps=1).outcome == "passed"


def test_no_bound_at_all_is_refused():
    listed = "`steps`, `tool_calls`, `tokens`, `cost_usd`, `seconds`"
    with pytest.raises(ValueError, match=f"^give one of {listed}$"):
        Most()
