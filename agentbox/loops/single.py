"""One call, no tools: the honest baseline."""

from __future__ import annotations

from agentbox.core.requests import Loop, Task
from agentbox.loops.asking import ask, end_of


def single(task: Task) -> Loop:
    """Ask the model once and take what it says."""
    return end_of((yield from ask(task.log, (), task.output)))
