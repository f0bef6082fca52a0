"""The only composer: a scenario in, a trace and a verdict out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentbox.session.clocks import clock_of
    from agentbox.session.resolving import admit, resolve
    from agentbox.session.run import Judged, problems_of, run_case
    from agentbox.session.runs import Runs, addresses, find_root, root_of
    from agentbox.session.selection import KINDS, Selection, load
    from agentbox.session.sources import Host, Sources
    from agentbox.session.suite import (
        DIVERGED,
        ERRORED,
        INTERRUPTED,
        USAGE,
        Progress,
        Suite,
        exit_code,
        repeated,
        run_suite,
    )
    from agentbox.session.tapes.capturing import Captured, Held, capture, held, text_of
    from agentbox.session.tapes.forking import FIDELITIES, Fork, Then, Wish, fork
    from agentbox.session.tapes.lenses import Drift, Live, drifted, half_live
    from agentbox.session.tapes.patches import Patches
    from agentbox.session.tapes.rejudging import Again, judge_again
    from agentbox.session.tapes.replaying import Replay, replay
    from agentbox.session.tapes.scanning import Scanned, scan_for_secrets

_HOMES = {
    "Again": "agentbox.session.tapes.rejudging",
    "Captured": "agentbox.session.tapes.capturing",
    "DIVERGED": "agentbox.session.suite",
    "Drift": "agentbox.session.tapes.lenses",
    "ERRORED": "agentbox.session.suite",
    "FIDELITIES": "agentbox.session.tapes.forking",
    "Fork": "agentbox.session.tapes.forking",
    "Held": "agentbox.session.tapes.capturing",
    "Host": "agentbox.session.sources",
    "INTERRUPTED": "agentbox.session.suite",
    "Judged": "agentbox.session.run",
    "KINDS": "agentbox.session.selection",
    "Live": "agentbox.session.tapes.lenses",
    "Patches": "agentbox.session.tapes.patches",
    "Progress": "agentbox.session.suite",
    "Replay": "agentbox.session.tapes.replaying",
    "Runs": "agentbox.session.runs",
    "Scanned": "agentbox.session.tapes.scanning",
    "Selection": "agentbox.session.selection",
    "Sources": "agentbox.session.sources",
    "Suite": "agentbox.session.suite",
    "Then": "agentbox.session.tapes.forking",
    "USAGE": "agentbox.session.suite",
    "Wish": "agentbox.session.tapes.forking",
    "addresses": "agentbox.session.runs",
    "admit": "agentbox.session.resolving",
    "capture": "agentbox.session.tapes.capturing",
    "clock_of": "agentbox.session.clocks",
    "drifted": "agentbox.session.tapes.lenses",
    "exit_code": "agentbox.session.suite",
    "find_root": "agentbox.session.runs",
    "fork": "agentbox.session.tapes.forking",
    "half_live": "agentbox.session.tapes.lenses",
    "held": "agentbox.session.tapes.capturing",
    "judge_again": "agentbox.session.tapes.rejudging",
    "load": "agentbox.session.selection",
    "problems_of": "agentbox.session.run",
    "repeated": "agentbox.session.suite",
    "replay": "agentbox.session.tapes.replaying",
    "resolve": "agentbox.session.resolving",
    "root_of": "agentbox.session.runs",
    "run_case": "agentbox.session.run",
    "run_suite": "agentbox.session.suite",
    "scan_for_secrets": "agentbox.session.tapes.scanning",
    "text_of": "agentbox.session.tapes.capturing",
}
"""Where each name lives: it is imported when it is first asked for, so a command starts with its
own parts alone."""

__all__ = [
    "DIVERGED",
    "ERRORED",
    "FIDELITIES",
    "INTERRUPTED",
    "KINDS",
    "USAGE",
    "Again",
    "Captured",
    "Drift",
    "Fork",
    "Held",
    "Host",
    "Judged",
    "Live",
    "Patches",
    "Progress",
    "Replay",
    "Runs",
    "Scanned",
    "Selection",
    "Sources",
    "Suite",
    "Then",
    "Wish",
    "addresses",
    "admit",
    "capture",
    "clock_of",
    "drifted",
    "exit_code",
    "find_root",
    "fork",
    "half_live",
    "held",
    "judge_again",
    "load",
    "problems_of",
    "repeated",
    "replay",
    "resolve",
    "root_of",
    "run_case",
    "run_suite",
    "scan_for_secrets",
    "text_of",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
