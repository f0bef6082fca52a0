"""A model that says what a scenario's turns script: words, calls, both, and mistakes on purpose.

A step is addressed by case, turn and index; no two cases share anything. Running out, a step never
taken, a text that was not shown and a reference to nothing are errors that name the step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from agentbox.core.errors import Problem, WorldError, nearest
from agentbox.core.messages import (
    UNKNOWN_USAGE,
    Json,
    Message,
    ToolCall,
    Usage,
    View,
    is_list,
    is_object,
)
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ScriptCall, ScriptStep
from agentbox.core.trace import Position

_TURN = re.compile(r"/t(\d+)(?:/|$)")
_REFERENCE = re.compile(r"\$(?:(\$)|(call(\d+)|last)((?:\.\w+|\[\d+\])*))")
_PART = re.compile(r"\.(\w+)|\[(\d+)\]")


class ScriptedModel:
    """Plays the scripts of one case."""

    name = "scripted"

    def __init__(self, turns: Sequence[Sequence[ScriptStep]], node: str) -> None:
        """Play `turns`, one script each; `node` is the case's address, for messages."""
        self._turns = turns
        self._node = node
        self._next = [0] * len(turns)

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return the turn's next step that applies.

        Raises:
            WorldError: there is none, or it does not go with what the model was shown.
        """
        turn = _turn_of(at)
        index, step = self._step(turn, ask.messages, at)
        where = f"{self._node}, turn {turn}, script step {index + 1}"
        _check_shown(step, ask.messages, where)
        calls = [*_own_call(step), *step.calls]
        made = tuple(_made(call, ask.messages, where) for call in calls)
        usage = Usage(*step.tokens) if step.tokens else UNKNOWN_USAGE
        message = Message("assistant", step.say, made)
        return Said(message, usage, "refusal" if step.refuse else "end")

    def leftovers(self) -> tuple[Problem, ...]:
        """Return a problem for each turn that was played and whose script was not used up.

        Steps with a `when` need not be taken.
        """
        return tuple(
            Problem(
                f"{self._node}, turn {turn}: the script's step {left + 1} was never taken",
                hint="take it out, or find out why the agent ended early: agentbox show last",
            )
            for turn, (script, left) in enumerate(zip(self._turns, self._next, strict=True), 1)
            if left and any(not step.when for step in script[left:])
        )

    def _step(self, turn: int, messages: View, at: Position) -> tuple[int, ScriptStep]:
        script = self._turns[turn - 1] if 0 < turn <= len(self._turns) else ()
        last = messages[-1].text if messages else ""
        while script and self._next[turn - 1] < len(script):
            index = self._next[turn - 1]
            self._next[turn - 1] += 1
            if not script[index].when or re.search(script[index].when, last):
                return index, script[index]
        raise WorldError(
            Problem(
                f"{self._node}, turn {turn}: the script has run out at {at}; it has {len(script)} "
                f"steps, and the model was shown: {_cut(last)!r}",
                hint="add a step: `script: [..., {say: ...}]`",
            )
        )


def _turn_of(at: Position) -> int:
    found = _TURN.search(at)
    return int(found[1]) if found else 0


def _own_call(step: ScriptStep) -> list[ScriptCall]:
    return [ScriptCall(step.call, step.args)] if step.call else []


def _check_shown(step: ScriptStep, messages: View, where: str) -> None:
    if not step.shown:
        return
    texts = [message.text for message in messages]
    for wanted in step.shown:
        if not any(wanted in text for text in texts):
            lines = [line for text in texts for line in text.splitlines()]
            close = nearest(wanted, lines)
            note = f"the nearest line: {_cut(close)!r}" if close else ""
            raise WorldError(Problem(f"{where}: the model was not shown {wanted!r}", note=note))


def _made(call: ScriptCall, messages: View, where: str) -> ToolCall:
    results = _Results(messages, where)
    args: dict[str, Json] = {key: results.filled(value) for key, value in call.args.items()}
    return ToolCall(call.tool, args, malformed=call.malformed)


class _Results:
    """The turn's results, which arguments may refer to."""

    def __init__(self, messages: View, where: str) -> None:
        turn = max((n for n, m in enumerate(messages) if m.role == "user"), default=0)
        self._texts = [m.text for m in messages.since(turn) if m.role == "tool"]
        self._where = where

    def filled(self, value: Json) -> Any:
        """Return a value with its references replaced."""
        if isinstance(value, str):
            return self._text(value)
        if is_object(value):
            return {key: self.filled(item) for key, item in value.items()}
        if is_list(value):
            return [self.filled(item) for item in value]
        return value

    def _text(self, text: str) -> Any:
        whole = _REFERENCE.fullmatch(text)
        if whole and not whole[1]:
            return self._value(whole)
        return _REFERENCE.sub(lambda found: "$" if found[1] else _plain(self._value(found)), text)

    def _value(self, found: re.Match[str]) -> Any:
        number = int(found[3]) if found[3] else len(self._texts)
        if not 0 < number <= len(self._texts):
            self._nothing(found[0], f"the turn has {len(self._texts)} results so far")
        value = _json(self._texts[number - 1])
        for key, index in _PART.findall(found[4]):
            value = self._part(value, key, index, found[0])
        return value

    def _part(self, value: Json, key: str, index: str, reference: str) -> Json:
        if key and is_object(value):
            if key in value:
                return value[key]
            return self._nothing(reference, f"there is no `{key}` among {', '.join(value)}")
        if index and is_list(value) and int(index) < len(value):
            return value[int(index)]
        return self._nothing(reference, f"`{key or index}` leads nowhere in {_cut(_plain(value))}")

    def _nothing(self, reference: str, why: str) -> NoReturn:
        raise WorldError(Problem(f"{self._where}: `{reference}` refers to nothing", note=why))


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004 - a line or two
