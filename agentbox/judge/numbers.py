"""Numbers and dates as people and programs write them, and the check that a number was said.

`1,234.50` is 1234.5, `March 19` is a date.
A number is none where it is part of a name (`LLM-4829`), of a version (`1.2.3`), of a date
or of a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.wording import one_line

_SEPARATORS = ",'\u2019\u00a0\u202f\u2009"
"""What people put between thousands; a plain blank stands between two numbers."""

_NUMBER = re.compile(  # the looks behind: no part of a word, of a version, of a name
    rf"""
    (?<!\w) (?<!\d[.:{_SEPARATORS}]) (?<![A-Za-z_][-#/])
    [-\u2212+]?
    (?: \d{{1,3}} (?: [{_SEPARATORS}] \d{{3}} )+ | \d+ )
    (?: \.\d+ )?
    (?! \d | [.:{_SEPARATORS}]\d )
    (?: \s? % )?
    """,
    re.VERBOSE,
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MONTH = (
    r"(?P<month{n}>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?"
    r"|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_DAY = r"(?P<day{n}>\d{{1,2}})(?:st|nd|rd|th)?"
_DATE = re.compile(
    r"(?<!\d)(?P<year0>\d{4})-(?P<month0>\d\d)-(?P<day0>\d\d)(?!\d)"
    rf"|\b{_MONTH.format(n=1)}\s+{_DAY.format(n=1)}\b(?!\.\d)(?:,?\s+(?P<year1>\d{{4}})\b)?"
    rf"|\b(?<!\d[.,]){_DAY.format(n=2)}\s+{_MONTH.format(n=2)}\b(?:,?\s+(?P<year2>\d{{4}})\b)?"
)


@dataclass(frozen=True, slots=True)
class SaysNumber:
    """The parameters of `says_number`."""

    number: Annotated[float, "A number that must be said: 1234.5 is also `1,234.50`.", Short()]
    tolerance: Annotated[float, "How far off it may be.", AtLeast(0)] = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a text."""

    text: str
    value: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a text; year 0 is one that was not said."""

    text: str
    month: int
    day: int
    year: int = 0

    def same(self, other: Day) -> bool:
        """Whether both may be the same day."""
        years = {self.year, other.year} - {0}
        return (self.month, self.day) == (other.month, other.day) and len(years) < 2  # noqa: PLR2004


def says_number(params: SaysNumber, seen: Evidence) -> Failure | None:
    """Hold if some message says the number."""
    wanted, tolerance = Decimal(str(params.number)), Decimal(str(params.tolerance))
    said = [figure for one in seen.said for figure in figures(one.text)]
    if any(abs(figure.value - wanted) <= tolerance for figure in said):
        return None
    within = f" (within {tolerance})" if tolerance else ""
    numbers = ", ".join(dict.fromkeys(figure.text for figure in said)) or "none"
    return Failure(
        f"{wanted}{within} was not said; the numbers said: {one_line(numbers, 200)}",
        seen.answer_at,
    )


def figures(text: str) -> Iterator[Figure]:
    """Yield the numbers in a text, dates left out."""
    for found in _NUMBER.finditer(_DATE.sub(" ", text)):
        written = found.group()
        digits = re.sub(f"[{_SEPARATORS}+%\\s]", "", written).replace("\u2212", "-")
        yield Figure(written, Decimal(digits), written.endswith("%"))


def days(text: str) -> Iterator[Day]:
    """Yield the dates in a text: `2026-03-19`, `March 19, 2026`, `19 Mar`."""
    for found in _DATE.finditer(text):
        parts = {name[:-1]: value for name, value in found.groupdict().items() if value}
        month = parts["month"]
        number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) // 3 + 1
        yield Day(found.group(), number, int(parts["day"]), int(parts.get("year", 0)))


CHECKS: Mapping[str, Check] = {
    "says_number": Check(SaysNumber, "The number is said, however it is written.", says_number),
}
