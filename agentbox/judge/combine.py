"""Checks made of checks.

An errored part makes the whole errored unless it cannot matter: one that holds is enough for `any`
whatever the errored one would have said, one that fails is enough against `all`. So nothing ever
passes because of an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from agentbox.core.scenario import AtLeast, CheckSpec, Short
from agentbox.judge.check import Check, claim_of
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure, Unjudgeable


@dataclass(frozen=True, slots=True)
class All:
    """The parameters of `all`."""

    checks: Annotated[tuple[CheckSpec, ...], "Checks that must all hold.", Short(), AtLeast(1)]

    def __post_init__(self) -> None:
        """Refuse a part that only warns."""
        _refuse_levels(self.checks)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The parameters of `any`."""

    checks: Annotated[tuple[CheckSpec, ...], "Checks of which one must hold.", Short(), AtLeast(1)]

    def __post_init__(self) -> None:
        """Refuse a part that only warns."""
        _refuse_levels(self.checks)


@dataclass(frozen=True, slots=True)
class AtLeastOf:
    """The parameters of `at_least`."""

    n: Annotated[int, "How many must hold.", AtLeast(1)]
    checks: Annotated[tuple[CheckSpec, ...], "The checks.", AtLeast(1)]

    def __post_init__(self) -> None:
        """Refuse more than there are, and a part that only warns."""
        _refuse_levels(self.checks)
        if self.n > len(self.checks):
            raise ValueError(f"`n: {self.n}` of {len(self.checks)} checks can never hold")

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return f"{self.n} of {', '.join(map(claim_of, self.checks))}"


@dataclass(frozen=True, slots=True)
class Not:
    """The parameters of `not`."""

    check: Annotated[CheckSpec, "The check that must fail.", Short()]

    def __post_init__(self) -> None:
        """Refuse a part that only warns."""
        _refuse_levels((self.check,))


def all_hold(params: All, seen: Evidence) -> Failure | None:
    """Hold if all hold."""
    parts = _Parts.of(params.checks, seen)
    if parts.failed:
        return parts.failure()
    parts.judged()
    return None


def any_holds(params: AnyOf, seen: Evidence) -> Failure | None:
    """Hold if one holds."""
    parts = _Parts.of(params.checks, seen)
    if parts.held:
        return None
    parts.judged()
    return parts.failure(f"none of {len(params.checks)} holds: ")


def enough_hold(params: AtLeastOf, seen: Evidence) -> Failure | None:
    """Hold if as many hold as must."""
    parts = _Parts.of(params.checks, seen)
    if parts.held >= params.n:
        return None
    if parts.held + len(parts.errored) >= params.n:
        parts.judged()
    return parts.failure(f"{parts.held} of {len(params.checks)} hold, not {params.n}: ")


def fails(params: Not, seen: Evidence) -> Failure | None:
    """Hold if the check fails; one that is errored does not fail."""
    if seen.evaluate(params.check, seen):
        return None
    return Failure(f"this holds: {claim_of(params.check)}", seen.answer_at)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What came of the parts."""

    held: int
    failed: tuple[Failure, ...]
    errored: tuple[Failure, ...]
    """Each with what to say of it, and where."""

    @classmethod
    def of(cls, checks: Sequence[CheckSpec], seen: Evidence) -> _Parts:
        """Judge each check, on its own."""
        failed: list[Failure] = []
        errored: list[Failure] = []
        for spec in checks:
            try:
                found = seen.evaluate(spec, seen)
            except Unjudgeable as error:
                message = f"{claim_of(spec)} can't be judged: {error.message}"
                errored.append(Failure(message, error.at))
                continue
            if found:
                failed.append(Failure(f"{claim_of(spec)}: {found.message}", found.at))
        return cls(len(checks) - len(failed) - len(errored), tuple(failed), tuple(errored))

    def failure(self, head: str = "") -> Failure:
        """Return the failure that the parts which do not hold are, told after `head`."""
        told = [*self.failed, *self.errored]
        return Failure(head + "; ".join(one.message for one in told), told[0].at)

    def judged(self) -> None:
        """Raise what the first errored part says, if there is one."""
        for one in self.errored[:1]:
            raise Unjudgeable(one.message, one.at)


def _refuse_levels(checks: Sequence[CheckSpec]) -> None:
    if any(check.level != "fail" for check in checks):
        raise ValueError("`level` belongs beside the whole check, not to a part of it")


CHECKS: Mapping[str, Check] = {
    "all": Check(All, "All of these checks hold.", all_hold),
    "any": Check(AnyOf, "One of these checks holds.", any_holds),
    "at_least": Check(AtLeastOf, "So many of these checks hold.", enough_hold),
    "not": Check(Not, "This check fails.", fails),
}
