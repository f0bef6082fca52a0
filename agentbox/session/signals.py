"""Ends by a signal as by Ctrl-C: every open call closed with a reason, no server left behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from agentbox.runtime import sentry

T = TypeVar("T")

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def run_to_end(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in an event loop of its own; return what it returns.

    Raises:
        KeyboardInterrupt: by SIGTERM, SIGHUP or Ctrl-C, once `main` has closed what it opened.
    """
    received: list[int] = []

    async def watched() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def end(number: int, _: object) -> None:
            if task and not received:
                task.cancel()
                loop.call_soon_threadsafe(_wake)
            received.append(number)

        with _ended_by(end), sentry():
            return await main

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if received:
            raise KeyboardInterrupt from None
        raise


@contextmanager
def _ended_by(end: Callable[[int, object], None]) -> Generator[None]:
    """Let signals call `end`; not through the event loop, for something may hold it."""
    ours: list[signal.Signals] = []
    with suppress(ValueError):  # not the main thread
        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP: so do we
                signal.signal(number, end)
                ours.append(number)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _wake() -> None:
    """Give the event loop a reason to turn."""
