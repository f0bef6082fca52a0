"""Tools that a scenario file answers: whatever it does not say is an error, never a guess.

The first result whose arguments are the call's, or that names none, is given. Of several results
with the same arguments each is given once, in order, and the last of them from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from agentbox.core.comparing import GONE, changes, same
from agentbox.core.errors import Problem, WorldError
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec
from agentbox.core.mock import Mock, MockResult
from agentbox.core.runtime import CallContext


class MockToolbox:
    """The mocks of one case, as far as they were played."""

    def __init__(self, mocks: Mapping[str, Mock], node: str) -> None:
        """Answer from `mocks`, by full name; `node` is the case's address."""
        self._mocks = mocks
        self._node = node
        self._given: dict[tuple[str, int], int] = {}
        """How often was answered with the results of the same arguments, by the first of them."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, in the order of the file."""
        return [spec_of(name, mock) for name, mock in self._mocks.items()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Return what the file says.

        Raises:
            WorldError: it says nothing to these arguments.
        """
        results = self._mocks[call.name].results
        args = dict(call.args)
        found = next((n for n, each in enumerate(results) if _fits(each, args)), None)
        if found is None:
            raise WorldError(self._unanswered(call.name, args, results, context.at))
        alike = [each for each in results if same(each.args, results[found].args)]
        number = self._given.get((call.name, found), 0)
        self._given[call.name, found] = number + 1
        return _made(alike[min(number, len(alike) - 1)])

    def _unanswered(
        self, name: str, args: Mapping[str, Json], results: Sequence[MockResult], at: str
    ) -> Problem:
        return Problem(
            f"{self._node}: the mock `{name}` has no result for {_json(args)}, at {at}",
            note=_nearest(args, results),
            hint=f"give it one: `mocks: {{{name}: {{results: [..., {{args: {_json(args)}, "
            "text: ...}]}}`",
        )


def spec_of(name: str, mock: Mock) -> ToolSpec:
    """Return a mocked tool as a model is told of it."""
    return ToolSpec(name, mock.description, mock.input_schema, mock.output_schema, mock.annotations)


def shown(structured: Json) -> str:
    """Return the text of a result that is given as data alone."""
    return json.dumps(structured, indent=2, ensure_ascii=False)


def _fits(result: MockResult, args: Mapping[str, Json]) -> bool:
    return result.args is None or same(result.args, args)


def _made(result: MockResult) -> ToolResult:
    data = result.structured
    text = result.text
    if text is None:
        text = "" if data is None else shown(data)
    return ToolResult(result.status, text, result.source, data, result.parts, result.meta)


def _nearest(args: Mapping[str, Json], results: Sequence[MockResult]) -> str:
    """Say which of the results come nearest, and where their arguments differ."""
    if not results:
        return "it has no results: it is not to be called"
    close, differ = min(
        ((each.args, list(changes(each.args, args))) for each in results),
        key=lambda one: len(one[1]),
    )
    path, there, here = differ[0]
    where = f"`{path}` is {_said(there)} there and {_said(here)} here"
    return f"the nearest it has is {_json(close)}: {where}"


def _said(value: Json) -> str:
    return "missing" if value is GONE else _json(value)


def _json(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:199]}…"  # noqa: PLR2004 - a line or two
