"""Holds two traces, or two runs, against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from agentbox.core.differing import CaseDiff, RunDiff, Told, TraceDiff
from agentbox.core.errors import Mark, Problem
from agentbox.judge import stats_of
from agentbox.session.runs import Runs, case_of
from agentbox.trace import Trace, edited, read_trace
from agentbox.trace.diffing.diff import differences
from agentbox.trace.diffing.heads import (
    PINNED,
    check_changes,
    code_changes,
    header_changes,
    outcome_of,
)


def diff_runs(one: str, other: str, runs: Runs) -> TraceDiff | RunDiff:
    """Return what differs between what two names mean: two traces, or two runs of many.

    Of a run that is held against one trace, the trace of the same case is meant.

    Raises:
        AuthorError: there is no such run or trace, or it is not clear which is meant.
        TraceError: a trace cannot be read.
    """
    before, after = runs.traces(one), runs.traces(other)
    if len(before) > 1 and len(after) > 1:
        return _cases(before, after)
    return diff_traces(
        _alike(before, after) or runs.trace(one), _alike(after, before) or runs.trace(other)
    )


def diff_traces(one: Path, other: Path) -> TraceDiff:
    """Return what differs between two traces.

    Raises:
        TraceError: one of them cannot be read.
    """
    before, after = read_trace(one), read_trace(other)
    header = header_changes(before, after)
    moved = [change for change in header if change.path in PINNED]
    names = _names(one, other)
    return TraceDiff(
        _told(before, names[0]),
        _told(after, names[1]),
        differences(before, after, moved),
        tuple(change for change in header if change not in moved),
        tuple(check_changes(before, after)),
        tuple(code_changes(before, after)),
    )


def _alike(traces: Sequence[Path], others: Sequence[Path]) -> Path | None:
    """Return the one trace of several that is of the same case as the one other."""
    if len(traces) == 1 or len(others) > 1:
        return None
    found = [trace for trace in traces if trace.stem == others[0].stem]
    return next(iter(found), None)


def _names(one: Path, other: Path) -> tuple[str, str]:
    """Return what to call two traces: by the run, too, where the cases are of one name."""
    stems = (one.stem, other.stem)
    if stems[0] != stems[1]:
        return stems
    return f"{one.parent.name}::{stems[0]}", f"{other.parent.name}::{stems[1]}"


def _told(trace: Trace, name: str) -> Told:
    outcome, end = outcome_of(trace)
    problems = [*trace.problems, *edited(trace, Path(trace.path).read_bytes())]
    if not trace.complete:
        message = f"{Path(trace.path).name} was cut short: it is compared as far as it goes"
        problems.append(Problem(message, Mark(trace.path)))
    case = trace.header.data.get("case") if trace.header else ""
    stats = stats_of(trace.events)
    return Told(name, str(case or ""), outcome, end, stats, trace.complete, tuple(problems))


# -- many cases ----------------------------------------------------------------------------------


def _cases(before: Sequence[Path], after: Sequence[Path]) -> RunDiff:
    pairs = _paired(before, after)
    return RunDiff(tuple(_case(name, one, other) for name, one, other in pairs))


def _case(name: str, one: Path | None, other: Path | None) -> CaseDiff:
    if one and other:
        diff = diff_traces(one, other)
        return CaseDiff(name, diff.before.outcome, diff.after.outcome, diff)
    outcomes = [outcome_of(read_trace(path))[0] if path else "" for path in (one, other)]
    return CaseDiff(name, outcomes[0], outcomes[1])


def _paired(
    before: Sequence[Path], after: Sequence[Path]
) -> list[tuple[str, Path | None, Path | None]]:
    """Return the traces of each case: those of one file and case, then those of one case."""
    there = {path.stem: path for path in before}
    here = {path.stem: path for path in after}
    moved = _by_case(there, here)
    stems = dict.fromkeys([*there, *(stem for stem in here if stem not in moved.values())])
    return [(stem, there.get(stem), here.get(moved.get(stem, stem))) for stem in stems]


def _by_case(there: Mapping[str, Path], here: Mapping[str, Path]) -> dict[str, str]:
    """Return the names that a case of one name has in another file, where it is the only one."""
    old, new = (
        _grouped(path for stem, path in mine.items() if stem not in others)
        for mine, others in ((there, here), (here, there))
    )
    return {
        stems[0]: new[case][0]
        for case, stems in old.items()
        if len(stems) == len(new.get(case, ())) == 1
    }


def _grouped(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Return the names of traces by their cases."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(case_of(path), []).append(path.stem)
    return groups
