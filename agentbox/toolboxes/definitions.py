"""Tools from JSON files: the OpenAI function form and the MCP tool form, schemas kept verbatim.

Beside its definition an entry says who runs it: `"implementation": "tools/calendar.py:weekday"`,
a function, or `"implementation": {"http": {...}}`, a request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from agentbox.core.errors import AuthorError, Mark, Problem
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec, is_list, is_object
from agentbox.core.runtime import CallContext
from agentbox.schema import schema_problem
from agentbox.toolboxes.functions import FunctionDefinition
from agentbox.toolboxes.network import Network

Load: TypeAlias = Callable[[str], Any]
"""Gives the object behind `path/to/file.py:name` or `package.module:name`; AuthorError if none."""

_FORMS = 'give {"type": "function", "function": {...}} or {"name": ..., "inputSchema": {...}}'


class Implementation(Protocol):
    """Who runs a defined tool."""

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run it. A failure is a result."""
        ...


@dataclass(frozen=True, slots=True)
class Definition:
    """A tool as a file defines it."""

    spec: ToolSpec
    implementation: Implementation


class DefinitionToolbox:
    """Runs defined tools."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self._tools = {each.spec.name: each for each in definitions}

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, in the order of the file."""
        return [each.spec for each in self._tools.values()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool."""
        return await self._tools[call.name].implementation.call(call, context)


def read_definitions(text: str, file: str, load: Load, network: Network) -> DefinitionToolbox:
    """Return the tools that a JSON file defines: one entry, or a list of them.

    Raises:
        AuthorError: it is no JSON, or entries are wrong; all of them are named.
    """
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise AuthorError(_no_json(text, file, error)) from None
    found: list[Definition] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries if is_list(entries) else [entries]):
        where = f"{file}: tool {index + 1}"
        try:
            found.append(_definition(entry, where, load, network))
        except AuthorError as error:
            problems += error.problems
    problems += _twice(found, file)
    if problems:
        raise AuthorError(*problems)
    return DefinitionToolbox(found)


def _no_json(text: str, file: str, error: ValueError) -> Problem:
    if not isinstance(error, json.JSONDecodeError):
        return Problem(f"{file} is no JSON: {error}")
    lines = text.splitlines() or [""]
    source = lines[min(error.lineno, len(lines)) - 1]
    return Problem(
        f"invalid JSON: {error.msg}", Mark(file, error.lineno, error.colno), source=source
    )


def _definition(entry: Json, where: str, load: Load, network: Network) -> Definition:
    if not is_object(entry):
        raise AuthorError(Problem(f"{where} is no object", hint=_FORMS))
    spec = _spec(entry, where)
    how = entry.get("implementation")
    if isinstance(how, str):
        return Definition(spec, FunctionDefinition.of(load(how)))
    if is_object(how) and is_object(how.get("http")):
        from agentbox.toolboxes.http import HttpRequest  # noqa: PLC0415 - 5 ms, for these only

        return Definition(spec, HttpRequest.of(how["http"], f"{where} `{spec.name}`", network))
    raise AuthorError(
        Problem(
            f"{where} `{spec.name}` has no implementation",
            hint='add "implementation": "tools/FILE.py:FUNCTION" or {"http": {"url": ...}}',
        )
    )


def _spec(entry: Mapping[str, Json], where: str) -> ToolSpec:
    openai = entry.get("function")
    told = openai if is_object(openai) else entry
    name = told.get("name")
    if not isinstance(name, str) or not name:
        raise AuthorError(Problem(f"{where} has no name", hint=_FORMS))
    schema = told.get("parameters" if told is openai else "inputSchema", {"type": "object"})
    output = told.get("outputSchema")
    _check_schema(schema, f"{where} `{name}`: its input schema")
    if output is not None:
        _check_schema(output, f"{where} `{name}`: its output schema")
    return ToolSpec(
        name,
        str(told.get("description", "")),
        schema,
        output,
        told.get("annotations") or {},
        str(told.get("title", "")),
    )


def _check_schema(schema: Json, what: str) -> None:
    wrong = schema_problem(schema)
    if not wrong and schema.get("type") != "object":
        wrong = 'its "type" is not "object"'
    if wrong:
        raise AuthorError(Problem(f"{what} is no schema of an object: {wrong}"))


def _twice(found: Sequence[Definition], file: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for each in found:
        if each.spec.name in seen:
            yield Problem(f"{file} defines `{each.spec.name}` twice")
        seen.add(each.spec.name)
