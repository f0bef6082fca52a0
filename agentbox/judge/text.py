"""Checks on words: what was said, what must never be, what the answer is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check, Failure, Unjudgeable
from agentbox.judge.evidence import Evidence
from agentbox.judge.wording import quoted, sentence

_WINDOW = 30
"""Characters shown before the place where two texts begin to differ."""


@dataclass(frozen=True, slots=True)
class Says:
    """The parameters of `says`."""

    text: Annotated[
        str, "What the assistant must say, in any of its messages.", Short(), AtLeast(1)
    ]
    ignore_case: Annotated[bool, "Capital and small letters are the same."] = False


@dataclass(frozen=True, slots=True)
class NeverSays:
    """The parameters of `never_says`."""

    text: Annotated[str, "What no message of the assistant may contain.", Short(), AtLeast(1)]
    ignore_case: Annotated[
        bool, "Capital and small letters are the same: `Tomorrow` is `tomorrow`."
    ] = True


@dataclass(frozen=True, slots=True)
class Equals:
    """The parameters of `equals`."""

    text: Annotated[str, "The whole final answer; blanks around it do not count.", Short()]


def says(params: Says, seen: Evidence) -> Failure | None:
    """Hold if some message contains the text."""
    wanted = _pattern(params.text, ignore_case=params.ignore_case)
    if any(wanted.search(one.text) for one in seen.said):
        return None
    if not seen.said:
        return Failure(f"nothing was said, so not {quoted(params.text)}", seen.at)
    last = seen.said[-1]
    return Failure(
        f"{quoted(params.text)} was not said ({_mode(ignore_case=params.ignore_case)})"
        f"{_other_case(params, seen)}; the last answer: {quoted(last.text, 240)}",
        last.at,
    )


def never_says(params: NeverSays, seen: Evidence) -> Failure | None:
    """Hold if no message contains the text."""
    banned = _pattern(params.text, ignore_case=params.ignore_case)
    for one in seen.said:
        hit = banned.search(one.text)
        if hit:
            mode = _mode(ignore_case=params.ignore_case)
            where = sentence(one.text, *hit.span())
            return Failure(f"{quoted(params.text)} was said ({mode}): {where}", one.at)
    return None


def equals(params: Equals, seen: Evidence) -> Failure | None:
    """Hold if the final answer is the text."""
    wanted, answer = params.text.strip(), seen.answer.strip()
    if wanted == answer:
        return None
    pairs = enumerate(zip(wanted, answer, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(wanted), len(answer)))
    return Failure(
        f"the answer is {_from(answer, first)}, not {_from(wanted, first)}"
        f" (they differ from character {first + 1} on)",
        seen.answer_at,
    )


def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    if not text:
        raise Unjudgeable("its text is empty: every message contains that")
    return re.compile(re.escape(text), re.IGNORECASE if ignore_case else 0)


def _mode(*, ignore_case: bool) -> str:
    return "case ignored" if ignore_case else "case counts"


def _other_case(params: Says, seen: Evidence) -> str:
    loose = _pattern(params.text, ignore_case=True)
    hit = next((hit for one in seen.said if (hit := loose.search(one.text))), None)
    return f", but {quoted(hit.group())} was" if hit and not params.ignore_case else ""


def _from(text: str, first: int) -> str:
    start = max(0, first - _WINDOW)
    return quoted(("…" if start else "") + text[start:])


CHECKS: Mapping[str, Check] = {
    "says": Check(Says, "Some message of the assistant contains the text.", says),
    "never_says": Check(NeverSays, "No message of the assistant contains the text.", never_says),
    "equals": Check(Equals, "The final answer is exactly the text.", equals),
}
