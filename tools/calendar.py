"""Tools on days: plain functions. Their schemas come from the signatures and these docstrings.

A parameter annotated `Clock` is filled with the run's clock and left out of the schema: a tool that
asks it for the date stays right whatever day its host believes it is.
"""

from __future__ import annotations

from datetime import date

from agentbox import Clock


def today(clock: Clock) -> str:
    """Tell what day it is.

    Returns:
        Today as YYYY-MM-DD.
    """
    return clock.today()


def days_between(start: str, end: str) -> int:
    """Count the days from one day to another.

    Args:
        start: The first day, YYYY-MM-DD.
        end: The other day, YYYY-MM-DD; before `start` the count is negative.

    Returns:
        The number of days; 1 from a day to the next.
    """
    return (_day(end) - _day(start)).days


def weekday(day: str) -> str:
    """Tell which day of the week a day is.

    Args:
        day: The day, YYYY-MM-DD.

    Returns:
        The weekday's English name.
    """
    return _WEEKDAYS[_day(day).weekday()]


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day such as 2026-03-20") from None
