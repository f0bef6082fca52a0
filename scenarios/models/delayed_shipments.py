"""A freight desk's model, played by rules: which shipments of last week are late, and what follows.

It plans when it is asked for a plan, does one step when it is asked for one, and does all of them
one after another when it is only asked the question. Every id and figure of its answer comes from a
result. Not told the date, it takes last week to be one of long ago, as its training would have it.

`reply_inventing` is its twin: it looks everything up just the same, and then grants enterprise
customers a credit by a policy that nobody ever wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from agentbox import Message, ToolCall, ToolSpec, say

STALE = date(2025, 6, 5)
"""The day this model believes it is, if nobody tells it."""

_BLOCK = re.compile(r"Today is ([A-Z][a-z]+) (\d{1,2}), (\d{4})\. Current time: ")
_MONTHS = """
    January February March April May June July August September October November December
""".split()  # noqa: SIM905 - reads better
_INVENTED = " POL-60 also grants enterprise customers a goodwill credit of 35 %."


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Return the next message: a plan, calls, what a step found, or the answer."""
    return _next(messages, tools, invented="")


def reply_inventing(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Return what `reply` would, and cite a policy that does not exist."""
    return _next(messages, tools, invented=_INVENTED)


def _next(messages: Sequence[Message], tools: Sequence[ToolSpec], *, invented: str) -> Message:
    found = _Found.of(messages)
    asked = next((m.text for m in reversed(messages) if m.role == "user"), "")
    if "JSON" in asked and "plan" in asked.lower():
        return say(_plan(found))
    step = re.match(r"Step (\w+): ", asked)
    stages = [s for s in _STAGES if not step or s.id == step[1]]
    for stage in stages if tools else ():
        calls = stage.calls(found)
        if calls and found.failure:
            return say(f"FAILED: {found.failure}")
        if calls:
            return Message("assistant", calls=tuple(_as_offered(calls, tools)))
    return say(stages[0].finding(found) if step and stages else _answer(found, invented))


def _as_offered(calls: Sequence[ToolCall], tools: Sequence[ToolSpec]) -> Iterator[ToolCall]:
    """Yield calls under the names the tools have here, whatever their prefix."""
    names = {_bare(tool.name): tool.name for tool in tools}
    for one in calls:
        yield ToolCall(names.get(one.name, one.name), one.args)


def _bare(name: str) -> str:
    return re.split(r"\W", name)[-1]


# -- what is known so far


@dataclass
class _Found:
    """What the results hold, by id, and the day it is."""

    today: date
    shipments: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    total: int = 0
    cursor: str | None = ""
    """Of the next page: empty before the first, None after the last."""
    logs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    titles: dict[str, Mapping[str, Any]] | None = None
    policies: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failure: str = ""
    """What went wrong since the user's last words."""

    @classmethod
    def of(cls, messages: Sequence[Message]) -> _Found:
        found = cls(_today(messages))
        calls = {one.id: one for message in messages for one in message.calls}
        for message in messages:
            if message.role == "user":
                found.failure = ""
            elif message.role == "tool" and message.call_id in calls:
                found.read(calls[message.call_id], message)
        return found

    def read(self, call: ToolCall, answer: Message) -> None:
        """Take in the answer of a call."""
        value = _record(answer)
        if value is None:
            self.failure = f"{call.name} gave: {answer.text}"
            return
        match _bare(call.name), value:
            case "list_shipments", {"shipments": list(rows), "total": total}:
                self.shipments |= {row["shipment_id"]: row for row in rows}
                self.total, self.cursor = total, value.get("next_cursor")
            case "get_shipment", {"shipment_id": name}:
                self.logs[name] = value
            case "list_policies", {"policies": list(rows)}:
                self.titles = {row["policy_id"]: row for row in rows}
            case "get_policy", {"policy_id": name}:
                self.policies[name] = value
            case _:
                pass

    @property
    def week(self) -> tuple[str, str]:
        """The first and the last day of last week."""
        monday = self.today - timedelta(days=self.today.weekday() + 7)
        return monday.isoformat(), (monday + timedelta(days=6)).isoformat()

    def policy_of(self, log: Mapping[str, Any]) -> str:
        """Return the id of the policy for a shipment's cause and tier that is valid today."""
        day, cause = self.today.isoformat(), _exception(log).get("cause")
        fitting = (
            name
            for name, one in (self.titles or {}).items()
            if one["cause"] == cause and log["tier"] in one["tiers"]
            if one["valid_from"] <= day <= (one["valid_until"] or day)
        )
        return next(fitting, "")


def _record(answer: Message) -> dict[str, Any] | None:
    try:
        value = json.loads(answer.text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and not answer.failed else None


def _today(messages: Sequence[Message]) -> date:
    blocks = [m for one in messages if one.role == "system" for m in _BLOCK.finditer(one.text)]
    if not blocks:
        return STALE
    month, day, year = blocks[-1].groups()
    return date(int(year), _MONTHS.index(month) + 1, int(day))


def _exception(log: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the newest exception of a shipment's log."""
    return next((e for e in reversed(log["events"]) if e["kind"] == "exception"), {})


# -- what there is to do, in this order


class _List:
    id = "s1"
    goal = "List the shipments promised for last week that are delayed."
    evidence = "Rows of list_shipments with the status delayed, from Monday to Sunday."

    def calls(self, found: _Found) -> list[ToolCall]:
        if found.cursor is None:
            return []
        first, last = found.week
        page = {"cursor": found.cursor} if found.cursor else {}
        wanted = {"status": "delayed", "from_day": first, "to_day": last, **page}
        return [ToolCall("list_shipments", wanted)]

    def finding(self, found: _Found) -> str:
        return f"{found.total} are delayed: {', '.join(found.shipments) or 'none'}."


class _Why:
    id = "s2"
    goal = "Find out why each of them is delayed."
    evidence = "The exception in each shipment's event log, by its id."

    def calls(self, found: _Found) -> list[ToolCall]:
        left = (name for name in found.shipments if name not in found.logs)
        return [ToolCall("get_shipment", {"shipment_id": name}) for name in left]

    def finding(self, found: _Found) -> str:
        causes = (f"{n}: {_exception(log).get('cause')}" for n, log in found.logs.items())
        return "; ".join(causes) or "There is none."


class _Policy:
    id = "s3"
    goal = "Find the policy that applies to each cause and tier."
    evidence = "The text of each policy, valid today, as get_policy gives it."

    def calls(self, found: _Found) -> list[ToolCall]:
        if not found.logs:
            return []
        if found.titles is None:
            return [ToolCall("list_policies", {})]
        names = dict.fromkeys(map(found.policy_of, found.logs.values()))
        left = (name for name in names if name and name not in found.policies)
        return [ToolCall("get_policy", {"policy_id": name}) for name in left]

    def finding(self, found: _Found) -> str:
        return f"These apply: {', '.join(found.policies) or 'none'}."


_STAGES = (_List(), _Why(), _Policy())


def _plan(found: _Found) -> str:
    """Return a plan of what is left to do; of everything while nothing is known."""
    first = next((n for n, stage in enumerate(_STAGES) if stage.calls(found)), 0)
    steps = [{"id": s.id, "goal": s.goal, "evidence": s.evidence} for s in _STAGES[first:]]
    return json.dumps({"steps": steps})


# -- what to say


def _answer(found: _Found, invented: str) -> str:
    if found.cursor is not None:
        return f"I could not list the shipments. {found.failure}".strip()
    if not found.shipments:
        return "No shipment of last week is delayed."
    lines = [_line(log, found, invented) for log in found.logs.values()]
    return "\n".join([f"{found.total} shipments of last week are delayed.", *lines])


def _line(log: Mapping[str, Any], found: _Found, invented: str) -> str:
    event = _exception(log)
    why = f"{event['cause']} ({event['event_id']})" if event else "the log does not say why"
    extra = invented if log["tier"] == "enterprise" else ""
    return (
        f"- {log['shipment_id']} for {log['customer']} ({log['tier']}), {log['days_late']} days "
        f"late: {why}. {_rule(log, found)}{extra}"
    )


def _rule(log: Mapping[str, Any], found: _Found) -> str:
    policy = found.policies.get(found.policy_of(log))
    if policy is None or log["days_late"] < policy["from_days_late"]:
        return "No policy applies."
    credit = policy["credit_percent"]
    given = f", a credit of {credit:g} %" if credit else ""
    return f"{policy['policy_id']} applies{given}: {policy['remedy']}"
