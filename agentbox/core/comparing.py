"""Comparing JSON values: whether they are equal, and where they are not.

As in JSON, `1` is `1.0` and neither is `true`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from agentbox.core.aligning import matches
from agentbox.core.messages import Json


def same(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal."""
    kind = kind_of(one)
    if kind != kind_of(other):
        return False
    if kind == "object":
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if kind == "array":
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


GONE: Final = object()
"""Stands for what one of two values does not have."""


@dataclass(frozen=True, slots=True)
class Change:
    """One place where two values differ: `GONE` stands where one has nothing there."""

    path: str
    before: Json = GONE
    after: Json = GONE


def changes(one: Json, other: Json, path: str = "$") -> Iterator[tuple[str, Json, Json]]:
    """Yield where two values differ: the path, and what stands there in each, `GONE` if nothing."""
    kind = kind_of(one)
    if kind != kind_of(other) or kind not in ("object", "array"):
        if one is GONE or other is GONE or not same(one, other):
            yield path, one, other
        return
    there, here = _members(one, path), _members(other, path)
    for place in {**there, **here}:
        yield from changes(there.get(place, GONE), here.get(place, GONE), place)


def edits(one: Json, other: Json, path: str = "$") -> Iterator[tuple[str, Json, Json]]:
    """Yield where two values differ as `changes` does, but arrays aligned by what they hold.

    An item put into an array, or taken out, is one change; the path is the item's in the value
    that has it, in `one` where both have.
    """
    kinds = (kind_of(one), kind_of(other))
    if kinds == ("array", "array"):
        for place, before, after in _realigned(one, other, path):
            yield from edits(before, after, place)
    elif kinds == ("object", "object"):
        there, here = _members(one, path), _members(other, path)
        for place in {**there, **here}:
            yield from edits(there.get(place, GONE), here.get(place, GONE), place)
    else:
        yield from changes(one, other, path)


def _realigned(
    one: Sequence[Json], other: Sequence[Json], path: str
) -> Iterator[tuple[str, Json, Json]]:
    """Yield the items of two arrays that are not in both, side by side where both have one."""
    kept = matches([*map(_written, one)], [*map(_written, other)])
    i = j = 0
    for end, stop in [*kept, (len(one), len(other))]:
        before, after = one[i:end], other[j:stop]
        for k in range(max(len(before), len(after))):
            place = i + k if k < len(before) else j + k
            yield f"{path}[{place}]", _at(before, k), _at(after, k)
        i, j = end + 1, stop + 1


def _at(items: Sequence[Json], index: int) -> Json:
    return items[index] if index < len(items) else GONE


def _written(value: Json) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _members(value: Json, path: str) -> dict[str, Json]:
    """Return what is in an object or an array, by path."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Json]", value)
        return {f"{path}.{key}": member for key, member in members.items()}
    return {f"{path}[{index}]": member for index, member in enumerate(value)}


_KINDS: Sequence[tuple[str, type | tuple[type, ...]]] = (
    ("string", str),
    ("boolean", bool),
    ("number", (int, float)),
    ("object", Mapping),
    ("array", (list, tuple)),
)
"""JSON's types by Python's, in the order to ask: a bool is an int, too."""


def kind_of(value: Json) -> str:
    """Return JSON's name for the type of a value."""
    return next((name for name, types in _KINDS if isinstance(value, types)), "null")
