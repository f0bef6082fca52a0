"""Function calling for models that have none: Thought, Action, Observation, in plain text.

A wrapper around a model, so that loops know nothing of it (the format of Yao et al., arXiv
2210.03629). What the loop keeps is unchanged; only what the inner model reads and writes is text.

How a reply is read: the first mark at the start of a line decides.
- `Action:` makes it calls. Each may be followed by `Action Input:` and a JSON object; after them
  everything is dropped, for the model has not seen yet what comes of them.
- `Final Answer:` makes all that follows the answer, whatever is in it.
- `Observation:` was invented: what stands before it are the words, or all if nothing does.
- Without any mark it is words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from agentbox.core.errors import Problem
from agentbox.core.messages import Json, Message, ToolCall, ToolSpec, View, is_object
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
Final Answer: the answer"""
_SHAPED = "The answer must be JSON alone, of this schema: "
_NO_MORE = "No tool can be used now. Write:\nFinal Answer: the answer"

_LINE = r"[ \t>*_#]*(?:(Action|Observation)(?: ?[0-9]+)?|(Final Answer))[*_]*:[*_]*[ \t]*"
"""A mark, with what models put around it: `**Action:**`, `Action 2:`, `> Action:`."""
_MARK = re.compile(f"^{_LINE}", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(?=\\*{_LINE})", re.MULTILINE)
_TO_ESCAPE = re.compile(rf"^(?=\\*{_LINE})", re.MULTILINE)
_INPUT = re.compile(
    r"^[ \t>*_#]*Action Input(?: ?[0-9]+)?[*_]*:[*_]*\s*", re.IGNORECASE | re.MULTILINE
)
_FENCE = re.compile(r"`{1,3}\w*\s*")
_CUT_OFF = "…"


class TextCalls:
    """A model that calls tools by writing so."""

    def __init__(self, model: Model) -> None:
        """Let `model` call tools in text."""
        self._model = model
        self.name = model.name
        self._logs: dict[str, _Log] = {}

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return what the model says, its text read for calls."""
        log = self._logs.get(ask.messages.name)
        if log is None or not log.goes_on(ask.messages):
            log = self._logs[ask.messages.name] = _Log()
        view = log.shown(ask)
        # A model that is held to a schema could write no Action: the rules tell it the schema.
        said = await self._model.reply(Ask(view, (), None if ask.tools else ask.output), at)
        return _read(said, calls=bool(ask.tools)) if log.told else said

    def leftovers(self) -> Sequence[Problem]:
        """Return what the model itself has left over."""
        return self._model.leftovers()


class _Log:
    """A conversation as text: each message is rendered once, and nothing is ever rewritten."""

    __slots__ = ("_last", "_messages", "_offered", "_size", "told")

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._size = 0
        self._last: Message | None = None
        self._offered: tuple[tuple[ToolSpec, ...], Mapping[str, Json] | None] = ((), None)
        self.told = False
        """Whether the model knows the format."""

    def goes_on(self, messages: View) -> bool:
        """Return whether this is the conversation as it was, or a longer one."""
        size = self._size
        return not size or (len(messages) >= size and messages[size - 1] is self._last)

    def shown(self, ask: Ask) -> View:
        """Return the conversation; what is offered stands first, and a change of it last."""
        messages, known = ask.messages, len(self._messages)
        rules = self._rules(ask)
        fresh = [_rendered(each, told=self.told) for each in messages.since(self._size)]
        self._messages += [*fresh, *rules] if known else [*rules, *fresh]
        self._size = len(messages)
        self._last = messages[-1] if messages else None
        return View(messages.name, self._messages, len(self._messages), messages.segments)

    def _rules(self, ask: Ask) -> list[Message]:
        offered = (ask.tools, ask.output if ask.tools else None)
        if offered == self._offered:
            return []
        self._offered = offered
        self.told = True
        return [Message("system", _rules(*offered) if ask.tools else _NO_MORE)]


# -- writing


def _rules(tools: Sequence[ToolSpec], output: Mapping[str, Json] | None) -> str:
    shaped = [_SHAPED + json.dumps(output, ensure_ascii=False)] if output is not None else []
    return "\n".join([_RULES, *shaped, "The tools:", *map(_told, tools)])


def _told(tool: ToolSpec) -> str:
    schema = json.dumps(tool.input_schema, ensure_ascii=False)
    return f"- {tool.name}: {tool.description}\n  arguments: {schema}"


def _rendered(message: Message, *, told: bool) -> Message:
    if message.role == "tool":
        return Message("user", f"Observation: {message.text}", parts=message.parts)
    if message.role != "assistant":
        return message
    if message.calls:
        return replace(message, text=_acting(message), calls=())
    return replace(message, text=f"Final Answer: {message.text}") if told else message


def _acting(message: Message) -> str:
    lines = [_TO_ESCAPE.sub(r"\\", message.text)] if message.text else []
    for call in message.calls:
        given = call.malformed or json.dumps(dict(call.args), ensure_ascii=False)
        lines += [f"Action: {call.name}", f"Action Input: {given}"]
    return "\n".join(lines)


# -- reading


def _read(said: Said, *, calls: bool) -> Said:
    """Return what was said with its text read; a refusal calls nothing."""
    message = said.message
    if not calls or said.stop in ("refusal", "failed"):
        return replace(said, message=replace(message, text=_answer(message.text)))
    made = parsed(message.text, cut=said.stop == "length")
    whole = replace(message, text=made.text, calls=(*message.calls, *made.calls))
    return replace(said, message=whole)


def _answer(text: str) -> str:
    mark = _MARK.search(text)
    return text[mark.end() :].strip() if mark and mark[2] else text


def parsed(text: str, *, cut: bool = False) -> Message:
    """Return a model's text as a message: its actions as calls, or its answer.

    `cut`: the text ends where no more tokens were left, so its last action is not to be trusted.
    """
    mark = _MARK.search(text)
    if mark is None:
        return Message("assistant", text.strip())
    before = text[: mark.start()].strip()
    if mark[2]:
        return Message("assistant", text[mark.end() :].strip())
    if mark[1] != "Action":
        return Message("assistant", before or text.strip())
    calls = list(_calls(text, mark))
    if cut and not (calls[-1].args or calls[-1].malformed):
        calls[-1] = ToolCall(calls[-1].name, malformed=_CUT_OFF)
    return Message("assistant", _ESCAPED.sub("", before), tuple(calls))


def _calls(text: str, mark: re.Match[str] | None) -> Iterator[ToolCall]:
    while mark and mark[1] == "Action":
        call, end = _call(text, mark.end())
        yield call
        mark = _MARK.search(text, end)


def _call(text: str, start: int) -> tuple[ToolCall, int]:
    """Return the call whose name stands at `start`, and where it ends."""
    line = text.find("\n", start)
    line = len(text) if line < 0 else line
    name = text[start:line].strip("`\"'* \t\r")
    after = _MARK.search(text, line)
    found = _INPUT.search(text, line, after.start() if after else len(text))
    if not found:
        return ToolCall(name), line
    fence = _FENCE.match(text, found.end())
    given = fence.end() if fence else found.end()
    args, end = _arguments(text, given)
    if args is not None:
        return ToolCall(name, args), end
    after = _MARK.search(text, given)
    end = after.start() if after else len(text)
    return ToolCall(name, malformed=text[given:end].strip("` \t\r\n")), end


def _arguments(text: str, start: int) -> tuple[dict[str, Json] | None, int]:
    """Return the JSON object at `start` and where it ends; None if there is no such thing."""
    try:
        args, end = _decoder().raw_decode(text, start)
        json.dumps(args, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None, start
    return (args, end) if is_object(args) else (None, start)


def _decoder() -> json.JSONDecoder:
    # Not strict: models write line breaks into strings.
    return json.JSONDecoder(strict=False, parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
