"""says_number, and how numbers and dates are read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.judge.numbers import days, figures


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It costs $1,234.50.", ["1234.50"]),
        ("1234.5 EUR, 1'234,5", ["1234.5"]),
        ("2,000,000 or 1\u202f000", ["2000000", "1000"]),
        ("1 000 are two", ["1", "000"]),
        ("-5 \u22126 +7, 10-8", ["-5", "-6", "7", "10", "8"]),
        ("99% and 12.5 %", ["99", "12.5"]),
        ("15kg in 30-day rounds", ["15", "30"]),
        ("LLM-4829, T#12, a/3, v2, v2.1, 1.2.3, 1,23", []),
        ("a,100,200", ["100200"]),
        ("at 14:30, 3:1", []),
        ("on 2026-03-19, March 3rd, 19 Mar 2026", []),
        ("Maybe 3.", ["3"]),
        ("", []),
    ],
)
def test_a_number_is_read_as_people_write_it(text, numbers):
    assert [figure.value for figure in figures(text)] == [Decimal(one) for one in numbers]


@pytest.mark.parametrize(
    ("text", "month", "day", "year"),
    [
        ("2026-03-19T14:30:00Z", 3, 19, 2026),
        ("March 19, 2026", 3, 19, 2026),
        ("Sept. 3", 9, 3, 0),
        ("May 5th", 5, 5, 0),
        ("19 December 2025", 12, 19, 2025),
    ],
)
def test_a_date_is_read_as_people_write_it(text, month, day, year):
    (found,) = days(f"On {text}.")
    assert (found.month, found.day, found.year) == (month, day, year)


@pytest.mark.parametrize("text", ["may 5", "Marching 3", "March 12.5", "12026-03-19", "2.5 May"])
def test_what_only_looks_like_a_date_is_none(text):
    assert not list(days(text))


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_a_number_with_commas_is_the_number_without(whole, cents):
    (plain,) = figures(f"{whole}.{cents:02}")
    (grouped,) = figures(f"is {whole:,}.{cents:02}!")
    assert plain.value == grouped.value == Decimal(f"{whole}.{cents:02}")


@pytest.mark.parametrize("said", ["1,234.50", "1234.5", "$1,234.5.", "1'234.500"])
def test_says_number_holds_however_the_number_is_written(tape, said):
    tape.turn().say(f"It is {said}").say("Bye.")
    assert tape.judge("says_number", number=1234.5).outcome == "passed"


def test_says_number_shows_the_numbers_that_were_said(tape):
    found = tape.turn().say("From 1,234 to 1234.").say("Or 7.").judge("says_number", number=12)
    assert (found.outcome, found.at, found.claim) == ("failed", "c:case/t1/s2", "says_number 12")
    assert found.message == "12 was not said; the numbers said: 1,234, 1234, 7"
    found = tape.judge("says_number", turn=1, number=8.5, tolerance=0.5)
    assert found.message == "8.5 (within 0.5) was not said; the numbers said: 1,234, 1234, 7"
    assert tape.judge("says_number", number=7.5, tolerance=0.5).outcome == "passed"


def test_says_number_is_not_satisfied_by_part_of_a_name(tape):
    found = tape.turn().say("Account LLM-4829.").judge("says_number", number=4829)
    assert found.message == "4829 was not said; the numbers said: none"


def test_a_number_that_is_none_can_not_be_judged(tape):
    found = tape.turn().say("3").judge("says_number", number=float("nan"))
    assert found.outcome == "errored"
    assert found.message.startswith("the check `says_number` raised InvalidOperation")
