"""Loops: pure generators that ask. No clock, no I/O, no async; whoever drives them answers."""

from __future__ import annotations

from collections.abc import Mapping

from agentbox.core.requests import LoopFunction
from agentbox.loops.asking import approve, ask, ask_user, call, end_of, read_clock
from agentbox.loops.conversation import Briefing, conversation
from agentbox.loops.react import react

LOOPS: Mapping[str, LoopFunction] = {"react": react}
"""A new loop is one generator and one line here."""

__all__ = [
    "LOOPS",
    "Briefing",
    "approve",
    "ask",
    "ask_user",
    "call",
    "conversation",
    "end_of",
    "react",
    "read_clock",
]
