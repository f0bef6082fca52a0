"""Looking into JSON values by JSONPath (RFC 9535)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from agentbox.core.comparing import same
from agentbox.core.messages import Json
from agentbox.core.trace import Position
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.wording import one_line, shown

if TYPE_CHECKING:  # 35 ms, and only where a scenario uses it
    from jsonpath_rfc9535 import JSONPathQuery


class Unset(Enum):
    """Marks a value that was not given, where `null` is one that may be."""

    UNSET = "«unset»"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Subject:
    """A value to look into, what to call it, and where it was seen."""

    value: Json
    name: str
    at: Position


def check_path(path: str) -> None:
    """Refuse what is no JSONPath.

    Raises:
        ValueError: it is none.
    """
    _compiled(path)


def follow(path: str, equals: Json, subject: Subject) -> Failure | None:
    """Hold if the path selects something, and every value it selects is `equals`, if that is set.

    Raises:
        Unjudgeable: the path can't be followed.
    """
    found = _select(path, subject.value)
    if not found:
        where = f"{subject.name}: {shown(subject.value, 200)}"
        return Failure(f"{path} selects nothing in {where}", subject.at)
    wrong = {
        place: value
        for place, value in found.items()
        if equals is not UNSET and not same(equals, value)
    }
    if not wrong:
        return None
    seen_there = ", ".join(f"{place} is {shown(value)}" for place, value in wrong.items())
    return Failure(
        f"{one_line(seen_there, 300)}, not {shown(equals)} (in {subject.name})", subject.at
    )


def must_select_nothing(path: str, subject: Subject) -> Failure | None:
    """Hold if the path selects nothing.

    Raises:
        Unjudgeable: the path can't be followed.
    """
    found = _select(path, subject.value)
    if not found:
        return None
    first = next(iter(found.values()))
    return Failure(f"{path} exists in {subject.name}: it is {shown(first)}", subject.at)


def _compiled(path: str) -> JSONPathQuery:
    from jsonpath_rfc9535 import JSONPathError, compile  # noqa: A004, PLC0415 - 35 ms

    try:
        return compile(path)
    except (JSONPathError, RecursionError) as error:
        raise ValueError(f"{shown(path)} is no JSONPath (RFC 9535): {error}") from None


def _select(path: str, value: Json) -> dict[str, Json]:
    """Return the values that `path` selects, by their own paths."""
    from jsonpath_rfc9535 import JSONPathError  # noqa: PLC0415 - 35 ms

    try:
        return {node.path(): node.value for node in _compiled(path).find(value)}
    except (JSONPathError, RecursionError) as error:
        raise Unjudgeable(f"{path} can't be followed: {error}") from None
