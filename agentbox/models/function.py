"""A model that is a Python function of what it is shown: a behavioural mock that reads its prompt.

It is called in place, in the event loop: one that waits for something should be async.

def reply(messages, tools):
    return say("Hello") or call("accounts.get_account", account_id="LLM-4829")
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from agentbox.core.errors import Problem, WorldError, place_of
from agentbox.core.messages import Json, Message, ToolCall
from agentbox.core.requests import Ask, Said
from agentbox.core.trace import Position

ReplyFunction: TypeAlias = Callable[..., Any]
"""`(messages, tools) -> str | Message | Said`, sync or async."""


def say(text: str) -> Message:
    """Return an assistant's message."""
    return Message("assistant", text)


def call(tool: str, /, **args: Json) -> Message:
    """Return an assistant's message that calls one tool; add messages with `+` for several."""
    return Message("assistant", calls=(ToolCall(tool, args),))


class FunctionModel:
    """Answers from a function."""

    def __init__(self, function: ReplyFunction, name: str = "") -> None:
        self._function = function
        self.name = name or getattr(function, "__name__", "function")

    async def reply(self, ask: Ask, at: Position) -> Said:
        """Return what the function says.

        Raises:
            WorldError: the function raised, or returned something that is no message.
        """
        try:
            said = self._function(ask.messages, ask.tools)
            if not isinstance(said, Message) and inspect.isawaitable(said):
                said = await said
        except (Exception, SystemExit) as error:
            raise _raised(self.name, at, error) from error
        return self._said(said, at)

    def leftovers(self) -> tuple[Problem, ...]:
        """Return nothing: a function has nothing prepared."""
        return ()

    def _said(self, said: Any, at: Position) -> Said:
        if isinstance(said, str):
            return Said(Message("assistant", said))
        if isinstance(said, Message):
            return Said(said if said.role == "assistant" else replace(said, role="assistant"))
        if isinstance(said, Said):
            return said
        kind = type(said).__name__
        raise WorldError(
            Problem(
                f"the model function `{self.name}` returned {kind} at {at}",
                hint="return a str, a Message or a Said: agentbox.say(text), agentbox.call(tool)",
            )
        )


def _raised(name: str, at: Position, error: BaseException) -> WorldError:
    what = f"{type(error).__name__}: {error}"
    mark, source = place_of(error)
    return WorldError(
        Problem(f"the model function `{name}` raised {what} at {at}", mark, source=source)
    )
