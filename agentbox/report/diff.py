"""Two traces, or two runs, side by side: the verdicts, the first difference, what follows, sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import CaseDiff, Difference, RunDiff, Told, TraceDiff
from agentbox.core.messages import Json
from agentbox.core.verdict import Stats
from agentbox.report.differences import change_lines, difference_line, difference_lines
from agentbox.report.story import map_of, text_of
from agentbox.report.text import (
    BLANK,
    Line,
    Span,
    Style,
    cells,
    cut_line,
    indent,
    one_line,
    pad,
    safe,
    section,
    styled,
)
from agentbox.report.verdicts import problem_json

_OUTCOMES: dict[str, Style] = {"passed": "good", "failed": "bad", "errored": "bad"}
_MOST_ROOTS = 4
_MOST_ROWS = 5
_OUTCOME_CELLS = 26
"""What the two outcomes of a check take."""


def diff_lines(diff: TraceDiff, *, width: int = 100, everything: bool = False) -> list[Line]:
    """Return two traces side by side; with `everything`, all that follows from a difference."""
    if diff.same:
        return [*_heading(diff, width), *_code(diff, width)]
    sections = [
        _heading(diff, width),
        *(_roots(diff.roots, width, everything=everything) if diff.roots else [_nothing(diff)]),
        section("checks", _checks(diff.checks, width, everything=everything)),
        section("scenario and setting", _paths(diff.header, width, everything=everything)),
        section("used", _used(diff.before.stats, diff.after.stats)),
        _code(diff, width),
    ]
    return [line for each in sections if each for line in (*each, BLANK)][:-1]


def _heading(diff: TraceDiff, width: int) -> list[Line]:
    one, other = diff.before, diff.after
    names = [safe(one.name), safe(other.name)]
    column = max(map(cells, names)) + 3
    head = styled("identical", "good") if diff.same else _flip(one.outcome, other.outcome)
    rows = [
        _side(("  - ", "bad"), pad(names[0], column), one),
        _side(("  + ", "good"), pad(names[1], column), other),
    ]
    return [cut_line(line, width) for line in (head, *rows)]


def _flip(before: str, after: str) -> Line:
    one, other = before or "no verdict", after or "no verdict"
    if one == other:
        return ((f"both {safe(one)}", _OUTCOMES.get(one, "warn")),)
    return (
        (safe(one), _OUTCOMES.get(one, "warn")),
        (" -> ", "plain"),
        (safe(other), _OUTCOMES.get(other, "warn")),
    )


def _side(sign: Span, name: str, told: Told) -> Line:
    words = [told.end or "no end", "" if told.sealed else "cut short"]
    rest = " · ".join(safe(word) for word in words if word)
    return (sign, (name, "plain"), (rest, "dim"))


def _nothing(diff: TraceDiff) -> list[Line]:
    whole = diff.before.sealed and diff.after.sealed
    so_far = "" if whole else ", as far as both go"
    return [styled(f"nothing that was done differs{so_far}", "good")]


def _roots(roots: Sequence[Difference], width: int, *, everything: bool) -> Iterator[list[Line]]:
    """Yield the roots, each as lines of its own; of many the first ones."""
    for number, root in enumerate(roots):
        if number == _MOST_ROOTS and not everything:
            left = len(roots) - number
            verb = "stands by itself" if left == 1 else "stand by themselves"
            yield [styled(f"and {left:,} more that {verb} (--all shows them)", "dim")]
            return
        word = "stands by itself" if number else "first difference"
        yield difference_lines(root, word, width=width, everything=everything)


def _checks(changes: Iterable[Change], width: int, *, everything: bool) -> list[Line]:
    """Return the checks that came to something else; with `everything`, those that say else."""
    rows = [(change, _came_to(change.before), _came_to(change.after)) for change in changes]
    room = width - _OUTCOME_CELLS
    shown = [
        (one_line(change.path, room), *sides)
        for change, *sides in rows
        if everything or sides[0] != sides[1]
    ]
    column = max((cells(name) for name, *_ in shown), default=0) + 3
    return [cut_line(_outcomes(pad(name, column), *sides), width) for name, *sides in shown]


def _came_to(result: Json) -> str:
    if result is GONE:
        return "not there"
    return one_line(text_of(map_of(result).get("outcome")) or text_of(result), 60)


def _outcomes(name: str, before: str, after: str) -> Line:
    return (
        (f"  {name}", "plain"),
        (before, _OUTCOMES.get(before, "warn")),
        (" -> ", "plain"),
        (after, _OUTCOMES.get(after, "warn")),
    )


def _paths(changes: Sequence[Change], width: int, *, everything: bool) -> list[Line]:
    shown = changes if everything else changes[:_MOST_ROWS]
    told = [replace(each, path=each.path.removeprefix("scenario.")) for each in shown]
    lines = indent((line for each in told for line in change_lines(each, width - 2)), 2)
    left = len(changes) - len(shown)
    return [*lines, styled(f"  and {left:,} more (--all shows them)", "dim")] if left else lines


def _used(before: Stats, after: Stats) -> list[Line]:
    """Return what both used; of what is the same, tokens and cost alone."""
    lines: list[Line] = []
    for name, field in _AMOUNTS.items():
        one, other = (_amount(field, getattr(stats, field)) for stats in (before, after))
        head: Line = ((f"  {name:<17}", "plain"),)
        if one != other:
            lines.append((*head, (f"{one} -> {other}", "plain")))
        elif field in ("tokens", "cost_usd"):
            lines.append((*head, (one, "dim")))
    return lines


_AMOUNTS = {
    "turns": "turns",
    "model calls": "steps",
    "tool calls": "tool_calls",
    "tokens": "tokens",
    "cost": "cost_usd",
    "virtual seconds": "virtual_seconds",
}


def _amount(field: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"${value:.4f}" if field == "cost_usd" else f"{value:,g}"


def _code(diff: TraceDiff, width: int) -> list[Line]:
    files = ", ".join(change.path.removeprefix("code.") for change in diff.code)
    return [styled(one_line(f"other code ran: {files}", width), "dim")] if files else []


# -- many cases ----------------------------------------------------------------------------------


def run_diff_lines(diff: RunDiff, *, width: int = 100, everything: bool = False) -> list[Line]:
    """Return two runs side by side: the cases whose verdict is another, then what else differs."""
    groups = [(word, [case for case in diff.cases if _standing(case) == word]) for word in _WORDS]
    counted = ", ".join(f"{len(cases):,} {word}" for word, cases in groups if cases)
    head = [styled(counted or "no cases", "good" if diff.same else "bold")]
    shown = [case for word, cases in groups if word != "the same" or everything for case in cases]
    column = max((cells(safe(case.name)) for case in shown), default=0)
    rows = [line for case in shown for line in _case(case, column, width)]
    return [*head, BLANK, *rows] if rows else head


_WORDS = ("changed verdict", "only in the second", "only in the first", "differ", "the same")


def _standing(case: CaseDiff) -> str:
    if case.diff is None:
        return "only in the first" if case.before else "only in the second"
    if case.before != case.after:
        return "changed verdict"
    return "the same" if case.diff.same else "differ"


def _case(case: CaseDiff, column: int, width: int) -> list[Line]:
    """Return a case's line, and its first difference where there is one."""
    name: Line = ((f"  {pad(safe(case.name), column)}   ", "plain"),)
    if case.diff is None:
        word = f"{_standing(case)}: {case.before or case.after}"
        return [cut_line((*name, (word, "warn")), width)]
    head = cut_line((*name, *_flip(case.before, case.after)), width)
    roots = case.diff.roots
    more = f" and {len(roots) - 1:,} more" if len(roots) > 1 else ""
    first = [difference_line(roots[0], width - 4 - len(more)) + more] if roots else []
    return [head, *(styled(f"    {line}", "dim") for line in first)]


# -- JSON ----------------------------------------------------------------------------------------


def diff_json(diff: TraceDiff) -> dict[str, Json]:
    """Return two traces side by side as plain JSON values; what one does not have is left out."""
    return {
        "same": diff.same,
        "before": _told_json(diff.before),
        "after": _told_json(diff.after),
        "differences": [_difference_json(root) for root in diff.roots],
        **{name: _changes_json(getattr(diff, name)) for name in ("checks", "header", "code")},
    }


def run_diff_json(diff: RunDiff) -> dict[str, Json]:
    """Return two runs side by side as plain JSON values."""
    cases = [
        {
            "case": case.name,
            "standing": _standing(case),
            "before": case.before or None,
            "after": case.after or None,
            "diff": diff_json(case.diff) if case.diff else None,
        }
        for case in diff.cases
    ]
    return {"same": diff.same, "cases": cases}


def _told_json(told: Told) -> dict[str, Json]:
    return {
        "trace": told.name,
        "case": told.case or None,
        "outcome": told.outcome or None,
        "end": told.end or None,
        "sealed": told.sealed,
        "stats": asdict(told.stats),
        "problems": [problem_json(one) for one in told.problems],
    }


def _difference_json(one: Difference) -> dict[str, Json]:
    told: dict[str, Json] = {
        "kind": one.kind,
        "what": one.what,
        "before_at": one.before_at or None,
        "after_at": one.after_at or None,
        "changes": _changes_json(one.changes),
    }
    if one.why:
        return {**told, "because": one.why}
    return {**told, "follows": [_difference_json(each) for each in one.follows]}


def _changes_json(changes: Iterable[Change]) -> list[Json]:
    return [
        {"path": change.path}
        | ({} if change.before is GONE else {"before": change.before})
        | ({} if change.after is GONE else {"after": change.after})
        for change in changes
    ]
