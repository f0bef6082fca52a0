"""What a check may say beside «it holds»: that it fails, or that it can't be judged."""

from __future__ import annotations

from dataclasses import dataclass

from agentbox.core.trace import Position


@dataclass(frozen=True, slots=True)
class Failure:
    """The check says no: what was seen, and the event that shows it."""

    message: str
    at: Position = ""
    """Empty: the scope's own place."""


class Unjudgeable(Exception):
    """The check can't be evaluated here. Its result is `errored`: never a pass, never a failure."""

    def __init__(self, message: str, at: Position = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
