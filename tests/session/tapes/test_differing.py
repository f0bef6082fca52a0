from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from agentbox.core.differing import RunDiff, TraceDiff
from agentbox.core.errors import AuthorError, TraceError
from agentbox.session.runs import Runs
from agentbox.session.tapes.differing import diff_runs


def write(path: Path, *, said: str = "1", outcome: str = "passed", now: str = "20") -> None:
    """Write a trace of one reply."""
    events: list[dict[str, Any]] = [
        {"at": "c:a", "kind": "run.start", "case": "a", "now": now},
        {"at": "c:a/t1/s1", "kind": "model.request", "prompt": "0", "new": []},
        {"at": "c:a/t1/s1", "kind": "model.result", "text": said},
        {"at": "c:a", "kind": "run.end", "outcome": outcome, "end": "answered"},
    ]
    path.parent.mkdir(exist_ok=True)
    lines = [orjson.dumps({**event, "clock": 0}) for event in events]
    path.write_bytes(b"\n".join(lines) + b"\n")


def test_traces_are_held_against_each_other_with_what_is_wrong_with_them(tmp_path: Path) -> None:
    one, other = tmp_path / "one" / "s__a.jsonl", tmp_path / "other" / "s__a.jsonl"
    write(one)
    write(other, said="2", now="21")
    found = diff_runs(str(one), str(other), Runs(tmp_path))
    assert isinstance(found, TraceDiff)
    assert (found.before.name, found.after.name) == ("one::s__a", "other::s__a")
    assert [root.kind for root in found.roots] == ["now", "reply"]
    assert found.header == ()
    assert [problem.message for problem in found.problems] == [
        "s__a.jsonl was cut short: it is compared as far as it goes",
        "s__a.jsonl was cut short: it is compared as far as it goes",
    ]
    assert found.before.stats.steps == 1


def test_cases_are_paired_by_file_and_case_and_then_by_case_alone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for name in ("s__a", "s__b", "s__c", "s__gone"):
        write(one / f"{name}.jsonl")
    write(other / "s__a.jsonl", outcome="failed")
    write(other / "t__b.jsonl")
    write(other / "t__c.jsonl")
    write(other / "u__c.jsonl")
    found = diff_runs(str(one), str(other), Runs(tmp_path))
    assert isinstance(found, RunDiff)
    assert [(case.name, case.before, case.after) for case in found.cases] == [
        ("s__a", "passed", "failed"),
        ("s__b", "passed", "passed"),
        ("s__c", "passed", ""),
        ("s__gone", "passed", ""),
        ("t__c", "", "passed"),
        ("u__c", "", "passed"),
    ]
    assert not found.same


def test_of_a_run_the_case_of_the_one_trace_is_meant(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for name in ("s__a", "s__b"):
        write(one / f"{name}.jsonl")
    write(other / "s__b.jsonl")
    write(other / "x.jsonl")
    runs = Runs(tmp_path)
    for names in ((str(one), str(other / "s__b.jsonl")), (str(other / "s__b.jsonl"), str(one))):
        found = diff_runs(*names, runs)
        assert isinstance(found, TraceDiff)
        assert found.same
    with pytest.raises(AuthorError, match="means 2 traces"):
        diff_runs(str(other / "x.jsonl"), str(one), runs)
    (other / "x.jsonl").write_text("")
    with pytest.raises(TraceError):
        diff_runs(str(other / "x.jsonl"), str(other / "s__b.jsonl"), runs)
