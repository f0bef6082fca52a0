"""What repeats of one case tell: pass@k, pass^k, and how sure that is.

Of n plays c passed. pass@k is the chance that one of k plays passes, pass^k that all k do: both
without bias from the n that were played (Chen et al. 2021; tau-bench, 2024). The intervals are
Wilson's score interval of c/n, carried over, for both measures rise with the rate; where few plays
leave the unbiased value beside it, it is widened to hold that.
"""

from __future__ import annotations

from math import comb, sqrt
from typing import TypeAlias

from agentbox.core.verdict import Rate

Interval: TypeAlias = tuple[float, float]
NINETY_FIVE = 1.959964
"""Standard deviations on either side of the middle 95 % of a normal distribution."""


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that of k plays at least one passes: 1 - C(n-c,k) / C(n,k).

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n.
    """
    _refuse(n, c, k)
    return 1 - comb(n - c, k) / comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return the chance that of k plays all pass: C(c,k) / C(n,k).

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n.
    """
    _refuse(n, c, k)
    return comb(c, k) / comb(n, k)


def wilson(n: int, c: int, z: float = NINETY_FIVE) -> Interval:
    """Return Wilson's score interval of the rate c/n; unlike the normal one right for 0 and n.

    Raises:
        ValueError: not 0 <= c <= n, or n is 0.
    """
    _refuse(n, c, 1)
    rate, square = c / n, z * z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    low = 0.0 if c == 0 else max(0.0, middle - half)
    return low, 1.0 if c == n else min(1.0, middle + half)


def pass_at_k_interval(n: int, c: int, k: int, z: float = NINETY_FIVE) -> Interval:
    """Return the interval of pass@k that Wilson's of the rate makes, with pass@k in it.

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n.
    """
    value = pass_at_k(n, c, k)
    low, high = wilson(n, c, z)
    return min(value, 1 - (1 - low) ** k), max(value, 1 - (1 - high) ** k)


def pass_hat_k_interval(n: int, c: int, k: int, z: float = NINETY_FIVE) -> Interval:
    """Return the interval of pass^k that Wilson's of the rate makes, with pass^k in it.

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n.
    """
    value = pass_hat_k(n, c, k)
    low, high = wilson(n, c, z)
    return min(value, low**k), max(value, high**k)


def rates(n: int, c: int) -> tuple[Rate, ...]:
    """Return both measures for every k, of n plays of which c passed."""
    return tuple(
        Rate(
            k,
            pass_at_k(n, c, k),
            pass_at_k_interval(n, c, k),
            pass_hat_k(n, c, k),
            pass_hat_k_interval(n, c, k),
        )
        for k in range(1, n + 1)
    )


def _refuse(n: int, c: int, k: int) -> None:
    if not 0 <= c <= n:
        raise ValueError(f"{c} of {n} plays cannot have passed")
    if not 1 <= k <= n:
        raise ValueError(f"k must be from 1 to the {n} plays there were, but it is {k}")
