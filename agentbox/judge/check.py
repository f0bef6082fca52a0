"""What a kind of check is. A third party writes one exactly as the built-in files here do.

    @dataclass(frozen=True, slots=True)
    class Greets:
        name: Annotated[str, "Who must be greeted.", Short()]

    def greets(params: Greets, seen: Evidence) -> Failure | None:
        if f"Hello {params.name}" in seen.answer:
            return None
        return Failure(f"the answer does not greet {params.name}", seen.answer_at)

    CHECKS = {"greets": Check(Greets, "The answer greets somebody.", greets)}

A check is pure: it looks at `Evidence` and at nothing else. Parameters that can never be right are
refused by their `__post_init__` with a `ValueError`, which the reader shows in the file. The first
field is what a check's title names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentbox.core.scenario import CheckKind
from agentbox.core.trace import Position
from agentbox.judge.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Failure:
    """The check says no: what was seen, and the event that shows it."""

    message: str
    at: Position = ""
    """Empty: the scope's own place."""


class Unjudgeable(Exception):
    """The check can't be evaluated here. Its result is `errored`: never a pass, never a failure."""

    def __init__(self, message: str, at: Position = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at


JudgeFunction: TypeAlias = Callable[[Any, Evidence], Failure | None]
"""`(params, evidence) -> None` where the check holds; raises `Unjudgeable`."""


@dataclass(frozen=True, slots=True)
class Check(CheckKind):
    """A kind of check: its parameters, one sentence, and the function that judges."""

    judge: JudgeFunction
