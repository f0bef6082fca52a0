"""Text put where an attacker could put it: into a tool's result or its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec, is_list, is_object
from agentbox.core.runtime import CallContext, Toolbox
from agentbox.core.scenario import Injection


class Injected:
    """A toolbox that an attacker has written into. Whatever is put in, `tell` hears of."""

    def __init__(
        self, toolbox: Toolbox, injections: Sequence[Injection], tell: Callable[[str, str], None]
    ) -> None:
        """Put `injections` into `toolbox`; `tell(position, text)` records what was put where."""
        self._toolbox = toolbox
        self._results = [each for each in injections if each.into == "result"]
        self._tell = tell
        self._descriptions = [each for each in injections if each.into == "description"]

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as an attacker describes them."""
        return [_described(spec, self._descriptions) for spec in self._toolbox.specs()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool, and put the text into its result."""
        result = await self._toolbox.call(call, context)
        for each in self._results:
            if fnmatchcase(call.name, each.tool) and result.status == "ok":
                result = _with(result, each)
                self._tell(context.at, each.text)
        return result


def _described(spec: ToolSpec, injections: Sequence[Injection]) -> ToolSpec:
    for each in injections:
        if fnmatchcase(spec.name, each.tool):
            spec = replace(spec, description=_put(spec.description, each))
    return spec


def _with(result: ToolResult, injection: Injection) -> ToolResult:
    structured = result.structured
    if injection.at:
        structured = _everywhere(structured, injection)
    return replace(result, text=_put(result.text, injection), structured=structured)


def _put(text: str, injection: Injection) -> str:
    if injection.at:
        return text.replace(injection.at, injection.text)
    return f"{text}\n{injection.text}" if text else injection.text


def _everywhere(value: Json, injection: Injection) -> Any:
    if isinstance(value, str):
        return value.replace(injection.at, injection.text)
    if is_object(value):
        return {key: _everywhere(item, injection) for key, item in value.items()}
    if is_list(value):
        return [_everywhere(item, injection) for item in value]
    return value
