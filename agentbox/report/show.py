"""A whole trace as lines: what ran, how it ended, turn by turn, slots where they changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from agentbox.core.errors import Problem
from agentbox.core.events import unknown
from agentbox.core.messages import Json
from agentbox.core.trace import TraceEvent
from agentbox.report.problems import problem
from agentbox.report.slots import changed, slot_lines, slots_of
from agentbox.report.story import (
    TurnStory,
    called_in,
    content_of,
    map_of,
    notes_json,
    short,
    text_of,
    turns_of,
)
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
    wrap,
)
from agentbox.report.turns import status_of, turn_lines
from agentbox.report.verdicts import findings, moment, problem_json

_EMPTY: tuple[Json, ...] = (None, "", [], {})
_STDERR_LINES = 8
_NOTHING: dict[str, Json] = {}
_OUTCOMES: dict[str, Style] = {"passed": "good", "failed": "bad", "errored": "bad"}


def show(
    events: Sequence[TraceEvent],
    problems: Sequence[Problem] = (),
    in_flight: Sequence[TraceEvent] = (),
    *,
    width: int = 100,
) -> list[Line]:
    """Return a trace, whole or torn: its header, its turns, its checks, what was in flight."""
    sections = [
        _header(events, problems, in_flight, width),
        [line for one in problems for line in problem(one, word="warning", style="warn")],
        indent(_servers(events, width - 2), 2),
        findings(events, width=width),
        *_turns(turns_of(events), width),
        *(indent(lines, 2) for lines in _harness(events, width - 2)),
        indent(_checks(events, width - 2), 2),
    ]
    return [line for section in sections if section for line in (*section, BLANK)][:-1]


# -- the header ----------------------------------------------------------------------------------


def _header(
    events: Sequence[TraceEvent],
    problems: Sequence[Problem],
    in_flight: Sequence[TraceEvent],
    width: int,
) -> list[Line]:
    start = _data(events, "run.start")
    scenario = map_of(start.get("scenario"))
    file = text_of(scenario.get("path")) or text_of(start.get("file"))
    name = text_of(start.get("case")) or "(no header: the case is unknown)"
    lines: list[Line] = [((safe(name), "bold"), (f"   {safe(file)}" if file else "", "dim"))]
    facts = [
        moment(text_of(start.get("now")), text_of(start.get("zone"))),
        _named("seed", start.get("seed")),
        _named("agentbox", start.get("agentbox")),
    ]
    told = " · ".join(fact for fact in facts if fact)
    lines += [styled(f"  {told}", "dim")] if told else []
    lines.append(_ending(events, damaged=bool(problems)))
    lines += [_open(one, width) for one in in_flight]
    lines += [styled(f"  {one_line(told, width - 2)}", "warn") for told in unknown(events)]
    return lines + _causes(events, width)


def _causes(events: Sequence[TraceEvent], width: int) -> list[Line]:
    """Return why the run is errored, as its end records it."""
    found = _data(events, "run.end").get("problems")
    texts = [text_of(one) for one in cast("list[Any]", found)] if isinstance(found, list) else []
    return [styled(f"  {line}", "bad") for text in texts for line in wrap(text, width - 2, 12)]


def _data(events: Sequence[TraceEvent], kind: str) -> dict[str, Json]:
    return next((map_of(event.data) for event in events if event.kind == kind), _NOTHING)


def _named(name: str, value: Json) -> str:
    return f"{name} {one_line(text_of(value), 40)}" if value is not None else ""


def _ending(events: Sequence[TraceEvent], *, damaged: bool) -> Line:
    end = _data(events, "run.end")
    outcome = text_of(end.get("outcome"))
    spans: list[Span] = [(f"  {safe(outcome) or 'no verdict'}", _OUTCOMES.get(outcome, "warn"))]
    words = one_line(text_of(end.get("end")), 60)
    if words:
        spans.append((f" · {words}", "dim"))
    if events and events[-1].kind == "seal":
        spans.append((" · sealed", "dim"))
    else:
        spans.append((" · not sealed: the run was cut short", "warn"))
    if damaged:
        spans.append((" · damaged", "bad"))
    return tuple(spans)


def brief(events: Sequence[TraceEvent], command: str, *, width: int) -> Line:
    """Return one line on a trace: what it came to, how it ended, and the command that shows it."""
    end = _data(events, "run.end")
    outcome = text_of(end.get("outcome")) or "no verdict"
    spans: tuple[Span, ...] = (
        (f"  {outcome:<10}", _OUTCOMES.get(outcome, "warn")),
        (f" {one_line(text_of(end.get('end')) or 'cut short', 20):<20}", "dim"),
        (f" {safe(command)}", "plain"),
    )
    return cut_line(spans, width)


def _open(event: TraceEvent, width: int) -> Line:
    names = {
        "run.start": "the start of the case",
        "model.request": "the model",
        "user.request": "the user",
        "server.request": f"an answer to the server {text_of(event.data.get('server'))}",
        "observe.request": f"a look at {text_of(map_of(event.data.get('look')).get('target'))}",
        "server.start": f"the start of the server {text_of(event.data.get('server'))}",
    }
    what = names.get(event.kind) or called_in(dict(event.data))
    text = f"in flight when it ended, at {short(event.at)}: {what}"
    return styled(f"  {one_line(text, width - 2)}", "warn")


# -- the parts -----------------------------------------------------------------------------------


def _turns(turns: Sequence[TurnStory], width: int) -> list[list[Line]]:
    sections: list[list[Line]] = []
    table: list[dict[str, Json]] = []
    for turn in turns:
        lines = turn_lines(turn, width=width)
        for step in turn.steps.values():
            slots = slots_of(step)
            fresh = changed(slots, table)
            if slots and fresh:
                what = "what changed, by slot" if table else "by slot"
                lines += [BLANK, styled(f"  prompt of {short(step.at)}, {what}", "bold")]
                lines += slot_lines(fresh, width=width)
            table = slots or table
        sections.append(lines)
    return sections


def _servers(events: Sequence[TraceEvent], width: int) -> list[Line]:
    lines: list[Line] = []
    for event in events:
        if event.kind in ("server.start", "server.ready", "server.died"):
            lines += _server(event, width)
    return section("servers", lines)


def _server(event: TraceEvent, width: int) -> list[Line]:
    word = event.kind.partition(".")[2]
    facts = content_of(event.data)
    name = one_line(text_of(facts.pop("server", None)), 30)
    given = [f"{key} {text_of(value)}" for key, value in facts.items() if value not in _EMPTY]
    told = one_line(" · ".join(given), width - cells(name) - 11)
    style: Style = "bad" if word == "died" else "dim"
    head: Line = ((f"  {name}  ", "accent"), (f"{word:<5}  {told}", style))
    stderr = text_of(map_of(event.data.get("side")).get("stderr")).rstrip()
    tail = stderr.split("\n")[-_STDERR_LINES:] if stderr else []
    return [head, *(styled(f"    {one_line(line, width - 4)}", "dim") for line in tail)]


def _harness(events: Sequence[TraceEvent], width: int) -> tuple[list[Line], list[Line]]:
    """Return what the harness asked for itself: how it set the world up, what checks rest on."""
    results = {event.at: dict(event.data) for event in events if event.kind == "tool.result"}
    made: list[Line] = []
    seen: list[Line] = []
    for event in events:
        if event.kind == "tool.request" and event.at.startswith("h:"):
            told = made if short(event.at).startswith("h:setup/") else seen
            result = results.get(event.at, {})
            told += _asked(
                called_in(dict(event.data)), *status_of(result), result.get("text"), width
            )
        elif event.kind == "observe.result":
            seen += _look(dict(event.data), width)
    return section("set up by the harness", made), section("observed by the harness", seen)


def _look(data: dict[str, Json], width: int) -> list[Line]:
    """Return a look at the world, but for a tool: its call is told."""
    look, error = map_of(data.get("look")), text_of(data.get("error"))
    kind = text_of(look.get("kind"))
    if kind == "tool":
        return []
    when = "before the first turn" if look.get("when") == "start" else ""
    gold = "after the gold calls" if look.get("gold") else ""
    words = (kind, text_of(look.get("server")), text_of(look.get("target")), when, gold)
    name = " ".join(filter(None, words))
    if error:
        return _asked(name, "not seen", "bad", error, width)
    return _asked(name, "seen", "good", data.get("value"), width)


def _asked(name: str, word: str, style: Style, came: Json, width: int) -> list[Line]:
    text = one_line(text_of(came), width - 8 - len(word))
    return [styled(f"  {one_line(name, width - 2)}"), ((f"    {word}  ", style), (text, "plain"))]


def _checks(events: Sequence[TraceEvent], width: int) -> list[Line]:
    results = [dict(event.data) for event in events if event.kind == "check.result"]
    kinds = [one_line(text_of(one.get("claim") or one.get("check")), 40) for one in results]
    column = max(map(len, kinds), default=0) + 3
    lines: list[Line] = []
    for one, kind in zip(results, kinds, strict=True):
        outcome = text_of(one.get("outcome"))
        if (outcome, one.get("level")) == ("failed", "warn"):
            outcome = "warning"
        start: Line = (
            (f"  {one_line(outcome, 10):<9}", _OUTCOMES.get(outcome, "warn")),
            (pad(kind, column), "plain"),
        )
        first, *more = wrap(text_of(one.get("message")), width - 11 - column, 4)
        lines.append((*start, (first, "plain")))
        lines += [styled(" " * (11 + column) + line) for line in more]
    return section("checks", lines)


# -- JSON ----------------------------------------------------------------------------------------


def show_json(
    events: Sequence[TraceEvent],
    problems: Sequence[Problem] = (),
    in_flight: Sequence[TraceEvent] = (),
) -> dict[str, Json]:
    """Return a trace as plain JSON values: header, turns with their steps and calls, checks."""
    return {
        "header": content_of(_data(events, "run.start")) or None,
        "sealed": bool(events) and events[-1].kind == "seal",
        "outcome": _data(events, "run.end").get("outcome"),
        "end": _data(events, "run.end").get("end"),
        "problems": [problem_json(one) for one in problems],
        "unknown": unknown(events),
        "in_flight": [{"at": event.at, "kind": event.kind} for event in in_flight],
        "turns": [_turn_json(turn) for turn in turns_of(events)],
        "findings": _kept(events, "finding", ("server", "tool", "code", "message")),
        "checks": _kept(
            events, "check.result", ("check", "claim", "outcome", "level", "message", "turn", "on")
        ),
    }


def _kept(events: Sequence[TraceEvent], kind: str, keys: Sequence[str]) -> list[Json]:
    return [{key: event.data.get(key) for key in keys} for event in events if event.kind == kind]


def _turn_json(turn: TurnStory) -> dict[str, Json]:
    return {
        "turn": turn.number,
        "user": turn.user,
        "end": turn.end or None,
        "notes": notes_json(turn),
        "steps": [
            {
                "at": step.at,
                "text": map_of(step.result).get("text"),
                "error": map_of(step.result).get("error"),
                "usage": map_of(step.result).get("usage"),
                "slots": slots_of(step),
                "refused": step.refused or None,
                "notes": notes_json(step),
                "calls": [
                    {
                        "at": call.at,
                        "tool": call.request.get("tool"),
                        "args": call.request.get("args"),
                        "status": map_of(call.result).get("status"),
                        "source": map_of(call.result).get("source"),
                        "text": map_of(call.result).get("text"),
                        "refused": call.refused or None,
                        "notes": notes_json(call),
                    }
                    for call in step.calls.values()
                ],
            }
            for step in turn.steps.values()
        ],
    }
