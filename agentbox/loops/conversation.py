"""A conversation: the user speaks, the agent's loop answers, turn by turn."""

from __future__ import annotations

from collections.abc import Generator

from agentbox.core.messages import ToolSpec, Transcript
from agentbox.core.requests import (
    End,
    Enter,
    Leave,
    Loop,
    LoopFunction,
    Reply,
    Request,
    Task,
)
from agentbox.core.scenario import Limits
from agentbox.loops.asking import ask_user, read_clock
from agentbox.loops.prompt import Briefing, brief


def conversation(
    agent: LoopFunction,
    briefing: Briefing,
    limits: Limits,
    tools: tuple[ToolSpec, ...] = (),
) -> Loop:
    """Play turns until the user is done or a turn ends without an answer."""
    log = Transcript()
    end = End("answered")
    yield Enter("run", limits)
    while end.reason == "answered":
        said = yield from ask_user()
        if said.text is None:
            break
        end = yield from _turn(agent, briefing, Task(log, tools), said.text)
    yield Leave(end)
    return end


def _turn(
    agent: LoopFunction, briefing: Briefing, task: Task, words: str
) -> Generator[Request, Reply, End]:
    yield Enter("turn")
    block = (yield from read_clock()).block if "now" in briefing.slots else ""
    brief(task, briefing, block, words)
    end = yield from agent(task)
    yield Leave(end)
    return end
