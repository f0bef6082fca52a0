"""Answers that must fit a JSON Schema, with a budget for corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agentbox.core.messages import Json, Message, json_in
from agentbox.core.requests import End, Loop, LoopFunction, Task
from agentbox.loops.asking import ask, end_of
from agentbox.schema import Shape, shape_of


def typed(agent: LoopFunction, schema: Mapping[str, Json], corrections: int) -> LoopFunction:
    """Return a loop like `agent` whose answer fits `schema`, or that fails.

    What does not fit is listed back to the model, at most `corrections` times, without tools: the
    work is done, and a plan must not be executed twice. The value is in the end's data as `output`.
    """
    shape = shape_of(schema)

    def loop(task: Task) -> Loop:
        task = replace(task, output=schema)
        end = yield from agent(task)
        for _ in range(corrections):
            if end.reason != "answered" or not misfits(shape, end.answer):
                break
            task.log.add(correction(misfits(shape, end.answer)))
            end = end_of((yield from ask(task.log, (), schema)))
        return end if end.reason != "answered" else _checked(end, shape)

    return loop


def _checked(end: End, shape: Shape) -> End:
    errors = misfits(shape, end.answer)
    if errors:
        why = f"the answer does not fit `agent.output`: {'; '.join(errors)}"
        return End("failed", end.answer, {"error": why})
    return End("answered", end.answer, {**end.data, "output": json_in(end.answer)})


def misfits(shape: Shape, text: str) -> tuple[str, ...]:
    """Return what keeps a model's text from being JSON of this shape."""
    try:
        value = json_in(text)
    except (ValueError, RecursionError) as error:
        return (f"it is no JSON: {error}",)
    return shape.errors(value)


def correction(errors: tuple[str, ...]) -> Message:
    """Return the message that lists errors back to the model."""
    listed = "\n".join(f"- {error}" for error in errors)
    return Message("user", f"Your answer does not fit:\n{listed}\nAnswer again, with JSON alone.")
