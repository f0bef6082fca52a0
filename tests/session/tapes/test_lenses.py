"""A new model in the old world, the old model with real tools, and tools that drift."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import CALLS, Played

from agentbox.core.errors import AuthorError
from agentbox.report import plain
from agentbox.report.divergence import drift_json, drift_lines
from agentbox.session import Runs, drifted, half_live, replay
from agentbox.trace import read_trace

CASES = """\
cases:
  - name: a
    setup: [{tool: put, args: {key: sky, value: blue}}]
    turns: [{user: look sky, checks: [{says: blue}]}]
"""


@pytest.fixture
def play(tmp_path) -> Played:
    return Played(tmp_path)


@pytest.fixture
def trace(play) -> Path:
    (verdict,) = play(CASES, CALLS)
    return Path(verdict.trace)


def _half(play: Played, trace: Path, live: str):
    return half_live(trace, live, play.host, Runs.of(play.host.root).new)


def _edit(play: Played, name: str, old: str, new: str) -> None:
    """Change a file, and its size, so that no cache takes it for the old one."""
    path = play.host.root / name
    text = path.read_text()
    assert old in text
    play.write(name, text.replace(old, new) + f"\n# {new}\n")


def test_a_new_model_is_answered_by_the_tape_wherever_it_asks_the_same(play, trace) -> None:
    _edit(play, "mine.py", "def look", "def look_no_more")
    other = CALLS.replace("return say(last.text)", "return say(last.text + ', says the new one')")
    play.write("other.py", other)
    _edit(play, "s.yaml", "model.py:reply", "other.py:reply")
    with pytest.raises(AuthorError, match=r"nothing is started, .* here does not name it: model"):
        _half(play, trace, "model")
    _edit(play, "s.yaml", "other.py:reply", "model.py:reply")
    done = _half(play, trace, "model")
    assert done.judged.verdict.outcome == "passed"
    assert done.divergence is None or done.divergence.kind == "tool_schema"


def test_a_new_model_that_asks_what_the_tape_does_not_hold_is_errored_with_what_it_has(
    play, trace
) -> None:
    play.write("model.py", CALLS.replace("key=key", "key='the sea'"))
    done = _half(play, trace, "model")
    assert done.judged.verdict.outcome == "errored"
    (problem,) = done.judged.verdict.problems
    assert "has no answer to look({'key': 'the sea'}), at c:a/t1/s1/call1" in problem.message
    assert "it has: [{'key': 'sky'}]" in problem.note
    assert done.divergence
    assert (done.divergence.kind, done.divergence.at) == ("model", "c:a/t1/s1")


def test_the_old_model_is_played_with_real_tools(play, trace) -> None:
    done = _half(play, trace, "tools")
    assert done.judged.verdict.outcome == "passed"
    assert done.divergence is None
    header = read_trace(Path(done.judged.verdict.trace)).header
    assert header
    assert header.data["parent"] == {"trace": trace.name, "live": "tools"}


def test_tools_that_give_something_else_by_now_have_drifted(play, trace) -> None:
    assert drifted(trace, ["put", "look"], play.host)[1] == ()
    _edit(play, "mine.py", "return STORE.get", "return 'pale ' + STORE.get")
    played, found = drifted(trace, ["put", "look"], play.host)
    assert played.same, "the tape is served whatever the tools say"
    (one,) = found
    assert (one.tool, one.at) == ("look", "c:a/t1/s1/call1")
    assert [(c.path, c.before, c.after) for c in one.changes] == [("$.text", "blue", "pale blue")]
    text = plain(drift_lines(one.at, one.tool, one.changes))
    assert text.splitlines()[0] == "  look at t1/s1/call1 answers otherwise"
    assert "    - blue" in text
    assert "    + pale blue" in text
    assert drift_json(one.at, one.tool, one.changes)["changes"] == [
        {"path": "$.text", "recorded": "blue", "now": "pale blue"}
    ]


def test_what_is_not_asked_again_does_not_drift(play, trace) -> None:
    _edit(play, "mine.py", "return STORE.get", "return 'pale ' + STORE.get")
    assert drifted(trace, ["other*"], play.host)[1] == ()
    assert replay(trace, play.host).same
