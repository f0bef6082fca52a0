"""Plan and execute (Wang et al., arXiv 2305.04091): a typed plan, each step run by `react`.

A plan is made, may have to be approved, and is a recorded fact; a step that fails leads to a
revised plan, with what changed; a counter never does. Plan, steps and answer share one
conversation, so that nothing that was said or found is lost.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, TypeAlias

from agentbox.core.messages import Json, Message, ToolSpec, json_in
from agentbox.core.requests import End, Enter, Leave, Loop, Note, Reply, Request, Said, Task
from agentbox.loops.asking import approve, ask, end_of
from agentbox.loops.react import react
from agentbox.loops.typed import correction, misfits
from agentbox.schema import shape_of

Status: TypeAlias = Literal["pending", "done", "failed"]

FAILED = "FAILED"
"""What a step's answer begins with when the model could not do it."""

PLAN_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "goal": {"type": "string", "minLength": 1},
                    "evidence": {"type": "string"},
                },
                "required": ["id", "goal", "evidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["steps"],
    "additionalProperties": False,
}
_SHAPE = shape_of(PLAN_SCHEMA)
_CORRECTIONS = 2
_ASK = (
    "Make a plan before you act: the steps that lead to the answer, each with an id, its goal and "
    "the evidence that would show it done. Answer with JSON alone, of this schema:\n"
)
_STEP = (
    "Step {id}: {goal}\nExpected evidence: {evidence}\n"
    "Do this step alone, and say what you found. If it cannot be done, begin your answer with "
    "FAILED."
)
_FAILED = (
    "Step {id} failed: {finding}\nRevise the plan: the steps that are left to do, from here on. "
    "Answer with JSON alone, of the schema of the plan."
)
_FINISH = "Every step is done. Answer the user now, from what the steps found."


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan."""

    id: str
    goal: str
    evidence: str
    status: Status = "pending"
    finding: str = ""
    """What the model said of it."""


class _Stopped(Exception):
    """The loop ends here, and so."""

    def __init__(self, end: End) -> None:
        super().__init__(end.reason)
        self.end = end


def plan_execute(task: Task) -> Loop:
    """Make a plan, run its steps, revise it where one fails, answer from what was found."""
    yield Enter("plan")
    try:
        end = yield from _planned(task)
    except _Stopped as stopped:
        end = stopped.end
    yield Leave(end)
    return end


def _planned(task: Task) -> Generator[Request, Reply, End]:
    steps = yield from _plan(task, f"{_ASK}{json.dumps(PLAN_SCHEMA)}{_offered(task.tools)}")
    yield Note("plan.made", {"steps": _told(steps)})
    yield from _approved(task, steps)
    revisions = 0
    while steps:
        step = yield from _run(task, steps[0])
        yield Note("plan.step", asdict(step))
        if step.status == "done":
            steps = steps[1:]
            continue
        if revisions == task.plan.revisions:
            raise _Stopped(End("failed", "", {"error": f"step {step.id} failed: {step.finding}"}))
        revisions += 1
        revised = yield from _plan(task, _FAILED.format(id=step.id, finding=step.finding))
        yield Note("plan.revised", {"because": step.id, **_diff(steps[1:], revised)})
        yield from _approved(task, revised)
        steps = revised
    task.log.add(Message("user", _FINISH))
    return end_of((yield from ask(task.log, (), task.output)))


def _plan(task: Task, words: str) -> Generator[Request, Reply, list[PlanStep]]:
    """Ask for a plan until it fits its schema, a few times at most."""
    task.log.add(Message("user", words))
    said = yield from _said(task)
    for _ in range(_CORRECTIONS):
        errors = _misfits(said.message.text)
        if not errors:
            break
        task.log.add(correction(errors))
        said = yield from _said(task)
    errors = _misfits(said.message.text)
    if errors:
        raise _Stopped(End("failed", said.message.text, {"error": f"no plan: {'; '.join(errors)}"}))
    return [PlanStep(**step) for step in json_in(said.message.text)["steps"]]


def _offered(tools: Sequence[ToolSpec]) -> str:
    """Say which tools the steps will have: planning itself is offered none."""
    listed = [f"- {tool.name}: {tool.description}".rstrip(": ") for tool in tools]
    return "\n".join(["\nThe steps can use these tools:", *listed]) if listed else ""


def _misfits(text: str) -> tuple[str, ...]:
    """Return what keeps a text from being a plan: each step must have an id of its own."""
    errors = misfits(_SHAPE, text)
    ids = [] if errors else [step["id"] for step in json_in(text)["steps"]]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    return errors or tuple(f"$.steps: two steps have the id {each!r}" for each in twice)


def _said(task: Task) -> Generator[Request, Reply, Said]:
    said = yield from ask(task.log, (), PLAN_SCHEMA)
    if said.limit or said.stop != "end":
        raise _Stopped(end_of(said))
    return said


def _approved(task: Task, steps: Sequence[PlanStep]) -> Generator[Request, Reply, None]:
    if task.plan.approve:
        decision = yield from approve("plan", {"steps": _told(steps)})
        if not decision.yes:
            raise _Stopped(End("refused", "", {"error": f"the plan was refused: {decision.why}"}))


def _run(task: Task, step: PlanStep) -> Generator[Request, Reply, PlanStep]:
    yield Enter("step")
    task.log.add(Message("user", _STEP.format(**asdict(step))))
    end = yield from react(replace(task, output=None))
    yield Leave(end)
    if end.reason == "limit":
        raise _Stopped(end)
    failed = end.reason != "answered" or end.answer.lstrip().startswith(FAILED)
    finding = end.answer or str(end.data.get("error", end.reason))
    return replace(step, status="failed" if failed else "done", finding=finding)


def _told(steps: Sequence[PlanStep]) -> list[dict[str, Json]]:
    return [{"id": step.id, "goal": step.goal, "evidence": step.evidence} for step in steps]


def _diff(before: Sequence[PlanStep], after: Sequence[PlanStep]) -> dict[str, Json]:
    """Return what a revision keeps, adds and drops, by what the steps are to do."""
    old, new = {step.goal for step in before}, {step.goal for step in after}
    return {
        "steps": _told(after),
        "kept": [step.id for step in after if step.goal in old],
        "added": [step.id for step in after if step.goal not in old],
        "dropped": [step.id for step in before if step.goal not in new],
    }
