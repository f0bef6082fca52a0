"""Loops: pure generators that ask. No clock, no I/O, no async; whoever drives them answers."""

from __future__ import annotations

from collections.abc import Mapping

from agentbox.core.requests import LoopFunction
from agentbox.loops.asking import approve, ask, ask_user, call, end_of, read_clock
from agentbox.loops.conversation import SecondLoop, Setting, conversation
from agentbox.loops.plan_execute import plan_execute
from agentbox.loops.prompt import Briefing
from agentbox.loops.react import react
from agentbox.loops.single import single
from agentbox.loops.typed import typed

LOOPS: Mapping[str, LoopFunction] = {
    "single": single,
    "react": react,
    "plan_execute": plan_execute,
}
"""A new loop is one generator and one line here."""

__all__ = [
    "LOOPS",
    "Briefing",
    "SecondLoop",
    "Setting",
    "approve",
    "ask",
    "ask_user",
    "call",
    "conversation",
    "end_of",
    "plan_execute",
    "react",
    "read_clock",
    "single",
    "typed",
]
