"""Checks that somebody else judges: a Python function, a command.

A function is called with the `Evidence`, and with `args` by name. It returns True or None where the
check holds, False or a message where it does not; raising is no verdict.

A command gets the record of the run on stdin. It says `{"pass": true}` or `{"pass": false,
"message": "..."}` on stdout, or ends with exit code 0 where the check holds and 1 where it does
not. Any other exit code is no verdict, and a traceback is none. A look of kind `command` records
`{exit, stdout, stderr}`.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Annotated, cast

from agentbox.core.messages import Json
from agentbox.core.requests import Observation
from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence, Seen
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.wording import one_line, quoted

_TRACEBACK = "Traceback (most recent call last):"
"""How Python tells that a program broke, by the exit code of one that says no."""


@dataclass(frozen=True, slots=True)
class PythonCheck:
    """The parameters of `python`."""

    function: Annotated[
        str, "`path/to/file.py:function` or `package.module:function`.", Short(), AtLeast(1)
    ]
    args: Annotated[Mapping[str, Json], "Given to it by name, after the evidence."] = field(
        default_factory=dict[str, Json]
    )


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """The parameters of `command`."""

    command: Annotated[
        str | tuple[str, ...],
        "The program and its arguments, run without a shell.",
        Short(),
        AtLeast(1),
    ]

    def __post_init__(self) -> None:
        """Refuse a command that cannot be split into words."""
        try:
            words = shlex.split(self.line)
        except ValueError as error:
            raise ValueError(f"{quoted(self.line)} is no command: {error}") from None
        if not words:
            raise ValueError("the command is empty")

    @property
    def line(self) -> str:
        """The command on one line, words quoted where they must be."""
        return self.command if isinstance(self.command, str) else shlex.join(self.command)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return self.line


def python(params: PythonCheck, seen: Evidence) -> Failure | None:
    """Hold if the function says so."""
    if seen.load is None:
        raise Unjudgeable(f"not loaded: {params.function}")
    function = seen.load(params.function)
    if iscoroutinefunction(function):
        raise Unjudgeable(f"{params.function} is async: a check looks at a trace and never waits")
    said = function(seen, **params.args)
    if said is None or said is True:
        return None
    if said is False:
        return Failure(f"{params.function} returned False")
    if isinstance(said, str):
        return Failure(said or f"{params.function} returned an empty message")
    if isinstance(said, Failure):
        return said
    raise Unjudgeable(
        f"{params.function} returned {one_line(repr(said), 80)}, which is no verdict: "
        "True or None, False or a message"
    )


def command(params: CommandCheck, seen: Evidence) -> Failure | None:
    """Hold if the command says so, in words or by its exit code."""
    found = seen.value(*started(params))
    code, said = found.value["exit"], _spoken(found)
    if code not in (0, 1):
        words = one_line(str(found.value["stderr"])[-300:]) or "no words"
        raise Unjudgeable(f"{params.line} ended with exit code {code}: {words}", found.at)
    if said is None and _TRACEBACK in found.value["stderr"]:
        raise Unjudgeable(f"{params.line} broke: {one_line(found.value['stderr'], 300)}", found.at)
    if said is None:
        words = str(found.value["stdout"]).strip() or str(found.value["stderr"]).strip()
        return Failure(one_line(words, 300) or f"{params.line} says no", found.at) if code else None
    holds, message = said
    if holds and code:
        raise Unjudgeable(f"{params.line} says `pass` and ends with exit code 1", found.at)
    return None if holds else Failure(message or f"{params.line} says no", found.at)


def started(params: CommandCheck) -> Sequence[Observation]:
    """Return the one observation that the command is."""
    return (Observation("command", target=params.line),)


def _spoken(found: Seen) -> tuple[bool, str] | None:
    """Return the verdict on stdout; None where there is none in words.

    Raises:
        Unjudgeable: its `pass` is neither true nor false.
    """
    try:
        said: Json = json.loads(found.value["stdout"])
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or "pass" not in said:
        return None
    verdict = cast("dict[str, Json]", said)
    if not isinstance(verdict["pass"], bool):
        raise Unjudgeable(f"`pass` is {one_line(repr(verdict['pass']), 60)}, not true or false")
    return verdict["pass"], str(verdict.get("message") or "")


CHECKS: Mapping[str, Check] = {
    "python": Check(PythonCheck, "A Python function says so.", python),
    "command": Check(CommandCheck, "A command that reads the record says so.", command, started),
}
