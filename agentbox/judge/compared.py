"""Checks that compare two looks at the world: before and after, and with a world of gold calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from agentbox.core.comparing import GONE, changes
from agentbox.core.messages import Json, ToolCall
from agentbox.core.requests import Observation
from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.looks import FileAt, ResourceAt, SqlAt, ToolAt, named, place_of
from agentbox.judge.wording import parting, shown

_MOST = 3
"""Differences that a message lists; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The parameters of `unchanged`: one place."""

    resource: Annotated[ResourceAt | None, "A resource."] = None
    tool: Annotated[ToolAt | None, "What a tool gives."] = None
    sql: Annotated[SqlAt | None, "What a query gives."] = None
    file: Annotated[FileAt | None, "A file; that there is none is a state, too."] = None

    def __post_init__(self) -> None:
        """Refuse no place, and two."""
        place_of(self)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return named(place_of(self))


@dataclass(frozen=True, slots=True)
class GoldCall:
    """A call that the right path makes."""

    tool: Annotated[str, "The tool's full name: `accounts.open_ticket`.", Short(), AtLeast(1)]
    args: Annotated[Mapping[str, Json], "Its arguments."] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class SameAsGold:
    """The parameters of `same_as_gold`: the gold calls, and one place."""

    calls: Annotated[tuple[GoldCall, ...], "Made on a fresh world, set up as this one.", AtLeast(1)]
    resource: Annotated[ResourceAt | None, "A resource."] = None
    tool: Annotated[ToolAt | None, "What a tool gives."] = None
    sql: Annotated[SqlAt | None, "What a query gives."] = None
    file: Annotated[FileAt | None, "A file; that there is none is a state, too."] = None

    def __post_init__(self) -> None:
        """Refuse no place, and two."""
        place_of(self)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return named(place_of(self))


def before_and_after(params: Unchanged) -> Sequence[Observation]:
    """Return the looks at the place before the first turn, and at the end."""
    look = place_of(params)
    return (replace(look, when="start"), look)


def gold_and_real(params: SameAsGold) -> Sequence[Observation]:
    """Return the looks at the place of the gold world, and of the real one."""
    look = place_of(params)
    gold = tuple(ToolCall(call.tool, call.args) for call in params.calls)
    return (replace(look, gold=gold), look)


def unchanged(params: Unchanged, seen: Evidence) -> Failure | None:
    """Hold if the place is at the end as it was before the first turn."""
    start, end = map(seen.value, before_and_after(params))
    told = _differences(start.value, end.value, "was")
    return Failure(f"{params.title} changed: {told}", end.at) if told else None


def same_as_gold(params: SameAsGold, seen: Evidence) -> Failure | None:
    """Hold if the place is as the gold calls leave it on a fresh world."""
    gold, real = map(seen.value, gold_and_real(params))
    told = _differences(gold.value, real.value, "after the gold calls")
    if not told:
        return None
    return Failure(f"not as the gold calls leave it, {params.title}: {told}", real.at)


def _differences(expected: Json, found: Json, word: str) -> str:
    """Return where two values differ, each place with both; nothing where they are the same."""
    listed = [
        f"{path} is {here}, {word} {there}"
        for path, there, here in (
            (path, *_worded(one, other)) for path, one, other in changes(expected, found)
        )
    ]
    more = [f"and {len(listed) - _MOST} more"] if len(listed) > _MOST else []
    return "; ".join(listed[:_MOST] + more)


def _worded(one: Json, other: Json) -> tuple[str, str]:
    if isinstance(one, str) and isinstance(other, str):
        return parting(one, other)[:2]
    return _word(one), _word(other)


def _word(value: Json) -> str:
    return "nothing" if value is GONE else shown(value)


CHECKS: Mapping[str, Check] = {
    "unchanged": Check(
        Unchanged, "A part of the world is as it was before.", unchanged, before_and_after
    ),
    "same_as_gold": Check(
        SameAsGold,
        "A part of the world is as these calls leave it on a fresh one.",
        same_as_gold,
        gold_and_real,
    ),
}
