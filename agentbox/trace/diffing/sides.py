"""Two operations side by side: which of a scope are which, and where two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from agentbox.core.aligning import Matches, matches
from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import Difference, DifferenceKind, changed
from agentbox.core.messages import Json
from agentbox.trace.diffing.operations import Operation, content_of, is_loose, segment_kind

Pair: TypeAlias = tuple[Operation, Operation]
Half: TypeAlias = tuple[Operation | None, Operation | None]
"""What stands side by side; at least one is there."""
Level: TypeAlias = Callable[[Sequence[Operation], Sequence[Operation]], Matches]


def inside(one: Operation, other: Operation, *, torn: bool = False) -> list[Half]:
    """Return what was done within two operations, side by side.

    Where one of the two is `torn`, its end is no end.
    """
    if one.keys[0] == other.keys[0]:
        return [*zip(one.inside, other.inside, strict=True)]
    levels = [level for level in _LEVELS if not (torn and level is _by_end)]
    return [*aligned(one.inside, other.inside, levels)]


def still_to_come(halves: Sequence[Half], side: int) -> list[tuple[bool, Operation | None]]:
    """Return for each place whether a side has more from there on, and its next model call."""
    found: list[tuple[bool, Operation | None]] = []
    more, model = False, None
    for half in reversed(halves):
        each = half[side]
        if each is not None and not is_loose(each):
            more, model = True, each if each.kind == "model" else model
        found.append((more, model))
    return found[::-1]


def aligned(
    one: Sequence[Operation], other: Sequence[Operation], levels: Sequence[Level]
) -> Iterator[Half]:
    """Yield the operations of a scope side by side, None where one has no such operation.

    First those that are the same all through, between them those that say the same, then those that
    end the scope and call the same tools, and at last the first of a name with the first of it.
    """
    if not levels:
        yield from _unmatched(one, other)
        return
    i = j = 0
    for a, b in [*levels[0](one, other), (len(one), len(other))]:
        if i < a or j < b:
            yield from aligned(one[i:a], other[j:b], levels[1:])
        if a < len(one):
            yield one[a], other[b]
        i, j = a + 1, b + 1


def _by_all(one: Sequence[Operation], other: Sequence[Operation]) -> Matches:
    return matches([each.keys[0] for each in one], [each.keys[0] for each in other])


def _by_words(one: Sequence[Operation], other: Sequence[Operation]) -> Matches:
    return matches([each.keys[1] for each in one], [each.keys[1] for each in other])


def _by_end(one: Sequence[Operation], other: Sequence[Operation]) -> Matches:
    """Match the ends of two scopes, as far as they call the same tools: an answer is an answer."""
    most = min(len(one), len(other))
    alike = (one[-1 - k].keys[2] == other[-1 - k].keys[2] for k in range(most))
    end = next((k for k, same in enumerate(alike) if not same), most)
    return [(len(one) - k, len(other) - k) for k in range(end, 0, -1)]


def _by_name(one: Sequence[Operation], other: Sequence[Operation]) -> Matches:
    return matches(_numbered(one), _numbered(other))


def _numbered(scope: Sequence[Operation]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    numbered: list[tuple[str, int]] = []
    for each in scope:
        counts[each.keys[3]] += 1
        numbered.append((each.keys[3], counts[each.keys[3]]))
    return numbered


_LEVELS: Sequence[Level] = (_by_all, _by_words, _by_end, _by_name)


def _unmatched(one: Sequence[Operation], other: Sequence[Operation]) -> Iterator[Half]:
    """Yield what only one of the two has, in an order that swapping the two keeps."""
    halves: list[tuple[int, Half]] = [(n, (each, None)) for n, each in enumerate(one)]
    halves += [(n, (None, each)) for n, each in enumerate(other)]
    yield from (half for _, half in sorted(halves, key=_late))


def _late(numbered: tuple[int, Half]) -> tuple[int, bool, int]:
    """Return what sorts by place; of one place a model call is last: the rest may explain it."""
    number, half = numbered
    op = either(half)
    return number, op.kind == "model", op.keys[0]


def difference(kind: DifferenceKind, half: Half, changes: Sequence[Change], why: str) -> Difference:
    """Return what is told of an operation of which one side, or both, is there."""
    one, other = half
    op = either(half)
    name = {"tool": op.name, "server": op.name, "turn": turn_name(op)}.get(op.kind)
    places = (one.at if one else "", other.at if other else "")
    return Difference(kind, *places, name or op.kind, tuple(changes), why)


def turn_name(op: Operation) -> str:
    """Return `turn`, or what stands in its place: `end`, `server-accounts`."""
    name = segment_kind(op.at.partition("/")[2])
    return "turn" if name == "t" else name


def either(half: Half) -> Operation:
    """Return the operation, as the first has it where both do."""
    found = half[0] or half[1]
    if found is None:  # pragma: no cover - a half is of something
        raise ValueError("nothing stands here")
    return found


def changes_of(one: Operation, other: Operation, kind: str) -> list[Change]:
    """Return where the events of a kind differ; of any kind, where it is empty."""
    sides = [
        [content_of(event) for event in each.events if kind in ("", event.kind)]
        for each in (one, other)
    ]
    if all(len(side) == 1 for side in sides):
        return changed(sides[0][0], sides[1][0])
    return changed(sides[0], sides[1])


def without_twins(changes: Sequence[Change], one: Operation, other: Operation) -> Sequence[Change]:
    """Return changes of a result without that of its text, where structured content tells it."""
    told = [each for each in changes if each.path != "text"]
    results = (one.first("tool.result"), other.first("tool.result"))
    structured = any(each.path.startswith("structured") for each in told)
    return told if structured and all(map(_is_twin, results)) else changes


def _is_twin(result: Mapping[str, Json]) -> bool:
    text = str(result.get("text", ""))
    return text[:1] in "{[" and result.get("structured") is not None


def whole(op: Operation, side: int) -> Change:
    """Return an operation that only one has, as one change."""
    told = _told(op)
    return Change("", GONE, told) if side else Change("", told, GONE)


def _told(op: Operation) -> dict[str, Json]:
    """Return what is told of an operation that only one has: what it says or asks for."""
    kind = _TELLING.get(op.kind)
    if kind:
        data = op.first(kind)
        return {key: data[key] for key in _TOLD if data.get(key)}
    if op.kind in ("turn", "scope"):
        return next((told for told in map(_told, op.inside) if told), dict[str, Json]())
    return content_of(op.events[0]) if op.events else {}


_TOLD = ("text", "calls", "tool", "args", "look")
_TELLING = {
    "model": "model.result",
    "tool": "tool.request",
    "user": "user.result",
    "look": "observe.request",
}
