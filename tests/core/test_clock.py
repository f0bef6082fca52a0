from __future__ import annotations

from datetime import datetime

import pytest

from agentbox import Clock


@pytest.mark.parametrize(
    ("now", "zone", "block"),
    [
        (
            "2026-03-20T14:30:00Z",
            "",
            "Today is March 20, 2026. Current time: 14:30 UTC.",
        ),
        (
            "2026-03-20T14:30:00Z",
            "Europe/Berlin",
            "Today is March 20, 2026. Current time: 15:30 Europe/Berlin (UTC+01:00).",
        ),
        (
            "2026-07-01T15:30:00",
            "Europe/Berlin",
            "Today is July 1, 2026. Current time: 15:30 Europe/Berlin (UTC+02:00).",
        ),
        (
            "2026-03-20T23:30:00-05:00",
            "",
            "Today is March 20, 2026. Current time: 23:30 UTC-05:00.",
        ),
    ],
)
def test_the_date_block_names_date_time_and_zone(now: str, zone: str, block: str) -> None:
    assert Clock.at(now, zone).block() == block


def test_time_moves_only_by_declared_amounts() -> None:
    clock = Clock.at("2026-12-31T23:59:00Z")
    clock.advance(61.5)
    assert clock.iso() == "2027-01-01T00:00:01.500000Z"
    assert clock.today() == "2027-01-01"


def test_a_clock_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="needs a time with a zone"):
        Clock(datetime.fromisoformat("2026-03-20T14:30:00"))


def test_time_never_runs_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        Clock.at("2026-03-20T14:30:00Z").advance(-1)


def test_a_reading_goes_with_its_clock_and_cannot_move_it() -> None:
    clock = Clock.at("2026-03-20T14:30:00", "Europe/Berlin")
    reading = clock.reading()
    clock.advance(60)
    assert (reading.iso(), reading.block()) == (clock.iso(), clock.block())
    with pytest.raises(TypeError, match="cannot move it"):
        reading.advance(1)
    with pytest.raises(AttributeError):
        reading.offset = 5
    assert clock.offset == 60


def test_virtual_time_passes_a_change_of_summer_time_truly() -> None:
    clock = Clock.at("2026-03-29T01:59:00", "Europe/Berlin")
    clock.advance(120)
    assert clock.block() == (
        "Today is March 29, 2026. Current time: 03:01 Europe/Berlin (UTC+02:00)."
    )


@pytest.mark.parametrize(
    ("now", "zone", "message"),
    [
        ("2026-03-20", "", "no RFC 3339 time"),
        ("yesterday", "", "no RFC 3339 time"),
        ("2026-13-20T14:30:00Z", "", "month"),
        ("2026-03-20T14:30:00", "", "has no zone"),
        ("2026-03-20T14:30:00", "Mars/Base", "no IANA zone"),
        ("2026-03-20T14:30:00", "../../etc/passwd", "no IANA zone"),
    ],
)
def test_a_wrong_time_says_what_to_write(now: str, zone: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clock.at(now, zone)
