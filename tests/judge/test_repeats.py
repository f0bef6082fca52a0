"""pass@k, pass^k and their intervals."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.judge import (
    pass_at_k,
    pass_at_k_interval,
    pass_hat_k,
    pass_hat_k_interval,
    rates,
    wilson,
)

PLAYS = st.integers(1, 8).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


@given(PLAYS)
def test_both_are_the_share_of_all_choices_of_k_plays(plays):
    n, c, k = plays
    chosen = list(combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, chosen)) / len(chosen))
    assert pass_hat_k(n, c, k) == pytest.approx(sum(map(all, chosen)) / len(chosen))


@given(PLAYS)
def test_an_interval_holds_its_rate_and_lies_between_none_and_all(plays):
    n, c, k = plays
    for (low, high), rate in (
        (wilson(n, c), c / n),
        (pass_at_k_interval(n, c, k), 1 - (1 - c / n) ** k),
        (pass_at_k_interval(n, c, k), pass_at_k(n, c, k)),
        (pass_hat_k_interval(n, c, k), (c / n) ** k),
        (pass_hat_k_interval(n, c, k), pass_hat_k(n, c, k)),
    ):
        assert 0 <= low <= rate + 1e-12
        assert rate - 1e-12 <= high <= 1


def test_wilson_is_right_at_both_ends_and_in_the_middle():
    assert wilson(10, 0) == (0.0, pytest.approx(0.27753, abs=1e-5))
    assert wilson(10, 10) == (pytest.approx(0.72247, abs=1e-5), 1.0)
    assert wilson(100, 50) == (pytest.approx(0.40383, abs=1e-5), pytest.approx(0.59617, abs=1e-5))


def test_the_rates_of_some_plays_are_both_measures_for_every_k():
    one, two = rates(2, 1)
    assert (one.k, one.any, one.all) == (1, 0.5, 0.5)
    assert (two.k, two.any, two.all) == (2, 1.0, 0.0)
    assert two.any_interval == pytest.approx((0.18, 1.0), abs=0.01)
    assert two.all_interval == pytest.approx((0.0, 0.82), abs=0.01)
    assert rates(0, 0) == ()


def test_of_one_play_both_are_the_rate():
    assert pass_at_k(4, 3, 1) == pass_hat_k(4, 3, 1) == 0.75
    assert pass_at_k_interval(4, 3, 1) == pytest.approx(wilson(4, 3))
    assert pass_hat_k_interval(4, 3, 1) == pytest.approx(wilson(4, 3))


@pytest.mark.parametrize(
    "measure", [pass_at_k, pass_hat_k, pass_at_k_interval, pass_hat_k_interval]
)
def test_what_can_not_be_is_refused(measure):
    for n, c in ((3, 4), (3, -1)):
        with pytest.raises(ValueError, match=f"^{c} of {n} plays cannot have passed$"):
            measure(n, c, 1)
    for k in (0, 4):
        said = f"^k must be from 1 to the 3 plays there were, but it is {k}$"
        with pytest.raises(ValueError, match=said):
            measure(3, 2, k)
    with pytest.raises(ValueError, match=r"^k must be from 1 to the 0 plays there were"):
        wilson(0, 0)
