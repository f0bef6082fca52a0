"""Where a run is no longer the one on the tape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agentbox.core.comparing import Change
from agentbox.core.trace import Position

DivergenceKind: TypeAlias = Literal[
    "prompt",
    "args",
    "tool_schema",
    "model",
    "order",
    "extra",
    "missing",
    "exhausted",
    "unused",
    "decision",
    "redacted",
]

KINDS: Mapping[DivergenceKind, str] = {
    "prompt": "the model was shown something else",
    "args": "a tool was called with other arguments",
    "tool_schema": "the tools were described otherwise",
    "model": "the model, or how it is asked, is another",
    "order": "it happened, in another place",
    "extra": "something happened that is not on the tape",
    "missing": "something on the tape did not happen",
    "exhausted": "the run went on where the tape had ended",
    "unused": "the run ended, and the tape goes on",
    "decision": "a decision came out otherwise",
    "redacted": "a secret stood there: what it was is not on the tape",
}
"""The classes, and what each says."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first difference between a tape and the run that is played from it."""

    kind: DivergenceKind
    at: Position
    line: int = 0
    """The line of the tape that does not fit; 0 where there is none."""
    recorded: str = ""
    """The kind of event on the tape; empty where there is none."""
    now: str = ""
    """The kind of event that came instead; empty where none did."""
    changes: tuple[Change, ...] = ()
    """Before: as recorded; after: now."""
    nearest: tuple[Position, ...] = ()
    """Where the tape has what came, or what is most like it."""
    cause: str = ""
    """Where what differs comes from, as far as the tape tells."""
