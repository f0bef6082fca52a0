"""What the fields of a scenario's types are annotated with, beside their documentation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number's lower bound, or the least length of a text or a list."""

    minimum: float


@dataclass(frozen=True, slots=True)
class Short:
    """Marks the field that a bare value fills: `says: March 19` is `says: {text: March 19}`."""


@dataclass(frozen=True, slots=True)
class Internal:
    """Marks a field that is no key of the file; the reader fills it."""
