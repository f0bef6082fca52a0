"""tools/calendar.py, called directly."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox import Clock

PATH = Path(__file__).parents[2] / "tools" / "calendar.py"


def _loaded() -> Any:
    spec = importlib.util.spec_from_file_location("calendar_under_test", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CALENDAR = _loaded()


def test_today_is_what_the_runs_clock_says():
    assert CALENDAR.today(Clock.at("2026-03-20T14:30:00Z")) == "2026-03-20"
    assert CALENDAR.today(Clock.at("2026-03-20T23:30:00Z", "Europe/Berlin")) == "2026-03-21"


def test_days_are_counted_forwards_and_backwards():
    assert CALENDAR.days_between("2026-03-19", "2026-03-20") == 1
    assert CALENDAR.days_between("2026-03-20", "2026-03-19") == -1
    assert CALENDAR.days_between("2024-02-28", "2024-03-01") == 2


@given(st.dates(), st.dates())
def test_there_and_back_is_no_way(one, other):
    there = CALENDAR.days_between(one.isoformat(), other.isoformat())
    assert there + CALENDAR.days_between(other.isoformat(), one.isoformat()) == 0
    assert date.fromordinal(one.toordinal() + there) == other


@given(st.dates())
def test_the_weekday_is_the_calendars(day):
    assert CALENDAR.weekday(day.isoformat()) == f"{day:%A}"


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "", "2026-03-20T14:30:00Z"])
def test_what_is_no_day_is_refused_by_name(text):
    with pytest.raises(ValueError, match="is no day such as 2026-03-20") as error:
        CALENDAR.weekday(text)
    assert str(error.value).startswith(repr(text))
