"""What a kind of check is. A third party writes one exactly as the built-in files here do.

    @dataclass(frozen=True, slots=True)
    class Greets:
        name: Annotated[str, "Who must be greeted.", Short()]

    def greets(params: Greets, seen: Evidence) -> Failure | None:
        if f"Hello {params.name}" in seen.answer:
            return None
        return Failure(f"the answer does not greet {params.name}", seen.answer_at)

    CHECKS = {"greets": Check(Greets, "The answer greets somebody.", greets)}

A check is pure: it looks at `Evidence` and at nothing else. What it wants to know of the world it
declares in `observe`; session looks, and the check finds it by `seen.value(observation)`.
Parameters that can never be right are refused by their `__post_init__` with a `ValueError`, which
the reader shows in the file. The first parameter given is what a check's title names. A field of
type `CheckSpec`, or a tuple of them, is another check, which `seen.evaluate(spec, seen)` judges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias, cast

from agentbox.core.requests import Observation
from agentbox.core.scenario import CheckKind, CheckSpec
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.wording import one_line

JudgeFunction: TypeAlias = Callable[[Any, Evidence], Failure | None]
"""`(params, evidence) -> None` where the check holds; raises `Unjudgeable`."""

ObserveFunction: TypeAlias = Callable[[Any], Sequence[Observation]]
"""`(params) -> observations`: what the check wants to know of the world."""


def nothing(params: Any) -> tuple[Observation, ...]:  # noqa: ARG001 - the shape of the others
    """Want to know nothing of the world."""
    return ()


@dataclass(frozen=True, slots=True)
class Check(CheckKind):
    """A kind of check: its parameters, one sentence, and the function that judges."""

    judge: JudgeFunction
    observe: ObserveFunction = nothing


def parts_of(spec: CheckSpec) -> Iterator[CheckSpec]:
    """Yield the checks that a check is made of: those in its parameters."""
    if not is_dataclass(spec.params):
        return
    for field in fields(spec.params):
        value = getattr(spec.params, field.name)
        parts = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
        for part in parts:
            if isinstance(part, CheckSpec):
                yield part


def claim_of(spec: CheckSpec) -> str:
    """Return the check as a title: its kind, and the first parameter that was given.

    Parameters that have a `title` of their own say it better.
    """
    params = spec.params
    title: str = params.title if hasattr(params, "title") else _title(_first(params))
    return one_line(f"{spec.kind} {title}", 80)


def _first(params: Any) -> Any:
    """Return the first parameter that was given."""
    values = (getattr(params, field.name) for field in fields(params))
    return next((value for value in values if value not in (None, "", ())), "")


def _title(value: Any) -> str:
    if isinstance(value, CheckSpec):
        return claim_of(value)
    if isinstance(value, tuple):
        return ", ".join(map(_title, cast("tuple[Any, ...]", value)))
    return str(value) if isinstance(value, str | int | float) else ""
