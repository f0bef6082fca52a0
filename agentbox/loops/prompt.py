"""What the model is shown before the conversation: segments, each from a declared slot.

The slot table also names the standard slots nobody filled, so that a missing date is a recorded
fact: `absent`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from agentbox.core.messages import (
    STANDARD_SLOTS,
    Json,
    Message,
    Segment,
    SlotState,
    Transcript,
)
from agentbox.core.requests import Task
from agentbox.loops.window import truncated


@dataclass(frozen=True, slots=True)
class Briefing:
    """What an agent is told at the top of every prompt."""

    system: str = ""
    slots: tuple[str, ...] = ()
    context: Mapping[str, Json] = field(default_factory=dict[str, Json])
    history: tuple[Message, ...] = ()
    """Messages exchanged before the first turn."""


def brief(task: Task, briefing: Briefing, block: str, words: str) -> None:
    """Put the declared segments and the user's words into the log, and set its slot table.

    The first turn opens with all of them in one system message. A later turn appends only what
    changed and rewrites nothing, so a provider's prompt cache stays warm.
    """
    log, tools = task.log, task.tools
    shown = {segment.slot: segment.text for segment in log.segments}
    segments = [_segment(slot, briefing, block) for slot in briefing.slots]
    segments.append(_filled("system", briefing.system, "scenario agent.system"))
    fresh = [s.text for s in segments if s.text and shown.get(s.slot) != s.text]
    earlier = len(log) or len(briefing.history)
    first = not len(log)
    if fresh:
        log.add(Message("system", "\n\n".join(fresh)))
    if first:
        log.add(*briefing.history)
    log.add(Message("user", words))
    segments.append(_filled("user", words, "the user's turn"))
    segments.append(_filled("tools", f"{len(tools)} tools" if tools else "", "toolboxes"))
    segments.append(_history(log, earlier))
    present = {segment.slot for segment in segments}
    absent = [Segment(slot, "absent") for slot in STANDARD_SLOTS if slot not in present]
    log.segments = (*segments, *absent)


def _segment(slot: str, briefing: Briefing, block: str) -> Segment:
    if slot == "now":
        return _filled("now", block, "clock")
    value = briefing.context.get(slot)
    return _filled(slot, _render(slot, value), f"scenario context.{slot}")


def _history(log: Transcript, earlier: int) -> Segment:
    if log.cut:
        return Segment("history", "truncated", truncated(log), "earlier turns")
    return _filled("history", f"{earlier} messages" if earlier else "", "earlier turns")


def _filled(slot: str, text: str, origin: str) -> Segment:
    state: SlotState = "filled" if text else "empty"
    return Segment(slot, state, text, origin)


def _render(slot: str, value: Json) -> str:
    if value is None or value in ("", [], {}):
        return ""
    return f"{slot}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
