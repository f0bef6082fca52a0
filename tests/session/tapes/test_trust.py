"""A trace is data: whoever wrote one does not decide what runs here, however it is played."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from played import CALLS, Played
from tapes import resealed, scenario

from agentbox.core.errors import AuthorError
from agentbox.session import Patches, Runs, Wish, drifted, fork, half_live, replay

CASES = "cases: [{name: a, turns: [{user: look sky, checks: [{says: nothing}]}]}]\n"
EVIL = (
    "from pathlib import Path\nPath(__file__).with_name('was-run').touch()\ndef judge(run): pass\n"
)


@pytest.fixture
def play(tmp_path) -> Played:
    played = Played(tmp_path)
    played.write("evil.py", EVIL)
    return played


@pytest.fixture
def trace(play) -> Path:
    (verdict,) = play(CASES, CALLS)
    return Path(verdict.trace)


def _checked_by(trace: Path, check: dict) -> Path:
    """Return the trace with one more check in its header, its hashes right."""

    def edit(lines) -> None:
        case = scenario(lines)["cases"][0]
        case["checks"] = [*case.get("checks", []), check]

    return resealed(trace, edit)


WAYS = {
    "replay": lambda path, host, new: replay(path, host),
    "fork": lambda path, host, new: fork(path, Wish("t1/s2"), host, new),
    "fork, the tape alone": lambda path, host, new: fork(
        path, Wish("t1/s2", Patches.of(["answer=x"]), "tape"), host, new
    ),
    "a live model": lambda path, host, new: half_live(path, "model", host, new),
    "live tools": lambda path, host, new: half_live(path, "tools", host, new),
    "drift": lambda path, host, new: drifted(path, ["look"], host),
}
CHECKS = {
    "python": {"python": {"function": "evil.py:judge"}},
    "command": {"command": {"command": ["python", "evil.py"]}},
}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("way", WAYS)
def test_a_check_that_a_trace_alone_names_is_not_run(play, trace, way, check) -> None:
    edited = _checked_by(trace, CHECKS[check])
    with suppress(AuthorError):  # nothing is started
        WAYS[way](edited, play.host, Runs.of(play.host.root).new)
    assert not (play.host.root / "was-run").exists()


@pytest.mark.parametrize("way", WAYS)
def test_what_the_projects_own_file_names_is_run_as_ever(play, trace, way) -> None:
    done = WAYS[way](trace, play.host, Runs.of(play.host.root).new)
    assert done is not None


def test_a_live_half_names_what_no_file_of_the_project_would_start(play, trace) -> None:
    edited = _checked_by(trace, CHECKS["command"])
    with pytest.raises(AuthorError) as caught:
        half_live(edited, "tools", play.host, Runs.of(play.host.root).new)
    (problem,) = caught.value.problems
    said = "nothing is started, for s.yaml here does not name it: python evil.py"
    assert problem.message == said
    assert problem.hint == "put the scenario file back as it was"


def test_a_loop_that_the_user_types_into_a_fork_is_theirs_to_load(play, trace) -> None:
    play.write(
        "loops.py",
        "from agentbox.loops import react\ndef mine(task):\n    return (yield from react(task))\n",
    )
    wish = Wish("", Patches.of(["agent.loop=loops.py:mine", "instruction=x"]))
    done = fork(trace, wish, play.host, Runs.of(play.host.root).new)
    assert done.judged.verdict.outcome == "passed"
