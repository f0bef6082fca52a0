"""Messages, tools and slots as a trace holds them."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.messages import Json, Message, Segment, ToolSpec
from agentbox.trace.encoding import encode


def prompt_content(message: Message) -> bytes:
    """Return what of a message a prompt is compared by: all but ids, which are positions."""
    calls = message.calls and [(call.name, call.args, call.malformed) for call in message.calls]
    return encode((message.role, message.text, message.failed, calls, message.parts))


def message_data(message: Message) -> dict[str, Json]:
    """Return a message as JSON, defaults left out."""
    data: dict[str, Json] = {"role": message.role}
    if message.text:
        data["text"] = message.text
    if message.calls:
        data["calls"] = [
            {"tool": c.name, "args": c.args} | ({"malformed": c.malformed} if c.malformed else {})
            for c in message.calls
        ]
    if message.call_id:
        data["call_id"] = message.call_id
    if message.parts:
        data["parts"] = list(message.parts)
    if message.failed:
        data["failed"] = True
    return data


def tool_table(tools: Sequence[ToolSpec]) -> list[Json]:
    """Return tools as JSON."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.input_schema,
            "output_schema": tool.output_schema,
            "annotations": tool.annotations,
        }
        for tool in tools
    ]


def slot_table(segments: Sequence[Segment]) -> list[Json]:
    """Return a slot table as JSON."""
    return [
        {"slot": s.slot, "state": s.state, "origin": s.origin, "text": s.text} for s in segments
    ]
