from __future__ import annotations

import json

from agentbox import End, Message, Said, Task, ToolCall, ToolSpec, call, say
from agentbox.core.messages import ToolResult, Transcript
from agentbox.core.requests import (
    Approve,
    Approved,
    Ask,
    Done,
    Enter,
    Leave,
    LimitReached,
    Note,
    answered,
)
from agentbox.core.scenario import PlanOptions
from agentbox.loops import plan_execute, single
from agentbox.loops.plan_execute import PLAN_SCHEMA
from agentbox.testing import Played, play

TOOLS = (ToolSpec("look"),)


def _task(**options: object) -> Task:
    log = Transcript(messages=[Message("system", "Be kind."), Message("user", "Why is it late?")])
    return Task(log, TOOLS, plan=PlanOptions(**options))  # type: ignore[arg-type]


def _plan(*goals: str) -> Said:
    steps = [{"id": f"s{n}", "goal": goal, "evidence": "e"} for n, goal in enumerate(goals, 1)]
    return Said(say(json.dumps({"steps": steps})))


def _notes(played: Played) -> list[tuple[str, dict]]:
    return [(r.kind, dict(r.data)) for r in played.requests if isinstance(r, Note)]


def _asks(played: Played) -> list[Ask]:
    return [request for request in played.requests if isinstance(request, Ask)]


STEP = [Done(), Said(say("found it")), Done(), Done()]  # enter, answer, leave, note


def test_a_plan_is_made_each_step_is_run_and_the_findings_answer() -> None:
    replies = [Done(), _plan("look", "think"), Done(), *STEP, *STEP, Said(say("Because.")), Done()]
    played = play(plan_execute(_task()), replies)
    assert played.end == End("answered", "Because.")
    assert [kind for kind, _ in _notes(played)] == ["plan.made", "plan.step", "plan.step"]
    assert [data["status"] for kind, data in _notes(played) if kind == "plan.step"] == ["done"] * 2
    scopes = [r.kind for r in played.requests if isinstance(r, Enter)]
    assert scopes == ["plan", "step", "step"]


def test_planning_sees_the_conversation_and_the_answer_sees_every_finding() -> None:
    replies = [Done(), _plan("look"), Done(), *STEP, Said(say("Because.")), Done()]
    first, step, last = _asks(play(plan_execute(_task()), replies))
    assert [m.text for m in first.messages][:2] == ["Be kind.", "Why is it late?"]
    assert first.output == PLAN_SCHEMA
    assert first.tools == ()
    assert step.tools == TOOLS
    assert step.messages[-1].text.startswith("Step s1: look\nExpected evidence: e")
    assert "found it" in [m.text for m in last.messages]


def test_steps_use_tools_as_react_does() -> None:
    look = ToolCall("look", id="x")
    replies = [Done(), _plan("look"), Done(), Done(), Said(call("look"))]
    replies += [(answered(look, ToolResult(text="late: snow")),), Said(say("snow")), Done(), Done()]
    played = play(plan_execute(_task()), [*replies, Said(say("Snow.")), Done()])
    assert played.end.answer == "Snow."


def test_a_failed_step_revises_the_plan_and_the_revision_says_what_changed() -> None:
    failed = [Done(), Said(say("FAILED: no such shipment")), Done(), Done()]
    replies = [Done(), _plan("look", "think"), Done(), *failed]
    replies += [_plan("look elsewhere", "think"), Done(), *STEP, *STEP, Said(say("Ok.")), Done()]
    played = play(plan_execute(_task()), replies)
    assert played.end == End("answered", "Ok.")
    (revised,) = [data for kind, data in _notes(played) if kind == "plan.revised"]
    assert revised["because"] == "s1"
    assert (revised["kept"], revised["added"], revised["dropped"]) == (["s2"], ["s1"], [])
    asked = _asks(played)[2].messages[-1].text
    assert asked.startswith("Step s1 failed: FAILED: no such shipment\nRevise the plan")


def test_revisions_are_bounded_and_the_end_says_which_step_failed() -> None:
    failed = [Done(), Said(say("FAILED")), Done(), Done()]
    replies = [Done(), _plan("a"), Done(), *failed, Done()]
    played = play(plan_execute(_task(revisions=0)), replies)
    assert played.end == End("failed", "", {"error": "step s1 failed: FAILED"})


def test_as_many_revisions_are_made_as_are_allowed_and_no_more() -> None:
    failed = [Done(), Said(say("FAILED")), Done(), Done()]
    replies = [Done(), _plan("a"), Done(), *failed, _plan("b"), Done(), *failed, Done()]
    played = play(plan_execute(_task(revisions=1)), replies)
    assert played.end.reason == "failed"
    assert [kind for kind, _ in _notes(played)].count("plan.revised") == 1


def test_a_plan_that_does_not_fit_is_corrected_twice_and_then_the_loop_fails() -> None:
    bad = [Said(say("no")), Said(say('{"steps": []}')), Said(say("```json\n[]\n```"))]
    played = play(plan_execute(_task()), [Done(), *bad, Done()])
    assert played.end.reason == "failed"
    assert played.end.data["error"].startswith("no plan: $: [] is not of type 'object'")
    told = _asks(played)[1].messages[-1].text
    assert told.startswith("Your answer does not fit:\n- it is no JSON")
    fixed = [Done(), bad[0], _plan("look"), Done(), *STEP, Said(say("Ok.")), Done()]
    assert play(plan_execute(_task()), fixed).end.answer == "Ok."


def test_whoever_plans_is_told_which_tools_the_steps_can_use() -> None:
    tools = (ToolSpec("look", "Look it up."), ToolSpec("put"))
    log = Transcript(messages=[Message("user", "Why is it late?")])
    replies = [Done(), _plan("look"), Done(), *STEP, Said(say("Because.")), Done()]
    asked = _asks(play(plan_execute(Task(log, tools)), replies))[0].messages[-1].text
    assert asked.endswith("\nThe steps can use these tools:\n- look: Look it up.\n- put")
    log = Transcript(messages=[Message("user", "Why is it late?")])
    asked = _asks(play(plan_execute(Task(log)), replies))[0].messages[-1].text
    assert "tools" not in asked


def test_two_steps_of_one_id_are_no_plan() -> None:
    step = {"id": "s1", "goal": "look", "evidence": "e"}
    twice = Said(say(json.dumps({"steps": [step, step]})))
    played = play(plan_execute(_task()), [Done(), twice, twice, twice, Done()])
    assert played.end.data["error"] == "no plan: $.steps: two steps have the id 's1'"


def test_a_plan_may_have_to_be_approved_before_anything_is_executed() -> None:
    refused = [Done(), _plan("pay"), Done(), Approved(yes=False, why="too dear"), Done()]
    played = play(plan_execute(_task(approve=True)), refused)
    assert played.end == End("refused", "", {"error": "the plan was refused: too dear"})
    (asked,) = [request for request in played.requests if isinstance(request, Approve)]
    assert asked.what == "plan"
    assert "step" not in [r.kind for r in played.requests if isinstance(r, Enter)]
    approved = [Done(), _plan("pay"), Done(), Approved(yes=True), *STEP, Said(say("Paid.")), Done()]
    assert play(plan_execute(_task(approve=True)), approved).end.answer == "Paid."


def test_a_limit_ends_the_whole_plan_by_its_name() -> None:
    replies = [Done(), _plan("look"), Done(), Done(), LimitReached("steps"), LimitReached("steps")]
    played = play(plan_execute(_task()), [*replies, Done(), Done()])
    assert played.end == End("limit", "", {"limit": "steps"})
    at_once = [Done(), LimitReached("cost_usd"), LimitReached("cost_usd"), Done()]
    assert play(plan_execute(_task()), at_once).end.data == {"limit": "cost_usd"}


def test_every_scope_that_is_entered_is_left() -> None:
    replies = [Done(), _plan("look"), Done(), Done(), LimitReached("steps"), LimitReached("steps")]
    played = play(plan_execute(_task()), [*replies, Done(), Done()])
    entered = sum(isinstance(request, Enter) for request in played.requests)
    assert entered == sum(isinstance(request, Leave) for request in played.requests)


def test_single_asks_once_and_offers_no_tools() -> None:
    played = play(single(_task()), [Said(say("It snowed."))])
    assert played.end == End("answered", "It snowed.")
    assert _asks(played)[0].tools == ()
