"""The one door to the host's clock. What it gives lands in side fields and in nothing else."""

from __future__ import annotations

import time
from datetime import UTC, datetime

elapsed = time.perf_counter
"""Seconds on a clock that only moves forward."""


def stamp() -> str:
    """Return the host's UTC time as a folder's name, so that the newest sorts last.

    To the millisecond, for two runs may begin within a second: 20261124T031502.123Z.
    """
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def moment() -> str:
    """Return the host's UTC time as RFC 3339, for `now: real`."""
    return datetime.now(UTC).isoformat(timespec="seconds")
