"""The handshake with a shared process: made once; all who come are answered as the first was."""

from __future__ import annotations

from agentbox.toolboxes.mcp.frames import Frame
from agentbox.toolboxes.mcp.sharing.inbox import Inbox, Sent


class Handshake:
    """What was said to greet a process, and how it answered."""

    def __init__(self) -> None:
        self.waiting: list[Sent] = []
        """Who has greeted it and has no answer yet."""
        self._numbers: dict[int | str, str] = {}
        self._answers: dict[str, Frame] = {}

    def greet(self, sent: Sent, number: int) -> bool:
        """Answer a greeting, or keep it till there is an answer.

        Return whether the process must be greeted, under `number`.
        """
        known = self._answers.get(sent.method)
        if known:
            sent.greeted(known)
            return False
        self.waiting.append(sent)
        if sent.method in self._numbers.values():
            return False
        self._numbers[number] = sent.method
        return True

    def answered(self, number: int | str, frame: Frame) -> bool:
        """Return whether this answers a greeting; if so, all who wait for it have it."""
        method = self._numbers.pop(number, None)
        if method is None:
            return False
        self._answers[method] = frame
        for sent in self.waiting:
            if sent.method == method:
                sent.greeted(frame)
        self.waiting = [sent for sent in self.waiting if sent.method != method]
        return True

    def forget(self, inbox: Inbox, key: int | str | None = None) -> bool:
        """Forget the greeting that a case gives up on, or all of its; say if there was any."""
        before = len(self.waiting)
        self.waiting = [
            sent
            for sent in self.waiting
            if sent.inbox is not inbox or key not in (None, sent.frame["id"])
        ]
        return len(self.waiting) < before
