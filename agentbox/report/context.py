"""The prompt of a step, segment by segment: slots and messages, their origin and their size.

Sizes are estimates by the plain rule of `core.window`: a token is 4 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json
from agentbox.core.prompts import Prompt, prompts
from agentbox.core.trace import Position, TraceEvent
from agentbox.core.window import tokens_in
from agentbox.report.slots import slot_lines
from agentbox.report.story import called_in, compact, map_of, maps_of, short, text_of
from agentbox.report.text import BLANK, Line, count, indent, safe, section, styled, wrap

_LINES = 12
"""Of a message so many lines are shown; `--step` shows all of it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a prompt has that the one before it has not."""

    since: str
    """The position of the prompt before; empty where there is none."""
    added: tuple[int, ...]
    """Messages that are new, counted from 1."""
    dropped: int
    """Messages that are no longer there."""
    slots: tuple[str, ...]
    """Slots that have another text or state."""
    tools: bool
    """Whether other tools are offered."""

    @property
    def told(self) -> str:
        """In one line."""
        if not self.since:
            return "the first prompt"
        parts = [
            f"{count(len(self.added), 'message')} more ({_span(self.added)})" if self.added else "",
            f"{count(self.dropped, 'message')} dropped" if self.dropped else "",
            f"slots changed: {', '.join(self.slots)}" if self.slots else "",
            "other tools" if self.tools else "",
        ]
        return f"since {short(self.since)}: {'; '.join(filter(None, parts)) or 'nothing changed'}"


def _span(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def prompts_at(events: Iterable[TraceEvent], at: Position) -> tuple[Prompt, Prompt | None]:
    """Return the prompt of a step and the one before it, of the same actor.

    Raises:
        AuthorError: the step has none: a limit kept the model from being asked.
    """
    actor = at.partition("/")[0]
    before = None
    for prompt in prompts(events):
        if prompt.request.at == at:
            return prompt, before
        if prompt.request.at.partition("/")[0] == actor:
            before = prompt
    raise AuthorError(Problem(f"at {short(at)} no model was asked: there is no prompt"))


def changed_since(prompt: Prompt, before: Prompt | None) -> Changed:
    """Return what changed since the prompt before it."""
    if before is None:
        return Changed("", tuple(range(1, prompt.size + 1)), 0, (), tools=False)
    now, then = prompt.messages, before.messages
    gone = sum(message not in now for message in then)
    new = tuple(n for n, message in enumerate(now, 1) if message not in then)
    if prompt.log is before.log:  # which only grows: then no message need be compared
        gone, new = 0, tuple(range(before.size + 1, prompt.size + 1))
    slots = _by_name(before)
    changed = tuple(name for name, slot in _by_name(prompt).items() if slots.get(name) != slot)
    tools = prompt.request.data.get("tools") != before.request.data.get("tools")
    return Changed(before.request.at, new, gone, changed, tools=tools)


def _by_name(prompt: Prompt) -> Mapping[str, Json]:
    slots = maps_of(prompt.request.data.get("slots"))
    return {text_of(slot.get("slot")): [slot.get("state"), slot.get("text")] for slot in slots}


def context_lines(prompt: Prompt, before: Prompt | None, *, width: int = 100) -> list[Line]:
    """Return a prompt as lines; `before` is the prompt before it, of the same actor."""
    slots, tools = _slots(prompt), _tools(prompt)
    messages = list(map(map_of, prompt.messages))
    sizes = [_size(message) for message in messages]
    head = f"{count(len(messages), 'message')}, about {count(sum(sizes), 'token')}"
    offered = f"; {count(len(tools), 'tool')}, about {count(_tools_size(tools), 'token')}"
    title: Line = (
        (f"prompt of {safe(short(prompt.request.at))}", "bold"),
        (f"   {head}{offered if tools else ''}", "dim"),
    )
    sections = [
        [title, styled(f"  {safe(changed_since(prompt, before).told)}", "accent")],
        section("slots", slot_lines(slots, width=width) if slots else []),
        section("size by slot", _size_lines(slots)),
        section("messages", [
            line
            for number, (message, size) in enumerate(zip(messages, sizes, strict=True), 1)
            for line in _message(number, message, size, width)
        ]),
    ]  # fmt: skip
    return [line for part in sections if part for line in (*part, BLANK)][:-1]


def context_json(prompt: Prompt, before: Prompt | None) -> dict[str, Json]:
    """Return a prompt as plain JSON values, each slot and message with its size in tokens."""
    tools = _tools(prompt)
    messages = list(map(map_of, prompt.messages))
    return {
        "at": prompt.request.at,
        "changed": asdict(changed_since(prompt, before)),
        "slots": [{**s, "tokens": tokens_in(text_of(s.get("text")))} for s in _slots(prompt)],
        "messages": [{**message, "tokens": _size(message)} for message in messages],
        "tools": {"names": [tool.get("name") for tool in tools], "tokens": _tools_size(tools)},
        "tokens": sum(map(_size, messages)) + _tools_size(tools),
    }


def _slots(prompt: Prompt) -> list[dict[str, Json]]:
    return maps_of(prompt.request.data.get("slots"))


def _tools(prompt: Prompt) -> list[dict[str, Json]]:
    return maps_of(prompt.request.data.get("tools"))


def _size(message: Mapping[str, Json]) -> int:
    calls = "".join(map(compact, maps_of(message.get("calls"))))
    parts = "".join(map(compact, maps_of(message.get("parts"))))
    return tokens_in(f"{text_of(message.get('text'))}{calls}{parts}")


def _tools_size(tools: Sequence[Mapping[str, Json]]) -> int:
    told = ("name", "description", "input_schema")
    return sum(tokens_in("".join(text_of(tool.get(key)) for key in told)) for tool in tools)


def _size_lines(slots: Sequence[Mapping[str, Json]]) -> list[Line]:
    """Return how much of the prompt each filled slot is, the largest first."""
    sizes = [(tokens_in(text_of(slot.get("text"))), text_of(slot.get("slot"))) for slot in slots]
    told = [f"{safe(name)} {size:,}" for size, name in sorted(sizes, reverse=True) if size]
    return [styled(f"    about {', '.join(told)} tokens")] if told else []


def _message(number: int, message: dict[str, Json], size: int, width: int) -> list[Line]:
    role = text_of(message.get("role")) or "unknown"
    origin = short(text_of(message.get("from")))
    head: Line = (
        (f"  {number} ", "dim"),
        (safe(role), "bold"),
        ("  failed" if message.get("failed") else "", "bad"),
        (f"  about {count(size, 'token')}{f', from {safe(origin)}' if origin else ''}", "dim"),
    )
    text = wrap(text_of(message.get("text")), width - 4, _LINES) if message.get("text") else []
    calls = [f"calls {safe(called_in(call))}" for call in maps_of(message.get("calls"))]
    parts = [f"part {safe(compact(part))}" for part in maps_of(message.get("parts"))]
    lines: list[Line] = [styled(line) for each in (text, calls, parts) for line in each]
    return [head, *indent(lines, 4)]
