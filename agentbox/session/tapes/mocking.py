"""The tools of a trace, as the mocks that give what they gave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from agentbox.core.comparing import same
from agentbox.core.messages import (
    Json,
    ToolCall,
    ToolResult,
    ToolSpec,
    is_list,
    is_object,
    unknown_tool,
)
from agentbox.core.mock import Mock, MockResult
from agentbox.core.tape import Tape, spec_of
from agentbox.core.trace import Position
from agentbox.runtime.shapes import Shapes, misfits
from agentbox.toolboxes.mocks import shown

_IDENTITY = "io.modelcontextprotocol/"
"""Keys of `_meta` that speak of a server: none answers here."""


def mocks_of(tape: Tape, looks: AbstractSet[Position]) -> dict[str, Mock]:
    """Return a mock for each tool there was, that gives what it gave, in order.

    `looks` are the positions of the observations that are made again.
    """
    specs = _specs(tape)
    results: dict[str, list[MockResult]] = {name: [] for name in specs}
    shapes = {name: Shapes(spec) for name, spec in specs.items()}
    for event in tape.events:
        if event.kind == "tool.request" and _is_made_again(event.at, looks):
            call = _call(event.data)
            result = tape.result(event.at)
            if _reached(call, result, shapes):
                results[call.name].append(_recorded(call, result))
    made = {name: _mock(spec, results[name]) for name, spec in specs.items()}
    return made | {name: Mock() for name in tape.left_out}


def _specs(tape: Tape) -> dict[str, ToolSpec]:
    """Return the tools there were at the start, and those that came later."""
    found = {spec.name: spec for spec in tape.specs()}
    for event in tape.events:
        table: Json = event.data.get("tools") if event.kind == "model.request" else ()
        for each in table if is_list(table) else ():
            if is_object(each):
                found.setdefault(str(each.get("name")), spec_of(each))
    return found


def _is_made_again(at: Position, looks: AbstractSet[Position]) -> bool:
    head, look, _ = at.partition("/look")
    return not look or f"{head}/{at[len(head) + 1 :].partition('/')[0]}" in looks


def _call(data: Mapping[str, Json]) -> ToolCall:
    return ToolCall(str(data["tool"]), data["args"], "", str(data.get("malformed", "")))


def _reached(call: ToolCall, result: ToolResult, shapes: Mapping[str, Shapes]) -> bool:
    """Return whether a call came to its tool: a mock answers no other."""
    refused = unknown_tool(call.name, ()).text.partition("`. ")[0]
    unknown = result.source == "protocol" and result.text.startswith(refused)
    return call.name in shapes and not unknown and not misfits(call, shapes[call.name])


def _recorded(call: ToolCall, result: ToolResult) -> MockResult:
    data, text = _told_once(result)
    meta = {k: v for k, v in (result.meta or {}).items() if not k.startswith(_IDENTITY)}
    return MockResult(
        dict(call.args),
        text,
        data,
        result.parts,
        meta or None,
        result.status,
        result.source,
    )


def _told_once(result: ToolResult) -> tuple[Json, str | None]:
    """Return a result's data and its text, without a text that only tells the data again."""
    data, text = result.structured, result.text
    if data is None:
        return None, text or None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return data, text
    return (told, None) if same(told, data) and shown(told) == text else (data, text)


def _mock(spec: ToolSpec, results: Sequence[MockResult]) -> Mock:
    return Mock(
        spec.description,
        spec.input_schema,
        spec.output_schema,
        spec.annotations,
        tuple(_shortened(results)),
    )


def _shortened(results: Sequence[MockResult]) -> list[MockResult]:
    """Return results without those that only say the last of theirs again."""
    alike: dict[str, list[int]] = {}
    for number, each in enumerate(results):
        alike.setdefault(json.dumps(each.args, sort_keys=True), []).append(number)
    for numbers in alike.values():
        while len(numbers) > 1 and results[numbers[-1]] == results[numbers[-2]]:
            numbers.pop()
    kept = sorted(number for numbers in alike.values() for number in numbers)
    return [results[number] for number in kept]
