"""Deadlines in wall time, around real effects only: one timer for all that are open.

`asyncio.timeout` schedules and cancels a timer each time: 6 µs where this takes 1, twice a step.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Watchdog:
    """Ends what takes too long. One for each run; its timer only ever waits for the earliest."""

    __slots__ = ("_open", "_timer")

    def __init__(self) -> None:
        self._open: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> Deadline:
        """Return a context whose body is cancelled after `seconds` and then raises TimeoutError."""
        return Deadline(self, seconds)

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

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        waiting = [each.when for each in self._open if not each.expire(now)]
        if waiting:
            self._arm(min(waiting))


class Deadline:
    """A point in time by which the body must be done."""

    __slots__ = ("_cancelling", "_seconds", "_task", "_watchdog", "expired", "when")

    def __init__(self, watchdog: Watchdog, seconds: float) -> None:
        self._watchdog = watchdog
        self._seconds = seconds
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.when = 0.0
        self.expired = False

    def expire(self, now: float) -> bool:
        """Cancel the body if its time is up; say whether it was."""
        if self._task is not None and now >= self.when and not self.expired:
            self.expired = True
            self._task.cancel()
        return self.expired

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task to end")
        self._task = task
        self._cancelling = task.cancelling()
        self.when = task.get_loop().time() + self._seconds
        self._watchdog.open(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._watchdog.close(self)
        task = self._task
        if not self.expired or task is None:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


def is_cancelled() -> bool:
    """Return whether the running task was told to end: else a CancelledError is its author's."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
