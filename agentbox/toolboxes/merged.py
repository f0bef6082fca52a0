"""Several toolboxes as one: names prefixed by config key, clashes found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import ToolCall, ToolResult, ToolSpec, unknown_tool
from agentbox.core.runtime import CallContext, Toolbox

SEPARATOR = "."


class Merged:
    """One toolbox made of several."""

    def __init__(
        self,
        plain: Sequence[Toolbox] = (),
        keyed: Mapping[str, Toolbox] = {},
        named: Sequence[Toolbox] = (),
    ) -> None:
        """Join toolboxes; the tools of a keyed one are named `key.tool`, those of `named` are so.

        Raises:
            AuthorError: two tools have one name, or a keyed tool has the separator in its own;
                all of them are named.
        """
        self._named = tuple(named)
        self._boxes = [*(("", toolbox) for toolbox in (*plain, *named)), *keyed.items()]
        self._routes: dict[str, tuple[Toolbox, str]] = {}
        problems = list(self._join())
        if problems:
            raise AuthorError(*problems)

    def _join(self) -> Iterator[Problem]:
        """Find the way to every tool there is now; yield what stands in it."""
        self._routes = {}
        for key, toolbox in self._boxes:
            for spec in toolbox.specs():
                name = _full(key, spec)
                if SEPARATOR in spec.name and toolbox not in self._named:
                    yield Problem(
                        f"the tool `{spec.name}`{_of(key)} has a `{SEPARATOR}` in its name, which "
                        f"parts a server's key from its tools' names",
                        hint="rename it at its server",
                    )
                elif name in self._routes:
                    yield Problem(
                        f"two tools are named `{name}`", hint="rename one, or leave one of them out"
                    )
                self._routes[name] = (toolbox, spec.name)

    def specs(self) -> Sequence[ToolSpec]:
        """Return every tool there is now, plain and named ones first, in the order given."""
        boxes = self._boxes
        return [replace(spec, name=_full(key, spec)) for key, box in boxes for spec in box.specs()]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Route a call to its toolbox; for a name nobody has, the result names the nearest."""
        if call.name not in self._routes:
            list(self._join())  # a server may have changed its list; it keeps to names that fit
        route = self._routes.get(call.name)
        if route is None:
            return unknown_tool(call.name, list(self._routes))
        toolbox, name = route
        return await toolbox.call(ToolCall(name, call.args, call.id), context)


def _full(key: str, spec: ToolSpec) -> str:
    return f"{key}{SEPARATOR}{spec.name}" if key else spec.name


def _of(key: str) -> str:
    return f" of the server `{key}`" if key else ""
