"""Checks on what a turn or the run used. What is unknown is never within a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated

from agentbox.core.scenario import AtLeast
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.reading import total


@dataclass(frozen=True, slots=True)
class Most:
    """The parameters of `most`: bounds, of which each must hold."""

    steps: Annotated[int | None, "Model calls.", AtLeast(0)] = None
    tool_calls: Annotated[int | None, "Tool calls.", AtLeast(0)] = None
    tokens: Annotated[int | None, "Tokens in and out, as the model counts them.", AtLeast(0)] = None
    cost_usd: Annotated[float | None, "Money, where the price is known.", AtLeast(0)] = None
    seconds: Annotated[float | None, "Virtual seconds.", AtLeast(0)] = None

    def __post_init__(self) -> None:
        """Refuse no bound at all."""
        if not self.bounds:
            raise ValueError(f"give one of {', '.join(f'`{f.name}`' for f in fields(self))}")

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds that were given, by name."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in given if value is not None}

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return ", ".join(f"{value} {name}" for name, value in self.bounds.items())


def most(params: Most, seen: Evidence) -> Failure | None:
    """Hold if no more was used than the bounds say."""
    used = _used(seen)
    over = [
        f"{amount:g} {name}, more than {params.bounds[name]:g}"
        for name, amount in used.items()
        if amount is not None and amount > params.bounds.get(name, amount)
    ]
    if over:
        return Failure(f"{seen.scope} took {'; '.join(over)}", seen.answer_at)
    unknown = [name for name in params.bounds if used[name] is None]
    if unknown:
        told = ", ".join(unknown)
        raise Unjudgeable(f"how much {seen.scope} took is unknown: {told}", seen.answer_at)
    return None


def _used(seen: Evidence) -> dict[str, float | None]:
    tokens = [part for usage in seen.usages for part in (usage.input, usage.output)]
    money = [usage.cost_usd for usage in seen.usages]
    return {
        "steps": len(seen.model_calls),
        "tool_calls": len(seen.calls),
        "tokens": total(tokens, 0),
        "cost_usd": total(money, 0.0),
        "seconds": seen.seconds,
    }


CHECKS: Mapping[str, Check] = {
    "most": Check(Most, "No more was used than these bounds.", most),
}
