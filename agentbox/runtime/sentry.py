"""Ends what holds the event loop: a model, a loop or a tool that computes or waits in place.

Functions of models are called in place. A hop to a thread and back would cost 30 to 36 µs of CPU,
a bare hand-over between two threads 14.5, where a whole step takes 53; this costs a step nothing.
A thread asks the event loop to turn, twice a second. Where it does not, the thread signals the main
thread, and the handler raises `Held` in whatever task holds it past its deadline, or once the run
is to end: so the deadline is met within a second, and so is Ctrl-C. It is never raised in the
middle of code of agentbox's own, which has files and positions to keep in order.

A signal also ends a sleep, a read and a wait for a lock, which an exception set by another thread
(`PyThreadState_SetAsyncExc`) would wait for. SIGURG is what Go's runtime takes for the same end:
nobody else wants it, and where nobody listens it is ignored.

Out of reach: C code that looks at no signal, such as `sum(range(10**12))`, until it returns; code
that catches BaseException and goes on; and an event loop that is not the main thread's.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

from agentbox.runtime.deadlines import Held, is_ours, overdue

_EVERY = 0.5
"""Seconds between two looks: what holds the event loop from one to the next is signalled."""


@contextmanager
def sentry() -> Generator[None]:
    """Watch the running event loop; the run is to end once the current task is cancelled."""
    main, loop = asyncio.current_task(), asyncio.get_running_loop()
    if main is None or current_thread() is not main_thread():  # signals reach that one alone
        yield
        return

    def end_holder(_: int, frame: FrameType | None) -> None:
        task = asyncio.current_task(loop)
        if task is None or frame is None or is_ours(frame):
            return
        deadline = overdue(task)
        if deadline:
            deadline.expire_in_place()
        if deadline or main.cancelling():
            raise Held(frame)

    over = Event()
    before = signal.signal(signal.SIGURG, end_holder)
    Thread(target=_watch, args=(loop, over), name="agentbox-sentry", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGURG, before)


def _watch(loop: asyncio.AbstractEventLoop, over: Event) -> None:
    turned = Event()
    turned.set()
    while not over.wait(_EVERY):
        if not turned.is_set():
            signal.pthread_kill(main_thread().ident or 0, signal.SIGURG)
            continue
        turned.clear()
        with suppress(RuntimeError):  # it is closed
            loop.call_soon_threadsafe(turned.set)
