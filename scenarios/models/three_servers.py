"""A shop's model, played by rules: it changes where an open order goes, over three servers.

Three tools are named `search`, three `get`, three `update`. It picks each by what it says of
itself, as a careful model does. `reply_by_name` is its twin: of tools with one name it takes the
first that is offered and fills in what that one asks for, and so changes the wrong record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from agentbox import Message, ToolSpec, call, say

Pick: TypeAlias = Callable[[str, str, Sequence[ToolSpec]], str]
"""(verb, kind of record, tools) -> the tool's full name; empty if there is none."""

_NAME = re.compile(r"\bI am ([A-Z]\w+(?: [A-Z]\w+)*)")
_ADDRESS = re.compile(r"\bto (\d+ [^.?!]+)")


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Find the customer, then the open order, and change where that goes."""
    return _next(messages, tools, by_description)


def reply_by_name(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Do the same with the first `update` there is."""
    return _next(messages, tools, by_name)


def by_description(verb: str, kind: str, tools: Sequence[ToolSpec]) -> str:
    """Return the tool of this verb that says it is about this kind of record."""
    named = [t for t in tools if _bare(t.name) == verb]
    about = (t.name for t in named if re.search(rf"\b{kind}s?\b", (t.title or _first(t)).lower()))
    return next(about, "")


def by_name(verb: str, kind: str, tools: Sequence[ToolSpec]) -> str:
    """Return the first `update`; reading goes well, since a wrong search finds nothing."""
    if verb == "update":
        return next((tool.name for tool in tools if _bare(tool.name) == verb), "")
    return by_description(verb, kind, tools)


def _next(messages: Sequence[Message], tools: Sequence[ToolSpec], pick: Pick) -> Message:
    asked = next((m.text for m in reversed(messages) if m.role == "user"), "")
    name, address = _NAME.search(asked), _ADDRESS.search(asked)
    if not name or not address:
        return say("Who are you, and where should the order go?")
    if messages[-1].failed:
        return say(f"I could not do that: {messages[-1].text}")
    customer = _one("customers", messages)
    if customer is None:
        return _call(pick("search", "customer", tools), query=name[1])
    order = _one("orders", messages)
    if order is None:
        wanted = {"customer_id": customer.get("customer_id"), "status": "open"}
        return _call(pick("search", "order", tools), **wanted) if customer else _nothing(name[1])
    if not order:
        return _nothing(name[1])
    return _change(
        pick("update", "order", tools), customer | order | {"address": address[1]}, messages, tools
    )


def _change(
    tool: str, known: Mapping[str, Any], messages: Sequence[Message], tools: Sequence[ToolSpec]
) -> Message:
    if any(one.name == tool for message in messages for one in message.calls):
        return say(f"Done: {known['order_id']} now goes to {known['address']}.")
    needs = next((t.input_schema.get("required", ()) for t in tools if t.name == tool), ())
    return _call(tool, **{key: known[key] for key in needs if key in known})


def _call(tool: str, **args: Any) -> Message:
    return call(tool, **args) if tool else say("I have no tool for that.")


def _nothing(name: str) -> Message:
    return say(f"I found no open order of exactly one customer for {name}.")


def _bare(name: str) -> str:
    return re.split(r"\W", name)[-1]


def _first(tool: ToolSpec) -> str:
    """Return the first sentence of a description: what the tool is about."""
    return tool.description.partition(".")[0]


def _one(key: str, messages: Sequence[Message]) -> dict[str, Any] | None:
    """Return the one record that a search gave; empty if it gave none or several."""
    for value in _results(messages):
        if key in value:
            return value[key][0] if len(value[key]) == 1 else {}
    return None


def _results(messages: Sequence[Message]) -> Iterator[Mapping[str, Any]]:
    for message in reversed(messages):
        if message.role == "tool" and not message.failed:
            try:
                value = json.loads(message.text)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value
