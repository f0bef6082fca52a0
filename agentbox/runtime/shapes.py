"""A tool's two schemas: what a call must fit before it runs, and its result after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agentbox.core.messages import ToolCall, ToolResult, ToolSpec
from agentbox.schema import Shape, shape_of


class Shapes:
    """A tool's two schemas, compiled."""

    __slots__ = ("arguments", "output")

    def __init__(self, spec: ToolSpec) -> None:
        self.arguments: Shape = shape_of(spec.input_schema)
        self.output: Shape | None = None
        if spec.output_schema is not None:
            self.output = shape_of(spec.output_schema)

    def checked(self, result: ToolResult) -> ToolResult:
        """Return the result, failed where it does not fit the tool's output schema."""
        if self.output is None or result.status != "ok":
            return result
        errors = self.output.errors(result.structured)
        if not errors:
            return result
        why = _listed("The result does not fit the tool's output schema", errors)
        return replace(result, status="failed", source="schema", text=f"{why}\n{result.text}")


def misfits(call: ToolCall, shapes: Shapes | None) -> str:
    """Return why a call may not run; empty if it may."""
    if call.malformed:
        return f"The arguments are no JSON object: {call.malformed}"
    errors = shapes.arguments.errors(call.args) if shapes else ()
    if not errors:
        return ""
    return _listed(f"{call.name} was not run: its arguments do not fit its schema", errors)


def _listed(head: str, errors: Iterable[str]) -> str:
    return "\n".join([f"{head}:", *(f"- {error}" for error in errors)])
