"""A billing desk's model, played by rules: it searches a policy, reads a page and cites the clause.

Its query holds what the question asks and who is asking. `reply_vague` is its twin: it leaves out
who is asking, so that the general rule fills the passages and the clause that counts falls under
the cut line. Both answer from what they were shown, so the twin's mistake is one of retrieval.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentbox import Message, ToolSpec, call, say

_TOPICS = ("refund", "annual", "monthly", "payment", "credit", "upgrade", "invoice", "export")
_PLANS = ("enterprise", "pro", "free")
_DAYS = re.compile(r"\b(\d{1,3}) days\b")
_LIMIT = re.compile(r"\b(?:within|after) (\w+) days\b", re.IGNORECASE)
_NUMBERS = {"seven": 7, "fourteen": 14, "thirty": 30}


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Search with the plan in the query, read the page that counts, answer."""
    return _next(messages, tools, _whole_query(messages))


def reply_vague(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:
    """Search with the topic alone, and answer from the best passage."""
    return _next(messages, tools, _topic(messages))


def _next(messages: Sequence[Message], tools: Sequence[ToolSpec], query: str) -> Message:
    search, read = _offered("search", tools), _offered("read_page", tools)
    passages = _result("passages", messages)
    failure = next((m.text for m in reversed(messages) if m.role == "tool" and m.failed), "")
    if passages is None:
        can = search and query and not failure
        return call(search, query=query) if can else say(f"I cannot look that up. {failure}")
    clause = _best(passages["passages"], messages)
    if clause is None:
        return say("The policy says nothing that fits.")
    page = _result("number", messages)
    if page is None and read and not failure:
        return call(read, number=clause["page"])
    return say(_answer(clause, page, messages))


# -- what was asked


def _words(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _topic(messages: Sequence[Message]) -> str:
    """Return the policy's words for what the user asks."""
    asked = _words(messages).lower().replace("money back", "refund").replace("a year", "annual")
    return " ".join(word for word in _TOPICS if word in asked)


def _plan(messages: Sequence[Message]) -> str:
    """Return the user's plan: as they say it, else as the prompt does."""
    told = f"{_words(messages)} {' '.join(m.text for m in messages if m.role == 'system')}".lower()
    return next((plan for plan in _PLANS if re.search(rf"\b{plan}\b", told)), "")


def _whole_query(messages: Sequence[Message]) -> str:
    plan = _plan(messages)
    return f"{plan} {_topic(messages)} exception" if plan == "enterprise" else _topic(messages)


def _offered(name: str, tools: Sequence[ToolSpec]) -> str:
    return next((tool.name for tool in tools if re.split(r"\W", tool.name)[-1] == name), "")


# -- what was found


def _result(key: str, messages: Sequence[Message]) -> Mapping[str, Any] | None:
    """Return the newest result that has this key."""
    for message in reversed(messages):
        if message.role == "tool" and not message.failed:
            value = _parsed(message.text)
            if isinstance(value, dict) and key in value:
                return value
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _best(passages: Sequence[Mapping[str, Any]], messages: Sequence[Message]) -> Any:
    """Return the first passage in force that bears on the question, an exception before a rule."""
    bearing = [p for p in passages if p["status"].startswith("in force") and _about(p, messages)]
    excepted = (p for p in bearing if _plan(messages) in p["title"].lower().split())
    return next(excepted, bearing[0] if bearing else None)


def _about(passage: Mapping[str, Any], messages: Sequence[Message]) -> bool:
    """Whether a passage names a topic; of annual payments, whether it also sets a limit in days."""
    topics = _topic(messages).split()
    text = f"{passage['title']} {passage['text']}".lower()
    named = [topic for topic in topics if topic in text]
    return bool(_LIMIT.search(text) and "annual" in named) if "annual" in topics else bool(named)


# -- what to say


def _answer(
    clause: Mapping[str, Any], page: Mapping[str, Any] | None, messages: Sequence[Message]
) -> str:
    limit, asked = _LIMIT.search(clause["text"]), _DAYS.search(_words(messages))
    days = _number(limit[1]) if limit else None
    if limit is None or days is None or asked is None:
        return f"{clause['clause_id']} says: {clause['text']}"
    verdict = "Yes" if int(asked[1]) <= days else "No"
    told = f"{verdict}: {clause['clause_id']} sets {limit[1]} days."
    return " ".join([told, *_conditions(clause, page)])


def _number(word: str) -> int | None:
    return int(word) if word.isdigit() else _NUMBERS.get(word)


def _conditions(clause: Mapping[str, Any], page: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what else counts: the fee, and the clauses of the page that speak of the clause."""
    fee = re.search(r"A fee of (\d+) percent[^.]*\.", clause["text"])
    if fee:
        yield fee[0]
    for paragraph in (page or {}).get("text", "").split("\n\n"):
        other, _, text = paragraph.partition(" ")
        if clause["clause_id"] in text:
            yield f"Mind {other}: {text}"
