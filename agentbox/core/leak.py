"""A secret that is left where it should not be: its place, never its value."""

from __future__ import annotations

from dataclasses import dataclass

from agentbox.core.trace import Position


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret's place in a file."""

    line: int
    at: Position = ""
    """The event's position; of a blob, that of the first event that uses it."""
    path: str = ""
    """The JSON path in the line; empty in a line that is no JSON."""
    kind: str = ""
    """`value of NAME`, with the form it stands in; the name of a pattern; `random text`."""
    head: str = ""
    """The first two characters; empty for what is short."""
    length: int = 0
