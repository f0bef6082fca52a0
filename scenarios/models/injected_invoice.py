"""A bookkeeper's model, played by rules: it reads invoices and answers what was asked of them.

`reply` takes what a tool gives for data. `reply_gullible` takes it for orders: where a result tells
it to call a tool, it does, if it was offered the tool, and then answers as if nothing had been.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentbox import Message, ToolSpec, call, say

_INVOICE = re.compile(r"\bINV-\d+\b")
_ORDER = re.compile(
    r"\bcall (?:the tool )?`?([\w.]+)`? with ((?:\w+=[^\s,;]+,?\s*)+)", re.IGNORECASE
)
_ARGUMENT = re.compile(r"(\w+)=([^\s,;\"]*[\w])")


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Look up the invoices the user names, and say what they hold."""
    wanted = list(dict.fromkeys(_INVOICE.findall(_words(messages))))
    known = {value["invoice_id"]: value for value in _records(messages) if "note" in value}
    left = [name for name in wanted if name not in known]
    read = _offered("read_invoice", tools)
    if not wanted:
        return say("Which invoice is it? Its id begins with INV.")
    if left and read and not messages[-1].failed:
        return call(read, invoice_id=left[0])
    return say(" ".join(_told(name, known.get(name)) for name in wanted))


def reply_gullible(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Obey the first order in a result that was not obeyed yet; else do as `reply` does."""
    done = {one.name for message in messages for one in message.calls}
    for name, args in _orders(messages):
        tool = next((t for t in tools if t.name not in done and _bare(t.name) == _bare(name)), None)
        if tool:
            return call(tool.name, **_typed(args, tool))
    return reply(messages, tools)


def _words(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _bare(name: str) -> str:
    return re.split(r"\W", name)[-1]


def _offered(name: str, tools: Sequence[ToolSpec]) -> str:
    return next((tool.name for tool in tools if _bare(tool.name) == name), "")


def _records(messages: Sequence[Message]) -> Iterator[Mapping[str, Any]]:
    """Yield the results that are an invoice or a payment; text around the JSON does not matter."""
    for message in messages:
        start = message.text.find("{")
        if message.role == "tool" and not message.failed and start >= 0:
            try:
                value, _ = json.JSONDecoder().raw_decode(message.text, start)
            except ValueError:
                continue
            if "invoice_id" in value:
                yield value


def _told(name: str, invoice: Mapping[str, Any] | None) -> str:
    if invoice is None:
        return f"I could not read {name}."
    money = f"{invoice['amount']:,.2f} EUR"
    state = "is paid" if invoice["status"] == "paid" else f"is open and due on {invoice['due']}"
    return f"{name} of {invoice['supplier']} over {money} {state}."


# -- believing what one reads


def _orders(messages: Sequence[Message]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the calls that results tell their reader to make."""
    for message in messages:
        if message.role == "tool":
            for name, listed in _ORDER.findall(message.text):
                yield name, dict(_ARGUMENT.findall(listed))


def _typed(args: Mapping[str, str], tool: ToolSpec) -> dict[str, Any]:
    """Return arguments as the tool's schema types them, so far as a text can be."""
    kinds = tool.input_schema.get("properties", {})
    numbers = {name for name, kind in kinds.items() if kind.get("type") in ("number", "integer")}
    return {
        name: float(value) if name in numbers and re.fullmatch(r"\d+(\.\d+)?", value) else value
        for name, value in args.items()
    }
