"""Tools that are Python functions. Sync ones run on threads; the caller's deadline ends both."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, TypeAlias

import orjson

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec, is_object
from agentbox.core.runtime import CallContext
from agentbox.schema import Signature, signature_of
from agentbox.toolboxes.threads import in_thread

Function: TypeAlias = Callable[..., Any]


class FunctionToolbox:
    """Runs Python functions, their schemas taken from their signatures."""

    def __init__(self, functions: Mapping[str, Function], file: str = "") -> None:
        """Describe every function.

        Raises:
            AuthorError: some cannot be tools; all of them are named.
        """
        self._tools: dict[str, tuple[Function, Signature]] = {}
        problems: list[Problem] = []
        for name, function in functions.items():
            try:
                self._tools[name] = (function, signature_of(function, name))
            except Exception as error:  # noqa: BLE001 - pydantic has many ways to say no
                problems.append(_no_tool(name, file, error))
        if problems:
            raise AuthorError(*problems)

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, in the order they were given."""
        return [signature.spec for _, signature in self._tools.values()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one function; what it raises is the result's text."""
        function, signature = self._tools[call.name]
        try:
            kwargs = signature.arguments(call.args)
            if signature.clock:
                kwargs[signature.clock] = context.clock
            value = await run(function, kwargs)
            return value if isinstance(value, ToolResult) else _result(signature.result(value))
        except Exception as error:  # noqa: BLE001 - a tool's failure is a value
            return raised(error)


def functions_of(module: ModuleType) -> dict[str, Function]:
    """Return a module's own public functions, in the order they are defined."""
    members: dict[str, Any] = vars(module)
    return {
        name: value
        for name, value in members.items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


async def run(function: Function, kwargs: Mapping[str, Any]) -> Any:
    """Run a function, sync or async."""
    try:
        if inspect.iscoroutinefunction(function):
            return await function(**kwargs)
        result = await in_thread(partial(function, **kwargs))
        return await result if inspect.isawaitable(result) else result
    except SystemExit as error:
        raise RuntimeError(f"SystemExit: {error}") from error
    except asyncio.CancelledError as error:
        error.add_note("The function was given up on and may still be running.")
        raise


def raised(error: Exception) -> ToolResult:
    """Return the result of a tool that raised."""
    said = str(error)
    kind = type(error).__name__
    return ToolResult("failed", f"{kind}: {said}" if said else kind, "tool")


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function behind a schema that somebody wrote: its arguments go in as they are."""

    function: Function
    clock: str = ""

    @classmethod
    def of(cls, function: Function) -> FunctionDefinition:
        """Return `function`, knowing which parameter takes the run's clock."""
        hints = inspect.get_annotations(function)
        names = [n for n, hint in hints.items() if hint is Clock or str(hint).endswith("Clock")]
        return cls(function, names[0] if names else "")

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run it; what it raises is the result's text."""
        kwargs = dict(call.args)
        if self.clock:
            kwargs[self.clock] = context.clock
        try:
            value = await run(self.function, kwargs)
            return value if isinstance(value, ToolResult) else _result(value)
        except Exception as error:  # noqa: BLE001 - a tool's failure is a value
            return raised(error)


def _result(value: Json) -> ToolResult:
    """Return a value as a result: a copy, which the tool cannot change any more.

    Raises:
        TypeError: it is no JSON value.
    """
    if isinstance(value, str):
        return ToolResult(text=value)
    if value is None:
        return ToolResult()
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # an integer over 64 bits, for one
        text = json.dumps(value, separators=(",", ":"))
    return ToolResult(text=text, structured=json.loads(text) if is_object(value) else None)


def _no_tool(name: str, file: str, error: Exception) -> Problem:
    where = f" in {file}" if file else ""
    reason = str(error).partition("\n")[0]
    return Problem(
        f"`{name}`{where} cannot be a tool: {reason}",
        hint="give every parameter a type, or start its name with _ to keep it private",
    )
