from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def ran(project):
    project.agentbox("run", "scenario.yaml")
    return project


def again(project) -> list[str]:
    """Run once more; return the names of both runs, the older first."""
    project.agentbox("run", "scenario.yaml")
    return sorted({trace.parent.name for trace in project.traces})


def test_a_run_does_not_differ_from_its_repetition(ran) -> None:
    first, second = again(ran)
    for names in ((first, second), (f"{first}::adds", f"{second}::adds"), ("last", "last")):
        done = ran.agentbox("diff", *names)
        assert (done.code, done.err) == (0, "")
    assert done.out == "2 the same\n"
    assert ran.agentbox("diff", f"{first}::adds", second, "--json").data["same"] is True


def test_a_changed_tool_is_the_first_difference_of_the_cases_it_is_in(ran) -> None:
    ran.write("mine.py", (ran.root / "mine.py").read_text().replace("a + b", "a + b + 1"))
    first, second = again(ran)
    done = ran.agentbox("diff", f"{first}::adds", f"{second}::adds")
    assert done.code == 1
    assert done.out.startswith("passed -> failed\n")
    assert "first difference  t1/s1/call1  the result of add" in done.out
    assert "other code ran: mine.py" in done.out
    runs = ran.agentbox("diff", first, second)
    assert runs.code == 1
    assert runs.out.startswith("2 changed verdict\n")
    data = ran.agentbox("diff", first, second, "--json").data
    assert data["cases"][0]["diff"]["differences"][0]["kind"] == "result"


def test_cases_that_only_one_run_has_are_named(ran) -> None:
    first, second = again(ran)
    for trace in ran.traces:
        if trace.parent.name == second and "fails" in trace.name:
            trace.rename(trace.with_name("other__fails.jsonl"))
        elif trace.parent.name == second:
            shutil.copy(trace, trace.with_name("scenario__new.jsonl"))
    done = ran.agentbox("diff", first, second)
    assert done.code == 1
    assert done.out.splitlines()[0] == "1 only in the second, 2 the same"


def test_what_cannot_be_held_against_each_other_is_said(ran) -> None:
    assert ran.agentbox("diff", "last").code == 2
    unclear = ran.agentbox("diff", "last::adds", "nope")
    assert (unclear.code, unclear.out) == (2, "")
    assert "no run `nope`" in unclear.err
    other = ran.write("other.jsonl", ran.traces[0].read_text())
    several = ran.agentbox("diff", str(other), "last")
    assert several.code == 2
    assert "`last` means 2 traces" in several.err
    newer = ran.write("newer.jsonl", other.read_text().replace('"format":1', '"format":99'))
    assert "reads up to" in ran.agentbox("diff", str(other), str(newer)).err
    assert ran.agentbox("diff", str(other), str(ran.write("no.jsonl", "no\n"))).code == 3


def test_a_torn_and_an_edited_trace_are_compared_with_a_warning(ran) -> None:
    whole = ran.traces[0]
    lines = whole.read_text().splitlines(keepends=True)
    torn = ran.write("torn.jsonl", "".join(lines[: len(lines) // 2]) + '{"at":')
    done = ran.agentbox("diff", str(whole), str(torn))
    assert done.code == 1
    assert "nothing that was done differs, as far as both go" in done.out
    assert "torn.jsonl was cut short: it is compared as far as it goes" in done.err
    edited = ran.write("edited.jsonl", whole.read_text().replace('"text":"3"', '"text":"4"'))
    done = ran.agentbox("diff", str(whole), str(edited), "--json")
    assert done.code == 1
    assert [each["kind"] for each in done.data["differences"]] == ["result"]
    assert "was changed after it was written" in done.err


def test_output_obeys_the_width_and_is_coloured_where_wanted(ran) -> None:
    narrow = ran.agentbox("diff", "last::adds", "last::fails", COLUMNS="60")
    assert all(len(line) <= 60 for line in narrow.out.splitlines())
    assert "\x1b[" in ran.agentbox("diff", "last::adds", "last::fails", FORCE_COLOR="1").out
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[" not in ran.agentbox("diff", "last::adds", "last::fails", **both).out


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The story of the overdue upgrade, told without the date and with it."""
    root = Path(__file__).parents[2]
    folder = tmp_path_factory.mktemp("runs")
    for name in ("support_bot_no_date", "support_bot"):
        where = ["--runs", str(folder), f"scenarios/{name}.yaml::overdue_upgrade"]
        command = [sys.executable, "-m", "agentbox", "run", *where]
        subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=60)
    traces = sorted(folder.glob("*/*.jsonl"))
    return root, [str(each) for each in traces]


def told(march: tuple[Path, list[str]], *words: str) -> str:
    root, traces = march
    command = [sys.executable, "-m", "agentbox", "diff", *traces, *words]
    done = subprocess.run(
        command, cwd=root, check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def test_a_missing_date_is_the_first_difference_and_all_else_follows(
    march: tuple[Path, list[str]],
) -> None:
    data = json.loads(told(march, "--json"))
    (root,) = data["differences"]
    (change,) = root["changes"]
    assert (root["kind"], change["path"]) == ("slot", "slots.now")
    assert [change[side]["state"] for side in ("before", "after")] == ["absent", "filled"]
    assert [each["kind"] for each in root["follows"]] == [
        *("event", "prompt", "reply", "event", "prompt", "reply"),
    ]


def test_the_story_is_told_from_the_verdicts_to_the_slot(march: tuple[Path, list[str]]) -> None:
    text = told(march)
    assert text.startswith("failed -> passed\n")
    assert (
        "first difference  t1/s1  what the model was shown\n"
        "    now: absent -> filled\n"
        "    + Today is March 20, 2026. Current time: 14:30 UTC.\n"
        "  and 6 that follow from it (--all shows them)\n"
    ) in text
    assert "says March 19 (turn 1)         failed -> passed" in text
    assert "agent.slots[0]: nothing -> now" in text
