"""A trace as the story it tells: turns, steps, calls. Pure; any JSON may stand in the events.

A trace is read from a file that anybody may have written, so every field is taken by its type
and a field of another type counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from agentbox.core.messages import Json
from agentbox.core.trace import SIDE_FIELDS, Position, TraceEvent


def _no_notes() -> list[TraceEvent]:
    """Make a list; `list[TraceEvent]()` takes four times as long, and a trace has many steps."""
    return []


def _no_calls() -> dict[Position, CallStory]:
    return {}


_NOTHING: dict[str, Json] = {}


@dataclass(slots=True)
class CallStory:
    """One tool call: what was asked and what came of it."""

    at: Position
    request: dict[str, Json] = field(default_factory=lambda: _NOTHING)
    result: dict[str, Json] | None = None
    """None while there is no answer."""
    refused: str = ""
    """The limit that kept it from running."""
    notes: list[TraceEvent] = field(default_factory=_no_notes)
    """What else happened in it: what its server asked, what was cut off."""


@dataclass(slots=True)
class StepStory:
    """One model call and the tools it had run."""

    at: Position
    request: dict[str, Json] | None = None
    result: dict[str, Json] | None = None
    calls: dict[Position, CallStory] = field(default_factory=_no_calls)
    refused: str = ""
    notes: list[TraceEvent] = field(default_factory=_no_notes)
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
    notes: list[TraceEvent] = field(default_factory=_no_notes)
    """What else happened before its first step."""

    @property
    def number(self) -> int:
        """The turn's number, counted from 1."""
        digits = self.at[1:]
        return int(digits) if digits.isdecimal() else 0


def turns_of(events: Iterable[TraceEvent]) -> list[TurnStory]:
    """Return the turns of a trace, in the order they were played."""
    turns: dict[Position, TurnStory] = {}
    places: dict[Position, Place] = {}
    for event in events:
        place = places.get(event.at)
        if place is None:
            place = places[event.at] = Place.of(event.at)
        if place.turn and event.kind not in _UNTOLD:
            turn = turns.get(place.turn)
            if turn is None:
                turn = turns[place.turn] = TurnStory(place.turn)
            _READERS.get(event.kind, _note)(turn, place, event)
    return [turn for turn in turns.values() if turn.user or turn.steps or turn.end]


def short(at: Position) -> Position:
    """Return a position without its case: `t1/s2`."""
    head, _, rest = at.partition("/")
    if head.startswith(("u:", "h:")):
        return f"{head[:2]}{rest}"
    return rest or at


class Place(NamedTuple):
    """Where in the story a position lies; empty where it lies in no turn."""

    turn: str = ""
    step: Position = ""
    """The step's whole position; empty where the position names none."""

    @classmethod
    def of(cls, at: Position) -> Place:
        """Return the place of a position."""
        found = _PLACE.match(at)
        return cls(found[1], found[0] if found[2] else "") if found else cls()


_PLACE = re.compile(r"(?!h:)[^/]*/(t\.*\d[\d.]*)(/s\.*\d[\d.]*)?(?=/|\Z)")


def _data(event: TraceEvent) -> dict[str, Json]:
    """Return an event's fields, not copied: nobody here changes them, and a trace has many."""
    return cast("dict[str, Json]", event.data)


def _user(turn: TurnStory, _: Place, event: TraceEvent) -> None:
    turn.user = text_of(event.data.get("text"))


def _model_request(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    if event.at == place.step:  # else a server had it asked, in the middle of a call
        _step(turn, place).request = _data(event)


def _model_result(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    if event.at == place.step:
        _step(turn, place).result = _data(event)


def _tool_request(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    _call(turn, place, event.at).request = _data(event)


def _tool_result(turn: TurnStory, place: Place, event: TraceEvent) -> None:
    _call(turn, place, event.at).result = _data(event)


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
    step = turn.steps.get(place.step)
    if step is None:
        step = turn.steps[place.step] = StepStory(place.step)
    return step


def _call(turn: TurnStory, place: Place, at: Position) -> CallStory:
    calls = _step(turn, place).calls
    call = calls.get(at)
    if call is None:
        call = calls[at] = CallStory(at)
    return call


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
