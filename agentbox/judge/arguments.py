"""Tool calls as checks match and tell them: names by glob, arguments by a mode's word.

`exact`: the same keys and values, so an argument that was left out never passes. `subset`: these,
and perhaps more, at every depth. `schema`: they fit a JSON Schema. `ignore`: any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from agentbox.core.errors import nearest
from agentbox.core.messages import Json
from agentbox.judge.evidence import Called, Evidence
from agentbox.judge.failure import Unjudgeable
from agentbox.judge.values import differences, schema_errors
from agentbox.judge.wording import one_line, shown

ArgsMode: TypeAlias = Literal["exact", "subset", "schema", "ignore"]
FailedCalls: TypeAlias = Literal["count", "skip"]
_Args: TypeAlias = Mapping[str, Json]

_MOST = 3
"""Calls that a message lists; the rest are counted."""


def calls_of(name: str, seen: Evidence) -> list[Called]:
    """Return the calls whose tool's name fits the glob, capital and small letters told apart.

    Raises:
        Unjudgeable: there are none, and no tool's name fits.
    """
    found = [call for call in seen.calls if fnmatchcase(call.tool, name)]
    if found or seen.tools is None or any(fnmatchcase(tool, name) for tool in ("", *seen.tools)):
        return found
    close = nearest(name, seen.tools)
    told = f"did you mean `{close}`?" if close else f"there is: {', '.join(seen.tools) or 'none'}"
    raise Unjudgeable(f"no tool is named `{name}`: {told}", seen.at)


def counted(calls: Sequence[Called], failed_calls: FailedCalls) -> list[Called]:
    """Return the calls that count: all, or those that ended ok."""
    return [call for call in calls if failed_calls == "count" or call.status == "ok"]


def against(wanted: _Args | None, mode: ArgsMode, call: Called) -> list[str]:
    """Return what speaks against a call's arguments; nothing is wanted where `wanted` is None."""
    if wanted is None or mode == "ignore":
        return []
    if call.malformed:
        return [f"its arguments are no JSON object: {one_line(call.malformed, 60)}"]
    return _MATCHES[mode](wanted, call.args)


def _exact(wanted: _Args, seen: _Args) -> list[str]:
    return list(differences(wanted, seen))


def _subset(wanted: _Args, seen: _Args) -> list[str]:
    return list(differences(wanted, seen, extra=True))


_MATCHES: Mapping[str, Callable[[_Args, _Args], list[str]]] = {
    "exact": _exact,
    "subset": _subset,
    "schema": schema_errors,
}


# -- words


def not_called(name: str, seen: Evidence) -> str:
    """Say that no call has this name, which come nearest, and which there were."""
    if not seen.calls:
        return f"{name} was never called; no tool was"
    close = nearest(name, sorted({call.tool for call in seen.calls}))
    hint = f" (did you mean `{close}`?)" if close else ""
    return f"{name} was never called{hint}; called were {listed(seen.calls, signature)}"


def listed(calls: Sequence[Called], word: Callable[[Called], str]) -> str:
    """Return the first calls, each with its place and a word on it."""
    told = [f"{place(call)} {one_line(word(call), 160)}" for call in calls[:_MOST]]
    more = [f"and {len(calls) - _MOST} more"] if len(calls) > _MOST else []
    return "; ".join(told + more)


def place(call: Called) -> str:
    """Return a call's position without its case: `t1/s2/call1`."""
    return call.at.partition("/")[2]


def signature(call: Called) -> str:
    """Return a call as code: `accounts.get_account(account_id="LLM-4829")`."""
    args = call.malformed or ", ".join(f"{key}={shown(value)}" for key, value in call.args.items())
    return f"{call.tool}({args})"


def ending(call: Called) -> str:
    """Return a call's tool and how it ended: `accounts.get_account timeout`."""
    return f"{call.tool} {call.status}"
