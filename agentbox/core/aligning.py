"""Aligning two sequences: which items of one are which of the other, whatever stands between them.

Near-linear where few items differ, and bounded where all do: what both start and end with is taken
off; items that are there once in each anchor the rest (patience diff, Cohen 2003); between anchors
the shortest edit is looked for (Myers 1986), and where that is too long, position decides.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

Matches: TypeAlias = list[tuple[int, int]]
_Gap: TypeAlias = tuple[Sequence[Any], Sequence[Any]]

_MOST_EDITS = 64
"""Edits looked for between two anchors: the time grows with their number times the length."""
_DEEPEST = 8
"""How often a gap between anchors is searched for anchors of its own."""


def matches(one: Sequence[Any], other: Sequence[Any]) -> Matches:
    """Return the indices of equal items, rising in both; swapping the two swaps each pair.

    Items are hashable and of one type that has an order.
    """
    if (len(one), [*one]) > (len(other), [*other]):
        return [(i, j) for j, i in matches(other, one)]
    found: Matches = []
    work = [(0, 0, one, other, 0)]
    while work:
        i, j, here, there, depth = work.pop()
        start, end = _common(here, there)
        rest = (here[start : len(here) - end], there[start : len(there) - end])
        found += [(i + k, j + k) for k in range(start)]
        found += [(i + len(here) - k, j + len(there) - k) for k in range(1, end + 1)]
        i, j = i + start, j + start
        anchors = _anchors(rest) if depth < _DEEPEST else []
        if anchors:
            found += [(i + a, j + b) for a, b in anchors]
            work += [(i + a, j + b, *gap, depth + 1) for a, b, gap in _gaps(rest, anchors)]
        elif all(rest):
            found += [(i + a, j + b) for a, b in _shortest(rest) or _by_position(rest)]
    return sorted(found)


def _common(one: Sequence[Any], other: Sequence[Any]) -> tuple[int, int]:
    """Return how many items both start with, and how many both end with after that."""
    most = min(len(one), len(other))
    start = next((k for k in range(most) if one[k] != other[k]), most)
    left = most - start
    end = next((k for k in range(left) if one[-1 - k] != other[-1 - k]), left)
    return start, end


def _anchors(gap: _Gap) -> Matches:
    """Return the longest rising run of items that are there once in each."""
    one, other = gap
    mine, theirs = Counter(one), Counter(other)
    places = {item: j for j, item in enumerate(other) if theirs[item] == 1}
    pairs = [(i, places[item]) for i, item in enumerate(one) if mine[item] == 1 and item in places]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        at = bisect_left(tails, j)
        before.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [j]
        ends[at : at + 1] = [index]
    run: Matches = []
    last = ends[-1] if ends else -1
    while last >= 0:
        run.append(pairs[last])
        last = before[last]
    return run[::-1]


def _gaps(rest: _Gap, anchors: Matches) -> list[tuple[int, int, _Gap]]:
    """Return what lies between anchors, with where it starts."""
    one, other = rest
    starts = [(0, 0), *((a + 1, b + 1) for a, b in anchors)]
    ends = [*anchors, (len(one), len(other))]
    both = zip(starts, ends, strict=True)
    return [(i, j, (one[i:a], other[j:b])) for (i, j), (a, b) in both if i < a and j < b]


def _shortest(gap: _Gap) -> Matches | None:
    """Return the matches of the shortest edit; None where it takes too many."""
    one, other = gap
    reach, steps = {1: 0}, list[dict[int, int]]()
    for edits in range(_MOST_EDITS + 1):
        steps.append(dict(reach))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
            i = reach[k + 1] if down else reach[k - 1] + 1
            while i < len(one) and 0 <= i - k < len(other) and one[i] == other[i - k]:
                i += 1
            reach[k] = i
            if i >= len(one) and i - k >= len(other):
                return _walked_back(steps, len(one), len(other))
    return None


def _walked_back(steps: list[dict[int, int]], i: int, j: int) -> Matches:
    """Return the diagonals of the path that reached the end."""
    found: Matches = []
    for edits in range(len(steps) - 1, -1, -1):
        reach, k = steps[edits], i - j
        down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
        came = k + 1 if down else k - 1
        x = reach[came]
        y = x - came
        while i > x and j > max(y, 0) and (i, j) != (x + (not down), y + down):
            i, j = i - 1, j - 1
            found.append((i, j))
        i, j = x, y
    return found[::-1]


def _by_position(gap: _Gap) -> Matches:
    return [(k, k) for k, (a, b) in enumerate(zip(*gap, strict=False)) if a == b]
