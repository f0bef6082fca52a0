"""The tools there are now, and their schemas: what servers change in mid-run reaches the next call.

A loop offers the tools that it was given. Where a server has changed its list since, a model is
offered them as they are now: without those that went, with those that came.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from agentbox.core.messages import ToolSpec
from agentbox.core.requests import Actor, Ask
from agentbox.core.runtime import Placed, Toolbox
from agentbox.core.trace import Position
from agentbox.runtime.shapes import Shapes

_Tools: TypeAlias = tuple[ToolSpec, ...]


@dataclass(frozen=True, slots=True)
class Relisting:
    """How the tools of a world change while it is used."""

    relist: Callable[[Position], Awaitable[bool]]
    """Lists anew what was said to have changed; whether anything did."""
    offers: Callable[[Actor, str, Position], bool]
    """Whether a tool that came is for this actor, at this place."""


class Listing:
    """What a toolbox lists, kept up to date."""

    def __init__(self, toolbox: Toolbox, relisting: Relisting | None) -> None:
        self._toolbox = toolbox
        self._relisting = relisting
        self._first = {spec.name: spec for spec in toolbox.specs()}
        self._now = self._first
        self._shapes = {name: Shapes(spec) for name, spec in self._first.items()}
        self._renewed: dict[tuple[int, ...], tuple[_Tools, _Tools]] = {}

    @property
    def names(self) -> list[str]:
        """The names of all tools there were, those that went among them."""
        return list(self._shapes)

    def shapes(self, name: str) -> Shapes | None:
        """Return a tool's schemas, compiled."""
        return self._shapes.get(name)

    async def current(self, placed: Placed, ask: Ask) -> Ask:
        """Return a model call that offers its tools as they are now."""
        relisting = self._relisting
        if relisting is None or ask.aside:
            return ask
        if await relisting.relist(placed.at):
            self._now = {spec.name: spec for spec in self._toolbox.specs()}
            self._shapes |= {name: Shapes(spec) for name, spec in self._now.items()}
            self._renewed.clear()
        if self._now is self._first or not ask.tools:
            return ask
        came = [
            spec
            for name, spec in self._now.items()
            if name not in self._first and relisting.offers(placed.actor, name, placed.at)
        ]
        return replace(ask, tools=self._as_now(ask.tools, came))

    def _as_now(self, tools: _Tools, came: list[ToolSpec]) -> _Tools:
        """Return tools as they are now; the same tuple for the same tools, told once in a trace."""
        key = (id(tools), *map(id, came))
        if key not in self._renewed:
            left = (self._now[tool.name] for tool in tools if tool.name in self._now)
            self._renewed[key] = (tools, (*left, *came))
        return self._renewed[key][1]
