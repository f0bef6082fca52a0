"""A shop's model, played by rules: may this order be refunded, and then it does so.

It asks for what it lacks, one thing at a time: the order, then whether it was opened. The window
stands in its prompt, today in the date block, the delivery in the order. Without the block it
trusts the customer, as models do: whoever asks for a refund is taken to be in time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agentbox import Message, ToolSpec, call, say

_BLOCK = re.compile(r"Today is ([A-Z][a-z]+) (\d{1,2}), (\d{4})\. Current time: ")
_MONTHS = """
    January February March April May June July August September October November December
""".split()  # noqa: SIM905 - reads better
_ORDER = re.compile(r"\bO-\d+\b")
_WINDOW = re.compile(r"within (\d+) days")
_SEALED = re.compile(r"\b(?:sealed|unopened|not opened|never opened|in its box)\b", re.IGNORECASE)
_OPENED = re.compile(r"\b(?:opened|unpacked|used)\b", re.IGNORECASE)


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Ask for what is missing, look the order up, decide, refund, and say so."""
    spoken = " ".join(m.text for m in messages if m.role == "user")
    names = _ORDER.findall(spoken)
    if not names:
        return say("Which order is it? Its id is a capital O, a dash and a number.")
    facts = _Facts(names[-1], messages)
    if facts.refunded:
        return say(f"{facts.name} is refunded: {facts.refunded['refund_id']}.")
    if facts.failure:
        return say(f"I cannot do that now: {facts.failure}")
    if facts.order is None:
        tool = _offered("get", tools)
        return call(tool, order_id=facts.name) if tool else say("I cannot look up orders now.")
    return _decide(facts, facts.order, spoken, tools)


def _decide(
    facts: _Facts, order: Mapping[str, Any], spoken: str, tools: Sequence[ToolSpec]
) -> Message:
    if order["status"] != "delivered":
        return say(f"{facts.name} is {order['status']}, so there is nothing to refund.")
    if facts.late:
        return say(f"I am sorry: {facts.name} was delivered {facts.late}.")
    if _SEALED.search(spoken):
        tool = _offered("refund", tools)
        reason = "returned unopened within the window"
        return call(tool, order_id=facts.name, reason=reason) if tool else say("I may not refund.")
    if _OPENED.search(spoken):
        return say(f"I am sorry: {facts.name} was opened, and only sealed goods are refunded.")
    return say("Has it been opened, or is it still sealed?")


def _offered(name: str, tools: Sequence[ToolSpec]) -> str:
    return next((tool.name for tool in tools if re.split(r"\W", tool.name)[-1] == name), "")


@dataclass(frozen=True)
class _Facts:
    """What the conversation says of an order."""

    name: str
    messages: Sequence[Message]

    def _result(self, key: str) -> Mapping[str, Any] | None:
        """Return the newest result for this order that has this key."""
        for message in reversed(self.messages):
            if message.role == "tool" and not message.failed:
                value = _parsed(message.text)
                if isinstance(value, dict) and key in value and value["order_id"] == self.name:
                    return value
        return None

    @property
    def order(self) -> Mapping[str, Any] | None:
        return self._result("delivered")

    @property
    def refunded(self) -> Mapping[str, Any] | None:
        return self._result("refund_id")

    @property
    def failure(self) -> str:
        """What a tool last said, if that was an error and nothing came after it."""
        last = self.messages[-1]
        return last.text if last.role == "tool" and last.failed else ""

    @property
    def late(self) -> str:
        """By how much the window is missed, in words; empty if it is not, or nobody can know."""
        system = " ".join(m.text for m in self.messages if m.role == "system")
        block, window = list(_BLOCK.finditer(system)), _WINDOW.search(system)
        if not block or not window or not self.order:
            return ""
        month, day, year = block[-1].groups()
        today = date(int(year), _MONTHS.index(month) + 1, int(day))
        delivered = date.fromisoformat(self.order["delivered"])
        days = (today - delivered).days
        if days <= int(window[1]):
            return ""
        named = f"{_MONTHS[delivered.month - 1]} {delivered.day}"
        return f"on {named}, {days} days ago; the window is {window[1]} days"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
