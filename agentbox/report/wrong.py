"""Everything that went wrong in a run, in order: where, what, and the command that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentbox.core.errors import Problem
from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent
from agentbox.report.story import Place, called_in, detail_of, map_of, short, text_of
from agentbox.report.text import Line, count, one_line, safe, styled, wrap
from agentbox.report.turns import status_of


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that went wrong."""

    at: Position
    kind: str
    """What kind of thing: `tool`, `model`, `limit`, `check`, `finding`, `server`, `run`, ..."""
    what: str
    text: str
    step: Position = ""
    """The step to look at, where there is one."""


def wrongs(
    events: Sequence[TraceEvent],
    problems: Sequence[Problem] = (),
    in_flight: Sequence[TraceEvent] = (),
) -> list[Wrong]:
    """Return what went wrong, in the order it happened; what is wrong with the trace comes last."""
    calls = {e.at: called_in(dict(e.data)) for e in events if e.kind == "tool.request"}
    found = [
        wrong
        for event in events
        if event.kind in _READERS
        for wrong in _READERS[event.kind](event, calls)
    ]
    found += [
        _wrong(e, "in flight", calls.get(e.at, e.kind), "it has no answer") for e in in_flight
    ]
    return found + [Wrong("", "trace", "the trace itself", one.message) for one in problems]


def _wrong(event: TraceEvent, kind: str, what: str, text: str, on: Position = "") -> Wrong:
    return Wrong(event.at, kind, what, text, Place.of(on or event.at).step)


Calls = Mapping[Position, str]


def _tool(event: TraceEvent, calls: Calls) -> Iterator[Wrong]:
    data = dict(event.data)
    if data.get("status") != "ok":
        text = "\n".join(filter(None, (text_of(data.get("text")), detail_of(data))))
        yield _wrong(event, "tool", f"{calls.get(event.at, 'a call')}: {status_of(data)[0]}", text)


def _model(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    if "error" in event.data:
        yield _wrong(event, "model", "the model failed", text_of(event.data["error"]))
    if event.data.get("stop", "end") != "end":
        why = f"the reply was stopped by {text_of(event.data['stop'])}"
        yield _wrong(event, "model", why, text_of(event.data.get("text")))


def _limit(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    yield _wrong(event, "limit", f"limit `{text_of(event.data.get('limit'))}`", "it was not done")


def _finding(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    data = event.data
    what = " ".join(filter(None, (text_of(data.get(key)) for key in ("server", "tool", "code"))))
    yield _wrong(event, "finding", what, text_of(data.get("message")))


def _server(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    data = event.data
    words = text_of(map_of(data.get("side")).get("stderr")).rstrip()
    name = text_of(data.get("server"))
    yield _wrong(
        event, "server", f"the server {name} died, exit {text_of(data.get('exit'))}", words
    )


def _declined(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    if "declined" in event.data:
        what = f"the server {text_of(event.data.get('server'))} was declined what it asked"
        yield _wrong(event, "server", what, text_of(event.data["declined"]))


def _approval(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    if not event.data.get("yes"):
        what = f"not approved: {text_of(event.data.get('what'))}"
        yield _wrong(event, "approval", what, text_of(event.data.get("why")))


def _look(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    if "error" in event.data:
        target = text_of(map_of(event.data.get("look")).get("target"))
        yield _wrong(event, "look", f"not seen: {target}", text_of(event.data["error"]))


def _turn(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    end = map_of(event.data.get("end"))
    place = Place.of(event.at)
    if place.turn and not place.step and end.get("reason", "answered") != "answered":
        why = text_of(end.get("limit") or end.get("error"))
        yield _wrong(event, "turn", f"the turn ended: {text_of(end.get('reason'))}", why)


def _step(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    if event.data.get("status") == "failed":
        what = f"the plan's step {text_of(event.data.get('id'))} failed"
        yield _wrong(event, "plan", what, text_of(event.data.get("finding")))


def _check(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    data = event.data
    if data.get("outcome") in ("failed", "errored"):
        word = "warning" if data.get("level") == "warn" else text_of(data.get("outcome"))
        claim = text_of(data.get("claim") or data.get("check"))
        on = text_of(data.get("on"))
        yield Wrong(on or event.at, "check", f"{word}: {claim}", text_of(data.get("message")),
                    Place.of(on).step)  # fmt: skip


def _run(event: TraceEvent, _: Calls) -> Iterator[Wrong]:
    told: Json = event.data.get("problems")
    for problem in told if isinstance(told, list) else ():  # pyright: ignore[reportUnknownVariableType] - any JSON
        yield _wrong(event, "run", "the case could not be judged", text_of(problem))


_READERS: Mapping[str, Callable[[TraceEvent, Calls], Iterator[Wrong]]] = {
    "tool.result": _tool,
    "model.result": _model,
    "budget.refused": _limit,
    "finding": _finding,
    "server.died": _server,
    "server.result": _declined,
    "approval": _approval,
    "observe.result": _look,
    "scope.leave": _turn,
    "plan.step": _step,
    "check.result": _check,
    "run.end": _run,
}


def wrongs_json(found: Sequence[Wrong], name: str) -> list[Json]:
    """Return them as plain JSON values."""
    return [
        {"at": w.at, "kind": w.kind, "what": w.what, "text": w.text, "command": _command(w, name)}
        for w in found
    ]


def wrongs_lines(found: Sequence[Wrong], name: str, *, width: int = 100) -> list[Line]:
    """Return them as lines; `name` is what the trace is called in a command."""
    if not found:
        return [styled("nothing went wrong", "good")]
    lines: list[Line] = [styled(f"{count(len(found), 'thing')} went wrong", "bold")]
    for wrong in found:
        at = safe(short(wrong.at) if "/" in wrong.at else "")
        lines.append(
            ((f"  {at}  " if at else "  ", "accent"), (one_line(wrong.what, width - 24), "bad"))
        )
        lines += [styled(f"      {line}") for line in wrap(wrong.text, width - 6, 4) if line]
        command = _command(wrong, name)
        lines += [styled(f"      {safe(command)}", "dim")] if command else []
    return lines


def _command(wrong: Wrong, name: str) -> str:
    return f"agentbox show {name} --step {short(wrong.step)}" if wrong.step else ""
