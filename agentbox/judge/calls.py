"""Checks on tool calls, as the agent proposed them.

A call counts from its intent on: one that failed, or was cut off, was still called. Names are
matched by glob, capital and small letters told apart: `accounts.*`. A name that no tool has, and
that nobody called, is misspelt and cannot be judged; `*` speaks of all tools, if there are any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Literal, TypeAlias

from agentbox.core.errors import nearest
from agentbox.core.messages import Json
from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check, Failure, Unjudgeable
from agentbox.judge.evidence import Called, Evidence
from agentbox.judge.values import check_schema, differences, schema_errors
from agentbox.judge.wording import count, one_line, shown

_MOST = 3
"""Calls that a message lists; the rest are counted."""

_Args: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The parameters of `tool_called`."""

    name: Annotated[str, "A tool's name or glob: `accounts.*`.", Short()]
    args: Annotated[
        Mapping[str, Json] | None, "The arguments, or with `match: schema` a JSON Schema of them."
    ] = None
    match: Annotated[
        Literal["exact", "subset", "schema", "ignore"],
        "`exact`: the same keys and values. `subset`: these, and perhaps more. `schema`: they fit "
        "`args`. `ignore`: any.",
    ] = "exact"
    times: Annotated[int | None, "How many calls must fit, exactly.", AtLeast(0)] = None
    failed_calls: Annotated[
        Literal["count", "skip"], "`skip`: only calls that ended `ok` count."
    ] = "count"

    def __post_init__(self) -> None:
        """Refuse a comparison with nothing, and a schema that is none."""
        if self.args is None and self.match in ("subset", "schema"):
            raise ValueError(f"`match: {self.match}` needs `args` to compare with")
        if self.args is not None and self.match == "schema":
            check_schema(self.args)


@dataclass(frozen=True, slots=True)
class ToolNotCalled:
    """The parameters of `tool_not_called`."""

    name: Annotated[str, "A tool's name or glob: `accounts.*`.", Short()]


def tool_called(params: ToolCalled, seen: Evidence) -> Failure | None:
    """Hold if a call fits, or as many as `times` says."""
    named = calls_of(params.name, seen)
    counted = [c for c in named if params.failed_calls == "count" or c.status == "ok"]
    against = {call.at: _against(params, call) for call in counted}
    fitting = [call for call in counted if not against[call.at]]
    if len(fitting) == params.times or (params.times is None and fitting):
        return None
    if not named:
        return Failure(not_called(params.name, seen), seen.at)
    if not counted:
        return Failure(_none_ended_ok(params, named), named[-1].at)
    if params.times is not None and fitting:
        return Failure(_wrong_count(params, fitting), fitting[-1].at)
    closest = min(counted, key=lambda call: len(against[call.at]))
    return Failure(_none_fits(params, counted, against), closest.at)


def tool_not_called(params: ToolNotCalled, seen: Evidence) -> Failure | None:
    """Hold if no call has this name."""
    calls = calls_of(params.name, seen)
    if not calls:
        return None
    return Failure(f"called {count(len(calls))}: {_listed(calls, _signature)}", calls[0].at)


def calls_of(name: str, seen: Evidence) -> list[Called]:
    """Return the calls whose tool's name fits the glob.

    Raises:
        Unjudgeable: there are none, and no tool's name fits.
    """
    found = [call for call in seen.calls if fnmatchcase(call.tool, name)]
    if found or seen.tools is None or any(fnmatchcase(tool, name) for tool in ("", *seen.tools)):
        return found
    close = nearest(name, seen.tools)
    told = f"did you mean `{close}`?" if close else f"there is: {', '.join(seen.tools) or 'none'}"
    raise Unjudgeable(f"no tool is named `{name}`: {told}", seen.at)


def not_called(name: str, seen: Evidence) -> str:
    """Say that no call has this name, which come nearest, and which there were."""
    if not seen.calls:
        return f"{name} was never called; no tool was"
    close = nearest(name, sorted({call.tool for call in seen.calls}))
    hint = f" (did you mean `{close}`?)" if close else ""
    return f"{name} was never called{hint}; called were {_listed(seen.calls, _signature)}"


# -- arguments: what speaks against a call, by the mode's word


def _against(params: ToolCalled, call: Called) -> list[str]:
    if params.args is None or params.match == "ignore":
        return []
    if call.malformed:
        return [f"its arguments are no JSON object: {one_line(call.malformed, 60)}"]
    return _MATCHES[params.match](params.args, call.args)


def _exact(wanted: _Args, seen: _Args) -> list[str]:
    return list(differences(wanted, seen))


def _subset(wanted: _Args, seen: _Args) -> list[str]:
    return list(differences(wanted, seen, extra=True))


_MATCHES: Mapping[str, Callable[[_Args, _Args], list[str]]] = {
    "exact": _exact,
    "subset": _subset,
    "schema": schema_errors,
}


# -- messages


def _none_ended_ok(params: ToolCalled, named: Sequence[Called]) -> str:
    listed = _listed(named, lambda call: f"{call.tool} {call.status}")
    return f"no call of {params.name} ended ok ({_modes(params)}): {listed}"


def _wrong_count(params: ToolCalled, fitting: Sequence[Called]) -> str:
    listed = _listed(fitting, _signature)
    number = f"{count(len(fitting))}, not {count(params.times or 0)}"
    return f"{params.name} was called {number} ({_modes(params)}): {listed}"


def _none_fits(
    params: ToolCalled, counted: Sequence[Called], against: Mapping[str, list[str]]
) -> str:
    listed = _listed(counted, lambda call: ", ".join(against[call.at]))
    often = count(len(counted))
    return f"{params.name} was called {often}, but not so ({_modes(params)}): {listed}"


def _modes(params: ToolCalled) -> str:
    mode = "ignore" if params.args is None else params.match
    return f"match: {mode}, failed_calls: {params.failed_calls}"


def _listed(calls: Sequence[Called], word: Callable[[Called], str]) -> str:
    told = [f"{call.at.partition('/')[2]} {one_line(word(call), 160)}" for call in calls[:_MOST]]
    more = [f"and {len(calls) - _MOST} more"] if len(calls) > _MOST else []
    return "; ".join(told + more)


def _signature(call: Called) -> str:
    args = call.malformed or ", ".join(f"{key}={shown(value)}" for key, value in call.args.items())
    return f"{call.tool}({args})"


CHECKS: Mapping[str, Check] = {
    "tool_called": Check(ToolCalled, "A tool was called, so and so often.", tool_called),
    "tool_not_called": Check(ToolNotCalled, "A tool was not called at all.", tool_not_called),
}
