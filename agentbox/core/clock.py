"""The run's clock: an input, never a reading of the host's.

Virtual time starts at the scenario's `now` and moves only by declared amounts.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

MONTHS = (  # not strftime: %B follows the host's locale
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English, as the date block has them."""
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<zone>[Zz]|[+-]\d\d:\d\d)?"
)


class Clock:
    """What time it is in the run. Tools take it by annotating a parameter `Clock`."""

    __slots__ = ("_start", "offset", "zone")

    def __init__(self, start: datetime, zone: str = "UTC") -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs a time with a zone")
        self._start = start
        self.zone = zone
        self.offset = 0.0
        """Virtual seconds since `now`."""

    @classmethod
    def at(cls, now: str, zone: str = "") -> Clock:
        """Return a clock pinned at `now`.

        `now` is RFC 3339; without an offset of its own it is local time in `zone`, an IANA name.

        Raises:
            ValueError: no such time, or no zone anywhere; the message says what to write.
        """
        match = _RFC3339.fullmatch(now)
        if not match:
            raise ValueError(f"{now!r} is no RFC 3339 time such as 2026-03-20T14:30:00Z")
        moment = datetime.fromisoformat(now.upper().replace(" ", "T"))
        place = _zone(zone) if zone else moment.tzinfo
        if place is None:
            raise ValueError(f"{now!r} has no zone: add Z, an offset such as +01:00, or `zone:`")
        local = moment.astimezone(place) if moment.tzinfo else moment.replace(tzinfo=place)
        return cls(local, zone or _offset_name(local))

    def reading(self) -> Clock:
        """Return a clock that goes with this one and cannot move it: what tools are given."""
        return _Reading(self)

    def now(self) -> datetime:
        """Return the present moment of the run, with its zone."""
        moved = self._start.astimezone(_UTC) + timedelta(seconds=self.offset)
        return moved.astimezone(self._start.tzinfo)

    def today(self) -> str:
        """Return the present date, `YYYY-MM-DD`."""
        return self.now().date().isoformat()

    def iso(self) -> str:
        """Return the present moment as RFC 3339."""
        text = self.now().isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text

    def advance(self, seconds: float) -> None:
        """Move virtual time forward.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self.offset += seconds

    def block(self) -> str:
        """Return the date block that stands first in a prompt."""
        now = self.now()
        offset = now.strftime("%z")
        where = "UTC" if self.zone == "UTC" else self.zone
        if "/" in self.zone:
            where += f" (UTC{offset[:3]}:{offset[3:5]})"
        return (
            f"Today is {MONTHS[now.month - 1]} {now.day}, {now.year}. "
            f"Current time: {now:%H:%M} {where}."
        )


class _Reading(Clock):
    __slots__ = ("_clock",)

    def __init__(self, clock: Clock) -> None:
        self._start = clock._start  # noqa: SLF001 - it is the same clock
        self.zone = clock.zone
        self._clock = clock

    @property
    def offset(self) -> float:  # pyright: ignore[reportIncompatibleVariableOverride] - it is read
        return self._clock.offset

    def advance(self, seconds: float) -> None:  # noqa: ARG002 - as a clock names it
        raise TypeError("a tool reads the run's clock and cannot move it")


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only where one is named

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA zone such as Europe/Berlin") from None


def _offset_name(moment: datetime) -> str:
    offset = moment.strftime("%z")
    return "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"


_UTC = datetime.fromisoformat("2000-01-01T00:00:00+00:00").tzinfo
