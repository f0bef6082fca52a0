"""One difference as lines: where it is, what it is, what stood there before and after."""

from __future__ import annotations

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import Difference
from agentbox.core.messages import Json
from agentbox.report.story import called_in, compact, map_of, maps_of, short, text_of
from agentbox.report.text import Line, Style, cells, indent, one_line, safe, styled, wrap

_MOST_CHANGES = 5
_MOST_LINES = 4
"""Lines that a text may take."""
_AHEAD = 24
"""Cells kept before the first character that differs, where a text is too long to show."""
_TITLES = {
    "now": "the pinned time or seed",
    "slot": "what the model was shown",
    "tools": "the tools offered",
    "prompt": "what the model was shown",
    "model": "the model asked",
    "reply": "the model's reply",
    "usage": "the tokens used",
    "args": "the arguments of {}",
    "result": "the result of {}",
    "user": "the user's words",
    "look": "what the harness saw",
    "server": "the server {}",
    "scope": "the limits",
    "end": "how it ended",
    "clock": "the virtual time",
    "event": "{}",
    "missing": "only in the first: {}",
    "extra": "only in the second: {}",
}
_OPERATIONS = {
    "model": "a model call",
    "turn": "a turn",
    "scope": "a step of the plan",
    "user": "the user's words",
    "end": "the looks at the end",
}


def difference_lines(root: Difference, word: str, *, width: int, everything: bool) -> list[Line]:
    """Return a root: its place, its changes, and how many follow from it, or all of them."""
    return [
        ((f"{word}  ", "bold"), *_title(root)),
        *indent(_changes(root, width - 4, everything=everything), 4),
        *_follows(root, width, everything=everything),
    ]


def difference_line(root: Difference, width: int) -> str:
    """Return a root in one line: its place, what it is, the first value that differs."""
    title = "".join(text for text, _ in _title(root))
    first = root.changes[0] if root.changes else None
    if first is None:
        return one_line(title, width)
    kind, _, name = first.path.partition(".")
    if kind == "slots":
        place, _, _ = title.partition("  ")
        return one_line(f"{place}  {name}: {_states(first)}", width)
    told = [*filter(None, [first.path, f"{_worded(first.before)} -> {_worded(first.after)}"])]
    only = [_worded(value) for value in (first.before, first.after) if value is not GONE]
    return one_line(f"{title}: {': '.join(told) if len(only) > 1 else ' '.join(only)}", width)


def _title(one: Difference) -> Line:
    title = _TITLES.get(one.kind, one.kind).format(_named(one))
    return ((_place(one), "accent"), (f"  {title}", "plain"))


def _named(one: Difference) -> str:
    return safe(_OPERATIONS.get(one.what, one.what))


def _place(one: Difference) -> str:
    """Return where: `t1/s2`, or both positions where they are not the same."""
    before, after = short(one.before_at), short(one.after_at)
    if before and after and before != after and "/" in one.before_at:
        return safe(f"{before} -> {after}")
    at = after or before
    return safe(at if "/" in (one.before_at or one.after_at) else "the run")


def _follows(root: Difference, width: int, *, everything: bool) -> list[Line]:
    number = len(root.follows)
    if not number:
        return []
    if not everything:
        verb = "follows" if number == 1 else "follow"
        return [styled(f"  and {number:,} that {verb} from it (--all shows them)", "dim")]
    lines: list[Line] = [styled(f"  {number:,} that follow{'s' * (number == 1)} from it", "dim")]
    for each in root.follows:
        because = f", because {each.why}" if each.why else ""
        lines.append((("    ", "plain"), *_title(each), (because, "dim")))
        lines += indent(_changes(each, width - 8, everything=True), 8)
    return lines


def _changes(one: Difference, width: int, *, everything: bool) -> list[Line]:
    shown = one.changes if everything else one.changes[:_MOST_CHANGES]
    lines = [line for change in shown for line in change_lines(change, width)]
    left = len(one.changes) - len(shown)
    return [*lines, styled(f"and {left:,} more in it (--all shows them)", "dim")] if left else lines


def change_lines(change: Change, width: int) -> list[Line]:
    """Return what stood at a path and what stands there now: in one line, where it fits."""
    kind, _, name = change.path.partition(".")
    if kind == "slots":
        head: Line = ((f"{safe(name)}: {safe(_states(change))}", "bold"),)
        texts = [text_of(map_of(value).get("text")) for value in (change.before, change.after)]
        return [head, *_both(texts[0], texts[1], width)]
    before, after = _worded(change.before), _worded(change.after)
    if change.path and cells(safe(change.path)) + cells(before) + cells(after) + 6 <= width:
        path: Line = ((f"{safe(change.path)}: ", "plain"), (before, "bad"))
        return [(*path, (" -> ", "plain"), (after, "good"))]
    lines = [styled(one_line(change.path, width))] if change.path else []
    sides = ["" if value is GONE else text for value, text in _sides(change, before, after)]
    return [*lines, *_both(sides[0], sides[1], width)]


def _sides(change: Change, before: str, after: str) -> list[tuple[Json, str]]:
    return [(change.before, before), (change.after, after)]


def _states(change: Change) -> str:
    """Return the states of a slot that differs."""
    rows = (map_of(change.before), map_of(change.after))
    one, other = (text_of(row.get("state")) or "not there" for row in rows)
    return f"{one} -> {other}" if one != other else f"{one}, and not the same"


def _both(before: str, after: str, width: int) -> list[Line]:
    """Return two texts under each other, from where they differ; an empty one is left out."""
    texts = _windows(before, after, (width - 2) * _MOST_LINES)
    signs: tuple[tuple[str, Style, str], ...] = (("-", "bad", texts[0]), ("+", "good", texts[1]))
    lines: list[Line] = []
    for sign, style, text in signs:
        pieces = wrap(text, width - 2, _MOST_LINES) if text else []
        lines += [styled(f"{' ' if n else sign} {piece}", style) for n, piece in enumerate(pieces)]
    return lines


def _worded(value: Json) -> str:
    """Return a value in one line: a call as one reads it, a text as it is."""
    if value is GONE:
        return "nothing"
    told = map_of(value)
    if "tool" in told and set(told) <= {"tool", "args", "malformed"}:
        return _flat(called_in(told))
    if told and set(told) <= {"text", "calls"}:
        calls = [called_in(call) for call in maps_of(told.get("calls"))]
        return _flat(" ".join([text_of(told.get("text")), *(f"calls {call}" for call in calls)]))
    return _flat(value if isinstance(value, str) else compact(value))


def _flat(text: str) -> str:
    return safe(" ".join(text.split()))


def _windows(before: str, after: str, room: int) -> tuple[str, str]:
    """Return two texts in one line each, from a little before the first place they differ."""
    one, other = _flat(before), _flat(after)
    if cells(one) <= room and cells(other) <= room:
        return one, other
    most = min(len(one), len(other))
    alike = next((n for n in range(most) if one[n] != other[n]), most)
    start = max(0, alike - _AHEAD)
    head = "…" if start else ""
    return head + one[start:], head + other[start:]
