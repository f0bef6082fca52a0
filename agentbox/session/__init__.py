"""The only composer: a scenario in, a trace and a verdict out."""

from __future__ import annotations

from agentbox.session.capturing import Captured, Held, capture, held, text_of
from agentbox.session.clocks import clock_of
from agentbox.session.forking import FIDELITIES, Fork, Then, Wish, fork
from agentbox.session.lenses import Drift, Live, drifted, half_live
from agentbox.session.patches import Patches
from agentbox.session.rejudging import Again, judge_again
from agentbox.session.replaying import Replay, replay
from agentbox.session.resolving import admit, resolve
from agentbox.session.run import Judged, problems_of, run_case
from agentbox.session.runs import Runs, addresses, find_root, root_of
from agentbox.session.scanning import Scanned, scan_for_secrets
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
