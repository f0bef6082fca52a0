"""A fork in a few lines: what was changed, where it began to matter, who answered, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentbox.core.divergence import KINDS, Divergence
from agentbox.core.verdict import Verdict
from agentbox.report.story import short
from agentbox.report.text import BLANK, Line, Style, one_line, safe

_STYLES: dict[str, Style] = {"passed": "good", "failed": "bad", "errored": "bad"}


@dataclass(frozen=True, slots=True)
class ForkStory:
    """What is told of a fork."""

    before: Verdict
    after: Verdict
    patches: Sequence[str]
    wanted: str
    free_at: str
    divergence: Divergence | None
    fidelity: str
    """Who answered, and how much that proves: `F1: a behavioural mock answers`."""
    parent: str
    child: str


def fork_lines(told: ForkStory, *, width: int = 100) -> list[Line]:
    """Return what came of a fork: the verdicts of before and after, and the way to compare them."""
    rows: list[tuple[str, str, Style]] = [
        *(("set", patch, "plain") for patch in told.patches),
        ("forked", _where(told), "plain"),
        ("fidelity", told.fidelity, "plain"),
        ("before", _outcome(told.before), _STYLES[told.before.outcome]),
        ("after", _outcome(told.after), _STYLES[told.after.outcome]),
    ]
    room = max(20, width - 12)
    head: Line = (("fork  ", "bold"), (safe(told.after.case), "plain"))
    lines: list[Line] = [head]
    lines += [_row(name, one_line(text, room), style) for name, text, style in rows]
    command = f"agentbox diff {told.parent} {told.child}"
    return [*lines, (("  compare   ", "dim"), (safe(command), "plain")), BLANK]


def _row(name: str, text: str, style: Style) -> Line:
    return (f"  {name:<9} ", "dim"), (text, style)


def _where(told: ForkStory) -> str:
    if not told.free_at:
        place = f", and never came to {short(told.wanted)}" if told.wanted else ""
        return f"nowhere: the run asked all as it is on the tape{place}"
    found = told.divergence
    why = f": {KINDS[found.kind]} ({found.kind})" if found else ""
    early = ""
    if told.wanted and told.wanted != told.free_at:
        early = f", before {short(told.wanted)}: there the change matters already"
    return f"at {short(told.free_at)}{why}{early}"


def _outcome(verdict: Verdict) -> str:
    failing = [c.claim or c.kind for c in verdict.checks if c.outcome != "passed" and not c.warns]
    problems = [problem.message for problem in verdict.problems]
    said = "; ".join([*problems, *failing])
    return f"{verdict.outcome}: {said}" if said else verdict.outcome
