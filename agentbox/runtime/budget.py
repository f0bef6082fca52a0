"""Limits: counted per scope, nested, each ending a run by its own name.

At a limit the budget answers `LimitReached` and then admits one last model call without tools,
except for cost and time: what is spent is spent. A batch of calls is reserved as a whole, in call
order, at its first call, so the scheduler never decides which of them run. A limit on what a model
does not tell cannot be kept, and a finding says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agentbox.core.clock import Clock
from agentbox.core.requests import Actor, Ask, CallOne, Enter, Leave, LimitReached, Reply, Said
from agentbox.core.runtime import Handler, Placed
from agentbox.core.scenario import Limits
from agentbox.core.trace import Recorder

_NO_LAST_WORD = frozenset({"cost_usd", "seconds"})


@dataclass(slots=True)
class _Account:
    limits: Limits
    started: float
    actor: Actor
    steps: int = 0
    tool_calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    hit: str = ""
    last_word: bool = False
    unknown: set[str] = field(default_factory=set[str])
    """Limits that cannot be kept, for a model did not tell what it used."""

    def spent(self, now: float) -> str:
        """Return the limit that is used up, or an empty string."""
        limits = self.limits
        if limits.steps is not None and self.steps >= limits.steps:
            return "steps"
        if limits.tokens is not None and self.tokens >= limits.tokens:
            return "tokens"
        if limits.cost_usd is not None and self.cost_usd >= limits.cost_usd:
            return "cost_usd"
        if limits.seconds is not None and now - self.started >= limits.seconds:
            return "seconds"
        return ""


class Budget:
    """Keeps the accounts of the open scopes, innermost last."""

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._accounts: list[_Account | None] = []
        self._admitted = 0
        self._refused_by = ""

    def wrap(self, inner: Handler) -> Handler:
        """Return a handler that asks this budget first."""

        async def budget(placed: Placed) -> Reply:
            refused = self._admit(placed)
            if refused:
                self._recorder.emit(placed.at, "budget.refused", {"limit": refused})
                return LimitReached(refused)
            reply = await inner(placed)
            if isinstance(reply, Said):
                self._charge(placed, reply)
            return reply

        return budget

    def _admit(self, placed: Placed) -> str:
        request = placed.request
        if isinstance(request, Ask):
            return self._admit_ask(placed.actor, is_word=request.last_word)
        if isinstance(request, CallOne):
            return self._admit_call(placed.actor, request)
        if isinstance(request, Enter):
            limits = request.limits
            account = _Account(limits, self._clock.offset, request.actor) if limits else None
            self._accounts.append(account)
        elif isinstance(request, Leave):
            self._accounts.pop()
        return ""

    def _open(self, actor: Actor) -> list[_Account]:
        """Return the accounts that this actor spends from; the harness spends from none."""
        return [account for account in self._accounts if account and account.actor == actor]

    def _admit_ask(self, actor: Actor, *, is_word: bool) -> str:
        """Admit a model call; at a limit only the one that asks for a last word."""
        accounts = self._open(actor)
        for account in accounts:
            account.hit = account.hit or account.spent(self._clock.offset)
            if account.hit and (not is_word or account.last_word or account.hit in _NO_LAST_WORD):
                return account.hit
        for account in accounts:
            account.last_word = bool(account.hit)
            account.steps += 1
        return ""

    def _admit_call(self, actor: Actor, request: CallOne) -> str:
        if request.index == 0:
            self._reserve(request.batch, self._open(actor))
        return self._refused_by if request.index >= self._admitted else ""

    def _reserve(self, wanted: int, accounts: list[_Account]) -> None:
        self._admitted, self._refused_by = wanted, ""
        for account in accounts:
            limit = account.limits.tool_calls
            if limit is not None and limit - account.tool_calls < self._admitted:
                self._admitted, self._refused_by = limit - account.tool_calls, "tool_calls"
                account.hit = "tool_calls"
        for account in accounts:
            account.tool_calls += self._admitted

    def _charge(self, placed: Placed, said: Said) -> None:
        usage = said.usage
        tokens = (usage.input or 0) + (usage.output or 0)
        for account in self._open(placed.actor):
            account.tokens += tokens
            account.cost_usd += usage.cost_usd or 0.0
            if account.limits.tokens is not None and None in (usage.input, usage.output):
                self._unknown(placed, account, "tokens")
            if account.limits.cost_usd is not None and usage.cost_usd is None:
                self._unknown(placed, account, "cost_usd")

    def _unknown(self, placed: Placed, account: _Account, limit: str) -> None:
        if limit not in account.unknown:
            account.unknown.add(limit)
            message = f"the limit `{limit}` is not kept: the {placed.actor}'s model tells no usage"
            self._recorder.emit(placed.at, "finding", {"code": "unknown-usage", "message": message})
