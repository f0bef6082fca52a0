"""A stored trace of each version of the format is read, shown, judged and replayed for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentbox.core.events import unknown
from agentbox.core.trace import FORMAT_VERSION
from agentbox.report import plain, show
from agentbox.session import Host, judge_again, replay
from agentbox.trace import edited, read_trace

SAMPLES = Path(__file__).parent / "samples"
OUTCOMES = {"parallel": "failed", "planned": "passed", "limited": "passed"}
VERSIONS = sorted(SAMPLES.glob("v*"))
WHOLE = [pytest.param(v / f"{name}.jsonl", id=f"{v.name}-{name}")
         for v in VERSIONS for name in OUTCOMES]  # fmt: skip
TORN = [pytest.param(version / "torn.jsonl", id=version.name) for version in VERSIONS]


def test_there_are_samples_of_every_version() -> None:
    assert [v.name for v in VERSIONS] == [f"v{n}" for n in range(1, FORMAT_VERSION + 1)]
    for version in VERSIONS:
        assert {path.stem for path in version.iterdir()} == {*OUTCOMES, "torn"}


@pytest.mark.parametrize("path", WHOLE)
def test_a_sample_is_read_whole_and_shown(path: Path) -> None:
    trace = read_trace(path)
    assert trace.complete
    assert not trace.problems
    assert not trace.in_flight()
    assert not edited(trace, path.read_bytes())
    assert unknown(trace.events) == []
    text = plain(show(trace.events))
    for said in (path.stem, OUTCOMES[path.stem], "order(id=", "ok  {", "sealed"):
        assert said in text


@pytest.mark.parametrize("path", WHOLE)
def test_a_sample_is_played_again_and_is_the_same(path: Path, tmp_path: Path) -> None:
    """In a project that has nothing of it: what is needed is in the trace."""
    done = replay(path, Host(tmp_path, {}))
    assert (done.divergence, done.ended) == (None, "")
    assert done.compared >= 10
    assert done.verdict is not None
    assert done.verdict.outcome == OUTCOMES[path.stem]


@pytest.mark.parametrize("path", WHOLE)
def test_a_sample_is_judged_again_as_it_was(path: Path, root: Path) -> None:
    (again,) = judge_again([path], str(SAMPLES / "cases.yaml"), Host(root, {}))
    assert again.judged.verdict.outcome == OUTCOMES[path.stem]


@pytest.mark.parametrize("path", TORN)
def test_a_torn_sample_opens_tells_what_was_in_flight_and_is_played_up_to_there(
    path: Path, tmp_path: Path
) -> None:
    trace = read_trace(path)
    assert [(event.at, event.kind) for event in trace.in_flight()][-1] == (
        "c:parallel/t1/s2/call1",
        "tool.request",
    )
    assert "the run was killed" in trace.problems[0].message
    assert 'in flight when it ended, at t1/s2/call1: whole(id="A-1")' in plain(
        show(trace.events, trace.problems, trace.in_flight())
    )
    done = replay(path, Host(tmp_path, {}))
    assert done.divergence is None
    assert "t1/s2/call1" in done.ended
