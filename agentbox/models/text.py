"""Function calling for models that have none: Thought, Action, Observation, in plain text.

A wrapper around a model, so that loops know nothing of it (the format of Yao et al., arXiv
2210.03629). What the loop keeps is unchanged; only what the inner model reads and writes is text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from agentbox.core.errors import Problem
from agentbox.core.messages import Message, ToolCall, ToolSpec, View, is_object
from agentbox.core.requests import Ask, Said
from agentbox.core.runtime import Model
from agentbox.core.trace import Position

_RULES = """\
You can use tools. To use one, write exactly this, and then stop:
Thought: why you need it
Action: the tool's name
Action Input: its arguments, a JSON object
You may write several Action and Action Input pairs. You are then told what came of them:
Observation: what the tool gave
Never write an Observation yourself. When you know the answer, write:
Final Answer: the answer
The tools:"""
_ACTION = re.compile(r"^[ \t]*Action:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_INPUT = re.compile(r"\s*Action Input:[ \t]*", re.IGNORECASE)
_OBSERVATION = re.compile(r"^[ \t]*Observation:", re.MULTILINE)
_ANSWER = re.compile(r"^[ \t]*Final Answer:[ \t]*", re.MULTILINE)
_FENCE = re.compile(r"```\w*\s*\n?")


class TextCalls:
    """A model that calls tools by writing so."""

    def __init__(self, model: Model) -> None:
        """Let `model` call tools in text."""
        self._model = model
        self.name = model.name
        self._logs: dict[str, list[Message]] = {}

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return what the model says, its text read for calls."""
        if not ask.tools and ask.messages.name not in self._logs:
            return await self._model.reply(ask, at)
        said = await self._model.reply(Ask(self._view(ask), (), ask.output), at)
        return Said(parsed(said.message.text), said.usage, said.stop, said.limit, said.error)

    def leftovers(self) -> Sequence[Problem]:
        """Return what the model itself has left over."""
        return self._model.leftovers()

    def _view(self, ask: Ask) -> View:
        """Return the conversation as text; each message is rendered once."""
        log = self._logs.setdefault(ask.messages.name, [Message("system")])
        if ask.tools:
            log[0] = Message("system", "\n".join([_RULES, *map(_told, ask.tools)]))
        log += [_rendered(message) for message in ask.messages.since(len(log) - 1)]
        return View(ask.messages.name, log, len(ask.messages) + 1, ask.messages.segments)


def parsed(text: str) -> Message:
    """Return a model's text as a message: its actions as calls, or its answer.

    What it invented after its actions, an Observation of its own, is cut off.
    """
    invented = _OBSERVATION.search(text)
    kept = text[: invented.start()] if invented else text
    actions = list(_ACTION.finditer(kept))
    if not actions:
        answer = _ANSWER.search(kept)
        return Message("assistant", kept[answer.end() :].strip() if answer else kept.strip())
    ends = [action.start() for action in actions[1:]] + [len(kept)]
    calls = tuple(
        _call(action[1].strip("`\"' "), kept[action.end() : end])
        for action, end in zip(actions, ends, strict=True)
    )
    return Message("assistant", kept[: actions[0].start()].strip(), calls)


def _call(name: str, rest: str) -> ToolCall:
    found = _INPUT.match(rest)
    given = _FENCE.sub("", rest[found.end() :] if found else "").strip()
    if not given:
        return ToolCall(name)
    try:
        args, _ = json.JSONDecoder().raw_decode(given)
    except ValueError:
        return ToolCall(name, malformed=given)
    return ToolCall(name, args) if is_object(args) else ToolCall(name, malformed=given)


def _told(tool: ToolSpec) -> str:
    schema = json.dumps(tool.input_schema, ensure_ascii=False)
    return f"- {tool.name}: {tool.description}\n  arguments: {schema}"


def _rendered(message: Message) -> Message:
    if message.role == "tool":
        return Message("user", f"Observation: {message.text}")
    if message.role != "assistant" or not message.calls:
        return message
    lines = [message.text] if message.text else []
    for call in message.calls:
        given = call.malformed or json.dumps(dict(call.args), ensure_ascii=False)
        lines += [f"Action: {call.name}", f"Action Input: {given}"]
    return Message("assistant", "\n".join(lines))
