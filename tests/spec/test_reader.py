"""What a scenario file becomes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentbox.core.errors import AuthorError, Mark
from agentbox.core.scenario import Limits
from agentbox.spec import read_scenarios

CASE = "  - name: second\n    turns: [hi]\n"


def test_a_case_becomes_a_scenario_with_all_that_applies_to_it(project, sample):
    (read,) = project.read(sample)
    assert read.now == "2026-03-20T14:30:00Z"
    assert (read.zone, read.seed, read.tick) == ("Europe/Berlin", 7, 0)
    assert read.agent.loop == "react"
    assert read.agent.slots == ("now", "customer")
    assert read.agent.limits == Limits(steps=8, tokens=None, cost_usd=0.05)
    assert read.agent.limits.tool_calls == 100
    assert read.model.function == "models/support.py:reply"
    assert read.servers["accounts"].command == ("python", "servers/accounts.py")
    assert read.servers["accounts"].era == "modern"
    assert read.context == {"customer": {"name": "Dana", "plan": "enterprise"}}
    assert read.tools == ("tools/calendar.py",)
    assert read.case.name == "overdue"
    assert read.case.tags == ("smoke",)
    assert [turn.user for turn in read.case.turns] == ["What happened?", "Thanks"]
    assert read.path == "scenarios/bot.yaml"
    assert read.root == str(project.root)
    assert read.node == "scenarios/bot.yaml::overdue"


def test_a_check_carries_its_kind_its_parameters_and_its_place(project, sample):
    (read,) = project.read(sample)
    says, never = read.case.turns[0].checks
    (called,) = read.case.checks
    assert (says.kind, says.params.text, says.params.ignore_case) == ("says", "March 19", False)
    assert never.kind == "never_says"
    assert called.params.name == "accounts.get"
    assert called.params.args == {"id": "A-1"}
    assert says.mark == Mark("scenarios/bot.yaml", 22, 19, 4)
    assert says.source == "        checks: [{says: March 19}, {never_says: tomorrow}]"
    assert called.mark == Mark("scenarios/bot.yaml", 26, 9, 11)


def test_a_case_knows_its_place(project, sample):
    (read,) = project.read(sample)
    assert read.case.mark == Mark("scenarios/bot.yaml", 19, 11, 7)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("says: March 19", "March 19"),
        ("says: [March 19, overdue]", ("March 19", "overdue")),
        ("says: {text: March 19}", "March 19"),
    ],
)
def test_a_bare_value_stands_for_the_short_field(written, text, project, changed):
    (read,) = project.read(changed("says: March 19", written))
    assert read.case.turns[0].checks[0].params.text == text


@pytest.mark.parametrize(
    ("written", "params"),
    [
        ("equals: 5", (5, "")),
        ("equals: {a: 1}", ({"a": 1}, "")),
        ("equals: {value: {a: 1}, path: x}", ({"a": 1}, "x")),
        ("equals: {value: null}", (None, "")),
        ("equals: [1, [2]]", ([1, [2]], "")),
    ],
)
def test_a_short_field_that_takes_mappings_is_told_by_its_key(written, params, project, changed):
    (read,) = project.read(changed("says: March 19", written))
    found = read.case.turns[0].checks[0].params
    assert (found.value, found.path) == params


def test_cases_come_in_the_order_of_the_file(project, sample):
    more = "".join(f"  - name: n{i}\n    turns: [hi]\n" for i in range(5))
    read = project.read(sample + more)
    assert [scenario.case.name for scenario in read] == ["overdue", "n0", "n1", "n2", "n3", "n4"]
    assert all(len(scenario.cases) == 1 for scenario in read)


def test_a_case_overrides_mappings_key_by_key_and_replaces_all_else(project, sample):
    more = CASE + (
        "    seed: 9\n"
        "    now: 2027-01-01T00:00:00Z\n"
        "    agent: {system: Be brief., limits: {steps: 3}, slots: [now]}\n"
        "    context: {customer: {plan: free}, ticket: 5}\n"
    )
    first, second = project.read(sample + more)
    assert (second.seed, second.now) == (9, "2027-01-01T00:00:00Z")
    assert second.agent.loop == "react"
    assert second.agent.system == "Be brief."
    assert second.agent.slots == ("now",)
    assert second.agent.limits == Limits(steps=3, tokens=None, cost_usd=0.05)
    assert second.context == {"customer": {"name": "Dana", "plan": "free"}, "ticket": 5}
    assert second.servers == first.servers
    assert first.seed == 7
    assert first.agent.limits.steps == 8


def test_what_is_wrong_with_an_override_is_shown_in_the_case(project, sample, said):
    (problem,) = project.problems(sample + CASE + "    agent: {limits: {steps: none}}\n")
    assert problem.mark.line == 29
    assert said(problem)[0] == "none"


def test_null_lifts_a_limit(project, changed):
    (read,) = project.read(changed("steps: 8", "steps: null"))
    assert read.agent.limits.steps is None


def test_a_whole_number_may_stand_where_a_number_is_wanted(project, changed):
    (read,) = project.read(changed("cost_usd: 0.05", "cost_usd: 1"))
    assert read.agent.limits.cost_usd == 1


def test_real_time_is_left_to_the_session(project, changed):
    (read,) = project.read(changed("2026-03-20T14:30:00Z", "real"))
    assert read.now == "real"


def test_a_schema_key_for_editors_is_tolerated(project, sample):
    assert project.read('$schema: "../scenario.schema.json"\n' + sample)


def test_an_anchor_may_be_used_again(project, changed):
    text = changed(
        "{name: Dana, plan: enterprise}", "&dana {name: Dana, plan: free}\n  again: *dana"
    )
    (read,) = project.read(text)
    assert read.context["again"] == read.context["customer"]


def test_a_case_name_may_hold_slashes(project, changed):
    (read,) = project.read(changed("name: overdue", "name: refund/too late?"))
    assert read.case.name == "refund/too late?"


@pytest.mark.parametrize("loop", ["single", "my.loops:tree", "models/support.py:tree"])
def test_a_loop_is_named_or_referred_to(loop, project, changed):
    (read,) = project.read(changed("loop: react", f"loop: {loop}"))
    assert read.agent.loop == loop


# -- texts in files of their own -------------------------------------------------------------------


def test_the_system_text_may_stand_in_a_file(project, changed):
    project.write("prompts/support.md", "You are the desk.\n\nBe brief.\n")
    (read,) = project.read(changed("You are the support desk.", "file:prompts/support.md"))
    assert read.agent.system == "You are the desk.\n\nBe brief."


def test_a_case_may_name_a_system_file_of_its_own(project, sample):
    project.write("a.md", "A")
    first, second = project.read(sample + CASE + '    agent: {system: "file:a.md"}\n')
    assert (first.agent.system, second.agent.system) == ("You are the support desk.", "A")


def test_a_system_file_that_is_no_text_is_shown_where_it_is_named(project, changed, said):
    project.write("a.md", b"caf\xe9")
    (problem,) = project.problems(changed("You are the support desk.", "file:a.md"))
    assert said(problem) == (
        "file:a.md",
        "a.md is not UTF-8: byte 0xe9",
        "",
        "save it as UTF-8 without a byte order mark",
    )


# -- the file itself -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"", "", "the file is empty"),
        (b"# nothing\n", "", "the file is empty"),
        (b"---\n", "", "the file is empty"),
        (b"- a\n", ":1:1", "a scenario file must be a mapping, but it is a list"),
        (b"hello", ":1:1", 'a scenario file must be a mapping, but it is the text "hello"'),
        (b"null", ":1:1", "a scenario file must be a mapping, but it is null"),
        (b"a: 1\nb: \xe9\n", ":2:4", "scenarios/bot.yaml is not UTF-8: byte 0xe9"),
        (b"\xff\xfea\x00", ":1:1", "scenarios/bot.yaml is not UTF-8: byte 0xff"),
        (b"\xef\xbb\xbfa: 1", ":1:1", "scenarios/bot.yaml begins with a byte order mark"),
        (b"#" * (1 << 20) + b"\n", "", "scenarios/bot.yaml is larger than 1 MiB"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_file_that_holds_no_scenario_is_refused(content, place, message, project):
    (problem,) = project.problems(content)
    assert (str(problem.mark), problem.message) == (f"scenarios/bot.yaml{place}", message)


def _refused(path: Path, project, kinds):
    with pytest.raises(AuthorError) as caught:
        read_scenarios(path, kinds, project.root, {})
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file_is_named_with_the_nearest(project, kinds, sample):
    project.write("scenarios/bot.yaml", sample)
    problem = _refused(project.root / "scenarios/bto.yaml", project, kinds)
    assert problem.message == "no such file: scenarios/bto.yaml"
    assert problem.note == "did you mean `scenarios/bot.yaml`?"


def test_a_folder_is_no_scenario(project, kinds):
    problem = _refused(project.root / "models", project, kinds)
    assert problem.message == "models is a folder, not a file"


def test_a_pipe_is_no_scenario(project, kinds):
    os.mkfifo(project.root / "pipe.yaml")
    problem = _refused(project.root / "pipe.yaml", project, kinds)
    assert problem.message == "pipe.yaml is not a regular file"


def test_a_name_that_no_file_can_have_is_refused(project, kinds):
    problem = _refused(project.root / ("x" * 300 + ".yaml"), project, kinds)
    assert problem.message.endswith("File name too long")
    assert _refused(project.root / "a\0b/c.yaml", project, kinds).message.startswith("no such")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(project, kinds, sample):
    project.write("shut.yaml", sample).chmod(0)
    problem = _refused(project.root / "shut.yaml", project, kinds)
    assert problem.message == "cannot read shut.yaml: Permission denied"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux alone has it")
def test_a_file_that_fails_while_it_is_read_is_refused(kinds):
    with pytest.raises(AuthorError, match="cannot read self/mem: Input/output error"):
        read_scenarios(Path("/proc/self/mem"), kinds, Path("/proc"), {})


def test_a_path_is_shown_from_the_root_however_it_is_given(project, kinds, sample):
    project.write("scenarios/bot.yaml", sample)
    link = project.root.parent / f"{project.root.name}-link"
    link.symlink_to(project.root)
    for path, root in [
        (project.root / "scenarios/bot.yaml", project.root),
        (project.root / "models/../scenarios/bot.yaml", project.root),
        (project.root / "scenarios/bot.yaml", link),
        (link / "scenarios/bot.yaml", project.root),
    ]:
        (read,) = read_scenarios(path, kinds, root, {})
        assert read.path == "scenarios/bot.yaml"


def test_a_path_outside_the_root_names_no_place_of_the_machine(project, kinds):
    problem = _refused(project.root.parent / "elsewhere.yaml", project, kinds)
    assert problem.message == "no such file: ../elsewhere.yaml"
