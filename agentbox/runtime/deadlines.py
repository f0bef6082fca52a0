"""Deadlines in wall time, around real effects only: one timer for all that are open.

`asyncio.timeout` schedules and cancels a timer each time: 6 µs where this takes 1, twice a step.
A timer rings only while the event loop turns; `sentry` ends a body that holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from math import inf
from types import FrameType, TracebackType
from typing import Any, Self
from weakref import WeakSet

_LATE = 0.1
"""Seconds by which a timer rings late where something held the event loop."""


class Held(asyncio.CancelledError):
    """Raised in place in what holds the event loop; no `except Exception` of its author's stops it.

    `place`, a file and a line, is where the function that holds it was.
    """

    def __init__(self, holder: FrameType) -> None:
        super().__init__()
        self.place = f"{holder.f_code.co_filename}:{holder.f_lineno}"


_watchdogs: WeakSet[Watchdog] = WeakSet()


class Watchdog:
    """Ends what takes too long. One for each run; its timer only ever waits for the earliest."""

    __slots__ = ("__weakref__", "_endless", "_late", "_open", "_timer")

    def __init__(self) -> None:
        self._open: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._late = False
        self._endless = _Endless(self, inf)
        _watchdogs.add(self)

    def within(self, seconds: float) -> Deadline:
        """Return a context whose body is cancelled after `seconds` and then raises TimeoutError.

        After infinitely many it is not: where a tape answers, nothing is watched.
        """
        return Deadline(self, seconds) if seconds < inf else self._endless

    def open(self, deadline: Deadline) -> None:
        """Watch a deadline."""
        self._open.add(deadline)
        if self._timer is None or deadline.when < self._timer.when():
            self._arm(deadline.when)

    def close(self, deadline: Deadline) -> None:
        """Stop watching it. The timer stays: the next deadline will most likely want it."""
        self._open.discard(deadline)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._ring)

    def overdue(self, task: asyncio.Task[Any]) -> Iterator[Deadline]:
        """Yield the deadlines that the task is in the body of, and past."""
        now = task.get_loop().time()
        return (each for each in self._open if each.task is task and now >= each.when)

    def _ring(self) -> None:
        due = self._timer.when() if self._timer else 0.0
        self._timer = None
        now = asyncio.get_running_loop().time()
        self._late = now - due > _LATE and not self._late
        if self._late:  # another held the event loop: what came in meanwhile is heard first
            self._arm(now + _LATE)
            return
        waiting = [each.when for each in self._open if not each.expire(now)]
        if waiting:
            self._arm(min(waiting))


class Deadline:
    """A point in time by which the body must be done."""

    __slots__ = (
        *("_cancelling", "_in_place", "_seconds", "_watchdog"),
        *("expired", "opened", "task", "when"),
    )

    def __init__(self, watchdog: Watchdog, seconds: float) -> None:
        self._watchdog = watchdog
        self._seconds = seconds
        self.task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._in_place = False
        self.opened = self.when = 0.0
        self.expired = False

    def expire(self, now: float) -> bool:
        """Cancel the body if its time is up; say whether it was."""
        if self.task is not None and now >= self.when and not self.expired:
            self.expired = True
            self.task.cancel()
        return self.expired

    def expire_in_place(self) -> None:
        """Count it as expired: `Held` is raised in the body next."""
        self._in_place = self._in_place or not self.expired
        self.expired = True

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task to end")
        self.task = task
        self._cancelling = task.cancelling()
        self.opened = task.get_loop().time()
        self.when = self.opened + self._seconds
        self._watchdog.open(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._watchdog.close(self)
        task = self.task
        if not self.expired or task is None:
            return
        cancels = task.cancelling() if self._in_place else task.uncancel()
        if cancels <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error


class _Endless(Deadline):
    """Never comes."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Leave the body; nothing was watched."""


def overdue(task: asyncio.Task[Any]) -> Deadline | None:
    """Return the innermost of the deadlines that a task is past, if it is past any."""
    found = [each for watchdog in _watchdogs for each in watchdog.overdue(task)]
    return max(found, key=lambda each: each.opened, default=None)


def is_cancelled(error: BaseException) -> bool:
    """Return whether the running task was told to end: else a CancelledError is its author's."""
    task = asyncio.current_task()
    return isinstance(error, Held) or task is None or task.cancelling() > 0
