"""cites: ids and figures of an answer, and where they were seen."""

from __future__ import annotations

import pytest

from agentbox.judge.cites import Cites

POLICY = {"text": "See below.", "structured": {"clauses": [{"id": "POL-4", "fee": 1234.5}]}}
IDS = r"POL-\d+"


def cites(tape, **params):
    return tape.judge("cites", **{"pattern": IDS, **params})


def test_what_is_cited_was_retrieved(tape):
    tape.turn().call(("docs.find", {}, POLICY)).say("By POL-4 you may (POL-4).")
    assert cites(tape).outcome == "passed"
    assert cites(tape, of="docs.*").outcome == "passed"
    assert cites(tape, pattern=r"POL-(\d+)x|(POL-4)").outcome == "passed"


def test_an_id_that_was_never_retrieved_is_named(tape):
    tape.turn().call(("docs.find", {}, POLICY)).say("By POL-4 and POL-9.")
    found = cites(tape, of="docs.*")
    assert (found.outcome, found.at, found.claim) == ("failed", "c:case/t1/s2", r"cites POL-\d+")
    assert found.message == (
        "cited, but never retrieved by docs.*: POL-9; the results: t1/s1/call1 docs.find"
    )
    found = cites(tape, of="other.*")
    assert found.message == (
        "cited, but never retrieved by other.*: POL-4, POL-9; the results: none"
    )


@pytest.mark.parametrize("text", ["POL-40", "XPOL-4", "POL-4-1", "POL-4.1", "A-POL-4", "1.POL-4"])
def test_an_id_is_not_part_of_another(tape, text):
    found = cites(tape.turn().call(("docs.find", {}, {"text": text})).say("POL-4"))
    assert found.outcome == "failed"


@pytest.mark.parametrize("text", ["POL-4.", "(POL-4)", '"POL-4"', "POL-4-", "see: POL-4, POL-5"])
def test_an_id_stands_between_whatever_is_no_word(tape, text):
    tape.turn().call(("docs.find", {}, {"text": text})).say("POL-4")
    assert cites(tape).outcome == "passed"


def test_a_key_is_seen_as_a_value_is(tape):
    tape.turn().call(("docs.find", {}, {"structured": {"POL-4": None}})).say("POL-4")
    assert cites(tape).outcome == "passed"


def test_candidates_that_were_kept_were_retrieved(tape):
    candidates = [{"id": "POL-4", "kept": True}, {"id": "POL-5", "kept": False}]
    meta = {"agentbox/retrieval": {"candidates": candidates}}
    tape.turn().call(("docs.find", {}, {"meta": meta})).say("POL-4").turn().say("POL-5")
    assert cites(tape, turn=1).outcome == "passed"
    assert cites(tape, turn=2).outcome == "failed"


def test_what_an_earlier_turn_retrieved_may_be_cited_in_a_later_one(tape):
    tape.turn().call(("docs.find", {}, POLICY)).say("Hm.").turn().say("POL-4").turn().say("POL-4")
    assert cites(tape, turn=3).outcome == "passed"
    assert cites(tape, turn=1, least=0).outcome == "passed"


def test_a_failed_call_retrieved_nothing(tape):
    tape.turn().call(("docs.find", {}, {"status": "failed", "text": "no POL-4"})).say("POL-4")
    assert cites(tape).outcome == "failed"


def test_an_answer_that_cites_nothing_fails_unless_it_may(tape):
    tape.turn().call(("docs.find", {}, POLICY)).say("You may.")
    found = cites(tape)
    assert found.message == "the answer cites 0, not 1: none"
    assert cites(tape, least=0).outcome == "passed"
    tape = tape.__class__().turn().call(("docs.find", {}, POLICY)).say("POL-4, POL-4")
    assert cites(tape, least=2).message == "the answer cites 1, not 2: POL-4"


def stated(tape, answer, result, **prompt):
    tape.turn().call(("docs.find", {}, result))
    tape.shows(*prompt.pop("new", ()), **prompt).say(answer)
    return cites(tape, pattern="§[0-9]+", least=0, figures=True)


@pytest.mark.parametrize(
    "answer",
    [
        "It is $1,234.50.",
        "1234.5 EUR",
        "\u22121234.5",
        "due March 19",
        "due 19 March 2026 at 14:30",
        "in 2026",
        "12.5 % off",
        "1. First\n2. Then",
        "§7 has 100, or 200",
        "account LLM-4829",
        "No figure.",
    ],
)
def test_a_figure_that_a_result_holds_however_written_was_seen(tape, answer):
    result = {
        "text": "a,100,200",
        "structured": {"fee": 1234.5, "due": "2026-03-19T14:30:00Z", "part": 0.125, "clause": "§7"},
    }
    assert stated(tape, answer, result).outcome == "passed"


@pytest.mark.parametrize(
    ("answer", "unseen"),
    [
        ("It is 1,234.51.", "1,234.51"),
        ("due March 18, 2026", "March 18, 2026"),
        ("due March 19, 2025", "March 19, 2025"),
        ("at 14:31", "14:31"),
        ("13 % off", "13 %"),
        ("19 of 3, 19", "19, 3"),
    ],
)
def test_a_figure_that_no_result_holds_is_named(tape, answer, unseen):
    result = {"structured": {"fee": 1234.5, "due": "2026-03-19T14:30:00Z", "part": 0.125}}
    found = stated(tape, answer, result)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2")
    assert found.message == f"stated, but in no result of *: {unseen}"


def test_what_the_user_said_and_todays_date_may_be_said_again(tape):
    user = {"role": "user", "text": "Do 50 seats fit?"}
    said = {"role": "assistant", "text": "I think 60."}
    today = "Today is March 20, 2026."
    found = stated(tape, "On March 20: 50 seats, not 60.", {}, new=(user, said), now=today)
    assert found.message == "stated, but in no result of *: 60"


def test_figures_are_looked_at_only_if_asked_for(tape):
    tape.turn().call(("docs.find", {}, POLICY)).say("POL-4 costs 99.")
    assert cites(tape).outcome == "passed"
    assert cites(tape, figures=True).message == "stated, but in no result of *: 99"


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ValueError, match="is no regular expression"):
        Cites("(")
