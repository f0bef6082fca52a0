"""Ends by a signal as by Ctrl-C: every open call closed with a reason, no server left behind."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

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

        def end(number: int) -> None:
            if task and not received:
                task.cancel()
            received.append(number)

        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP: so do we
                with suppress(RuntimeError, ValueError):  # not the main thread
                    loop.add_signal_handler(number, end, number)
        return await main

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if received:
            raise KeyboardInterrupt from None
        raise
