from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from agentbox.core.aligning import Matches, matches

FEW = st.lists(st.integers(0, 4), max_size=12)


def test_an_inserted_item_shifts_nothing() -> None:
    assert matches("abcd", "abxcd") == [(0, 0), (1, 1), (2, 3), (3, 4)]


def test_what_is_there_once_in_each_anchors_the_rest() -> None:
    assert matches("xaybzc", "paqbrc") == [(1, 1), (3, 3), (5, 5)]


def test_the_longest_run_of_anchors_is_kept_where_items_changed_places() -> None:
    assert matches("1abcd2", "3dabc4") == [(1, 2), (2, 3), (3, 4)]


def test_without_anchors_the_shortest_edit_is_found() -> None:
    assert matches("pababr", "qbabas") == [(2, 1), (3, 2), (4, 3)]


def test_where_the_edit_is_too_long_position_decides() -> None:
    one = [n % 7 for n in range(700)] + [100, 100]
    other = [n % 5 for n in range(1, 701)] + [101, 101]
    assert matches(one, other) == [(n, n) for n in range(700) if n % 7 == (n + 1) % 5]


def test_nothing_matches_nothing() -> None:
    assert matches("", "") == matches("", "a") == matches("a", "b") == []


@settings(deadline=None)
@given(FEW, FEW)
def test_matches_are_equal_items_in_order_and_swap_with_their_sides(
    one: list[int], other: list[int]
) -> None:
    found = matches(one, other)
    assert all(one[i] == other[j] for i, j in found)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(found))
    swapped: Matches = [(j, i) for i, j in found]
    assert matches(other, one) == swapped


@settings(deadline=None)
@given(FEW)
def test_a_sequence_matches_itself(one: list[int]) -> None:
    assert matches(one, one) == [(n, n) for n in range(len(one))]


@settings(deadline=None)
@given(FEW, st.integers(0, 12), st.integers(0, 4))
def test_one_item_more_is_all_that_is_not_matched(one: list[int], place: int, item: int) -> None:
    more = [*one[:place], item, *one[place:]]
    assert len(matches(one, more)) == len(one)
