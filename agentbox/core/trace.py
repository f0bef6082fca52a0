"""Events, and the positions that order them.

A position says where in the run something happened: `c:<case>/t1/s3[.2]/call2[/try2][/child1]`,
with `u:` or `h:` in place of `c:` for the user and the harness. Two runs of one scenario give the
same positions whatever the scheduler did, so sorting by position is the canonical order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from agentbox.core.messages import Json, Message
from agentbox.core.requests import Ask

FORMAT_VERSION = 1
SIDE_FIELDS = frozenset({"h", "seq", "side", "wall"})
"""Fields that are no content: they are left out of the canonical form, the hash and every diff.

`h` is the hash of the content, `seq` the line's number, `wall` host microseconds since the start,
`side` what else differs between two runs.
"""

EVENT_FIELDS = SIDE_FIELDS | {"at", "kind", "clock"}
"""Fields that every event has; what is recorded brings none of its own by these names."""

Position: TypeAlias = str

_FOREVER = 1e15


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One line of a trace."""

    at: Position
    kind: str
    data: Mapping[str, Json]
    """The whole line, side fields included, blobs put back."""
    line: int = 0

    @property
    def clock(self) -> float:
        """Virtual seconds since the pinned `now`; 0 where the line holds no such number."""
        clock = self.data.get("clock", 0)
        return clock if isinstance(clock, int | float) and abs(clock) < _FOREVER else 0


MAX_POSITION = 4000
"""Characters of a position; a number of more than 4,300 digits is none to Python."""


class Recorder(Protocol):
    """The port through which wrappers and effects record. Never a wrapper itself."""

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
        holds: Message | None = None,
    ) -> None:
        """Append one event; a request is on disk before this returns, so before its effect.

        `data` has none of EVENT_FIELDS.
        `side` is kept beside the content: for what differs between two runs, such as a process id.
        `holds` is the message that the event holds, so that prompts need only refer to it.
        """
        ...

    def ask(self, at: Position, ask: Ask) -> None:
        """Append a model request: of its messages, those that no earlier event holds."""
        ...

    def blob(self, value: Json) -> str:
        """Return the content hash of `value`; write it once, before its first use."""
        ...


_PARTS = re.compile(r"([0-9]+)")


def position_key(at: Position) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Return the sort key of a position: numbers compare as numbers, parents before children."""
    case, *steps = at.split("/")
    return (((1, 0, case),), *(tuple(map(_part, filter(None, _PARTS.split(s)))) for s in steps))


def _part(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isascii() and text.isdigit() else (1, 0, text)


def slug(name: str) -> str:
    """Return `name` fit for a position and a file name: no separator survives."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "case"
