"""A turn as lines: who said what, what was called, what came of it, and where it went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent
from agentbox.report.story import (
    CallStory,
    Place,
    StepStory,
    TurnStory,
    called_in,
    content_of,
    detail_of,
    map_of,
    short,
    text_of,
)
from agentbox.report.text import (
    Line,
    Span,
    Style,
    cells,
    count,
    cut,
    one_line,
    pad,
    safe,
    styled,
    wrap,
)

HERE = "  <- here"
_MARGIN = 4
_DETAIL_LINES = 4
_EMPTY: tuple[Json, ...] = (None, "", [], {})
_AROUND = 3
"""Steps kept at the start, at the end and around what matters, where a turn is too long to show."""


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    text: str
    style: Style = "plain"
    at: Position = ""
    most: int = 4
    """Lines the text may take."""
    status: tuple[str, Style] | None = None
    """Stands before a result."""
    detail: str = ""
    """Stands under a result: only its last lines are shown."""


def turn_lines(
    turn: TurnStory,
    *,
    width: int = 100,
    here: AbstractSet[Position] = frozenset(),
    most: int | None = None,
) -> list[Line]:
    """Return a turn, `<- here` beside each place that `here` names (see `node_of`).

    With `most`, a turn of more steps than that shows its start, its end and what is around `here`.
    """
    heading: list[Span] = [(f"  turn {turn.at[1:]}", "bold")]
    if turn.at in here:
        heading.append((HERE, "bad"))
    rows = list(_rows(turn, here, most))
    column = max((cells(row.label) for row in rows), default=0) + 2
    lines: list[Line] = [tuple(heading)]
    for row in rows:
        lines += _lines(row, column, width, marked=bool(row.at) and row.at in here)
    return lines


def node_of(turns: Sequence[TurnStory], at: Position) -> Position:
    """Return what a turn can point at for `at`: the call, else the step, else the turn."""
    shown = {step.at for turn in turns for step in turn.steps.values()}
    shown |= {call for turn in turns for step in turn.steps.values() for call in step.calls}
    while at and at not in shown and at.count("/") > 1:
        at = at.rpartition("/")[0]
    return at if at in shown else Place.of(at).turn


def _lines(row: _Row, column: int, width: int, *, marked: bool) -> list[Line]:
    room = width - _MARGIN - column - (len(HERE) if marked else 0)
    if row.status:
        tail = row.detail.rstrip().split("\n")[-_DETAIL_LINES:] if row.detail else []
        blank = " " * (_MARGIN + column + 4)
        shown = [styled(blank + cut(safe(line), room - 4), "dim") for line in tail]
        return [_result_line(row, row.status, column, room), *shown]
    first, *more = wrap(row.text, room, row.most)
    start: list[Span] = [
        (" " * _MARGIN, "plain"),
        (pad(row.label, column), "dim"),
        (first, row.style),
    ]
    if marked:
        start.append((HERE, "bad"))
    blank = " " * (_MARGIN + column)
    return [tuple(start), *(styled(blank + line, row.style) for line in more)]


def _result_line(row: _Row, status: tuple[str, Style], column: int, room: int) -> Line:
    word, style = status
    text = one_line(row.text, room - len(word) - 4)
    return ((" " * (_MARGIN + column + 2), "plain"), (f"{safe(word)}  ", style), (text, "plain"))


# -- rows ----------------------------------------------------------------------------------------


def _rows(turn: TurnStory, here: AbstractSet[Position], most: int | None) -> Iterator[_Row]:
    if turn.user:
        yield _Row("user", turn.user, "accent")
    yield from map(_step_note, turn.notes)
    steps = list(turn.steps.values())
    focus = {i for i, step in enumerate(steps) if here & {step.at, *step.calls}}
    shown = -1
    for index in kept(len(steps), focus, most):
        if index > shown + 1:
            yield _Row("", f"({count(index - shown - 1, 'step')} left out)", "dim")
        yield from _step_rows(steps[index], here, most)
        shown = index
    yield from _end_rows(turn)


def kept(total: int, focus: AbstractSet[int], most: int | None) -> list[int]:
    """Return which of `total` things to show: all, or the first, the last, those around a focus."""
    if most is None or total <= most:
        return list(range(total))
    near = {0, total - 1, *focus}
    wanted = {i + off for i in near for off in range(-_AROUND, _AROUND + 1)}
    return sorted(wanted & set(range(total)))


def _step_rows(step: StepStory, here: AbstractSet[Position], most: int | None) -> Iterator[_Row]:
    name = _name(step)
    for index, row in enumerate([*_reply_rows(step), *_call_rows(step, here, most)]):
        lead = f"{name if index == 0 else ' ' * len(name)} {row.label}" if row.label else ""
        at = step.at if index == 0 and step.at in here else row.at
        yield replace(row, label=lead, at=at)
    yield from map(_step_note, step.notes)


def _name(step: StepStory) -> str:
    """Return a step's name, with the user's before it where it is theirs: `user s1`."""
    at = step.at or next(iter(step.calls), "")
    name = short(step.at).rpartition("/")[2]
    return f"user {name}".rstrip() if at.startswith("u:") else name


def _step_note(event: TraceEvent) -> _Row:
    return _Row(event.kind, _facts(event), "dim", most=2)


def _facts(event: TraceEvent) -> str:
    """Return what an event holds as one reads it: `window 900 · tokens 901`."""
    held = content_of(event.data).items()
    return " · ".join(f"{key} {text_of(value)}" for key, value in held if value not in _EMPTY)


def _reply_rows(step: StepStory) -> Iterator[_Row]:
    if step.refused:
        yield _Row("asks", f"not asked: the limit `{step.refused}` is reached", "warn")
    if step.result is None:
        if step.request is not None:
            yield _Row("asks", "no answer: the model was still at it when the trace ended", "warn")
    elif "error" in step.result:
        told = [text_of(step.result["error"]), detail_of(step.result)]
        yield _Row("asks", f"the model failed: {'; '.join(filter(None, told))}", "bad")
    elif text_of(step.result.get("text")) or not step.proposed:
        label = text_of(map_of(step.request).get("aside")) or "says"
        yield _Row(label, text_of(step.result.get("text")) or "(nothing)", most=8)


def _call_rows(step: StepStory, here: AbstractSet[Position], most: int | None) -> Iterator[_Row]:
    calls = list(step.calls.values()) or _proposed(step)
    focus = {i for i, call in enumerate(calls) if call.at in here}
    shown = -1
    for index in kept(len(calls), focus, most):
        if index > shown + 1:
            yield _Row("", f"({count(index - shown - 1, 'call')} left out)", "dim")
        yield _Row("calls", called_in(step.asked(calls[index])), at=calls[index].at)
        yield from _call_notes(calls[index], most)
        yield _outcome(calls[index])
        shown = index


def _call_notes(call: CallStory, most: int | None) -> Iterator[_Row]:
    shown = -1
    for index in kept(len(call.notes), frozenset(), most):
        if index > shown + 1:
            yield _Row("", f"({count(index - shown - 1, 'event')} left out)", "dim")
        note = call.notes[index]
        yield _Row("", _facts(note), status=(note.kind, "dim"))
        shown = index


def _proposed(step: StepStory) -> list[CallStory]:
    """Return the calls of a reply whose run is not in the trace."""
    return [CallStory("", call) for call in step.proposed]


def _outcome(call: CallStory) -> _Row:
    if call.refused:
        why = f"the limit `{call.refused}` is reached"
        return _Row("", why, status=("not run", "warn"))
    if not call.at:
        return _Row("", "it was never made", status=("not run", "warn"))
    if call.result is None:
        return _Row("", "it was in flight when the trace ended", status=("no answer", "warn"))
    text, detail = text_of(call.result.get("text")), detail_of(call.result)
    return _Row("", text, status=status_of(call.result), detail=detail)


def status_of(result: dict[str, object]) -> tuple[str, Style]:
    """Return a result's status, and the layer that decided it where that was not the tool."""
    status, source = text_of(result.get("status")) or "no status", text_of(result.get("source"))
    word = status if source in ("", "tool") else f"{status} ({source})"
    return word, "good" if status == "ok" else "bad"


def _end_rows(turn: TurnStory) -> Iterator[_Row]:
    reason = text_of(turn.end.get("reason"))
    if reason and reason != "answered":
        why = text_of(turn.end.get("limit") or turn.end.get("error"))
        yield _Row("ends", f"{reason}: {why}" if why else reason, "bad")
