"""Finished runs judged again: the tape as it is, the checks as they are now."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import HEAD, Played
from tapes import resealed, scenario

from agentbox.core.errors import AuthorError
from agentbox.session import exit_code, judge_again

CASES = """
cases:
  - name: a
    repeat: 2
    turns: [{user: Hello, checks: [{says: Hello}]}]
    checks: [{command: [python, judge.py]}]
  - name: b
    turns: [{user: Bye}]
    checks: [{says: Good, level: warn}]
"""


@pytest.fixture
def run(played: Played) -> Played:
    played.write("judge.py", "import sys; sys.exit(0)")
    verdicts = played(CASES)
    assert [verdict.outcome for verdict in verdicts] == ["passed"] * 3
    played.traces = [Path(verdict.trace) for verdict in verdicts]
    played.write("model.py", "raise SystemExit('nothing is played')")
    return played


def again(run: Played, file: str = "", which: slice = slice(None)):
    return [each.judged.verdict for each in judge_again(run.traces[which], file, run.host)]


def change(run: Played, old: str, new: str, name: str = "s.yaml") -> None:
    text = HEAD + CASES
    assert old in text
    run.write(name, text.replace(old, new))


def test_the_same_checks_give_the_same_verdicts_and_nothing_is_played_or_written(run) -> None:
    before = {path: path.read_bytes() for path in run.traces}
    verdicts = again(run)
    assert [(v.case, v.outcome, v.end) for v in verdicts] == [
        ("a#1", "passed", "answered"),
        ("a#2", "passed", "answered"),
        ("b", "passed", "answered"),
    ]
    assert [check.outcome for check in verdicts[2].checks] == ["failed"]
    assert verdicts[0].group == "s.yaml::a"
    assert all(verdict.wall > 0 for verdict in verdicts)
    assert {path: path.read_bytes() for path in run.traces} == before


def test_a_changed_check_changes_the_verdict_and_points_at_its_line(run) -> None:
    change(run, "says: Hello", "says: Ciao")
    first, _, _ = verdicts = again(run)
    assert first.outcome == "failed"
    assert str(first.checks[0].mark).startswith("s.yaml:9:")
    assert exit_code(verdicts) == 1


def test_a_changed_check_whose_observation_is_not_on_the_tape_is_errored(run) -> None:
    change(run, "judge.py", "other.py")
    first, _, other = again(run)
    assert (first.outcome, other.outcome) == ("errored", "passed")
    assert first.checks[1].message == "not observed: command python other.py"


def test_the_checks_of_another_file_are_taken_where_it_is_named(run) -> None:
    change(run, "says: Good", "says: Bye", "t.yaml")
    (verdict,) = again(run, str(run.host.root / "t.yaml"), slice(2, 3))
    assert verdict.checks[0].outcome == "passed"
    assert verdict.file == "t.yaml"


def test_a_python_check_is_loaded_as_in_a_run(run) -> None:
    run.write("f.py", "def calm(seen): return '!' not in seen.answer or 'it shouts'\n")
    change(run, "{says: Good, level: warn}", "{python: 'f.py:calm'}")
    (verdict,) = again(run, which=slice(2, 3))
    assert [check.outcome for check in verdict.checks] == ["passed"]


def test_a_python_check_that_does_not_load_is_errored(run) -> None:
    change(run, "{says: Good, level: warn}", "{python: 'gone.py:calm'}")
    (verdict,) = again(run, which=slice(2, 3))
    assert verdict.outcome == "errored"
    assert "there is no file gone.py" in verdict.checks[0].message


def test_a_python_check_that_never_ends_is_errored_at_the_deadline_of_the_run(run) -> None:
    run.write("f.py", "def spins(seen):\n    while True: pass\n")
    change(run, "{says: Good, level: warn}", "{python: 'f.py:spins'}")
    run.write("s.yaml", "deadlines: {run: 0.1}\n" + (run.host.root / "s.yaml").read_text())
    (verdict,) = again(run, which=slice(2, 3))
    assert verdict.outcome == "errored"
    assert verdict.problems[0].message.startswith("the case took more than 0.1 s; it held the")


def test_the_verdicts_come_in_the_order_of_the_files_cases(run) -> None:
    run.traces.reverse()
    assert [verdict.case for verdict in again(run)] == ["a#1", "a#2", "b"]


def test_a_case_that_is_gone_and_a_file_that_is_wrong_are_named(run) -> None:
    change(run, "name: b", "name: c")
    with pytest.raises(AuthorError) as caught:
        again(run)
    (problem,) = caught.value.problems
    assert problem.message == "s.yaml has no case `b`, which s__b.jsonl is of"
    assert problem.note == "it has: a#1, a#2, c"
    change(run, "says: Hello", "sayz: Hello")
    with pytest.raises(AuthorError) as caught:
        again(run)
    assert [problem.message for problem in caught.value.problems] == ["unknown check `sayz`"]


def test_two_traces_of_one_case_are_not_told_apart_and_refused(run) -> None:
    run.traces += run.traces[:1]
    with pytest.raises(AuthorError, match=r"2 traces are of s\.yaml::a#1"):
        again(run)


def test_what_made_a_run_errored_still_does(run) -> None:
    (verdict,) = run("cases: [{name: a, setup: [{tool: nope}], turns: [{user: x}]}]")
    assert verdict.outcome == "errored"
    run.traces = [Path(verdict.trace)]
    (judged,) = again(run)
    assert judged.outcome == "errored"
    assert [one.message for one in judged.problems] == [one.message for one in verdict.problems]


def test_a_trace_that_was_edited_or_names_no_scenario_is_never_passed(run) -> None:
    path = run.traces[2]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"user:Bye", b"user:Good"))
    (verdict,) = again(run, which=slice(2, 3))
    assert verdict.outcome == "errored"
    assert "was changed after it was written" in verdict.problems[0].message
    path.write_bytes(content.partition(b"\n")[2])
    with pytest.raises(AuthorError, match="does not say which scenario it is of"):
        again(run, which=slice(2, 3))


def test_a_run_that_was_cut_short_is_errored(run) -> None:
    path = run.traces[2]
    lines = path.read_bytes().splitlines(keepends=True)
    leave = next(n for n, line in enumerate(lines) if b'"scope.leave"' in line)
    path.write_bytes(b"".join(lines[:leave]))
    (verdict,) = again(run, which=slice(2, 3))
    assert verdict.outcome == "errored"


def test_a_scenario_outside_of_the_project_is_read_only_if_one_names_it(run, tmp_path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(HEAD + CASES)
    edited = resealed(run.traces[2], lambda lines: scenario(lines).update(path=str(outside)))
    with pytest.raises(AuthorError) as caught:
        judge_again([edited], "", run.host)
    (problem,) = caught.value.problems
    assert problem.message == f"{edited} is of {outside}, which is not in this project"
    assert problem.hint == "name it yourself: --scenario FILE"
    (judged,) = judge_again([edited], str(outside), run.host)
    assert judged.judged.verdict.outcome == "passed"
