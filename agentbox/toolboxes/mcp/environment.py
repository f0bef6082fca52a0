"""What a server's process finds in its environment: the clock contract, and little else.

`AGENTBOX_NOW` (RFC 3339), `AGENTBOX_TZ` and `AGENTBOX_SEED` say what the run's date, zone and seed
are; a request's `_meta` says it again, and wins.
"""

from __future__ import annotations

import os
from pathlib import Path

from agentbox.core.clock import Clock
from agentbox.toolboxes.mcp.plans import Plan, Site

MARKER = "AGENTBOX_HOME"
"""In every descendant's environment: by this they are found when their server has ended."""


def environment(plan: Plan, site: Site, home: Path) -> dict[str, str]:
    """Return the environment of a server whose temporary home is `home`."""
    clean = {
        "PATH": site.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
    }
    base = site.environ if plan.server.sandbox == "off" else clean
    return {**base, **contract(site.clock, site.seed), **plan.env, MARKER: str(home)}


def contract(clock: Clock, seed: int) -> dict[str, str]:
    """Return the variables that tell a process the run's date, zone and seed."""
    return {
        "AGENTBOX_NOW": clock.iso(),
        "AGENTBOX_TZ": clock.zone,
        "AGENTBOX_SEED": str(seed),
        "TZ": posix_zone(clock.zone),
        "PYTHONHASHSEED": "0",
    }


def posix_zone(zone: str) -> str:
    """Return a clock's zone as `TZ` wants it: POSIX counts offsets west of Greenwich."""
    name, sign, offset = zone.partition("+") if "+" in zone else zone.partition("-")
    if name != "UTC" or not sign:
        return zone
    return f"<{zone}>{'-' if sign == '+' else '+'}{offset}"
