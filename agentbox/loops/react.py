"""ReAct: think, act, observe, until the model answers (Yao et al., arXiv 2210.03629)."""

from __future__ import annotations

from agentbox.core.requests import Loop, Task
from agentbox.loops.asking import ask, call, end_of


def react(task: Task) -> Loop:
    """Ask the model; run what it calls, all calls of a message at once; ask again."""
    while (said := (yield from ask(task.log, task.tools, task.output))).calls:
        yield from call(task.log, said.calls)
    return end_of(said)
