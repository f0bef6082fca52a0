"""What a run tells at its end of warnings, repeats and attacks."""

from __future__ import annotations

HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: scripted}
cases:
  - name: one
    turns: [{user: x, script: [{say: Hello}]}]
"""


def test_a_check_that_only_warns_is_printed_and_the_run_is_green(project) -> None:
    project.write("s.yaml", HEAD + "    checks: [{says: Ciao, level: warn}, {says: Hello}]\n")
    done = project.agentbox("run", "s.yaml", "--json")
    assert done.code == 0
    assert "PASS  one" in done.err
    assert "WARNING one: says Ciao" in done.err
    assert "s.yaml:7:15" in done.err
    assert "1 passed in" in done.err
    assert "1 warning" in done.err
    (verdict,) = done.data["verdicts"]
    assert [(c["level"], c["outcome"]) for c in verdict["checks"]] == [
        ("warn", "failed"),
        ("fail", "passed"),
    ]
    assert "  warning  says Ciao" in project.agentbox("show").out


def test_repeats_are_summed_up_with_their_intervals(project) -> None:
    project.write("s.yaml", HEAD + "    repeat: 4\n    checks: [{says: Hello}]\n")
    done = project.agentbox("run", "s.yaml", "--json")
    assert done.code == 0
    assert "s.yaml::one   4 of 4 passed, 4 required" in done.err
    assert "pass@2 100% (95 %: 76% to 100%)   pass^2 100% (95 %: 26% to 100%)" in done.err
    (group,) = done.data["repeats"]
    assert (group["group"], group["passed"], len(group["rates"])) == ("s.yaml::one", 4, 4)


def test_useful_and_attacked_are_told_apart(project) -> None:
    project.write("s.yaml", HEAD + "    attacked: [{says: Hello}]\n")
    done = project.agentbox("run", "s.yaml", "--json")
    assert done.code == 1
    assert "useful and attacked" in done.err
    assert "useful 1 of 1 · attacked 1 of 1" in done.err
    assert done.data["verdicts"][0]["facts"] == {"useful": True, "attacked": True}
