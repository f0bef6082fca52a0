"""A support desk's model, played by rules: a behavioural mock that really reads its prompt.

Told the date, it answers rightly for any account and any day. Not told, it does what language
models do: it takes the record for news, believes that two days have passed since, and promises the
upgrade for tomorrow. Nothing in here knows an account or a date; both are read from the messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from agentbox import Message, Said, ToolSpec, Usage, call, say

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_DAY = rf"(?P<month>{'|'.join(MONTHS)}) (?P<day>\d{{1,2}})"
_BLOCK = re.compile(rf"Today is {_DAY}, (?P<year>\d{{4}})\. Current time: \d\d:\d\d ")
_CLAIM = re.compile(rf"\btoday is {_DAY}(?:st|nd|rd|th)?(?:, (?P<year>\d{{4}}))?", re.IGNORECASE)
_ACCOUNT = re.compile(r"\b[A-Z]{2,}-\d+\b")


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Said:
    """Return the desk's next message, and what it took: four characters a token, and no money."""
    said = _next(messages, tools)
    return Said(said, Usage(_tokens(*messages), _tokens(said), cost_usd=0.0))


def _tokens(*messages: Message) -> int:
    return sum(len(message.text) + 40 * len(message.calls) for message in messages) // 4


def _next(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Return a tool call, or an answer to the user's last words."""
    account_id = _account_id(messages)
    if not account_id:
        return say("Which account is it? Please tell me its id, letters, a dash and a number.")
    if "ticket" in _last_words(messages).lower():
        return _open_ticket(account_id, messages, tools)
    found = _lookup(account_id, messages)
    if found and not found.failed:
        return say(_tell(found, messages))
    if found and found.fresh:
        return say(f"I could not look up {account_id}: {found.text} ({found.tool})")
    tool = _offered("get_account", tools)
    return call(tool, account_id=account_id) if tool else say(f"I cannot look up {account_id} now.")


# -- what was asked


def _last_words(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _account_id(messages: Sequence[Message]) -> str:
    """Return the account the user spoke of last."""
    spoken = (m.text for m in reversed(messages) if m.role == "user")
    return next((ids[-1] for text in spoken if (ids := _ACCOUNT.findall(text))), "")


def _offered(name: str, tools: Sequence[ToolSpec]) -> str:
    """Return the tool of this name as it is offered, whatever its prefix."""
    ours = re.compile(rf"(?:.*[^A-Za-z0-9])?{name}")
    return next((tool.name for tool in tools if ours.fullmatch(tool.name)), "")


# -- what the tools said


@dataclass(frozen=True, slots=True)
class _Result:
    tool: str
    text: str
    failed: bool
    fresh: bool
    """It came after the user's last words."""

    def record(self) -> Mapping[str, Any]:
        """Return the result as a record; empty if it is none."""
        try:
            value: Any = json.loads(self.text)
        except ValueError:
            return {}
        return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _results(name: str, account_id: str, messages: Sequence[Message]) -> Iterator[_Result]:
    """Yield what the tool answered for this account, newest first."""
    fresh, answers = True, dict[str, tuple[Message, bool]]()
    for message in reversed(messages):
        fresh = fresh and message.role != "user"
        if message.role == "tool":
            answers[message.call_id] = (message, fresh)
        for made in message.calls:
            ours = made.name.endswith(name) and made.args.get("account_id") == account_id
            if ours and made.id in answers:
                answer, new = answers[made.id]
                yield _Result(made.name, answer.text, answer.failed, new)


def _lookup(account_id: str, messages: Sequence[Message]) -> _Result | None:
    """Return the account's record if any lookup gave one, else the newest failure."""
    results = list(_results("get_account", account_id, messages))
    return next((one for one in results if not one.failed), results[0] if results else None)


def _open_ticket(
    account_id: str, messages: Sequence[Message], tools: Sequence[ToolSpec]
) -> Message:
    done = next((r for r in _results("open_ticket", account_id, messages) if r.fresh), None)
    if done and not done.failed:
        return say(f"I opened ticket {done.record().get('ticket_id')} for it ({done.tool}).")
    tool = _offered("open_ticket", tools)
    if done or not tool:
        return say(
            f"I could not open a ticket for {account_id}. {done.text if done else ''}".rstrip()
        )
    return call(tool, account_id=account_id, summary=_last_words(messages))


# -- what day it is


def _today(messages: Sequence[Message], near: date) -> tuple[date | None, bool]:
    """Return the date, and whether only the user told it.

    The newest date block counts; without any, what the user says. A user leaves out the year: it
    is the one that brings the day closest to `near`.
    """
    told = [m for m in messages if m.role == "system" for m in _BLOCK.finditer(m.text)]
    if told:
        return _dates(told[-1], near)[0], False
    claims = [m for m in messages if m.role == "user" for m in _CLAIM.finditer(m.text)]
    dates = _dates(claims[-1], near) if claims else []
    return min(dates, key=lambda day: abs(day - near), default=None), bool(dates)


def _dates(told: re.Match[str], near: date) -> list[date]:
    month = MONTHS.index(told["month"].capitalize()) + 1
    years = [int(told["year"])] if told["year"] else [near.year + n for n in (-1, 0, 1)]
    return [day for year in years if (day := _day(year, month, int(told["day"])))]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# -- what to say


def _tell(found: _Result, messages: Sequence[Message]) -> str:
    record = found.record()
    try:
        updated = date.fromisoformat(record["updated"])
        due = record["upgrade_scheduled"]
        scheduled = date.fromisoformat(due) if due else None
        status, account = record["upgrade_status"], record["account_id"]
    except (KeyError, TypeError, ValueError):
        return f"The record of the account cannot be read ({found.tool})."
    today, corrected = _today(messages, scheduled or updated)
    if today is None:
        return f"Your account {account} was {_guess(updated, scheduled)} ({found.tool})."
    thanks = "You are right, thank you. " if corrected else ""
    upgrade = _relation(scheduled, status, today)
    return f"{thanks}The upgrade of your account {account} {upgrade} ({found.tool})."


def _guess(updated: date, scheduled: date | None) -> str:
    """Say what a model says that does not know the date.

    Its stale clock would be right by chance for one schedule in the calendar; there it is a day
    further off, so that the lesson holds for every account.
    """
    lag = 2 if scheduled != updated + timedelta(days=3) else 3
    tomorrow = updated + timedelta(days=lag + 1)
    known = _name(updated, updated)
    return f"updated on {known} and the upgrade will complete tomorrow, {_name(tomorrow, updated)}"


def _relation(scheduled: date | None, status: str, today: date) -> str:
    """Say how the schedule lies to today."""
    if scheduled is None:
        return "is not scheduled"
    day, gap = _name(scheduled, today), (scheduled - today).days
    if status == "completed":
        return f"was scheduled for {day} and is completed"
    if gap < 0:
        return f"was scheduled for {day}, {_ago(-gap)}, and has not completed"
    when = {0: "today", 1: "tomorrow"}.get(gap, f"in {gap} days")
    return f"is scheduled for {day}, {when}"


def _ago(days: int) -> str:
    return "yesterday" if days == 1 else f"{days} days ago"


def _name(day: date, beside: date) -> str:
    """Write a day as people do: with its year only where that is another than `beside`'s."""
    year = f", {day.year}" if day.year != beside.year else ""
    return f"{MONTHS[day.month - 1]} {day.day}{year}"
