"""What lies between a shared process and a case: what came, what was sent, what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentbox.toolboxes.mcp.frames import Frame, Wire

INITIALIZE = "initialize"
GREETED = "notifications/initialized"
GREETINGS = frozenset({INITIALIZE, "server/discover"})
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

    def greeted(self, answer: Frame) -> None:
        """Give the case the server's answer to a greeting, whoever greeted it first."""
        if "result" in answer:
            self.inbox.hello = self.frame
        self.inbox.items.put_nowait({**answer, "id": self.frame["id"]})


@dataclass(slots=True)
class Place:
    """What the server asked of one case."""

    listens: bool
    """It has said something: what is noted reaches it."""
    ready: bool
    """It has shaken hands: it may be asked."""
    count: int = 0
    ids: dict[int | str, int | str] = field(default_factory=dict[int | str, int | str])
    """The server's id by the one that the case was asked under."""


def in_turn(method: str) -> bool:
    """Return whether a request waits for its turn; a handshake and a wish for news need none."""
    return method not in GREETINGS and method != LISTEN
