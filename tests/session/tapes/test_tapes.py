"""A tape as the model, or as the tools, of another scenario."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import CALLS, HEAD, Played

from agentbox.core.errors import AuthorError

CASES = "cases: [{name: a, turns: [look sky, look sea]}]\n"
TAPED = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: tape, trace: tape.jsonl}
tools: [mine.py]
"""


@pytest.fixture
def play(tmp_path) -> Played:
    played = Played(tmp_path)
    (verdict,) = played(CASES, CALLS)
    (tmp_path / "tape.jsonl").write_bytes(Path(verdict.trace).read_bytes())
    return played


def test_a_tape_says_what_was_said_at_the_same_place_of_a_case_of_another_name(play) -> None:
    (verdict,) = play(CASES.replace("name: a", "name: other"), head=TAPED)
    assert play.answers(verdict) == ["nothing at sky", "nothing at sea"]
    assert [e.data["model"] for e in play.events(verdict, "model.result")] == ["reply"] * 4


def test_a_tape_that_has_nothing_more_to_say_ends_the_case(play) -> None:
    (verdict,) = play(CASES.replace("look sea", "look sea, look far"), head=TAPED)
    assert verdict.outcome == "errored"
    assert "the tape ends before the model answers at c:a/t3/s1" in verdict.problems[0].message


def test_a_tapes_tools_answer_equal_calls_in_each_case_anew(play) -> None:
    head = HEAD.replace("[mine.py]", "[tape.jsonl]")
    cases = "cases: [{name: b, turns: [look sea]}, {name: c, turns: [look sea, look sea]}]\n"
    once, twice = play(cases, CALLS, head)
    assert play.answers(once) == ["nothing at sea"]
    assert twice.outcome == "errored"
    assert twice.problems[0].note == "it has 1, all served"
    assert "tape.jsonl has no answer to look" in twice.problems[0].message


def test_what_is_no_trace_is_told_at_its_line(play) -> None:
    play.write("tape.jsonl", "no trace\n")
    with pytest.raises(AuthorError) as caught:
        play(CASES, head=TAPED)
    (problem,) = caught.value.problems
    assert problem.mark
    assert (problem.mark.line, problem.mark.column) == (3, 32)
    with pytest.raises(AuthorError, match=r"no such file: none\.jsonl"):
        play(CASES, head=TAPED.replace("tape.jsonl", "none.jsonl"))
