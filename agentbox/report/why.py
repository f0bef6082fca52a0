"""Where a value came from: what brought it, which prompts showed it, where the model said it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from agentbox.core.messages import Json
from agentbox.core.prompts import Prompt, prompts
from agentbox.core.trace import Position, TraceEvent
from agentbox.report.seeking import Pattern, around, pattern_of, places
from agentbox.report.story import content_of, map_of, maps_of, short, text_of
from agentbox.report.text import BLANK, Line, cells, one_line, pad, safe, section, styled


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a value stands."""

    at: Position
    what: str
    """Who brought it: a tool by its name, `the user`, `scenario`, `slot now`, `the clock`."""
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt that shows a value."""

    at: Position
    messages: tuple[int, ...]
    """Counted from 1."""
    origins: tuple[str, ...]
    """The events and slots that these messages have it from."""


@dataclass(frozen=True, slots=True)
class Said:
    """A model's message that holds a value."""

    at: Position
    path: str
    text: str
    origins: tuple[str, ...]
    """What its prompt had it from; empty where its prompt does not show it."""


@dataclass(frozen=True, slots=True)
class Why:
    """All that a trace tells of a value."""

    value: str
    sources: list[Source] = field(default_factory=list[Source])
    shown: list[Shown] = field(default_factory=list[Shown])
    said: list[Said] = field(default_factory=list[Said])


def why(events: Sequence[TraceEvent], value: str) -> Why:
    """Return where a value came from and where it went, in the order it happened."""
    pattern = pattern_of(value)
    found = Why(value)
    showing = {each.at: each for each in _shown(events, pattern)}
    found.shown.extend(showing.values())
    known: set[tuple[str, str]] = set()
    tools = {e.at: text_of(e.data.get("tool")) for e in events if e.kind == "tool.request"}
    for event in events:
        for place in _brought(event, tools, pattern):
            if (place.what, place.path) not in known or event.kind != "model.request":
                found.sources.append(place)
            known.add((place.what, place.path))
        if event.kind == "model.result":
            there = showing.get(event.at)
            origins = there.origins if there else ()
            spoken = {key: event.data.get(key) for key in ("text", "calls")}
            for path, text in places(spoken, pattern):
                found.said.append(Said(event.at, path, text, origins))
    return found


# -- what brought it


def _scenario(event: TraceEvent, _: str) -> Iterator[tuple[str, Json]]:
    """Yield what a scenario gives a run; its checks and scripts give nothing."""
    scenario = map_of(event.data.get("scenario"))
    yield "scenario", {key: _given(value) for key, value in scenario.items()}
    yield "scenario", {"now": event.data.get("now")}


def _given(value: Json) -> Json:
    inside: list[Json] = maps_of(value)
    if inside:
        return [_given(each) for each in inside]
    kept = map_of(value)
    dropped = ("checks", "attacked", "script", "answers")
    return {k: _given(v) for k, v in kept.items() if k not in dropped} if kept else value


def _slots(event: TraceEvent, _: str) -> Iterator[tuple[str, Json]]:
    for slot in maps_of(event.data.get("slots")):
        yield f"slot {text_of(slot.get('slot'))}", {text_of(slot.get("origin")): slot.get("text")}


def _result(event: TraceEvent, tool: str) -> Iterator[tuple[str, Json]]:
    structured = event.data.get("structured")
    rest = {key: event.data.get(key) for key in ("parts", "meta")}
    text: Mapping[str, Json] = {"text": event.data.get("text")}
    yield tool or "a tool", {**({"structured": structured} if structured else text), **rest}


def _descriptions(event: TraceEvent, _: str) -> Iterator[tuple[str, Json]]:
    for spec in maps_of(event.data.get("specs")):
        told = {key: spec.get(key) for key in ("description", "input_schema")}
        yield f"tool {text_of(spec.get('name'))}", told


def _whole(what: str) -> Callable[[TraceEvent, str], Iterator[tuple[str, Json]]]:
    return lambda event, _: iter([(what, content_of(event.data))])


_BRINGERS = {
    "run.start": _scenario,
    "run.ready": _descriptions,
    "model.request": _slots,
    "tool.result": _result,
    "user.result": _whole("the user"),
    "clock.read": _whole("the clock"),
    "injection": _whole("an injection"),
    "server.request": _whole("a server"),
    "server.log": _whole("a server"),
    "server.progress": _whole("a server"),
    "server.died": _whole("a server"),
    "observe.result": _whole("a look"),
}
"""The kinds of events that bring something into a run, and what they bring, by who does."""


def _brought(event: TraceEvent, tools: Mapping[str, str], pattern: Pattern) -> Iterator[Source]:
    bringer = _BRINGERS.get(event.kind)
    if bringer:
        for what, content in bringer(event, tools.get(event.at, "")):
            for path, text in places(content, pattern):
                yield Source(event.at, what, path, text)


# -- what showed it


def _shown(events: Iterable[TraceEvent], pattern: Pattern) -> Iterator[Shown]:
    holds: dict[tuple[int, int], bool] = {}
    """By log and index: a message stands in many prompts and is looked into once."""
    for prompt in prompts(events):
        numbers: list[int] = []
        for index, message in enumerate(prompt.messages):
            key = (id(prompt.log), index)
            if key not in holds:
                holds[key] = any(places(message, pattern))
            if holds[key]:
                numbers.append(index + 1)
        if numbers:
            yield Shown(prompt.request.at, tuple(numbers), _origins(prompt, numbers, pattern))


def _origins(prompt: Prompt, numbers: Sequence[int], pattern: Pattern) -> tuple[str, ...]:
    messages = [map_of(prompt.log[number - 1]) for number in numbers]
    own = (text_of(message.get("from")) for message in messages)
    slots = (
        f"slot {text_of(slot.get('slot'))}"
        for slot in maps_of(prompt.request.data.get("slots"))
        if pattern.search(text_of(slot.get("text")))
    )
    roles = (text_of(one.get("role")) for one in messages if not one.get("from"))
    return tuple(dict.fromkeys([*filter(None, own), *(list(slots) or roles)]))


# -- as lines, as JSON


def why_json(found: Why) -> dict[str, Json]:
    """Return what was found as plain JSON values."""
    return asdict(found)


def why_lines(found: Why, *, width: int = 100) -> list[Line]:
    """Return what was found: what brought the value, what showed it, who said it and from where."""
    pattern = pattern_of(found.value)
    came = [(_at(p.at), f"{p.what}: {p.path}", around(p.text, pattern)) for p in found.sources]
    shown = [(_at(s.at), _numbers(s.messages), _from(s.origins)) for s in found.shown]
    said = [(_at(s.at), s.path, around(s.text, pattern)) for s in found.said]
    nowhere = "" if came or shown or said else "  is nowhere in what was said and shown"
    head: Line = ((safe(found.value), "bold"), (nowhere, "warn"))
    sections = [
        [head],
        section("came from", _table(came, width)),
        section("shown to the model", _table(shown, width)),
        section("said by the model", _table(said, width)),
        section("so", _chain(found, width)),
    ]
    return [line for part in sections if part for line in (*part, BLANK)][:-1]


def _at(at: Position) -> str:
    return short(at) if "/" in at else "the start"


def _numbers(numbers: Sequence[int]) -> str:
    return f"message{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _from(origins: Sequence[str]) -> str:
    return "from " + ", ".join(short(one) if "/" in one else one for one in origins)


def _table(rows: Sequence[tuple[str, str, str]], width: int) -> list[Line]:
    rows = [(one_line(at, 24), one_line(what, width // 2), text) for at, what, text in rows]
    first = max((cells(at) for at, _, _ in rows), default=0) + 2
    second = max((cells(what) for _, what, _ in rows), default=0) + 3
    room = max(width - 2 - first - second, 16)
    return [
        (
            (f"  {pad(at, first)}", "accent"),
            (pad(what, second), "plain"),
            (one_line(text, room), "dim"),
        )
        for at, what, text in rows
    ]


def _chain(found: Why, width: int) -> list[Line]:
    """Return how it got from what brought it first to each message that holds it."""
    lines = [_because(each, width) for each in {each.at: each for each in found.said}.values()]
    if lines and found.sources:
        first = found.sources[0]
        told = f"it was first in {first.what}, {first.path}, at {_at(first.at)}"
        lines.insert(0, styled(f"  {one_line(told, width - 2)}"))
    return lines


def _because(said: Said, width: int) -> Line:
    at = short(said.at)
    if said.origins:
        return styled(f"  {one_line(f'{at} had it {_from(said.origins)}', width - 2)}")
    return styled(f"  {at} worked it out or made it up: its prompt does not hold it", "bad")
