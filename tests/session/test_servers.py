"""What servers ask of a run, through a whole scenario: forms, the model, roots."""

from __future__ import annotations

import json

import pytest
from played import FIXTURES, HEAD

MODEL = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(last.text)
    return call("box.asks") if tools else say(f"{last.text} yourself")
"""
CASE = """
servers:
  box: {{command: [python, {server}], era: legacy, {server_keys}}}
cases:
  - name: a
    turns: [{{user: Go}}]
    {case_keys}
"""
SAMPLE = "sampling/createMessage"


def cases(server_keys: str = "sampling: decline", case_keys: str = "tags: []") -> str:
    server = json.dumps(str(FIXTURES / "asks.py"))
    return CASE.format(server=server, server_keys=server_keys, case_keys=case_keys)


def heard(played, verdict) -> dict:
    (result,) = played.events(verdict, "tool.result")
    return json.loads(result.data["text"])


def test_a_form_is_filled_in_by_the_first_answer_that_fits(played) -> None:
    answers = (
        "answers: [{asked: seat, give: {id: no}}, {asked: WHICH, give: {id: A-1, of: [a, b]}}]"
    )
    (verdict,) = played(cases(case_keys=answers), MODEL)
    assert heard(played, verdict)["elicitation/create"] == {
        "action": "accept",
        "content": {"id": "A-1", "of": ["a", "b"]},
    }
    form, *_ = played.events(verdict, "server.result")
    assert form.at == "c:a/t1/s1/call1/child1"


@pytest.mark.parametrize(
    ("answers", "action"),
    [
        ("answers: [{asked: seat, give: {id: no}}]", "decline"),
        ("answers: [{action: cancel}]", "cancel"),
    ],
)
def test_a_form_that_nobody_fills_in_is_declined_or_closed(played, answers, action) -> None:
    (verdict,) = played(cases(case_keys=answers), MODEL)
    assert heard(played, verdict)["elicitation/create"] == {"action": action}


def test_an_answer_that_does_not_fit_its_form_makes_the_case_errored(played) -> None:
    (verdict,) = played(cases(case_keys="answers: [{give: {id: 5}}]"), MODEL)
    assert verdict.outcome == "errored"
    assert "the form 'Which account?', at c:a/t1/s1/call1/child1, does not fit it" in str(verdict)
    (result,) = played.events(verdict, "tool.result")
    assert result.data["status"] == "failed"


def test_a_server_that_may_has_the_model_write_and_it_counts(played) -> None:
    (verdict,) = played(cases("sampling: allow"), MODEL)
    assert heard(played, verdict)[SAMPLE]["content"]["text"] == "hi yourself"
    asked = [event.at for event in played.events(verdict, "model.request")]
    assert asked == ["c:a/t1/s1", "c:a/t1/s1/call1/child2", "c:a/t1/s2"]
    assert verdict.outcome == "passed"


def test_at_a_limit_the_model_writes_for_no_server_and_keeps_its_last_word(played) -> None:
    keys = "agent: {limits: {steps: 1}}\n    checks: [{ended: {reason: limit, limit: steps}}]"
    (verdict,) = played(cases("sampling: allow", keys), MODEL)
    assert heard(played, verdict)[SAMPLE]["code"] < 0
    assert verdict.outcome == "passed"
    assert len(played.events(verdict, "model.result")) == 2


def test_roots_are_those_of_the_entry(played) -> None:
    (verdict,) = played(cases("roots: [mine.py]"), MODEL)
    assert heard(played, verdict)["roots/list"] == {
        "roots": [{"name": "mine.py", "uri": "file://«root»/mine.py"}]
    }


CHANGING = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    names = " ".join(tool.name for tool in tools if tool.name.startswith("box."))
    if last.role == "tool":
        return say(names)
    return call(last.text) if last.text in names.split() else say(names)
"""
OLD, NEW = "box.changes box.claims box.goes box.stays", "box.changes box.claims box.stays box.comes"
LESS = "box.changes box.claims box.stays"


@pytest.mark.parametrize(
    ("case_keys", "audiences", "offered"),
    [
        ("tags: []", "{}", [OLD, NEW, NEW]),
        ("withhold: [{tools: 'box.[cg]o*', until: 2}]", "{}", [LESS, LESS, NEW]),
        ("tags: []", "{'box.[cg]o*': user}", [LESS, LESS, LESS]),
    ],
)
def test_a_changed_tool_list_reaches_the_next_model_call(
    played, case_keys, audiences, offered
) -> None:
    server = json.dumps(str(FIXTURES / "changes.py"))
    case = CASE.format(server=server, server_keys="env: {}", case_keys=case_keys)
    case = case.replace("{user: Go}", "{user: box.changes}, {user: Go}")
    (verdict,) = played(case, CHANGING, HEAD + f"audiences: {audiences}\n")
    assert verdict.outcome == "passed"
    told = [
        [tool["name"] for tool in one.data["tools"] if tool["name"].startswith("box.")]
        for one in played.events(verdict, "model.request")
    ]
    assert told == [names.split() for names in offered]
    (changed,) = played.events(verdict, "tools.changed")
    assert changed.at == "c:a/t1/s2"


def test_a_tool_that_came_can_be_called_and_one_that_went_cannot(played) -> None:
    checks = "checks: [{tool_called: box.comes}, {tool_not_called: box.claims}]"
    server = json.dumps(str(FIXTURES / "changes.py"))
    case = CASE.format(server=server, server_keys="env: {}", case_keys=checks)
    script = "script: [{call: %s}, {say: done}]"
    turns = ", ".join(
        f"{{user: x, {script % name}}}" for name in ("box.changes", "box.comes", "box.goes")
    )
    case = case.replace("[{user: Go}]", f"[{turns}]")
    head = HEAD.replace('{provider: python, function: "model.py:reply"}', "{provider: scripted}")
    (verdict,) = played(case, CHANGING, head)
    results = [event.data["text"] for event in played.events(verdict, "tool.result")]
    assert results[:2] == ["changes", "comes"]
    assert results[2].startswith("There is no tool `box.goes`.")
    assert [check.outcome for check in verdict.checks] == ["passed", "passed"]


def test_what_a_tool_asks_in_a_look_the_user_answers_and_no_model(played) -> None:
    look = 'tool_state: {tool: box.asks, path: "$%s", equals: %s}'
    held = [
        look % ("['elicitation/create'].content.id", "A-1"),
        look % (f"['{SAMPLE}'].code", "-32600"),
    ]
    checks = ", ".join(f"{{{each}}}" for each in held)
    keys = f"answers: [{{give: {{id: A-1}}}}]\n    checks: [{checks}]"
    (verdict,) = played(cases("sampling: allow", keys), MODEL)
    assert [check.message for check in verdict.checks] == ["", ""]
    asked = [event.at for event in played.events(verdict, "model.request")]
    assert asked == ["c:a/t1/s1", "c:a/t1/s1/call1/child2", "c:a/t1/s2"]


def test_a_tool_that_comes_may_be_named_before_it_is_there(played) -> None:
    server = json.dumps(str(FIXTURES / "changes.py"))
    keys = "withhold: [{tools: box.comes, until: 2}]"
    case = CASE.format(server=server, server_keys="env: {}", case_keys=keys)
    case = case.replace("{user: Go}", "{user: box.changes}, {user: Go}")
    (verdict,) = played(case, CHANGING)
    assert (verdict.outcome, verdict.problems) == ("passed", ())
    told = [
        [tool["name"] for tool in one.data["tools"] if tool["name"].startswith("box.")]
        for one in played.events(verdict, "model.request")
    ]
    assert told == [OLD.split(), LESS.split(), NEW.split()]


def test_a_name_of_a_tool_that_never_came_is_a_finding_and_the_run_is_judged(played) -> None:
    server = json.dumps(str(FIXTURES / "changes.py"))
    keys = "withhold: [{tools: box.never, until: 2}]"
    case = CASE.format(server=server, server_keys="env: {}", case_keys=keys)
    (verdict,) = played(case, CHANGING)
    assert verdict.outcome == "passed"
    (finding,) = played.events(verdict, "finding")
    assert finding.data["message"] == "`withhold` names `box.never`, and no tool is named so"
