"""A trace as the story it tells: turns, steps, calls. Pure; any JSON may stand in the events.

A trace is read from a file that anybody may have written, so every field is taken by its type
and a field of another type counts as missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from agentbox.core.messages import Json
from agentbox.core.trace import SIDE_FIELDS, Position, TraceEvent


@dataclass(slots=True)
class CallStory:
    """One tool call: what was asked and what came of it."""

    at: Position
    request: dict[str, Json] = field(default_factory=dict[str, Json])
    result: dict[str, Json] | None = None
    """None while there is no answer."""
    refused: str = ""
    """The limit that kept it from running."""
    notes: list[TraceEvent] = field(default_factory=list[TraceEvent])
    """What else happened in it: what its server asked, what was cut off."""


@dataclass(slots=True)
class StepStory:
    """One model call and the tools it had run."""

    at: Position
    request: dict[str, Json] | None = None
    result: dict[str, Json] | None = None
    calls: dict[Position, CallStory] = field(default_factory=dict[Position, CallStory])
    refused: str = ""
    notes: list[TraceEvent] = field(default_factory=list[TraceEvent])
    """What else happened before the next one: a plan made, a prompt cut, tools changed."""

    @property
    def proposed(self) -> list[dict[str, Json]]:
        """The calls as the model proposed them, in its order."""
        return maps_of(map_of(self.result).get("calls"))

    def asked(self, call: CallStory) -> dict[str, Json]:
        """Return what a call asks for, also where a limit kept it from being asked."""
        number = call.at.rpartition("/call")[2]
        index = int(number) - 1 if number.isdecimal() else -1
        if call.request or not 0 <= index < len(self.proposed):
            return call.request
        return self.proposed[index]


@dataclass(slots=True)
class TurnStory:
    """One turn: the user's words, the steps, how it ended. `t0` is what stands before a turn."""

    at: Position
    user: str = ""
    steps: dict[Position, StepStory] = field(default_factory=dict[Position, StepStory])
    end: dict[str, Json] = field(default_factory=dict[str, Json])
    notes: list[TraceEvent] = field(default_factory=list[TraceEvent])
    """What else happened before its first step."""

    @property
    def number(self) -> int:
        """The turn's number, counted from 1."""
        digits = self.at[1:]
        return int(digits) if digits.isdecimal() else 0


def turns_of(events: Iterable[TraceEvent]) -> list[TurnStory]:
    """Return the turns of a trace, in the order they were played."""
    turns: dict[Position, TurnStory] = {}
    for event in events:
        place = Place.of(event.at)
        reader = _READERS.get(event.kind, _note)
        if place.turn and event.kind not in _UNTOLD:
            reader(turns.setdefault(place.turn, TurnStory(place.turn)), place, event)
    return [turn for turn in turns.values() if turn.user or turn.steps or turn.end]


def short(at: Position) -> Position:
    """Return a position without its case: `t1/s2`."""
    head, _, rest = at.partition("/")
    if head.startswith(("u:", "h:")):
        return f"{head[:2]}{rest}"
    return rest or at


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the story a position lies; empty where it lies in no turn."""

    turn: str = ""
    step: Position = ""
    """The step's whole position; empty where the position names none."""

    @classmethod
    def of(cls, at: Position) -> Place:
        """Return the place of a position."""
        head, _, rest = at.partition("/")
        parts = rest.split("/")
        if head.startswith("h:") or not _is_part(parts[0], "t"):
            return cls()
        known = parts[1:2] if len(parts) > 1 and _is_part(parts[1], "s") else []
        return cls(parts[0], "/".join([head, parts[0], *known]) if known else "")


def _is_part(part: str, letter: str) -> bool:
    return part[:1] == letter and part[1:].replace(".", "").isdecimal()


def _user(turn: TurnStory, _: Place, event: TraceEvent) -> None:
    turn.user = text_of(event.data.get("text"))


def _model_request(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    if event.at == place.step:  # else a server had it asked, in the middle of a call
        _step(turn, place).request = dict(event.data)


def _model_result(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    if event.at == place.step:
        _step(turn, place).result = dict(event.data)


def _tool_request(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    _call(turn, place, event.at).request = dict(event.data)


def _tool_result(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    _call(turn, place, event.at).result = dict(event.data)


def _refused(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    limit = text_of(event.data.get("limit"))
    if event.at == place.step:
        _step(turn, place).refused = limit
    else:
        _call(turn, place, event.at).refused = limit


def _note(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    _teller(turn, place, event.at).notes.append(event)


def _teller(turn: TurnStory, place: Place, at: Position) -> CallStory | StepStory | TurnStory:
    """Return what an event belongs to: the call it lies in, else the last step so far."""
    step = turn.steps.get(place.step)
    call = (
        next((c for c in step.calls.values() if f"{at}/".startswith(f"{c.at}/")), None)
        if step
        else None
    )
    return call or next(reversed(turn.steps.values()), turn)


def _left(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    if not place.step:
        turn.end = map_of(event.data.get("end"))


_READERS = {
    "user.result": _user,
    "model.request": _model_request,
    "model.result": _model_result,
    "tool.request": _tool_request,
    "tool.result": _tool_result,
    "budget.refused": _refused,
    "scope.leave": _left,
}
_UNTOLD = frozenset({"clock.read", "finding", "mcp.frame", "scope.enter", "user.request"})
"""Kinds of events that a turn does not tell: they are told elsewhere, or say nothing to people."""


def _step(turn: TurnStory, place: Place) -> StepStory:
    return turn.steps.setdefault(place.step, StepStory(place.step))


def _call(turn: TurnStory, place: Place, at: Position) -> CallStory:
    return _step(turn, place).calls.setdefault(at, CallStory(at))


# -- fields of any JSON --------------------------------------------------------------------------


def text_of(value: Json) -> str:
    """Return a string as it is, None as nothing, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else compact(value)


def map_of(value: Json) -> dict[str, Json]:
    """Return a mapping with text keys; anything else counts as empty."""
    if not isinstance(value, dict):
        return {}
    return {str(key): item for key, item in cast("dict[Any, Any]", value).items()}


def maps_of(value: Json) -> list[dict[str, Json]]:
    """Return the mappings of a list; anything else counts as empty."""
    items: Sequence[Any] = cast("list[Any]", value) if isinstance(value, list) else ()
    return [map_of(item) for item in items if isinstance(item, dict)]


def compact(value: Json) -> str:
    """Return a value as JSON in one line."""
    return _json(value, None)


def pretty(value: Json) -> str:
    """Return a value as JSON in as many lines as it takes."""
    return _json(value, 2)


def parsed(text: str) -> Json:
    """Return the JSON value that a text is, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _json(value: Json, spaces: int | None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, indent=spaces, default=str)
    except RecursionError:
        return "«nested too deep to show»"


_ENVELOPE = SIDE_FIELDS | {"at", "kind", "clock"}


def content_of(data: Mapping[str, Json]) -> dict[str, Json]:
    """Return an event's payload, without its envelope and its side fields."""
    return {key: value for key, value in data.items() if key not in _ENVELOPE}


def notes_json(of: TurnStory | StepStory | CallStory) -> list[Json]:
    """Return what else happened in it as plain JSON values."""
    return [{"kind": event.kind, "at": event.at, **content_of(event.data)} for event in of.notes]


def detail_of(data: Mapping[str, Json]) -> str:
    """Return what an event says to people alone: the end of a traceback, of a server's stderr."""
    return text_of(map_of(data.get("side")).get("detail"))


def called(tool: str, args: Json, malformed: str = "") -> str:
    """Return a call as one reads it: `accounts.get_account(account_id="LLM-4829")`."""
    if malformed:
        return f"{tool}(no JSON object: {malformed})"
    given = ", ".join(f"{name}={compact(value)}" for name, value in map_of(args).items())
    return f"{tool}({given})"


def called_in(data: dict[str, Json]) -> str:
    """Return the call that a `tool.request`, or an entry of a reply's `calls`, holds."""
    malformed = text_of(data.get("malformed"))
    return called(text_of(data.get("tool")) or "unknown tool", data.get("args"), malformed)
