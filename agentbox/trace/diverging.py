"""What a divergence is: its class, what differs, what is nearest on the tape, where it comes from.

Asked once, when something does not fit: here nothing has to be quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeAlias, cast

from agentbox.core.comparing import GONE, Change, changes
from agentbox.core.divergence import Divergence, DivergenceKind
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.prompts import MAIN_LOG, prompts
from agentbox.core.requests import Ask
from agentbox.core.trace import EVENT_FIELDS, Position, TraceEvent
from agentbox.trace.encoding import encode
from agentbox.trace.reader import Trace
from agentbox.trace.tables import message_data, slot_table, tool_table

Unplayed: TypeAlias = list[TraceEvent]
"""What a tape has that was not played yet."""

_CLASSES: Mapping[str, DivergenceKind] = {
    "run.ready": "tool_schema",
    "model.request": "prompt",
    "model.result": "model",
    "tool.request": "args",
    "user.result": "prompt",
    "clock.read": "prompt",
    "observe.request": "args",
    "tool.result": "tool_schema",
}
"""The class of a difference, by the kind of event that differs; of any other it is a decision."""
_CAUSES: Mapping[str, str] = {
    "run.ready": "the tools as they are now",
    "scope.enter": "the limits of the scenario, or the loop",
    "user.result": "the user's words in the scenario",
    "clock.read": "the scenario's `now`, `zone` or `tick`",
    "budget.refused": "the limits of the scenario",
    "approval": "the case's `approvals`",
    "tool.truncated": "the scenario's `max_result_bytes`",
    "tool.result": "the tool's output schema",
    "observe.request": "the checks of the scenario",
}
_GIVEN: Mapping[str, tuple[DivergenceKind, str, str]] = {
    "c": ("model", "model.request", "the scenario's `model`"),
    "u": ("model", "model.request", "the `model` of the case's `user`"),
    "run": ("decision", "run.start", "the scenario: what it gives to tools and servers"),
}
"""What a scenario gives to whom: the class and the event of a difference, and its cause."""
_TICK = "the scenario's `tick`"
_REACHED = ("base_url", "key", "stream")
_ROLES: Mapping[str, str] = {
    "system": "the agent's `system` text",
    "user": "the user's words",
    "assistant": "the case's `history`, or what the loop writes",
    "tool": "the case's `history`, or what the loop writes",
}
_TOKEN = re.compile(r"«[a-z-]+:[^»]+»")
_MESSAGE = re.compile(r"\$\.messages\[(\d+)\]")
_MOST = 8
"""Changed places that are told."""
_NEAREST = 3


def body_of(event: TraceEvent) -> bytes:
    """Return the canonical content of an event, without its place and its time."""
    return encode(_content(event))


def off_the_tape(
    at: Position, kind: str, data: Mapping[str, Json], unplayed: Unplayed
) -> Divergence:
    """Return what it is that something happens where the tape has nothing."""
    found: DivergenceKind = "exhausted"
    if unplayed:
        found = "order" if _is_among(unplayed, kind, data) else "extra"
    near = _nearest(unplayed, kind, data)
    return Divergence(found, at, now=kind, nearest=near, cause=_CAUSES.get(kind, ""))


def unused(whole: Iterable[TraceEvent], unplayed: Unplayed, broke: str = "") -> Divergence:
    """Return what it is that the run is over, and the tape is not; `broke` says what ended it.

    Of `whole`, all that was to be played, some is missing where what comes later was played.
    """
    first = min(unplayed, key=lambda event: event.line)
    left = {event.line for event in unplayed}
    last = max((event.line for event in whole if event.line not in left), default=0)
    kind: DivergenceKind = "missing" if first.line < last else "unused"
    return Divergence(kind, first.at, first.line, first.kind, cause=broke)


def unlike(trace: Trace, played: Mapping[str, Json]) -> dict[str, Divergence]:
    """Return what a scenario gives otherwise than the one in a trace's header, by who is given it.

    An actor's model, by the letter of its positions; under `run` what tools and servers are given.
    """
    header = trace.header
    recorded: Json = header.data.get("scenario") if header else {}
    was, now = (_given(scenario) for scenario in (recorded, played))
    found: dict[str, Divergence] = {}
    for whose, (kind, event, cause) in _GIVEN.items():
        changed = _changed(was[whose], now[whose])
        if changed and header:
            found[whose] = Divergence(
                kind, header.at, header.line, event, event, changed, (), cause
            )
    return found


def _given(scenario: Json) -> dict[str, dict[str, Json]]:
    """Return what a scenario gives, by whom it is given to."""
    top = _map(scenario)
    cases: Json = top.get("cases")
    user = _map(_map(cases[0] if is_list(cases) and cases else {}).get("user"))
    return {
        "c": {"model": _asked(top.get("model"))},
        "u": {"model": _asked(user.get("model"))},
        "run": {key: top[key] for key in ("now", "zone", "seed") if key in top},
    }


def _asked(model: Json) -> dict[str, Json]:
    """Return how a model is asked; by which key and where it is reached says nothing of that."""
    return {key: value for key, value in _map(model).items() if key not in _REACHED}


def _map(value: Json) -> dict[str, Json]:
    return value if is_object(value) else {}


def differing(
    event: TraceEvent, kind: str, data: Mapping[str, Json], clock: float, unplayed: Unplayed
) -> Divergence:
    """Return what it is that another event happens at the place of `event`."""
    rest = [each for each in unplayed if each is not event]
    near = _nearest(rest, kind, data)
    elsewhere = kind in ("model.request", "tool.request") and _is_among(rest, kind, data)
    if event.kind != kind:
        decided = None in (_CLASSES.get(event.kind), _CLASSES.get(kind))
        found: DivergenceKind = "decision" if decided else "order" if elsewhere else "missing"
        cause = _CAUSES.get(kind, "") or _CAUSES.get(event.kind, "")
        return Divergence(found, event.at, event.line, event.kind, kind, (), near, cause)
    changed = _changed(_content(event), data)
    if not changed:
        moved = _moved(event, clock)
        return Divergence("decision", event.at, event.line, kind, kind, moved, near, _TICK)
    found = "order" if elsewhere else _CLASSES.get(kind, "decision")
    cause = _CAUSES.get(kind, "")
    if kind == "tool.request":
        cause = f"who asks for it, at {event.at.rpartition('/')[0]}"
    return _redacted(Divergence(found, event.at, event.line, kind, kind, changed, near, cause))


def other_prompt(trace: Trace, event: TraceEvent, ask: Ask, clock: float) -> Divergence:
    """Return what of a model request is not as it was: the first that tells most."""
    for found, changed, cause in _parts(trace, event, ask, clock):
        if changed:
            kind = event.kind
            whole = Divergence(found, event.at, event.line, kind, kind, changed, (), cause)
            return _redacted(whole)
    told = (Change("$.prompt", event.data.get("prompt"), "the hash of the same messages"),)
    cause = "the tape: its hash of this prompt is not the prompt's"
    return Divergence("prompt", event.at, event.line, event.kind, event.kind, told, (), cause)


_Part: TypeAlias = tuple[DivergenceKind, tuple[Change, ...], str]


def _parts(trace: Trace, event: TraceEvent, ask: Ask, clock: float) -> Iterator[_Part]:
    """Yield what may differ in a model request, what tells most first."""
    data = event.data
    before = _by(data.get("slots"), "slot")
    now = _by(slot_table(ask.messages.segments), "slot")
    changed = _changed({"slots": before}, {"slots": now})
    yield "prompt", changed, _slot_cause(changed, before, now)
    tools = _by(tool_table(ask.tools), "name")
    changed = _changed({"tools": _by(data.get("tools"), "name")}, {"tools": tools})
    yield "tool_schema", changed, _CAUSES["run.ready"]
    shown = next(p for p in prompts(trace.events) if p.request is event).messages
    mine = [_plain(message_data(message)) for message in ask.messages]
    changed = _changed({"messages": list(map(_plain, shown))}, {"messages": mine})
    yield "prompt", changed, _message_cause(changed, shown, mine)
    was = {
        "output": data.get("output"),
        "aside": data.get("aside", ""),
        "log": data.get("log", MAIN_LOG),
    }
    asked = {"output": ask.output, "aside": ask.aside, "log": ask.messages.name}
    yield "model", _changed(was, asked), "how the model is asked"
    yield "decision", _moved(event, clock), _TICK


def _slot_cause(
    changed: Sequence[Change], before: Mapping[str, Json], now: Mapping[str, Json]
) -> str:
    if not changed:
        return ""
    parts = changed[0].path.split(".", 3)
    name = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - `$`, `slots`, the slot
    row: dict[str, Json] = now.get(name) or before.get(name) or {}
    origin = str(row.get("origin", ""))
    return f"the slot `{name}`" + (f", filled from {origin}" if origin else "")


def _message_cause(changed: Sequence[Change], shown: Sequence[Json], now: Sequence[Json]) -> str:
    found = _MESSAGE.match(changed[0].path) if changed else None
    if found is None:
        return ""
    index = int(found[1])
    old: dict[str, Any] = shown[index] if index < len(shown) else {}
    if old.get("from"):
        return f"what {old['from']} brought"
    role = old.get("role") or now[index].get("role", "")
    return _ROLES.get(role, "")


def _redacted(found: Divergence) -> Divergence:
    """Return a divergence as one of redaction, where what differs was a secret."""
    if any(_TOKEN.search(str(change.before)) for change in found.changes):
        return replace(found, kind="redacted")
    return found


# -- contents


def _content(event: TraceEvent) -> dict[str, Json]:
    return {key: value for key, value in event.data.items() if key not in EVENT_FIELDS}


def _is_among(events: Iterable[TraceEvent], kind: str, data: Mapping[str, Json]) -> bool:
    content = encode(data)
    return any(event.kind == kind and body_of(event) == content for event in events)


def _nearest(
    events: Iterable[TraceEvent], kind: str, data: Mapping[str, Json]
) -> tuple[Position, ...]:
    """Return where the tape has the same, or what is most like it."""
    alike = [event for event in events if event.kind == kind]
    scored = [(_likeness(_content(event), data), -event.line, event.at) for event in alike]
    return tuple(at for score, _, at in sorted(scored, reverse=True)[:_NEAREST] if score)


def _likeness(one: Mapping[str, Json], other: Mapping[str, Json]) -> float:
    """Return how many of two contents' fields are the same, of all there are."""
    keys = {*one, *other}
    same = sum(one.get(key, GONE) == other.get(key, GONE) for key in keys)
    return same / len(keys) if keys else 0.0


def _changed(recorded: Json, now: Json) -> tuple[Change, ...]:
    return tuple(Change(*each) for each in islice(changes(recorded, now), _MOST))


def _moved(event: TraceEvent, clock: float) -> tuple[Change, ...]:
    return _changed({"clock": event.clock}, {"clock": clock})


def _by(table: Json, key: str) -> dict[str, Json]:
    rows = cast("list[Json]", table) if isinstance(table, list) else []
    return {str(row.get(key)): row for row in rows if is_object(row)}


def _plain(message: Mapping[str, Json]) -> dict[str, Json]:
    """Return a message without what only says where it came from."""
    return {key: value for key, value in message.items() if key not in ("from", "call_id")}
