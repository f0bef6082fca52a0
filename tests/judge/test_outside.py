"""python and command: checks that somebody else judges."""

from __future__ import annotations

import json

import pytest

from agentbox.core.requests import Observation
from agentbox.judge import Evidence, Failure, Unjudgeable
from agentbox.judge.outside import CommandCheck


def says(words):
    def check(seen: Evidence, **params):
        if isinstance(words, Exception):
            raise words
        return words

    return check


def python(tape, function, **params):
    tape.load = {"f.py:check": function}.__getitem__
    return tape.judge("python", function="f.py:check", **params)


@pytest.fixture
def done(tape):
    return tape.turn().call(("a.b", {"n": 1}, {"text": "ok"})).say("Done.")


@pytest.mark.parametrize("words", [True, None])
def test_a_function_that_says_yes_or_nothing_holds(done, words):
    found = python(done, says(words))
    assert (found.outcome, found.claim) == ("passed", "python f.py:check")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (False, "f.py:check returned False"),
        ("too late", "too late"),
        ("", "f.py:check returned an empty message"),
        (Failure("no", "c:case/t1/s1"), "no"),
    ],
)
def test_a_function_that_says_no_or_why_fails(done, words, message):
    found = python(done, says(words))
    assert (found.outcome, found.message) == ("failed", message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (1, "f.py:check returned 1, which is no verdict: True or None, False or a message"),
        (ValueError("bad"), "the check `python` raised ValueError: bad"),
        (Unjudgeable("no data"), "no data"),
    ],
)
def test_a_function_that_gives_no_verdict_is_errored(done, words, message):
    found = python(done, says(words))
    assert (found.outcome, found.message) == ("errored", message)


def test_a_function_is_given_the_evidence_and_its_arguments(done):
    def check(seen: Evidence, limit: int) -> str:
        return f"{seen.scope}: {seen.answer} {seen.calls[0].args} {len(seen.steps)} {limit}"

    found = python(done, check, args={"limit": 3})
    assert found.message == "the run: Done. {'n': 1} 2 3"


def test_a_function_that_waits_is_errored(done):
    async def check(seen: Evidence) -> bool:
        return True

    found = python(done, check)
    assert (found.outcome, found.message) == (
        "errored",
        "f.py:check is async: a check looks at a trace and never waits",
    )


def test_a_function_that_is_not_there_or_may_not_be_loaded_is_errored(done):
    found = done.judge("python", function="f.py:check")
    assert (found.outcome, found.message) == ("errored", "not loaded: f.py:check")
    done.load = {}.__getitem__
    found = done.judge("python", function="f.py:check")
    assert (found.outcome, found.message) == (
        "errored",
        "the check `python` raised KeyError: 'f.py:check'",
    )


LOOK = Observation("command", target="./check.sh -v")


def command(tape, code, stdout="", stderr=""):
    tape.sees(LOOK, {"exit": code, "stdout": stdout, "stderr": stderr})
    return tape.judge("command", command=("./check.sh", "-v"))


@pytest.mark.parametrize(
    ("code", "stdout", "outcome", "message"),
    [
        (0, "", "passed", ""),
        (0, "all good", "passed", ""),
        (0, '{"pass": true}', "passed", ""),
        (1, "", "failed", "./check.sh -v says no"),
        (1, "too late\n", "failed", "too late"),
        (0, '{"pass": false, "message": "late"}', "failed", "late"),
        (1, '{"pass": false}', "failed", "./check.sh -v says no"),
        (1, '{"message": "x"}', "failed", '{"message": "x"}'),
        (0, "[1]", "passed", ""),
        (0, "[" * 99999, "passed", ""),
        (1, '{"pass": true}', "errored", "./check.sh -v says `pass` and ends with exit code 1"),
        (0, '{"pass": "yes"}', "errored", "`pass` is 'yes', not true or false"),
        (2, '{"pass": true}', "errored", "./check.sh -v ended with exit code 2: no words"),
        (-9, "", "errored", "./check.sh -v ended with exit code -9: no words"),
    ],
)
def test_a_command_says_it_in_words_or_by_its_exit_code(done, code, stdout, outcome, message):
    found = command(done, code, stdout)
    assert (found.outcome, found.message) == (outcome, message)
    assert found.claim == "command ./check.sh -v"


def test_a_command_that_broke_shows_the_end_of_its_stderr(done):
    found = command(done, 127, stderr="x" * 500 + "\nnot found")
    assert found.message.startswith("./check.sh -v ended with exit code 127: xxx")
    assert found.message.endswith(" not found")
    assert len(found.message) < 360
    assert command(done.__class__().turn().say("x"), 1, stderr="no\nway").message == "no way"


def test_a_command_that_ends_with_a_traceback_judges_nothing(done):
    trace = "Traceback (most recent call last):\n  File ...\nKeyError: 'events'"
    for code in (0, 1):
        found = command(done.__class__().turn().say("x"), code, "half", trace)
        assert found.outcome == "errored"
        assert found.message.startswith("./check.sh -v broke: Traceback")
    said = command(done, 1, '{"pass": false, "message": "late"}', trace)
    assert (said.outcome, said.message) == ("failed", "late")


def test_a_command_may_be_a_line(done):
    done.sees(LOOK, {"exit": 0, "stdout": "", "stderr": ""})
    assert done.judge("command", command="./check.sh -v").outcome == "passed"
    found = done.judge("command", command="./other.sh")
    assert (found.outcome, found.message) == ("errored", "not observed: command ./other.sh")


def test_a_command_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r'^"a .b" is no command: No closing quotation$'):
        CommandCheck("a 'b")
    for empty in (" ", ()):
        with pytest.raises(ValueError, match=r"^the command is empty$"):
            CommandCheck(empty)
    assert json.dumps(CommandCheck(("a b", "c")).line) == "\"'a b' c\""
