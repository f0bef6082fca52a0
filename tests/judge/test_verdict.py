"""What is never judged as a pass, how a run's end counts, what a run used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.core.errors import Mark
from agentbox.core.scenario import CheckKind, Short
from agentbox.core.trace import TraceEvent, position_key
from agentbox.core.verdict import CheckResult, Stats
from agentbox.judge import (
    CHECKS,
    Check,
    Evidence,
    Failure,
    end_of,
    judge,
    outcome_of,
    stats_of,
)
from agentbox.judge.end import Ended
from agentbox.judge.evidence import read

SAYS_HI = ("says", None, {"text": "hi"})
EVERY_KIND = {
    "says": {"text": "hi"},
    "never_says": {"text": "bye"},
    "equals": {"text": "hi"},
    "json_path": {"path": "$.absent", "exists": False},
    "json_schema": {"schema": {}},
    "tool_called": {"name": "x", "times": 0},
    "tool_not_called": {"name": "x"},
    "ended": {"reason": "answered"},
}
"""Parameters with which each kind would pass on a run that has nothing in it."""


def test_results_come_turn_by_turn_and_then_for_the_run_each_with_its_place(tape):
    tape.turn().say("hi").turn().say("bye")
    found = tape.results(("says", 2, {"text": "bye"}), SAYS_HI, ("says", 1, {"text": "hi"}))
    assert [(one.turn, one.outcome) for one in found] == [
        (1, "passed"),
        (2, "passed"),
        (None, "passed"),
    ]
    assert {one.mark for one in found} == {Mark("f.yaml", 7, 9)}
    assert {(one.message, one.at, one.source) for one in found} == {("", "", "the line")}


def test_a_result_is_titled_by_its_kind_and_first_parameter(tape):
    tape.turn().say("hi")
    assert tape.judge("never_says", text="March\n19").claim == "never_says March 19"
    assert tape.judge("ended", reason="answered").claim == "ended answered"
    assert tape.judge("json_schema", schema={}).claim == "json_schema"


def test_every_kind_is_tried_below():
    assert set(EVERY_KIND) == set(CHECKS)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_turn_that_was_never_played_is_errored_for_every_kind(tape, kind):
    tape.turn().say("hi").ends("limit", limit="steps")
    found = tape.results((kind, 2, EVERY_KIND[kind]), turns=2)[0]
    assert (found.outcome, found.turn, found.at) == ("errored", 2, "c:case/t1")
    assert found.message == ("turn 2 was never played: the run ended `limit: steps` in turn 1")


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_run_that_was_cut_short_is_errored_for_every_kind(tape, kind):
    found = tape.turn().say("hi").cut().results((kind, None, EVERY_KIND[kind]))[0]
    assert (found.outcome, found.at) == ("errored", "c:case/t1/s1")
    assert found.message == "the run was cut short before its end"


def test_a_trace_without_events_is_errored(tape):
    found = tape.cut().results(SAYS_HI, ("says", 1, {"text": "hi"}), turns=1)
    assert [one.message for one in found] == [
        "turn 1 was never played: the run was cut short",
        "the run was cut short before its end",
    ]
    assert end_of([]) == ""
    assert outcome_of((), "") == "errored"


def test_turns_that_ended_before_the_run_was_cut_are_judged(tape):
    tape.turn().say("hi").turn().say("and").cut()
    first, second = tape.results(("says", 1, {"text": "hi"}), ("says", 2, {"text": "and"}))
    assert first.outcome == "passed"
    assert (second.outcome, second.message) == ("errored", "turn 2 was cut short before its end")


def test_a_plan_inside_a_turn_does_not_end_the_turn(tape):
    tape.turn()
    tape.emit("c:case/t1", "scope.enter", scope="plan")
    tape.say("a plan")
    tape.emit("c:case/t1", "scope.leave", end={"reason": "failed", "answer": "no"})
    tape.say("hi")
    assert tape.judge("ended", turn=1, reason="answered").outcome == "passed"
    assert tape.judge("equals", turn=1, text="hi").outcome == "passed"


def test_a_torn_trace_whose_scopes_were_never_entered_is_errored(tape):
    tape.turns = 1
    tape.say("hi")
    assert tape.judge("says", text="hi").outcome == "errored"


# -- ended


@pytest.mark.parametrize("reason", ["answered", "refused", "failed"])
def test_ended_holds_for_its_reason(tape, reason):
    tape.turn().say("hi").ends(reason)
    assert tape.judge("ended", reason=reason).outcome == "passed"
    assert tape.judge("ended", turn=1, reason=reason).outcome == "passed"


def test_ended_may_name_the_limit(tape):
    tape.turn().say("hi").ends("limit", limit="steps")
    assert tape.judge("ended", reason="limit").outcome == "passed"
    assert tape.judge("ended", reason="limit", limit="steps").outcome == "passed"
    found = tape.judge("ended", reason="limit", limit="tokens")
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1")
    assert found.message == "the run ended `limit: steps`, not `limit: tokens`"


def test_ended_tells_why_a_run_failed(tape):
    tape.turn().say("hi").ends("failed", error="no answer in 5 s")
    found = tape.judge("ended", turn=1, reason="answered")
    assert found.message == "turn 1 ended `failed` (no answer in 5 s), not `answered`"


def test_a_limits_name_beside_another_reason_is_refused():
    with pytest.raises(ValueError, match="`limit: steps` goes only with `reason: limit`"):
        Ended("answered", "steps")


# -- the end of a run counts


def test_an_end_by_a_limit_that_no_check_speaks_of_is_one_failure_more(tape):
    tape.turn().say("hi").ends("limit", limit="steps")
    found = tape.results(SAYS_HI)
    assert [one.outcome for one in found] == ["passed", "failed"]
    assert found[1] == CheckResult(
        "ended",
        "failed",
        "the run ended `limit: steps`, and no check expects it",
        None,
        "c:case/t1/s1",
        Mark("f.yaml", 3, 5),
        claim="ended answered",
    )
    assert outcome_of(found, end_of(tape.events)) == "failed"


def test_a_failed_run_tells_its_error(tape):
    tape.turn().say("hi").ends("failed", error="the model\nbroke")
    (found,) = tape.results()
    assert found.message == "the run ended `failed` (the model broke), and no check expects it"


@pytest.mark.parametrize("turn", [None, 1])
def test_a_limit_that_a_check_expects_is_a_pass(tape, turn):
    tape.turn().say("hi").ends("limit", limit="steps")
    found = tape.results(SAYS_HI, ("ended", turn, {"reason": "limit"}))
    assert len(found) == 2
    assert outcome_of(found, end_of(tape.events)) == "passed"


def test_an_end_expected_of_an_earlier_turn_excuses_nothing(tape):
    tape.turn().say("hi").turn().say("hi").ends("limit", limit="steps")
    found = tape.results(("ended", 1, {"reason": "answered"}))
    assert [one.outcome for one in found] == ["passed", "failed"]
    assert outcome_of(found, end_of(tape.events)) == "failed"


def test_a_refusal_is_judged_by_the_checks_alone(tape):
    tape.turn().say("hi").ends("refused")
    found = tape.results(SAYS_HI)
    assert outcome_of(found, end_of(tape.events)) == "passed"


PASSED, FAILED, ERRORED = (CheckResult("says", how) for how in ("passed", "failed", "errored"))
EXPECTED = CheckResult("ended", "passed")


@pytest.mark.parametrize(
    ("checks", "end", "outcome"),
    [
        ((), "answered", "passed"),
        ((PASSED,), "answered", "passed"),
        ((PASSED, FAILED), "answered", "failed"),
        ((FAILED, ERRORED, PASSED), "answered", "errored"),
        ((PASSED,), "limit: steps", "failed"),
        ((PASSED,), "failed", "failed"),
        ((PASSED, EXPECTED), "limit: steps", "passed"),
        ((FAILED, EXPECTED), "limit: steps", "failed"),
        ((ERRORED, EXPECTED), "limit: steps", "errored"),
        ((PASSED,), "", "errored"),
    ],
)
def test_errored_goes_before_failed_and_failed_before_passed(checks, end, outcome):
    assert outcome_of(checks, end) == outcome


# -- a third party's check


@dataclass(frozen=True, slots=True)
class Greets:
    name: Annotated[str, "Who must be greeted.", Short()]


def greets(params: Greets, seen: Evidence) -> Failure | None:
    if params.name == "nobody":
        raise RecursionError("broken\nhere")
    return None if f"Hello {params.name}" in seen.answer else Failure("no greeting")


KINDS: Mapping[str, Check] = {**CHECKS, "greets": Check(Greets, "Somebody is greeted.", greets)}


def test_a_third_partys_check_comes_in_as_the_built_in_ones_do(tape):
    tape.turn().say("Hello Dana")
    assert all(isinstance(kind, CheckKind) for kind in KINDS.values())
    (good, bad) = tape.results(
        ("greets", None, {"name": "Dana"}), ("greets", None, {"name": "Leo"}), kinds=KINDS
    )
    assert good.outcome == "passed"
    assert (bad.outcome, bad.message, bad.at) == ("failed", "no greeting", "c:case")


def test_a_check_that_breaks_is_errored_and_hides_no_other(tape):
    tape.turn().say("hi")
    broken, good = tape.results(("greets", None, {"name": "nobody"}), SAYS_HI, kinds=KINDS)
    assert (broken.outcome, broken.at) == ("errored", "c:case")
    assert broken.message == "the check `greets` raised RecursionError: broken here"
    assert good.outcome == "passed"


def test_a_kind_that_nobody_registered_can_not_be_judged(tape):
    tape.turn().say("hi")
    (found,) = tape.results(("greets", None, {"name": "Dana"}), kinds=KINDS)
    assert found.outcome == "failed"
    case = tape.scenario
    (found,) = judge(tape.events, case)
    assert (found.outcome, found.message) == ("errored", "there is no kind of check `greets`")


# -- order, and what a run used


@given(st.randoms(use_true_random=False))
def test_the_order_in_which_concurrent_calls_ran_changes_nothing(chance):
    def batch(step: int) -> list[TraceEvent]:
        at = f"c:case/t1/s{step}"
        asked = [
            TraceEvent(f"{at}/call{n}", "tool.request", {"tool": f"{n}"}) for n in range(1, 12)
        ]
        came = [TraceEvent(f"{at}/call{n}", "tool.result", {"status": "ok"}) for n in range(1, 12)]
        chance.shuffle(asked)
        chance.shuffle(came)
        said = TraceEvent(at, "model.result", {"text": f"step {step}"})
        return [TraceEvent(at, "model.request", {}), said, *asked, *came]

    end = {"end": {"reason": "answered", "answer": "step 11"}}
    written = [
        TraceEvent("c:case", "scope.enter", {"scope": "run"}),
        TraceEvent("c:case/t1", "scope.enter", {"scope": "turn"}),
        *(event for step in range(1, 12) for event in batch(step)),
        TraceEvent("c:case/t1", "scope.leave", end),
        TraceEvent("c:case", "scope.leave", end),
    ]
    found = read(written)
    assert found == read(sorted(written, key=lambda event: position_key(event.at)))
    assert [one.at for one in found.whole.calls] == [
        f"c:case/t1/s{step}/call{n}" for step in range(1, 12) for n in range(1, 12)
    ]
    assert found.turns[1].said[-1].text == "step 11"


def test_stats_count_what_the_agent_did(tape):
    usage = {"input": 10, "output": 5, "cost_usd": 0.25}
    tape.turn().call(("a.b", {}, {}), ("a.b", {}, {})).turn().say("hi", usage)
    tape.emit("c:case/t2/s1/call1", "tool.request")
    tape.emit("c:case/t2/s1/call1/child1", "model.request")
    tape.emit("u:case/t1/s1", "model.request")
    tape.events.append(TraceEvent("c:case", "clock.read", {"clock": 12.5}))
    assert stats_of(tape.close()) == Stats(
        turns=2, steps=2, tool_calls=3, tokens=None, cost_usd=None, virtual_seconds=12.5
    )


def test_stats_add_up_only_what_is_wholly_known(tape):
    tape.turn().say("a", {"input": 10, "output": 5, "cost_usd": 0.25}).say("b", {"input": 1})
    stats = stats_of(tape.close())
    assert (stats.tokens, stats.cost_usd) == (None, None)


def test_stats_add_tokens_and_money(tape):
    used = {"input": 10, "output": 5, "reasoning": 3, "cost_usd": 0.25}
    stats = stats_of(tape.turn().say("a", used).say("b", used).close())
    assert (stats.tokens, stats.reasoning, stats.cost_usd) == (30, 6, 0.5)


def test_a_run_without_a_model_call_used_nothing():
    assert stats_of([]) == Stats(tokens=0, reasoning=0, cost_usd=0.0)


def test_importing_the_judge_loads_no_validator_and_no_json_path():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, agentbox.judge as _; print({'jsonschema', 'regex'} & {*sys.modules})",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "set()\n"


def test_an_end_outside_the_closed_set_is_a_failure() -> None:
    assert outcome_of((), "victory") == "failed"
    assert outcome_of((), "answered") == "passed"
