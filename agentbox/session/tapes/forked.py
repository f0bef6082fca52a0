"""Who answers in a fork: the tape as far as the run follows it, then somebody else.

Until then the real world, where there is one, does again what was done on the tape, so that it is
in the same state; if it gives anything else, there is no fork.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from agentbox.core.comparing import changes
from agentbox.core.divergence import Divergence
from agentbox.core.errors import AgentboxError, Problem, WorldError
from agentbox.core.messages import Message, ToolCall, ToolResult, ToolSpec
from agentbox.core.requests import Ask, Said
from agentbox.core.runtime import CallContext, Model, Toolbox
from agentbox.core.tape import Tape
from agentbox.core.trace import Position
from agentbox.runtime import result_data
from agentbox.session.tapes.following import Following
from agentbox.session.tapes.patches import Patches

_LOST = ("unknown", "interrupted", "timeout")
"""How a call ended of which nobody knows what it did: it cannot be done again."""


@dataclass(frozen=True, slots=True)
class Forked:
    """What is forked: a tape, where, and what is changed there."""

    tape: Tape
    following: Following
    at: Position
    patches: Patches


class ForkedModel:
    """Says what is on the tape while the run follows; then a model answers."""

    def __init__(self, forked: Forked, model: Model | None, *, counts: bool) -> None:
        """`model` is None where only the tape may answer.

        `counts`: it counts its replies, as a script does, and is asked all along.
        """
        self._forked = forked
        self._model = model
        self._counts = counts
        self.name = "tape"

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return the next message.

        Raises:
            WorldError: a tape alone cannot answer what is not on it.
        """
        forked, model = self._forked, self._model
        if not forked.following.free_at:
            if model and self._counts:
                with suppress(AgentboxError):
                    await model.reply(ask, at)
            said, self.name = forked.tape.said(at)
            return said
        if at == forked.at and forked.patches.answers:
            said, self.name = Said(Message("assistant")), "patch"
            return forked.patches.said(said)
        if model is None:
            raise refusal(at, forked.following.divergence)
        self.name = model.name
        return await model.reply(ask, at)

    def leftovers(self) -> Sequence[Problem]:
        """Return nothing: a fork need not say all that was prepared."""
        return ()


class ForkedTools:
    """Gives what is on the tape while the run follows, done again; then the tools themselves."""

    def __init__(self, forked: Forked, tools: Toolbox, stateless: frozenset[str]) -> None:
        """`stateless`: keys of servers whose calls need not be made again."""
        self._forked = forked
        self._tools = tools
        self._stateless = stateless

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as the fork describes them."""
        return self._forked.patches.specs(self._tools.specs())

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool.

        Raises:
            WorldError: done again, a call did not give what is on the tape.
        """
        forked = self._forked
        here = context.at == forked.at
        if forked.following.free_at and not here:
            return await self._tools.call(call, context)
        if here and forked.patches.asks_otherwise:
            call = forked.patches.call(call)
            return forked.patches.result(await self._tools.call(call, context))
        recorded = forked.tape.result(context.at)
        if call.name.partition(".")[0] not in self._stateless:
            await self._again(call, context, recorded)
        return forked.patches.result(recorded) if here else recorded

    async def _again(self, call: ToolCall, context: CallContext, recorded: ToolResult) -> None:
        """Do again what was done, so that the world is as it was."""
        server = call.name.partition(".")[0]
        hint = f"`servers: {{{server}: {{world: stateless}}}}` says that its calls leave nothing"
        if recorded.status in _LOST:
            said = f"{call.name} at {context.at} ended {recorded.status}: what it did is not known"
            raise WorldError(Problem(f"the world cannot be rebuilt: {said}", hint=hint))
        now = await self._tools.call(call, context)
        found = next(changes(result_data(recorded), result_data(now)), None)
        if found:
            path, was, became = found
            said = f"{call.name} at {context.at} gave {was!r} at {path}, and now gives {became!r}"
            raise WorldError(Problem(f"the world cannot be rebuilt: {said}", hint=hint))


class FrozenTools:
    """Gives what is on the tape, for calls that are on it; nothing runs."""

    def __init__(self, forked: Forked, specs: Sequence[ToolSpec]) -> None:
        self._forked = forked
        self._specs = specs

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as the fork describes them."""
        return self._forked.patches.specs(self._specs)

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Return what an equal call gave.

        Raises:
            WorldError: none did.
        """
        forked = self._forked
        here = context.at == forked.at
        if not forked.following.free_at or here:
            recorded = forked.tape.result(context.at)
            return forked.patches.result(recorded) if here else recorded
        found = forked.tape.result_for(call)
        if found is None:
            raise refusal(context.at, forked.following.divergence)
        return found


def refusal(at: Position, found: Divergence | None) -> WorldError:
    """Return the error of a tape that is asked what is not on it."""
    why = f": it came free by `{found.kind}` at {found.at}" if found else ""
    hint = "let a model answer: --then mock, or --then live"
    return WorldError(Problem(f"fidelity F0: a tape cannot answer at {at}{why}", hint=hint))
