"""Loops against each other, by agentbox's own parts and with a full trace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ours_loop import SECRETS, TOOLS, UNLIMITED, Lookup

from agentbox import Clock, call, say
from agentbox.core.requests import Actor, LoopFunction
from agentbox.core.runtime import Model
from agentbox.core.scenario import Deadlines
from agentbox.loops import Briefing, SecondLoop, Setting, conversation, plan_execute, react
from agentbox.models import FunctionModel
from agentbox.runtime import Budget, Driver, Effects, World, scripted_user, stacked
from agentbox.runtime.wall import elapsed
from agentbox.trace import Redactor, TraceFile, TraceWriter

CALLS = 10
"""Tool calls in a step of a plan."""
STEPS = 20
"""Steps in a plan: as many as one may have."""


def plain() -> tuple[LoopFunction, Any, int]:
    """Return react, a model of as many calls as the plan's, and how often it is asked."""
    calls = CALLS * STEPS
    return react, _looking(calls, lambda messages: (len(messages) - 2) // 2), calls + 1


def planned() -> tuple[LoopFunction, Any, int]:
    """Return plan_execute, a model that plans and looks, and how often it is asked."""
    steps = [{"id": f"s{n}", "goal": f"look {n}", "evidence": "a value"} for n in range(STEPS)]
    plan = json.dumps({"steps": steps})
    each = 1 + 2 * CALLS + 1  # a step adds its words, calls, results, answer
    look = _looking(CALLS, lambda messages: ((len(messages) - 4) % each - 1) // 2)

    def reply(messages: Any, tools: Any) -> Any:
        if not tools:
            return say(plan) if len(messages) < 4 else say("done")
        return look(messages, tools)

    return plan_execute, reply, STEPS * (CALLS + 1) + 2


def _looking(calls: int, made: Callable[[Any], int]) -> Any:
    def reply(messages: Any, tools: Any) -> Any:
        n = made(messages)
        return call("lookup", key="k", n=n) if n < calls else say("done")

    return reply


async def run(loop: LoopFunction, model: Any, path: Path) -> None:
    """Run one loop to its end."""
    setting = Setting(Briefing("Be kind.", ("now",)), UNLIMITED, lambda _: TOOLS)
    end = await _driven(loop, setting, {"agent": FunctionModel(model)}, ["Hello"], path)
    if end != "done":
        raise ValueError(end)


async def talk(turns: int, path: Path, *, simulated: bool) -> None:
    """Let an agent and a user say `turns` things each; the user a loop of their own, or a list."""
    words = [f"Question {n}" for n in range(turns)]
    models = {"agent": FunctionModel(lambda m, t: say("An answer."))}
    user = None
    if simulated:
        models["user"] = FunctionModel(lambda m, t: say(words[(len(m) - 2) // 2]))
        user = SecondLoop("You ask.", stop="###", turns=turns, limits=UNLIMITED)
    setting = Setting(Briefing("Be kind.", ("now",)), UNLIMITED, lambda _: (), user=user)
    await _driven(react, setting, models, words, path)


async def _driven(
    loop: LoopFunction,
    setting: Setting,
    models: Mapping[Actor, Model],
    words: list[str],
    path: Path,
) -> str:
    clock = Clock.at("2026-03-20T14:30:00Z")
    file = TraceFile(path)
    later = asyncio.get_running_loop().call_soon
    writer = TraceWriter(file, clock, elapsed, Redactor(SECRETS), later)
    world = World(models, Lookup(), scripted_user(words), clock, Deadlines())
    handler = stacked(Effects(world, writer), Budget(clock, writer))
    end = await Driver(handler, "case").drive(conversation(loop, setting))
    writer.seal()
    file.close()
    return end.answer
