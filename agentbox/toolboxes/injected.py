"""Text put where an attacker could put it: into a tool's result or its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from agentbox.core.errors import Problem
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
        self._tried: dict[Injection, bool] = {}
        """Whether an injection found its place at least once; not in it: it had no chance."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as an attacker describes them."""
        return [self._described(spec) for spec in self._toolbox.specs()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool, and put the text into its result."""
        result = await self._toolbox.call(call, context)
        for each in self._results:
            if fnmatchcase(call.name, each.tool) and result.status == "ok":
                put = _with(result, each)
                if self._did(each, made=put != result):
                    self._tell(context.at, each.text)
                result = put
        return result

    def misplaced(self) -> Sequence[Problem]:
        """Return a problem for each injection whose place was nowhere: the attack never came."""
        return [
            Problem(
                f"nothing was injected: no {each.into} of `{each.tool}` holds {each.at!r}",
                hint="mend `at`, or leave it out: then the text is put at the end",
            )
            for each, made in self._tried.items()
            if not made
        ]

    def _described(self, spec: ToolSpec) -> ToolSpec:
        for each in self._descriptions:
            if fnmatchcase(spec.name, each.tool):
                description = _put(spec.description, each)
                self._did(each, made=description != spec.description)
                spec = replace(spec, description=description)
        return spec

    def _did(self, injection: Injection, *, made: bool) -> bool:
        self._tried[injection] = made or self._tried.get(injection, False)
        return made


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
