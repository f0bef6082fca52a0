"""The seam: one async type answers, everything else wraps the answering."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.errors import Problem
from agentbox.core.messages import ToolCall, ToolResult, ToolSpec
from agentbox.core.requests import Actor, Ask, Reply, Request, Said
from agentbox.core.trace import Position


@dataclass(frozen=True, slots=True)
class Placed:
    """A request once the driver has given it its place in the run."""

    at: Position
    request: Request
    actor: Actor = "agent"


Handler: TypeAlias = Callable[[Placed], Awaitable[Reply]]
"""Whoever answers. Effects is the innermost one; every wrapper is one around another."""


Reenter: TypeAlias = Callable[[Position, Request], Awaitable[Reply]]
"""Sends what a tool asks, in the middle of a call, through the whole stack: to be answered and
recorded at a place of its own under the call's."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What a tool may know of the run beside its arguments."""

    at: Position
    clock: Clock
    seed: int = 0
    deadline: float = 60.0
    """Wall seconds the call may take."""
    reenter: Reenter | None = None
    """None where nobody is there to answer."""


class Model(Protocol):
    """Who answers an `Ask`: wire to nouns only; limits, cost and retry are shared elsewhere."""

    name: str

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return the model's next message.

        Raises:
            ModelFailed: it was asked and gave no answer; the loop is told, the case is judged.
            AgentboxError: it could not be asked; the case is errored.
        """
        ...

    def leftovers(self) -> Sequence[Problem]:
        """Return what was prepared for this model and never used: each makes a case errored."""
        ...


@dataclass(frozen=True, slots=True)
class ToolFinding:
    """Something wrong with a toolbox that did not stop it: a bad tool, a junk line."""

    code: str
    message: str
    tool: str = ""


class Toolbox(Protocol):
    """A set of tools, whoever runs them."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, in a fixed order."""
        ...

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool. A failure of the tool is a result, never an exception."""
        ...
