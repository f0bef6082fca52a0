"""What is never judged as a pass, how a run's end counts, what a run used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.core.errors import Mark
from agentbox.core.scenario import Case, CheckKind, CheckSpec, ModelSpec, Scenario, Short, Turn
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
from agentbox.judge.compared import GoldCall
from agentbox.judge.end import Ended
from agentbox.judge.kinds import FAMILIES
from agentbox.judge.looks import FileAt, ToolAt
from agentbox.judge.reading import read
from agentbox.judge.text import Says
from agentbox.spec.shapes import keys_of, kinds_of, options

SAYS_HI = ("says", None, {"text": "hi"})
HI = CheckSpec("says", Says("hi"))
EVERY_KIND = {
    "says": {"text": "hi"},
    "never_says": {"text": "bye"},
    "equals": {"text": "hi"},
    "regex": {"pattern": "hi"},
    "says_number": {"number": 1},
    "length": {"max": 9},
    "json_path": {"path": "$.absent", "exists": False},
    "json_schema": {"schema": {}},
    "tool_called": {"name": "x", "times": 0},
    "tool_not_called": {"name": "x"},
    "tool_error": {"name": "x", "times": 0},
    "valid_arguments": {},
    "parallel": {"names": ("x", "y")},
    "no_duplicate_calls": {},
    "trajectory": {"calls": ()},
    "resource": {"uri": "a://b", "server": "a", "contains": "b"},
    "tool_state": {"tool": "a.b", "contains": "c"},
    "sql": {"query": "select 1", "server": "a", "database": "b", "count": 0},
    "file": {"path": "a", "server": "b", "exists": False},
    "unchanged": {"file": FileAt("a", "b")},
    "same_as_gold": {"calls": (GoldCall("a.b"),), "tool": ToolAt("a.c")},
    "slot": {"name": "now", "state": "absent"},
    "shown": {"text": "x"},
    "token_share": {"slot": "docs", "most": 1},
    "most": {"steps": 9, "tokens": 9},
    "ended": {"reason": "answered"},
    "cites": {"pattern": "x", "least": 0},
    "python": {"function": "f.py:yes"},
    "command": {"command": "true"},
    "all": {"checks": (HI,)},
    "any": {"checks": (HI,)},
    "at_least": {"n": 1, "checks": (HI,)},
    "not": {"check": HI},
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


def _late(tape):
    tape.turn().ends("failed", error="no answer in 2 s")
    at = "c:case/t1/s1"
    tape.emit(at, "model.request", n=1, new=[])
    tape.emit(at, "model.result", error="no answer in 2 s", status="timeout")
    return tape


def test_a_run_whose_model_was_late_could_not_be_judged(tape):
    answered = ("ended", None, {"reason": "answered"})
    found = _late(tape).results(SAYS_HI, answered)
    assert [one.outcome for one in found] == ["failed", "failed", "errored"]
    assert found[-1].message == (
        "the model gave no answer in 2 s at t1/s1: raise `deadlines: {model: ...}`"
    )
    assert found[-1].at == "c:case/t1/s1"
    assert outcome_of(found, end_of(tape.events)) == "errored"


def test_a_check_may_expect_a_model_to_be_late(tape):
    found = _late(tape).results(("ended", None, {"reason": "failed"}))
    assert [one.outcome for one in found] == ["passed"]
    assert outcome_of(found, end_of(tape.events)) == "passed"


def test_a_model_that_was_late_and_then_answered_is_judged(tape):
    tape.turn()
    tape.emit("c:case/t1/s1", "model.request", n=1, new=[])
    tape.emit("c:case/t1/s1", "model.result", error="no answer in 2 s", status="timeout")
    tape.steps = 1
    found = tape.say("hi").ends("failed", error="of its own").results(SAYS_HI)
    assert [one.outcome for one in found] == ["passed", "failed"]


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
EXPECTED = CheckResult("ended", "passed", expects_end=True)
WARNED = CheckResult("says", "failed", level="warn")
WARNED_ERROR = CheckResult("says", "errored", level="warn")


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
        ((PASSED, WARNED), "answered", "passed"),
        ((FAILED, WARNED), "answered", "failed"),
        ((PASSED, WARNED_ERROR), "answered", "errored"),
    ],
)
def test_errored_goes_before_failed_and_failed_before_passed(checks, end, outcome):
    assert outcome_of(checks, end) == outcome


def test_a_result_tells_the_level_of_its_check(tape, spec):
    tape.turn().say("hi")
    case = Case("case", (Turn("?"),), (spec("says", level="warn", text="bye"),))
    (found,) = judge(tape.close(), Scenario(1, "2026-03-20T14:30:00Z", (case,), ModelSpec()))
    assert (found.outcome, found.level) == ("failed", "warn")
    assert outcome_of([found], end_of(tape.events)) == "passed"


def test_a_warning_about_the_end_does_not_hide_a_bad_one(tape, spec):
    tape.turn().say("hi").ends("limit", limit="steps")
    case = Case("case", (Turn("?"),), (spec("ended", level="warn", reason="answered"),))
    found = judge(tape.close(), Scenario(1, "2026-03-20T14:30:00Z", (case,), ModelSpec()))
    assert [(one.outcome, one.level) for one in found] == [("failed", "warn"), ("failed", "fail")]


def test_an_end_that_part_of_a_check_expects_is_no_failure(tape, spec):
    tape.turn().say("hi").ends("limit", limit="steps")
    ends = tuple(spec("ended", reason=reason) for reason in ("answered", "limit"))
    (found,) = tape.results(("any", None, {"checks": ends}))
    assert found.expects_end
    assert outcome_of([found], end_of(tape.events)) == "passed"
    nested = (spec("all", checks=(spec("any", checks=ends),)),)
    (found,) = tape.results(("at_least", 1, {"n": 1, "checks": nested}))
    assert found.expects_end


def test_a_check_that_holds_whatever_the_end_expects_none(tape, spec):
    tape.turn().say("hi").ends("limit", limit="steps")
    refused = spec("ended", reason="refused")
    found = tape.results(
        ("not", None, {"check": refused}), ("any", None, {"checks": (HI, refused)}), SAYS_HI
    )
    assert [one.outcome for one in found] == ["passed", "passed", "passed", "failed"]
    assert not any(one.expects_end for one in found)


def test_an_end_that_cannot_be_judged_is_not_expected(tape):
    def broken(params: Ended, seen: Evidence) -> None:
        raise ZeroDivisionError

    kinds = {**CHECKS, "ended": Check(Ended, "", broken)}
    tape.turn().say("hi").ends("limit", limit="steps")
    both = (HI, CheckSpec("ended", Ended("limit")))
    found = tape.results(("any", None, {"checks": both}), kinds=kinds)
    assert [one.outcome for one in found] == ["passed", "failed"]


# -- the table of kinds


def test_every_kind_is_where_the_table_says_and_no_family_holds_another():
    for family, names in FAMILIES.items():
        module = import_module(f"agentbox.judge.{family}")
        assert tuple(module.CHECKS) == names
    assert len(CHECKS) == len(list(CHECKS)) == len(EVERY_KIND)
    assert "says" in CHECKS
    assert "greets" not in CHECKS
    assert CHECKS.get("greets") is None


@pytest.mark.parametrize("kind", CHECKS)
def test_every_kind_can_be_a_key_of_a_file_and_says_what_holds(kind):
    assert CHECKS[kind].doc.endswith(".")
    for key in keys_of(CHECKS[kind].params).values():
        assert key.doc.endswith((".", "?")), f"{kind}.{key.name}"
        assert [kinds_of(option) for option in options(key.type)]


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
    used = {"input": 10, "output": 5, "cost_usd": 0.25}
    stats = stats_of(tape.turn().say("a", used).say("b", used).close())
    assert (stats.tokens, stats.cost_usd) == (30, 0.5)


def test_a_run_without_a_model_call_used_nothing():
    assert stats_of([]) == Stats(tokens=0, cost_usd=0.0)


LATE = """
import sys, agentbox.judge
print({"jsonschema", "regex", "decimal", "agentbox.judge.text"} & {*sys.modules})
"""


def test_importing_the_judge_loads_no_validator_no_json_path_and_no_check():
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            LATE,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "set()\n"


def test_a_turn_knows_the_calls_of_the_turns_before_it_and_no_others(tape):
    for name in "abc":
        tape.turn().call((name, {}, {})).say("hi")
    run = read(tape.close())
    assert [call.tool for call in run.turns[2].calls] == ["b"]
    assert [call.tool for call in run.turns[2].earlier] == ["a"]
    assert run.whole.earlier == ()
