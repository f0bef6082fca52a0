"""A model that says what a scenario's turns script: words, calls, both, and mistakes on purpose.

A step is addressed by case, turn and index; beside a simulated user, where nobody knows how many
turns there will be, by case and index. No two cases share anything. Running out, a step never
taken, a text that was not shown and a reference to nothing are errors that name the step.

What counts as taken: the steps of a turn are gone through in order. One whose `when` is not found
in what the model was told last is passed over, for good. Steps with a `when` need not be taken at
all, so they are never left over; the others must be, in every turn that was played.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from agentbox.core.errors import Problem, WorldError
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

_TURN = re.compile(r"/t([0-9]+)(?:/|$)")
_REFERENCE = re.compile(
    r"\$(?:(\$)|(?:call([0-9]{1,6})|last)(?!\w)((?:\.\w+|\[[0-9]{1,6}\]|\[\"[^\"]*\"\])*))"
)
_PART = re.compile(r"\.(\w+)|\[([0-9]+)\]|\[\"([^\"]*)\"\]")
_ALIKE = 0.5
"""How much of a text a line must share, in one piece, to be shown as the nearest."""
_SEARCHED = (2000, 500)
"""How many lines are compared with a text that was not shown, and how much of each."""


class ScriptedModel:
    """Plays the scripts of one case."""

    def __init__(self, turns: Sequence[Sequence[ScriptStep]], node: str, whose: str = "") -> None:
        """Play `turns`, one script each; with `whose`, a single script over all turns.

        `node` is the case's address, and `whose` says for messages whom the script belongs to.
        """
        self.name = "scripted"
        self._whose = whose
        self._turns = turns
        self._node = node
        self._next = [0] * len(turns)
        self._played = 1
        """The last turn that asked. The first is always played."""

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return the turn's next step that applies.

        Raises:
            WorldError: there is none, or it does not go with what the model was shown.
        """
        turn = 1 if self._whose else _turn_of(at)
        self._played = max(self._played, turn)
        index, step = self._step(turn, ask.messages, at)
        of = f"{self._whose} script," if self._whose else f"turn {turn}, script"
        where = f"{self._node}, {of} step {index + 1}"
        _check_shown(step, ask.messages, where)
        results = _Results(ask.messages, _turn_of(at), where)
        calls = tuple(_made(call, results) for call in _calls(step))
        usage = Usage(*step.tokens, cost_usd=step.cost_usd)
        message = Message("assistant", step.say, calls)
        usage = UNKNOWN_USAGE if usage == UNKNOWN_USAGE else usage
        return Said(message, usage, "refusal" if step.refuse else "end")

    def leftovers(self) -> tuple[Problem, ...]:
        """Return a problem for each turn that was played and whose script was not used up."""
        played = enumerate(self._turns[: self._played], 1)
        return tuple(problem for turn, script in played for problem in self._left(turn, script))

    def _left(self, turn: int, script: Sequence[ScriptStep]) -> Iterator[Problem]:
        steps = enumerate(script, 1)
        left = [str(n) for n, step in steps if n > self._next[turn - 1] and not step.when]
        if left:
            which = f"step {left[0]} was" if len(left) == 1 else f"steps {', '.join(left)} were"
            yield Problem(
                f"{self._node}, {self._script(turn)}'s {which} never taken",
                hint="take it out, or find out why the agent ended early: agentbox show last",
            )

    def _step(self, turn: int, messages: View, at: Position) -> tuple[int, ScriptStep]:
        script = self._turns[turn - 1] if 0 < turn <= len(self._turns) else ()
        told = _told_last(messages)
        first = self._next[turn - 1] if script else 0
        for index in range(first, len(script)):
            step = script[index]
            if not step.when or re.search(step.when, told):
                self._next[turn - 1] = index + 1
                return index, step
        raise WorldError(
            Problem(
                f"{self._node}, {self._script(turn)} has run out at {at}; it has {len(script)} "
                f"{'step' if len(script) == 1 else 'steps'}, and the model was shown: "
                f"{_cut(told)!r}",
                note=_passed_over(script, first),
                hint=f"give {'it' if self._whose else f'turn {turn}'} a step {len(script) + 1}: "
                "`script: [..., {say: ...}]`"
                if turn
                else "scripts belong to turns, and this was asked in none",
            )
        )

    def _script(self, turn: int) -> str:
        return f"{self._whose} script" if self._whose else f"turn {turn}: the script"


def _turn_of(at: Position) -> int:
    """Return the turn of a position, 0 where it lies in none."""
    found = _TURN.search(at)
    return int(found[1]) if found else 0


def _told_last(messages: View) -> str:
    """Return the last result, or the user's words where they came after it."""
    told = (message.text for message in reversed(messages) if message.role in ("tool", "user"))
    return next(told, "")


def _passed_over(script: Sequence[ScriptStep], first: int) -> str:
    passed = [f"step {n + 1} ({script[n].when!r})" for n in range(first, len(script))]
    return f"passed over, for `when` was not found in it: {', '.join(passed)}" if passed else ""


# -- what the model was shown


def _check_shown(step: ScriptStep, messages: View, where: str) -> None:
    missing = [text for text in step.shown if not any(text in each.text for each in messages)]
    if missing:
        raise WorldError(*(_not_shown(text, messages, where) for text in missing))


def _not_shown(wanted: str, messages: View, where: str) -> Problem:
    close = _nearest_line(wanted, [line for m in messages for line in m.text.splitlines()])
    return Problem(
        f"{where}: the model was not shown {wanted!r}",
        note=f"the nearest line: {_cut(close)!r}" if close else "",
        hint="see what it was shown: agentbox show last",
    )


def _nearest_line(wanted: str, lines: Sequence[str]) -> str:
    """Return the line that shares the longest piece with `wanted`, if it shares enough.

    Not difflib's ratio, which a line loses that is longer than what is wanted of it.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - wanted only on an error

    matcher = SequenceMatcher(None, "", wanted, autojunk=False)
    count, width = _SEARCHED
    best, longest = "", 0
    for line in lines[-count:]:
        matcher.set_seq1(line[:width])
        size = matcher.find_longest_match().size
        if size > longest:
            best, longest = line, size
    return best if longest >= _ALIKE * len(wanted) else ""


# -- calls and what their arguments refer to


def literal(value: Json) -> Any:
    """Return arguments as a script says them: what looks like a reference in them is text."""
    if isinstance(value, str):
        return value.replace("$", "$$") if _REFERENCE.search(value) else value
    if is_object(value):
        return {key: literal(item) for key, item in value.items()}
    return [literal(item) for item in value] if is_list(value) else value


def _calls(step: ScriptStep) -> Iterator[ScriptCall]:
    if step.call:
        yield ScriptCall(step.call, step.args)
    yield from step.calls


def _made(call: ScriptCall, results: _Results) -> ToolCall:
    args: dict[str, Json] = {key: results.filled(value) for key, value in call.args.items()}
    return ToolCall(call.tool, args, malformed=call.malformed)


class _Results:
    """The turn's results, which arguments may refer to; they are looked for when one does."""

    def __init__(self, messages: View, turn: int, where: str) -> None:
        self._messages = messages
        self._prefix = f"t{turn}/"
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
        texts = self._texts()
        number = int(found[2]) if found[2] else len(texts)
        if not 0 < number <= len(texts):
            self._nothing(found[0], f"the turn has {len(texts)} results so far")
        value = _json(texts[number - 1])
        for key, index, quoted in _PART.findall(found[3]):
            value = self._part(value, int(index) if index else key or quoted, found[0])
        return value

    def _texts(self) -> list[str]:
        """Return the results by their calls' ids: a loop may add words of its own to a turn."""
        tools = (message for message in self._messages if message.role == "tool")
        return [message.text for message in tools if message.call_id.startswith(self._prefix)]

    def _part(self, value: Json, part: str | int, reference: str) -> Json:
        if isinstance(part, str) and is_object(value):
            if part in value:
                return value[part]
            keys = _cut(", ".join(value)) or "no keys at all"
            return self._nothing(reference, f"there is no `{part}` among {keys}")
        if isinstance(part, int) and is_list(value) and part < len(value):
            return value[part]
        return self._nothing(reference, f"`{part}` leads nowhere in {_cut(_plain(value))}")

    def _nothing(self, reference: str, why: str) -> NoReturn:
        raise WorldError(Problem(f"{self._where}: `{reference}` refers to nothing", note=why))


def _json(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004 - a line or two
