"""Messages, calls and results as a trace has them."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, cast

from agentbox.core.messages import UNKNOWN_USAGE, Json, Message, ToolCall, ToolResult
from agentbox.core.requests import Said


def numbered(message: Message, at: str) -> Message:
    """Give each call the id its position makes: `t1/s3/call2`."""
    if not message.calls:
        return message
    step = at.partition("/")[2]
    calls = tuple(
        ToolCall(call.name, call.args, f"{step}/call{number}", call.malformed)
        for number, call in enumerate(message.calls, 1)
    )
    return Message(message.role, message.text, calls, parts=message.parts)


def said_data(said: Said, model: str) -> dict[str, Json]:
    """Return a model's message as recorded; a call's id is its position and is not written."""
    message = said.message
    data: dict[str, Json] = {"model": model}
    if message.text or not message.calls:
        data["text"] = message.text
    if message.calls:
        data["calls"] = [call_data(call) for call in message.calls]
    if message.parts:
        data["parts"] = message.parts
    if said.usage is not UNKNOWN_USAGE:
        data["usage"] = given(said.usage)
    if said.stop != "end":
        data["stop"] = said.stop
    return data


def call_data(call: ToolCall) -> dict[str, Json]:
    """Return a call as recorded."""
    data: dict[str, Json] = {"tool": call.name, "args": call.args}
    if call.malformed:
        data["malformed"] = call.malformed
    return data


def result_data(result: ToolResult) -> dict[str, Json]:
    """Return a result as recorded, defaults left out."""
    data: dict[str, Json] = {"status": result.status, "text": result.text}
    if result.status != "ok":
        data["source"] = result.source
    if result.structured is not None:
        data["structured"] = result.structured
    if result.parts:
        data["parts"] = result.parts
    if result.meta is not None:
        data["meta"] = result.meta
    return data


def given(value: Any) -> dict[str, Json]:
    """Return the fields of a dataclass that are not None."""
    names = _names(cast("type[Any]", type(value)))
    return {name: found for name in names if (found := getattr(value, name)) is not None}


@cache
def _names(kind: type[Any]) -> list[str]:
    return [each.name for each in fields(kind)]
