"""Where a run left its tape: the class, what was recorded, what happens now, and the way on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from agentbox.core.comparing import GONE, Change
from agentbox.core.divergence import KINDS, Divergence
from agentbox.core.messages import Json
from agentbox.core.trace import Position
from agentbox.report.story import short
from agentbox.report.text import Line, Style, cells, cut, one_line, safe, styled

_AROUND = 24
"""Characters before the first difference of two long texts that are still shown."""


def divergence(found: Divergence, accept: str, *, width: int = 100) -> list[Line]:
    """Return what there is to say of a divergence; `accept` is the command that takes it over."""
    head = f"  {found.kind} at {short(found.at)}: {KINDS[found.kind]}"
    lines: list[Line] = [styled(cut(safe(head), width), "bad")]
    where = f"line {found.line}" if found.line else "nowhere on the tape"
    if found.recorded != found.now or not found.changes:
        lines.append(_row("recorded", f"{found.recorded or 'nothing'} ({where})", width))
        lines.append(_row("now", found.now or "nothing: the run is over", width))
    for change in found.changes:
        lines += _change(change, width)
    if found.nearest:
        places = ", ".join(short(at) for at in found.nearest)
        lines.append(_row("nearest", f"on the tape, unplayed: {places}", width))
    if found.cause:
        lines.append(_row("comes from", found.cause, width))
    lines.append(_row("accept", accept, 10_000))
    return lines


def drift_lines(
    at: Position, tool: str, changes: Sequence[Change], *, width: int = 100
) -> list[Line]:
    """Return what a tool answers otherwise than it did."""
    head: Line = styled(cut(safe(f"  {tool} at {short(at)} answers otherwise"), width), "bad")
    return [head, *(line for change in changes for line in _change(change, width))]


def drift_json(at: Position, tool: str, changes: Sequence[Change]) -> dict[str, Json]:
    """Return what a tool answers otherwise, as data."""
    return {"at": at, "tool": tool, "changes": [_change_json(change) for change in changes]}


def replay_line(case: str, word: str, told: str, *, width: int = 100) -> Line:
    """Return one replayed case: what came of it, its name, and what else is to be told."""
    style: Style = "good" if word == "same" else "bad"
    rest = one_line(told, max(20, width - 14 - cells(case)))
    return (f"  {word:<10} ", style), (f"{safe(case)}  ", "plain"), (rest, "dim")


def replay_summary(counts: Mapping[str, int], seconds: float) -> Line:
    """Return what many replays came to, worst last."""
    words = " · ".join(f"{number} {word}" for word, number in counts.items())
    style: Style = "good" if set(counts) <= {"same"} else "bad"
    return styled(f"{words} in {seconds:.2f} s", style)


def divergence_json(found: Divergence, accept: str) -> dict[str, Json]:
    """Return a divergence as data; a side that has nothing at a path is left out there."""
    return {
        "class": found.kind,
        "at": found.at,
        "line": found.line,
        "recorded": found.recorded,
        "now": found.now,
        "changes": [_change_json(change) for change in found.changes],
        "nearest": list(found.nearest),
        "cause": found.cause,
        "accept": accept,
    }


def _change_json(change: Change) -> dict[str, Json]:
    sides = {"recorded": change.before, "now": change.after}
    return {"path": change.path} | {name: v for name, v in sides.items() if v is not GONE}


def _row(name: str, text: str, width: int) -> Line:
    head = f"    {name:<11} "
    return (head, "dim"), (cut(safe(text), max(20, width - len(head))), "plain")


def _change(change: Change, width: int) -> Sequence[Line]:
    room = max(20, width - 6)
    was, now = _told(change.before), _told(change.after)
    start = max(0, _parting(was, now) - _AROUND)
    if start and max(len(was), len(now)) > room:
        was, now = f"…{was[start:]}", f"…{now[start:]}"
    return [
        ((f"    {cut(safe(change.path), room)}", "bold"),),
        (("    - ", "bad"), (one_line(was, room), "plain")),
        (("    + ", "good"), (one_line(now, room), "plain")),
    ]


def _told(value: Json) -> str:
    if value is GONE:
        return "(nothing)"
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return "«nested too deep to show»"


def _parting(one: str, other: str) -> int:
    """Return where two texts part."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
