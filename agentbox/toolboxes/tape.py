"""Tools that give what was recorded: no server runs, nothing is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentbox.core.errors import Problem, WorldError
from agentbox.core.messages import Message, ToolCall, ToolResult, ToolSpec, Transcript, is_object
from agentbox.core.requests import Ask
from agentbox.core.runtime import CallContext
from agentbox.core.tape import Tape
from agentbox.core.trace import Position


class TapedCalls:
    """Answers a call by its place on the tape: the run that is played is the one recorded."""

    def __init__(self, tape: Tape, specs: Sequence[ToolSpec]) -> None:
        self._tape = tape
        self._specs = tuple(specs)

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools."""
        return self._specs

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:  # noqa: ARG002 - its place decides
        """Return what the call at this place gave; what its server had a model say is charged.

        Raises:
            TapeEnded: there is nothing.
        """
        for event in self._tape.asides(context.at):
            if context.reenter:
                log = Transcript(event.data.get("log", ""), _messages(event.data.get("new", ())))
                await context.reenter(event.at, Ask(log.view(), aside="sampling"))
        return self._tape.result(context.at)

    async def relist(self, at: Position) -> bool:
        """Take in what servers said had changed before the model call at a position."""
        offered = self._tape.relisted(at)
        if offered is None:
            return False
        now = {spec.name: spec for spec in offered}
        kept = [now.pop(spec.name, spec) for spec in self._specs if not self._is_gone(spec, now)]
        self._specs = (*kept, *now.values())
        return True

    def _is_gone(self, spec: ToolSpec, offered: Mapping[str, ToolSpec]) -> bool:
        changing = spec.name.partition(".")[0] in self._tape.changing
        return changing and spec.name not in offered


class TapedTools:
    """Answers a call by what it asks: another run asks the same, wherever that may be in it."""

    def __init__(self, tape: Tape, specs: Sequence[ToolSpec], name: str) -> None:
        self._tape = tape
        self._specs = tuple(specs)
        self._name = name

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools."""
        return self._specs

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Return what an equal call gave; of several, one after another.

        Raises:
            WorldError: no equal call is on the tape, or none is left.
        """
        found = self._tape.result_for(call)
        if found is not None:
            return found
        known = self._tape.calls_of(call.name)
        args = dict(call.args)
        said = f"{self._name} has no answer to {call.name}({args}), at {context.at}"
        same = sum(each == args for each in known)
        note = f"it has {same}, all served" if same else f"it has: {known[:3]}" if known else ""
        raise WorldError(Problem(said, note=note))


def _messages(new: Sequence[object]) -> list[Message]:
    """Return the messages of a request that no event brought: all that a server shows a model."""
    return [
        Message(each.get("role", "user"), each.get("text", ""), parts=tuple(each.get("parts", ())))
        for each in new
        if is_object(each)
    ]
