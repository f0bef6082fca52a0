"""all, any, at_least, not."""

from __future__ import annotations

import pytest

from agentbox.judge import Evidence, Unjudgeable
from agentbox.judge.combine import All, AnyOf, AtLeastOf, Not

YES, NO = ("says", {"text": "hi"}), ("says", {"text": "bye"})
ERROR = ("json_path", {"path": "$.a"})
WHY = (
    "json_path $.a can't be judged: the answer is no JSON (Expecting value: line 1 column 1 "
    '(char 0)): "hi"'
)
BYE = 'says bye: "bye" was not said (case counts); the last answer: "hi"'


@pytest.fixture
def judged(tape, spec):
    tape.turn().say("hi")

    def judged(kind, *parts, **params):
        checks = tuple(spec(name, **given) for name, given in parts)
        params |= {"check": checks[0]} if kind == "not" else {"checks": checks}
        return tape.judge(kind, **params)

    return judged


def test_all_holds_if_all_hold(judged):
    assert judged("all", YES, YES).outcome == "passed"
    found = judged("all", YES, NO, NO)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s1")
    assert found.message == f"{BYE}; {BYE}"
    assert found.claim == "all says hi, says bye, says bye"


def test_an_errored_part_of_all_matters_unless_another_fails(judged):
    found = judged("all", YES, ERROR)
    assert (found.outcome, found.at, found.message) == ("errored", "c:case/t1/s1", WHY)
    found = judged("all", ERROR, NO)
    assert (found.outcome, found.message) == ("failed", f"{BYE}; {WHY}")


def test_any_holds_if_one_holds(judged):
    assert judged("any", NO, YES).outcome == "passed"
    found = judged("any", NO, NO)
    assert (found.outcome, found.message) == ("failed", f"none of 2 holds: {BYE}; {BYE}")


def test_an_errored_part_of_any_matters_unless_another_holds(judged):
    assert judged("any", ERROR, YES).outcome == "passed"
    found = judged("any", NO, ERROR)
    assert (found.outcome, found.message) == ("errored", WHY)


def test_at_least_holds_if_so_many_hold(judged):
    assert judged("at_least", YES, NO, YES, n=2).outcome == "passed"
    found = judged("at_least", YES, NO, NO, n=2)
    assert (found.outcome, found.message) == ("failed", f"1 of 3 hold, not 2: {BYE}; {BYE}")
    assert found.claim == "at_least 2 of says hi, says bye, says bye"


def test_an_errored_part_of_at_least_matters_where_it_could_decide(judged):
    assert judged("at_least", YES, ERROR, n=1).outcome == "passed"
    assert judged("at_least", YES, ERROR, NO, n=2).outcome == "errored"
    found = judged("at_least", YES, ERROR, NO, n=3)
    assert (found.outcome, found.message) == ("failed", f"1 of 3 hold, not 3: {BYE}; {WHY}")


def test_not_holds_if_the_check_fails_and_only_then(judged):
    assert judged("not", NO).outcome == "passed"
    found = judged("not", YES)
    assert (found.outcome, found.message) == ("failed", "this holds: says hi")
    assert found.claim == "not says hi"
    found = judged("not", ERROR)
    assert found.outcome == "errored"
    assert found.message.startswith("the answer is no JSON")


def test_combinations_nest(judged, tape, spec):
    inner = spec("not", check=spec("any", checks=(spec(NO[0], **NO[1]),)))
    assert tape.judge("all", checks=(inner,)).outcome == "passed"
    deep = spec(NO[0], **NO[1])
    for _ in range(50):
        deep = spec("not", check=deep)
    assert tape.judge("not", check=deep).outcome == "passed"


def test_a_part_that_breaks_is_errored_and_never_a_pass(judged, tape, spec):
    broken = spec("token_share", slot="docs", most=1)
    found = tape.judge("not", check=broken)
    assert (found.outcome, found.message) == (
        "errored",
        "there is no slot `docs`; there are: none",
    )


def test_a_turns_combination_judges_that_turn(tape, spec):
    tape.turn().say("hi").turn().say("bye")
    part = (spec("says", text="hi"),)
    assert tape.judge("all", turn=1, checks=part).outcome == "passed"
    assert tape.judge("all", turn=2, checks=part).outcome == "failed"


def test_a_level_belongs_to_the_whole(spec):
    warn = spec("says", level="warn", text="hi")
    for made in (
        lambda: All((warn,)),
        lambda: AnyOf((warn,)),
        lambda: AtLeastOf(1, (warn,)),
        lambda: Not(warn),
    ):
        with pytest.raises(ValueError, match=r"^`level` belongs beside the whole check, not"):
            made()


def test_more_than_there_are_can_never_hold(spec):
    with pytest.raises(ValueError, match=r"^`n: 2` of 1 checks can never hold$"):
        AtLeastOf(2, (spec("says", text="hi"),))


def test_evidence_made_by_hand_judges_no_other_check(spec):
    seen = Evidence("turn 1", "c:case/t1")
    with pytest.raises(Unjudgeable, match=r"^nothing judges `says` here$"):
        seen.evaluate(spec("says", text="hi"), seen)
