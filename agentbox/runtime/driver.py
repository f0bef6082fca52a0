"""Drives a loop: gives each request its place, has it answered, sends the reply back.

The driver is no wrapper. It alone splits a batch: each call passes the whole stack by itself and
concurrently, replies are joined in call order, and one failure neither hides nor cancels another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from agentbox.core.requests import (
    Actor,
    Answer,
    Ask,
    AskUser,
    Call,
    CallOne,
    End,
    Enter,
    Leave,
    LimitReached,
    Loop,
    Observe,
    Reply,
    Request,
)
from agentbox.core.runtime import Handler, Placed
from agentbox.core.trace import Position

_BREATH = 64
"""After so many requests the event loop gets a turn, though nothing waited: deadlines and Ctrl-C
reach a loop that never pauses."""


class Driver:
    """Drives the loops of one case."""

    def __init__(self, handler: Handler, case: str) -> None:
        self._handler = handler
        self._places = _Places(case)

    async def drive(self, loop: Loop) -> End:
        """Run `loop` to its end."""
        try:
            request, answered = next(loop), 0
            while True:
                request = loop.send(await self._answer(request))
                answered += 1
                if answered % _BREATH == 0:
                    await asyncio.sleep(0)
        except StopIteration as stop:
            end: End = stop.value
            return end
        finally:
            loop.close()

    async def _answer(self, request: Request) -> Reply:
        if isinstance(request, Call):
            return await self._batch(request)
        places = self._places
        return await self._handler(Placed(places.of(request), request, places.actor))

    async def _batch(self, batch: Call) -> tuple[Answer | LimitReached, ...]:
        size, actor = len(batch.calls), self._places.actor
        placed = [
            Placed(self._places.call(), CallOne(call, index, size), actor)
            for index, call in enumerate(batch.calls)
        ]
        if size == 1:
            return (_call_reply(await self._handler(placed[0])),)
        replies = await asyncio.gather(*map(self._handler, placed), return_exceptions=True)
        return tuple(_call_reply(reply) for reply in replies)


def _call_reply(reply: Reply | BaseException) -> Answer | LimitReached:
    if isinstance(reply, (Answer, LimitReached)):
        return reply
    if isinstance(reply, BaseException):
        raise reply
    raise TypeError(f"a tool call was answered with {reply!r}")


@dataclass(slots=True)
class _Scope:
    path: Position
    actor: Actor = "agent"
    join: str = "/s"
    steps: int = 0
    """Model calls, and the steps of a plan: one count."""
    turns: int = 0
    looks: int = 0


_PREFIXES: Mapping[Actor, str] = {"user": "u", "harness": "h"}


class _Places:
    """Counts the requests of a run into positions."""

    def __init__(self, case: str) -> None:
        self._case = case
        self._scopes = [_Scope(f"c:{case}")]
        self._step: Position = f"c:{case}/s0"
        self._calls = 0

    @property
    def actor(self) -> Actor:
        """Who asks, in the innermost scope."""
        return self._scopes[-1].actor

    def of(self, request: Request) -> Position:
        """Return the place of any request but a batch."""
        scope = self._scopes[-1]
        if isinstance(request, Ask):
            scope.steps += 1
            self._calls = 0
            self._step = f"{scope.path}{scope.join}{scope.steps}"
            return self._step
        if isinstance(request, AskUser):
            return f"u:{self._case}/t{scope.turns + 1}"
        if isinstance(request, Enter):
            return self._enter(request, scope)
        if isinstance(request, Leave):
            return self._scopes.pop().path
        if isinstance(request, Observe):
            scope.looks += 1
            return f"{scope.path}/look{scope.looks}"
        return scope.path

    def call(self) -> Position:
        """Return the place of the step's next call."""
        self._calls += 1
        return f"{self._step}/call{self._calls}"

    def _enter(self, request: Enter, scope: _Scope) -> Position:
        inner = _Scope(scope.path, request.actor, scope.join)
        if request.actor != "agent":
            where = request.name or f"t{scope.turns + 1}"
            inner = _Scope(f"{_PREFIXES[request.actor]}:{self._case}/{where}", request.actor)
        elif request.kind == "turn":
            scope.turns += 1
            inner.path = f"{scope.path}/t{scope.turns}"
        elif request.kind == "step":
            scope.steps += 1
            inner = _Scope(f"{scope.path}/s{scope.steps}", join=".")
        self._step = inner.path if inner.actor != "agent" else f"{inner.path}{inner.join}0"
        self._calls = 0
        self._scopes.append(inner)
        return inner.path
