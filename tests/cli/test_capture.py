"""`agentbox capture`."""

from __future__ import annotations


def test_a_captured_scenario_needs_nothing_of_the_project(project):
    project.agentbox("run", "scenario.yaml")
    done = project.agentbox("capture", "last::fails", "-o", "kept/fails.yaml")
    assert (done.code, done.out) == (0, "")
    assert "kept/fails.yaml failed, as the trace did: says 5 (turn 1)" in done.err
    for name in ("scenario.yaml", "model.py", "mine.py"):
        (project.root / name).unlink()
    assert project.agentbox("check", "kept").code == 0
    again = project.agentbox("run", "kept/fails.yaml")
    assert again.code == 1
    assert "FAILED fails: says 5" in again.err


def test_it_writes_over_nothing_unless_it_is_told_to(project):
    project.agentbox("run", "scenario.yaml")
    project.write("kept.yaml", "mine\n")
    done = project.agentbox("capture", "last::adds", "-o", "kept.yaml")
    assert done.code == 2
    assert "kept.yaml is there already" in done.err
    assert (project.root / "kept.yaml").read_text() == "mine\n"
    assert project.agentbox("capture", "last::adds", "-o", "kept.yaml", "--force").code == 0
    assert "name: adds" in (project.root / "kept.yaml").read_text()
    assert project.agentbox("capture", "last::adds", "-o", "model.py/x.yaml").code == 2


def test_it_prints_the_scenario_or_tells_it_as_data(project):
    project.agentbox("run", "scenario.yaml")
    text = project.agentbox("capture", "last::adds", "-o", "-").out
    assert text.startswith("# This passed when it was recorded\nversion: 1\n")
    data = project.agentbox("capture", "last::adds", "-o", "-", "--json").data
    assert (data["exit"], data["file"], data["trace"], data["outcome"]) == (
        *(0, None),
        *("passed", "passed"),
    )
    assert data["text"] == text
    assert data["failed"] == data["left_out"] == data["differs"] == []


def test_what_comes_to_something_else_is_exit_1_and_says_by_which_check(project):
    scenario = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", scenario.replace('says: "5"', "command: 'false'"))
    project.agentbox("run", "scenario.yaml")
    done = project.agentbox("capture", "last::fails", "-o", "kept.yaml")
    assert done.code == 1
    assert "left out  command false (turn 1): it runs a program" in done.err
    assert "differs   it failed in the trace, and is left out: command false (turn 1)" in done.err
    assert "kept.yaml does not come to what the trace came to" in done.err
    assert (project.root / "kept.yaml").exists()


def test_what_cannot_be_captured_is_exit_2(project):
    project.agentbox("run", "scenario.yaml")
    torn = project.traces[0].read_bytes().splitlines(keepends=True)[:-2]
    (project.root / "torn.jsonl").write_bytes(b"".join(torn))
    done = project.agentbox("capture", "torn.jsonl", "-o", "kept.yaml", "--json")
    assert done.code == done.data["exit"] == 2
    assert "breaks off before its run ended" in done.data["problems"][0]["message"]
    assert not (project.root / "kept.yaml").exists()
    assert project.agentbox("capture", "last::nobody", "-o", "-").code == 2
