"""Checks on tool calls, as the agent proposed them.

A call counts from its intent on: one that failed, or was cut off, was still called. Names are
matched by glob, capital and small letters told apart: `accounts.*`. A name that no tool has, and
that nobody called, is misspelt and cannot be judged; `*` speaks of all tools, if there are any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from agentbox.core.comparing import same
from agentbox.core.messages import Json
from agentbox.core.scenario import AtLeast, Short
from agentbox.core.trace import Position
from agentbox.judge.arguments import (
    ArgsMode,
    FailedCalls,
    against,
    calls_of,
    counted,
    ending,
    listed,
    not_called,
    place,
    signature,
)
from agentbox.judge.check import Check
from agentbox.judge.evidence import Called, Evidence
from agentbox.judge.failure import Failure
from agentbox.judge.matching import assigned
from agentbox.judge.values import check_schema
from agentbox.judge.wording import count, one_line

_TOOL = "A tool's name or glob: `accounts.*`."


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The parameters of `tool_called`."""

    name: Annotated[str, _TOOL, Short()]
    args: Annotated[
        Mapping[str, Json] | None, "The arguments, or with `match: schema` a JSON Schema of them."
    ] = None
    match: Annotated[
        ArgsMode,
        "`exact`: the same keys and values. `subset`: these, and perhaps more. `schema`: they fit "
        "`args`. `ignore`: any.",
    ] = "exact"
    times: Annotated[int | None, "How many calls must fit, exactly.", AtLeast(0)] = None
    failed_calls: Annotated[FailedCalls, "`skip`: only calls that ended `ok` count."] = "count"

    def __post_init__(self) -> None:
        """Refuse a comparison with nothing, and a schema that is none."""
        if self.args is None and self.match in ("subset", "schema"):
            raise ValueError(f"`match: {self.match}` needs `args` to compare with")
        if self.args is not None and self.match == "schema":
            check_schema(self.args)


@dataclass(frozen=True, slots=True)
class ToolNotCalled:
    """The parameters of `tool_not_called`."""

    name: Annotated[str, _TOOL, Short()]


@dataclass(frozen=True, slots=True)
class ToolError:
    """The parameters of `tool_error`."""

    name: Annotated[str, _TOOL, Short()]
    times: Annotated[int | None, "How many calls must fail, exactly.", AtLeast(0)] = None


@dataclass(frozen=True, slots=True)
class ValidArguments:
    """The parameters of `valid_arguments`."""

    name: Annotated[str, f"{_TOOL} All, if not said.", Short()] = "*"


@dataclass(frozen=True, slots=True)
class Parallel:
    """The parameters of `parallel`."""

    names: Annotated[
        tuple[str, ...],
        "Tools' names or globs; one that stands there twice must be called twice.",
        Short(),
        AtLeast(2),
    ]


@dataclass(frozen=True, slots=True)
class NoDuplicateCalls:
    """The parameters of `no_duplicate_calls`."""

    name: Annotated[str, f"{_TOOL} All, if not said.", Short()] = "*"
    failed_calls: Annotated[
        FailedCalls, "`skip`: a call that did not end `ok` may be made again."
    ] = "count"


def tool_called(params: ToolCalled, seen: Evidence) -> Failure | None:
    """Hold if a call fits, or as many as `times` says."""
    named = calls_of(params.name, seen)
    counting = counted(named, params.failed_calls)
    wrong = {call.at: against(params.args, params.match, call) for call in counting}
    fitting = [call for call in counting if not wrong[call.at]]
    if len(fitting) == params.times or (params.times is None and fitting):
        return None
    if not named:
        return Failure(not_called(params.name, seen), seen.at)
    if not counting:
        return Failure(_none_ended_ok(params, named), named[-1].at)
    if params.times is not None and fitting:
        return Failure(_wrong_count(params, fitting), fitting[-1].at)
    closest = min(counting, key=lambda call: len(wrong[call.at]))
    return Failure(_none_fits(params, counting, wrong), closest.at)


def tool_not_called(params: ToolNotCalled, seen: Evidence) -> Failure | None:
    """Hold if no call has this name."""
    calls = calls_of(params.name, seen)
    if not calls:
        return None
    return Failure(f"called {count(len(calls))}: {listed(calls, signature)}", calls[0].at)


def tool_error(params: ToolError, seen: Evidence) -> Failure | None:
    """Hold if a call ended otherwise than ok, or as many as `times` says."""
    named = calls_of(params.name, seen)
    failed = [call for call in named if call.status not in ("ok", "unanswered")]
    if len(failed) == params.times or (params.times is None and failed):
        return None
    if not named:
        return Failure(not_called(params.name, seen), seen.at)
    if not failed:
        return Failure(f"no call of {params.name} failed: {listed(named, ending)}", named[-1].at)
    number = f"{count(len(failed))}, not {count(params.times or 0)}"
    return Failure(f"{params.name} failed {number}: {listed(failed, ending)}", failed[-1].at)


def valid_arguments(params: ValidArguments, seen: Evidence) -> Failure | None:
    """Hold if no call was refused by its tool's schema."""
    bad = [call for call in calls_of(params.name, seen) if call.malformed or _refused(call)]
    if not bad:
        return None
    told = listed(bad, lambda call: f"{call.tool}: {one_line(call.text or call.malformed, 140)}")
    return Failure(f"refused {count(len(bad))}: {told}", bad[0].at)


def parallel(params: Parallel, seen: Evidence) -> Failure | None:
    """Hold if one message of the model holds a call of each of the tools."""
    missing = [name for name in params.names if not calls_of(name, seen)]
    if missing:
        return Failure(not_called(missing[0], seen), seen.at)
    steps = defaultdict[Position, list[Called]](list)
    for call in seen.calls:
        steps[call.step].append(call)
    names = params.names
    best = max(steps.values(), key=lambda calls: len(_together(names, calls)))
    if len(_together(names, best)) == len(names):
        return None
    named = [call for call in seen.calls if any(call in calls_of(n, seen) for n in names)]
    told = listed(named, lambda call: call.tool)
    return Failure(f"no one message calls {', '.join(names)}: {told}", best[0].at)


def no_duplicate_calls(params: NoDuplicateCalls, seen: Evidence) -> Failure | None:
    """Hold if no two calls have the same name and arguments."""
    calls = counted(calls_of(params.name, seen), params.failed_calls)
    for number, call in enumerate(calls):
        first = next((other for other in calls[:number] if _alike(other, call)), None)
        if first:
            again = f"{place(first)} and {place(call)} are the same call: {signature(call)}"
            return Failure(f"{one_line(again)} (failed_calls: {params.failed_calls})", call.at)
    return None


def _refused(call: Called) -> bool:
    return call.source == "schema" and "was not run" in call.text


def _together(names: Sequence[str], calls: Sequence[Called]) -> Mapping[int, int]:
    return assigned(len(names), len(calls), lambda n, c: fnmatchcase(calls[c].tool, names[n]))


def _alike(one: Called, other: Called) -> bool:
    named = (one.tool, one.malformed) == (other.tool, other.malformed)
    return named and same(one.args, other.args)


# -- messages


def _none_ended_ok(params: ToolCalled, named: Sequence[Called]) -> str:
    return f"no call of {params.name} ended ok ({_modes(params)}): {listed(named, ending)}"


def _wrong_count(params: ToolCalled, fitting: Sequence[Called]) -> str:
    number = f"{count(len(fitting))}, not {count(params.times or 0)}"
    return f"{params.name} was called {number} ({_modes(params)}): {listed(fitting, signature)}"


def _none_fits(
    params: ToolCalled, counting: Sequence[Called], wrong: Mapping[Position, list[str]]
) -> str:
    told = listed(counting, lambda call: ", ".join(wrong[call.at]))
    often = count(len(counting))
    return f"{params.name} was called {often}, but not so ({_modes(params)}): {told}"


def _modes(params: ToolCalled) -> str:
    mode = "ignore" if params.args is None else params.match
    return f"match: {mode}, failed_calls: {params.failed_calls}"


CHECKS: Mapping[str, Check] = {
    "tool_called": Check(ToolCalled, "A tool was called, so and so often.", tool_called),
    "tool_not_called": Check(ToolNotCalled, "A tool was not called at all.", tool_not_called),
    "tool_error": Check(ToolError, "A call of the tool ended otherwise than ok.", tool_error),
    "valid_arguments": Check(
        ValidArguments, "No call was refused by its tool's schema.", valid_arguments
    ),
    "parallel": Check(Parallel, "The tools were called in one message.", parallel),
    "no_duplicate_calls": Check(
        NoDuplicateCalls, "No call was made twice with the same arguments.", no_duplicate_calls
    ),
}
