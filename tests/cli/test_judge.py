"""`agentbox judge`, as a user types it."""

from __future__ import annotations


def test_a_run_is_judged_again_under_changed_checks(project) -> None:
    assert project.agentbox("run").code == 2
    assert project.agentbox("run", "scenario.yaml").code == 1
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace('says: "5"', 'says: "4"'))
    project.write("model.py", "raise SystemExit('nothing is played')")
    done = project.agentbox("judge")
    assert (done.code, done.out) == (0, "")
    assert "judged again" in done.err
    assert "PASS  fails" in done.err
    assert "2 passed" in done.err
    assert len(project.traces) == 2


def test_a_failure_is_shown_as_a_run_shows_it_and_as_json(project) -> None:
    project.agentbox("run", "scenario.yaml")
    text = (project.root / "scenario.yaml").read_text()
    project.write("other.yaml", text.replace('says: "3"', 'says: "9"'))
    done = project.agentbox("judge", "last::adds", "--scenario", "other.yaml", "--json")
    assert done.code == done.data["exit"] == 1
    (verdict,) = done.data["verdicts"]
    assert verdict["node"] == "other.yaml::adds"
    assert verdict["checks"][0]["outcome"] == "failed"
    assert "FAILED adds: says 9" in done.err
    assert "other.yaml:11:" in done.err


def test_what_is_not_there_is_named_and_nothing_is_judged(project) -> None:
    done = project.agentbox("judge", "last", "--json")
    assert done.code == done.data["exit"] == 2
    assert "no run `last`" in done.err
    project.agentbox("run", "scenario.yaml")
    (project.root / "scenario.yaml").unlink()
    done = project.agentbox("judge")
    assert done.code == 2
    assert "scenario.yaml" in done.err


def test_what_a_function_that_judges_prints_is_no_data(project) -> None:
    project.agentbox("run", "scenario.yaml::adds")
    text = (project.root / "scenario.yaml").read_text()
    project.write("f.py", "def loud(seen):\n    print('LOUD')\n    return True\n")
    project.write("scenario.yaml", text.replace('says: "3"', "python: 'f.py:loud'"))
    done = project.agentbox("judge", "--json")
    assert done.data["verdicts"][0]["outcome"] == "passed"
    assert "LOUD" in done.err
