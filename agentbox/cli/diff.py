"""`agentbox diff`."""

from __future__ import annotations

from agentbox.cli.output import print_json, put, warn, width
from agentbox.cli.show import runs_in
from agentbox.core.differing import RunDiff
from agentbox.report.diff import diff_json, diff_lines, run_diff_json, run_diff_lines
from agentbox.session.tapes.differing import diff_runs

SAME, DIFFERENT = 0, 1


def diff(one: str, other: str, runs: str, *, everything: bool, as_json: bool) -> int:
    """Show what differs between two traces or runs on stdout; return the exit code."""
    found = diff_runs(one, other, runs_in(runs))
    if isinstance(found, RunDiff):
        warn([problem for case in found.cases if case.diff for problem in case.diff.problems])
        if as_json:
            print_json(run_diff_json(found))
        else:
            put(run_diff_lines(found, width=width(), everything=everything))
    else:
        warn(found.problems)
        if as_json:
            print_json(diff_json(found))
        else:
            put(diff_lines(found, width=width(), everything=everything))
    return SAME if found.same else DIFFERENT
