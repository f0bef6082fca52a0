"""Threads for synchronous tools: one a call at a time, reused, and given up on without harm.

An executor would not do: its threads are joined at exit, so one hung tool would hang the process.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias

_Job: TypeAlias = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]

_idle: list[SimpleQueue[_Job]] = []


def in_thread(function: Callable[[], Any]) -> asyncio.Future[Any]:
    """Run `function` on a thread of its own; cancel the future to give up on it."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    inbox = _idle.pop() if _idle else _new()
    context = contextvars.copy_context()
    inbox.put((lambda: context.run(function), future, loop))
    return future


def _new() -> SimpleQueue[_Job]:
    inbox: SimpleQueue[_Job] = SimpleQueue()
    Thread(target=_work, args=(inbox,), name="agentbox-tool", daemon=True).start()
    return inbox


def _work(inbox: SimpleQueue[_Job]) -> None:
    while True:
        function, future, loop = inbox.get()
        result: Any = None
        error: BaseException | None = None
        try:
            result = function()
        except BaseException as caught:  # noqa: BLE001 - a tool's failure belongs to its caller
            error = caught
        _idle.append(inbox)
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, future, result, error)
        del function, future, result, error


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return  # given up on
    if error is None:
        future.set_result(result)
    elif isinstance(error, Exception) and not isinstance(error, StopIteration):
        future.set_exception(error)
    else:  # SystemExit, and what a future cannot carry
        future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
