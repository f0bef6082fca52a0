"""The path of a run: which calls were made, in which order, and which others.

order: exact      one directly after another
order: in_order   in this order; with `extra: allow` others may stand between them
order: any        in any order
extra: deny       and no call beside them
extra: allow      others may be made, too
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal, TypeAlias

from agentbox.core.messages import Json
from agentbox.core.scenario import Short
from agentbox.judge.arguments import (
    ArgsMode,
    FailedCalls,
    against,
    counted,
    listed,
    place,
    signature,
)
from agentbox.judge.check import Check
from agentbox.judge.evidence import Called, Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.matching import assigned
from agentbox.judge.values import check_schema
from agentbox.judge.wording import one_line, shown


@dataclass(frozen=True, slots=True)
class PathCall:
    """One call of a path."""

    name: Annotated[str, "A tool's name or glob: `accounts.*`.", Short()]
    args: Annotated[
        Mapping[str, Json] | None,
        "Its arguments, or a schema of them; any if not said.",
    ] = None

    def __str__(self) -> str:
        """Return it as code."""
        if self.args is None:
            return self.name
        return f"{self.name}({', '.join(f'{k}={shown(v)}' for k, v in self.args.items())})"


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The parameters of `trajectory`."""

    calls: Annotated[
        tuple[PathCall, ...], "The calls: each a name, or `{name: ..., args: {...}}`.", Short()
    ]
    order: Annotated[
        Literal["exact", "in_order", "any"],
        "`exact`: one directly after another. `in_order`: others may stand between. `any`: any.",
    ] = "exact"
    extra: Annotated[Literal["deny", "allow"], "Whether there may be calls beside these."] = "deny"
    args: Annotated[ArgsMode, "How arguments are compared; as in `tool_called`."] = "exact"
    failed_calls: Annotated[FailedCalls, "`skip`: only calls that ended `ok` count."] = "count"

    def __post_init__(self) -> None:
        """Refuse a schema that is none, and what always holds."""
        if not self.calls and self.extra == "allow":
            raise ValueError("no calls with `extra: allow` always holds")
        for call in self.calls:
            if call.args is not None and self.args == "schema":
                check_schema(call.args)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return ", ".join(map(str, self.calls))

    @property
    def modes(self) -> str:
        """How it compares, in its own words."""
        return (
            f"order: {self.order}, extra: {self.extra}, args: {self.args}, "
            f"failed_calls: {self.failed_calls}"
        )


def trajectory(params: Trajectory, seen: Evidence) -> Failure | None:
    """Hold if the calls were made along this path."""
    calls = counted(seen.calls, params.failed_calls)
    wrong = next(_ORDERS[params.order, params.extra](params, calls), None)
    if wrong is None:
        return None
    made = listed(calls, signature) if calls else "none"
    return Failure(f"{wrong[0]} ({params.modes}); the calls: {made}", wrong[1] or seen.at)


_Wrong: TypeAlias = Iterator[tuple[str, str]]
"""What is wrong with a path, and where; nothing where it holds."""


def _one_by_one(params: Trajectory, calls: Sequence[Called]) -> _Wrong:
    for number, (want, call) in enumerate(zip(params.calls, calls, strict=False), 1):
        if problem := _problem(params, want, call):
            yield f"call {number} is not {want}: {place(call)} {problem}", call.at
    for want in params.calls[len(calls) :]:
        yield f"{len(calls)} calls were made, and {want} was still to come", _last(calls)
    for call in calls[len(params.calls) :]:
        yield f"{place(call)} {signature(call)} was not expected", call.at


def _in_a_row(params: Trajectory, calls: Sequence[Called]) -> _Wrong:
    size = len(params.calls)
    for start in range(len(calls) - size + 1):
        row = zip(params.calls, calls[start : start + size], strict=True)
        if not any(_problem(params, want, call) for want, call in row):
            return
    yield f"{params.title} never came one directly after another", _last(calls)


def _one_after_another(params: Trajectory, calls: Sequence[Called]) -> _Wrong:
    left = iter(calls)
    before = ""
    for want in params.calls:
        if all(_problem(params, want, call) for call in left):
            yield f"{want} was not called{before}", _last(calls)
        before = f" after {want}"


def _somehow(params: Trajectory, calls: Sequence[Called]) -> _Wrong:
    wants = params.calls
    pairs = assigned(len(wants), len(calls), lambda w, c: not _problem(params, wants[w], calls[c]))
    for number, want in enumerate(wants):
        if number not in pairs:
            yield f"{want} was not called", _last(calls)
    if params.extra == "deny":
        for number, call in enumerate(calls):
            if number not in pairs.values():
                yield f"{place(call)} {signature(call)} was not expected", call.at


_ORDERS: Mapping[tuple[str, str], Callable[[Trajectory, Sequence[Called]], _Wrong]] = {
    ("exact", "deny"): _one_by_one,
    ("exact", "allow"): _in_a_row,
    ("in_order", "deny"): _one_by_one,
    ("in_order", "allow"): _one_after_another,
    ("any", "deny"): _somehow,
    ("any", "allow"): _somehow,
}


def _problem(params: Trajectory, want: PathCall, call: Called) -> str:
    """Return what speaks against a call being the wanted one; nothing if it is."""
    if not fnmatchcase(call.tool, want.name):
        return f"is {one_line(signature(call), 160)}"
    return ", ".join(against(want.args, params.args, call))


def _last(calls: Sequence[Called]) -> str:
    return calls[-1].at if calls else ""


CHECKS: Mapping[str, Check] = {
    "trajectory": Check(Trajectory, "The calls were made along this path.", trajectory)
}
