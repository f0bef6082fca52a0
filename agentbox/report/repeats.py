"""What the plays of repeated cases came to: how many passed, and what is likely of k more."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.messages import Json
from agentbox.core.verdict import Rate, Repeated
from agentbox.report.text import Line, count, cut_line, one_line, styled

_SHOWN = (1, 2, 4, 8)
"""For these k the measures are shown; the JSON has them all."""


def repeat_lines(repeated: Sequence[Repeated], *, width: int = 100) -> list[Line]:
    """Return a line for each repeated case, and one for each k under it."""
    return [cut_line(line, width) for one in repeated for line in _lines(one)]


def _lines(one: Repeated) -> list[Line]:
    passed = f"{one.passed} of {one.played} passed, {one.require} required"
    errored = f", {count(one.errored, 'play')} errored and left out" if one.errored else ""
    head = styled(f"  {one_line(one.group, 60)}   ") + styled(
        passed, "good" if one.enough else "bad"
    )
    rates = [rate for rate in one.rates if rate.k in _SHOWN]
    return [
        head + styled(errored, "warn"),
        *(styled(f"    {_told(rate)}", "dim") for rate in rates),
    ]


def _told(rate: Rate) -> str:
    likely = f"pass@{rate.k} {_share(rate.any, rate.any_interval)}"
    return f"{likely}   pass^{rate.k} {_share(rate.all, rate.all_interval)}"


def _share(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:4.0%} (95 %: {low:.0%} to {high:.0%})"


def repeated_json(one: Repeated) -> dict[str, Json]:
    """Return it as plain JSON values with stable keys."""
    return {
        "group": one.group,
        "played": one.played,
        "passed": one.passed,
        "errored": one.errored,
        "require": one.require,
        "enough": one.enough,
        "rates": [
            {
                "k": rate.k,
                "pass_at_k": round(rate.any, 6),
                "pass_at_k_interval": [round(bound, 6) for bound in rate.any_interval],
                "pass_hat_k": round(rate.all, 6),
                "pass_hat_k_interval": [round(bound, 6) for bound in rate.all_interval],
            }
            for rate in one.rates
        ],
    }
