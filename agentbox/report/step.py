"""One step in full: the prompt as the model saw it, its slots, the tools, the reply, the calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import Json
from agentbox.core.trace import Position, TraceEvent
from agentbox.report.slots import slot_lines, slots_of
from agentbox.report.story import (
    CallStory,
    Place,
    StepStory,
    called_in,
    compact,
    content_of,
    detail_of,
    map_of,
    maps_of,
    notes_json,
    parsed,
    pretty,
    short,
    text_of,
    turns_of,
)
from agentbox.report.text import BLANK, Line, Style, count, indent, safe, section, styled
from agentbox.report.tools import first_sentence, type_of
from agentbox.report.turns import status_of

_NAMED = 12
"""Steps named one by one in an error; more are named by the first and the last."""
_ROLES: dict[str, Style] = {"system": "warn", "user": "accent", "assistant": "good"}


def find_step(events: Sequence[TraceEvent], wanted: str) -> Position:
    """Return the whole position of the step that `wanted` means: `t1/s2`, or all of it.

    Raises:
        AuthorError: the trace has no such step; the message names those it has.
    """
    steps = [at for turn in turns_of(events) for at in turn.steps]
    names = {short(at): at for at in steps}
    found = Place.of(wanted).step or names.get(Place.of(f"/{wanted}").step.lstrip("/"), "")
    if found in steps:
        return found
    close = nearest(wanted, list(names))
    raise AuthorError(
        Problem(
            f"no step `{wanted}` in this trace",
            note=f"did you mean `{close}`?" if close else "",
            hint=f"its steps: {_some(list(names))}" if names else "it has no steps",
        )
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{names[0]} to {names[-1]}"


def show_step(
    events: Sequence[TraceEvent],
    at: Position,
    messages: Sequence[Json],
    *,
    width: int = 100,
) -> list[Line]:
    """Return the step at `at` in full; `messages` is its whole prompt, as the model saw it."""
    step = _step(events, at)
    tools = maps_of(map_of(step.request).get("tools"))
    slots = slots_of(step)
    sections = [
        _title(step),
        section(f"prompt  {count(len(messages), 'message')}", _prompt(messages)),
        section("slots", slot_lines(slots, width=width) if slots else _nothing("not recorded")),
        section(f"tools offered  {len(tools)}", [line for one in tools for line in _tool(one)]),
        section("reply", _reply(step)),
        *(section(*_call(call, step.asked(call))) for call in step.calls.values()),
        section("then", [line for note in step.notes for line in _note(note)]),
        section("frames", _frames(events, at)),
    ]
    return [line for section in sections if section for line in (*section, BLANK)][:-1]


def step_json(
    events: Sequence[TraceEvent], at: Position, messages: Sequence[Json]
) -> dict[str, Json]:
    """Return the step at `at` as plain JSON values."""
    step = _step(events, at)
    return {
        "at": at,
        "messages": list(messages),
        "slots": slots_of(step),
        "tools": map_of(step.request).get("tools"),
        "reply": _content(step.result),
        "refused": step.refused or None,
        "calls": [
            {
                "at": call.at,
                **content_of(step.asked(call)),
                "result": _content(call.result),
                "refused": call.refused or None,
                "notes": notes_json(call),
            }
            for call in step.calls.values()
        ],
        "notes": notes_json(step),
        "frames": [
            {key: event.data.get(key) for key in ("at", "server", "dir", "frame")}
            for event in _frame_events(events, at)
        ],
    }


def _content(data: dict[str, Json] | None) -> dict[str, Json] | None:
    return None if data is None else content_of(data)


def _step(events: Sequence[TraceEvent], at: Position) -> StepStory:
    return next(
        (turn.steps[at] for turn in turns_of(events) if at in turn.steps),
        StepStory(at),
    )


# -- sections ------------------------------------------------------------------------------------


def _title(step: StepStory) -> list[Line]:
    result = map_of(step.result)
    model = text_of(result.get("model"))
    facts = [f"model {model}" if model else "", _clock(step), _usage(result)]
    told = "".join(f" · {safe(fact)}" for fact in facts if fact)
    return [((f"step {safe(short(step.at))}", "bold"), (told, "dim"))]


def _clock(step: StepStory) -> str:
    clock = map_of(step.request).get("clock")
    return f"now + {clock:g}s" if isinstance(clock, int | float) and clock else ""


def _usage(result: dict[str, Json]) -> str:
    used = map_of(result.get("usage"))
    told = [f"{name} {value}" for name, value in used.items()]
    return f"usage {', '.join(told)}" if told else "usage unknown"


def _nothing(why: str) -> list[Line]:
    return [styled(f"    {why}", "dim")]


def _whole(text: str, by: int = 4, style: Style = "plain") -> list[Line]:
    """Return a text whole, its own lines kept: here nothing is shortened."""
    if not text:
        return []
    lines: list[Line] = [styled(safe(line), style) for line in text.rstrip("\n").split("\n")]
    return indent(lines, by)


def _prompt(messages: Sequence[Json]) -> list[Line]:
    lines: list[Line] = []
    for number, message in enumerate(map(map_of, messages), 1):
        role = text_of(message.get("role")) or "unknown"
        origin = short(text_of(message.get("from")))
        failed = "  failed" if message.get("failed") else ""
        lines.append(
            (
                (f"  {number} ", "dim"),
                (safe(role), _ROLES.get(role, "plain")),
                (failed, "bad"),
                (f"  from {safe(origin)}" if origin else "", "dim"),
            )
        )
        lines += _whole(text_of(message.get("text")))
        lines += [styled(f"    calls {safe(called_in(c))}") for c in _calls_in(message)]
        lines += _parts(message)
    return lines


def _calls_in(message: dict[str, Json]) -> list[dict[str, Json]]:
    return maps_of(message.get("calls"))


def _parts(data: dict[str, Json]) -> list[Line]:
    return [
        styled(f"    part  {safe(compact(part))}", "dim") for part in maps_of(data.get("parts"))
    ]


def _tool(tool: dict[str, Json]) -> list[Line]:
    schema = map_of(tool.get("input_schema"))
    properties = map_of(schema.get("properties"))
    arguments = ", ".join(f"{name}: {type_of(map_of(about))}" for name, about in properties.items())
    head: Line = (
        (f"    {safe(text_of(tool.get('name')))}", "accent"),
        (f"({safe(arguments)})", "plain"),
    )
    sentence = first_sentence(text_of(tool.get("description")))
    return [head, styled(f"      {sentence}", "dim")] if sentence else [head]


def _reply(step: StepStory) -> list[Line]:
    if step.refused:
        return _nothing(f"not asked: the limit `{safe(step.refused)}` is reached")
    if step.result is None:
        return _nothing("none: the trace ends before it")
    if "error" in step.result:
        return _whole(f"the model failed: {text_of(step.result['error'])}", style="bad")
    lines = _whole(text_of(step.result.get("text")))
    lines += [styled(f"    calls {safe(called_in(c))}") for c in _calls_in(step.result)]
    stop = text_of(step.result.get("stop"))
    lines += [styled(f"    stopped by: {safe(stop)}", "warn")] if stop not in ("", "end") else []
    return lines or _nothing("nothing")


def _call(call: CallStory, asked: dict[str, Json]) -> tuple[str, list[Line]]:
    title = f"{short(call.at).rpartition('/')[2]}  {text_of(asked.get('tool'))}"
    lines: list[Line] = [styled("  arguments", "dim"), *_whole(_arguments(asked))]
    lines += [line for note in call.notes for line in _note(note)]
    if call.refused:
        return title, [*lines, styled(f"  not run: limit `{safe(call.refused)}`", "warn")]
    if call.result is None:
        return title, [*lines, styled("  no answer: it was in flight", "warn")]
    return title, [*lines, *_result(call.result)]


def _note(note: TraceEvent) -> list[Line]:
    kind = styled(f"  {safe(note.kind)}  {safe(short(note.at).rpartition('/')[2])}", "dim")
    return [kind, *_whole(pretty(content_of(note.data)))]


def _arguments(asked: dict[str, Json]) -> str:
    malformed = text_of(asked.get("malformed"))
    return f"no JSON object: {malformed}" if malformed else pretty(asked.get("args"))


def _as_json(result: dict[str, Json]) -> str:
    """Return a result's text as JSON: many servers give their structured content as text too."""
    text = text_of(result.get("text"))
    return pretty(parsed(text)) if text[:1] in ("{", "[") else ""


def _result(result: dict[str, Json]) -> list[Line]:
    word, style = status_of(result)
    lines: list[Line] = [(("  result  ", "dim"), (safe(word), style))]
    lines += _whole(text_of(result.get("text")))
    for key in ("structured", "meta"):
        if result.get(key) is not None and pretty(result[key]) != _as_json(result):
            lines += [styled(f"  {key}", "dim"), *_whole(pretty(result[key]))]
    lines += _parts(result)
    detail = detail_of(result)
    return (
        [*lines, styled("  detail, for people alone", "dim"), *_whole(detail)] if detail else lines
    )


# -- frames --------------------------------------------------------------------------------------


def _frame_events(events: Iterable[TraceEvent], at: Position) -> list[TraceEvent]:
    return [
        event
        for event in events
        if event.kind == "mcp.frame" and (event.at == at or event.at.startswith(f"{at}/"))
    ]


def _frames(events: Iterable[TraceEvent], at: Position) -> list[Line]:
    return [
        (
            (f"  {safe(text_of(event.data.get('server')))} ", "accent"),
            (f"{safe(text_of(event.data.get('dir')))}  ", "dim"),
            (safe(text_of(event.data.get("frame"))), "plain"),
        )
        for event in _frame_events(events, at)
    ]
