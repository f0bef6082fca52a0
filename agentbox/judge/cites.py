"""Checks that an answer rests on what was found: each id cited was retrieved, each figure seen.

A figure may come from an `ok` result, from the user's own words, or from the date block; years and
days are compared as dates, so `March 19` rests on `2026-03-19T14:30:00Z`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, cast

from agentbox.core.messages import Json
from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.arguments import listed
from agentbox.judge.check import Check
from agentbox.judge.evidence import Called, Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.numbers import Day, Figure, days, figures
from agentbox.judge.text import compiled
from agentbox.judge.wording import one_line

RETRIEVAL = "agentbox/retrieval"
"""The key of a result's `_meta` under which a server tells which candidates it kept."""

_MARKER = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
"""The number of an item of a list, which is no figure."""
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?::\d\d)?(?![\d:])")


@dataclass(frozen=True, slots=True)
class Cites:
    """The parameters of `cites`."""

    pattern: Annotated[
        str,
        "A regular expression of ids, such as `POL-\\d+`; a group in it, if any, is the id.",
        Short(),
        AtLeast(1),
    ]
    of: Annotated[str, "The tools, by name or glob, whose results hold them."] = "*"
    least: Annotated[int, "How many different ids the answer must cite.", AtLeast(0)] = 1
    figures: Annotated[bool, "Every figure and date of the answer must have been seen, too."] = (
        False
    )

    def __post_init__(self) -> None:
        """Refuse a pattern that is none."""
        compiled(self.pattern)


def cites(params: Cites, seen: Evidence) -> Failure | None:
    """Hold if the answer cites, and what it cites was retrieved and what it states was seen."""
    cited = list(dict.fromkeys(_ids(params.pattern, seen.answer)))
    calls = [
        call
        for call in (*seen.earlier, *seen.calls)
        if call.status == "ok" and fnmatchcase(call.tool, params.of)
    ]
    if len(cited) < params.least:
        told = ", ".join(cited) or "none"
        return Failure(f"the answer cites {len(cited)}, not {params.least}: {told}", seen.answer_at)
    strange = [name for name in cited if not any(_retrieved(name, call) for call in calls)]
    if strange:
        never = f"cited, but never retrieved by {params.of}: {', '.join(strange)}"
        found = listed(calls, lambda call: call.tool) or "none"
        return Failure(f"{never}; the results: {found}", seen.answer_at)
    unseen = list(dict.fromkeys(_unseen(params, seen, calls))) if params.figures else []
    if not unseen:
        return None
    told = one_line(", ".join(unseen), 300)
    return Failure(f"stated, but in no result of {params.of}: {told}", seen.answer_at)


# -- ids


def _ids(pattern: str, text: str) -> Iterator[str]:
    for found in re.finditer(pattern, text):
        yield next((group for group in found.groups() if group), found.group())


def _retrieved(name: str, call: Called) -> bool:
    """Whether a result holds an id: among its kept candidates, or as a word of its own."""
    if any(str(one.get("id")) == name and one.get("kept") for one in _candidates(call)):
        return True
    word = re.compile(rf"(?<!\w)(?<!\w[-.]){re.escape(name)}(?!\w|[-.]\w)")
    return any(word.search(text) for text in _texts(call))


def _candidates(call: Called) -> Sequence[Mapping[str, Json]]:
    retrieval: Json = (call.meta or {}).get(RETRIEVAL) or {}
    return retrieval.get("candidates") or ()


def _texts(call: Called) -> Iterator[str]:
    """Yield the texts of a result: its own, and every one in its data."""
    yield call.text
    yield from (str(leaf) for leaf in _leaves(call.structured))


def _leaves(value: Json) -> Iterator[Json]:
    """Yield the values of a JSON value that are neither objects nor arrays, and the keys."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Mapping):
            members = cast("Mapping[str, Json]", top)
            stack += [*members, *members.values()]
        elif isinstance(top, list | tuple):
            stack += cast("Sequence[Json]", top)
        else:
            yield top


# -- figures


@dataclass(frozen=True, slots=True)
class _Known:
    """What was seen: the texts, their numbers and their dates."""

    whole: str
    numbers: frozenset[Decimal]
    days: tuple[Day, ...]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Known:
        dates = tuple(day for text in texts for day in days(text))
        years = {Decimal(day.year) for day in dates if day.year}
        numbers = {number for text in texts for number in _readings(text)}
        return cls("\n".join(texts), frozenset(numbers | years), dates)

    def has(self, figure: Figure) -> bool:
        """Whether a figure was seen, whatever its sign; 12.5 % also as 0.125."""
        value = abs(figure.value)
        return value in self.numbers or (figure.percent and value / 100 in self.numbers)


def _unseen(params: Cites, seen: Evidence, calls: Sequence[Called]) -> Iterator[str]:
    """Yield the figures, dates and times of the answer that nobody gave."""
    answer = _MARKER.sub(" ", re.sub(params.pattern, " ", seen.answer))
    known = _Known.of([*(text for call in calls for text in _texts(call)), *_told(seen)])
    for day in days(answer):
        if not any(day.same(other) for other in known.days):
            yield day.text
    for time in _TIME.findall(answer):
        if time not in known.whole:
            yield time
    for figure in figures(_TIME.sub(" ", answer)):
        if not known.has(figure):
            yield figure.text.strip()


def _readings(text: str) -> Iterator[Decimal]:
    """Yield what the numbers of a text may be: `100,200` is one number, or two of a table."""
    for figure in figures(text):
        yield abs(figure.value)
        for part in re.findall(r"\d+(?:\.\d+)?", figure.text):
            yield Decimal(part)


def _told(seen: Evidence) -> Iterator[str]:
    """Yield what the agent was told besides results: the user's words, and the date."""
    for call in seen.model_calls[-1:]:
        yield from (str(m.get("text", "")) for m in call.messages if m.get("role") == "user")
        yield str((call.slot("now") or {}).get("text", ""))


CHECKS: Mapping[str, Check] = {
    "cites": Check(Cites, "What the answer cites was retrieved.", cites),
}
