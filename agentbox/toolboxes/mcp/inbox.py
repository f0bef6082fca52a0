"""What lies between a shared process and one case: what came for it, what it sent, what it is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentbox.toolboxes.mcp.frames import Frame, Wire

LISTEN = "subscriptions/listen"
END = object()
"""Comes last."""

Note: TypeAlias = Callable[[Wire], None]
"""Something to be noted of a case's connection, in the order of its frames."""


@dataclass(eq=False, slots=True)
class Inbox:
    """What came for a case: frames, notes, and at last `END`."""

    died: Callable[[], None]
    """Hears that the process ended with a request of this case in it."""
    items: asyncio.Queue[Any] = field(default_factory=asyncio.Queue[Any])
    hello: Frame | None = None
    """What the case said, as the server first answered it with a result."""


@dataclass(slots=True)
class Sent:
    """A request of a case, as the case sent it."""

    inbox: Inbox
    frame: Frame
    over: bool = False
    """Nobody waits for its answer."""

    @property
    def method(self) -> str:
        """What is asked."""
        return self.frame["method"]

    @property
    def waits(self) -> bool:
        """Somebody waits for its answer; to be told of news is no wait."""
        return not self.over and self.method != LISTEN


@dataclass(slots=True)
class Place:
    """What the server asked of one case."""

    ready: bool
    """It has shaken hands: it may be asked."""
    count: int = 0
    ids: dict[int | str, int | str] = field(default_factory=dict[int | str, int | str])
    """The server's id by the one that the case was asked under."""
