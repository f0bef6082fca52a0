"""Part of a toolbox: the tools that an allow list names, less those that a deny list names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import ToolCall, ToolResult, ToolSpec
from agentbox.core.runtime import CallContext, Toolbox


class Filtered:
    """A toolbox without some of its tools."""

    def __init__(
        self, toolbox: Toolbox, name: str, allow: Sequence[str], deny: Sequence[str]
    ) -> None:
        """Keep what `allow` names, all where it is empty, less what `deny` names: globs.

        Raises:
            AuthorError: a glob fits no tool of the server `name`; all of them are named.
        """
        self._toolbox = toolbox
        names = [spec.name for spec in toolbox.specs()]
        idle = [glob for glob in (*allow, *deny) if not any(fnmatchcase(n, glob) for n in names)]
        if idle:
            raise AuthorError(*(_fits_nothing(glob, name, names) for glob in idle))
        self._allow = allow
        self._deny = deny
        kept = {spec.name for spec in self.specs()}
        self.left_out = tuple(each for each in names if each not in kept)
        """The names of the others."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools that are left, in their order."""
        allow, deny = self._allow, self._deny
        return [
            spec
            for spec in self._toolbox.specs()
            if (not allow or fits(spec.name, allow)) and not fits(spec.name, deny)
        ]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Run one tool."""
        return await self._toolbox.call(call, context)


def fits(name: str, globs: Sequence[str]) -> bool:
    """Return whether any of the globs fits a name."""
    return any(fnmatchcase(name, glob) for glob in globs)


def _fits_nothing(glob: str, server: str, names: Sequence[str]) -> Problem:
    close = nearest(glob, names)
    note = f"did you mean `{close}`?" if close else f"it has: {', '.join(names)}"
    return Problem(f"`{glob}` fits no tool of the server `{server}`", note=note)
