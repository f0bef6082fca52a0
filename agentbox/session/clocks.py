"""The clock that a scenario asks for."""

from __future__ import annotations

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.scenario import Scenario
from agentbox.runtime.wall import moment


def clock_of(scenario: Scenario, *, live: bool) -> Clock:
    """Return a scenario's clock.

    Raises:
        AuthorError: it wants the real time, and the run is not live.
    """
    if scenario.now != "real":
        return Clock.at(scenario.now, scenario.zone)
    if not live:
        hint = "pin it: `now: 2026-03-20T14:30:00Z`; or run with --live"
        raise AuthorError(Problem("`now: real` is for live runs", hint=hint))
    return Clock.at(moment(), scenario.zone or "UTC")
