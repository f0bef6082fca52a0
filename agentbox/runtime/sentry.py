"""Ends what holds the event loop: a model, a loop or a tool that computes or waits in place.

Functions of models are called in place. A hop to a thread and back would cost 30 to 36 µs of CPU,
a bare hand-over between two threads 14.5, where a whole step takes 53; this costs a step nothing.
A thread asks the event loop to turn, twice a second. Where it does not, the thread signals the main
thread, and the handler raises `Held` in whatever task holds it past its deadline, or once the run
is to end: so the deadline is met within a second, and so is Ctrl-C. It is raised in what an author
wrote and in what that calls, never in the middle of agentbox, of asyncio or of an SDK: these have
files, positions and locks to keep in order, and on a busy machine are slow without being stuck.

A signal also ends a sleep, a read and a wait for a lock, which an exception set by another thread
(`PyThreadState_SetAsyncExc`) would wait for. SIGURG is what Go's runtime takes for the same end:
nobody else wants it, and where nobody listens it is ignored.

Out of reach: C code that looks at no signal, such as `sum(range(10**12))`, until it returns; code
that catches BaseException and goes on; and an event loop that is not the main thread's.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

from agentbox.runtime.deadlines import Held, overdue

_EVERY = 0.5
"""Seconds between two looks: what holds the event loop from one to the next is signalled."""


_CALLERS = frozenset(
    f"agentbox.{name}"
    for name in ("models.function", "models.mocks", "toolboxes.functions", "session.sources")
)
"""Whose calls run what an author wrote, wherever that is installed."""
_INSTALLED = (os.path.dirname(os.__file__), "site-packages", "dist-packages")  # noqa: PTH120 - no path is made


@contextmanager
def sentry() -> Generator[None]:
    """Watch the running event loop; the run is to end once the current task is cancelled."""
    main, loop = asyncio.current_task(), asyncio.get_running_loop()
    if main is None or current_thread() is not main_thread():  # signals reach that one alone
        yield
        return

    def end_holder(_: int, frame: FrameType | None) -> None:
        task = asyncio.current_task(loop)
        holder = _authors(frame) if task and frame else None
        if task is None or holder is None:
            return
        deadline = overdue(task)
        if deadline:
            deadline.expire_in_place()
        if deadline or main.cancelling():
            raise Held(holder)

    over = Event()
    before = signal.signal(signal.SIGURG, end_holder)
    Thread(target=_watch, args=(loop, over), name="agentbox-sentry", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGURG, before)


def _authors(frame: FrameType) -> FrameType | None:
    """Return the outermost function of an author's that this frame runs in; None if in none."""
    if _is_ours(frame):
        return None
    while frame.f_back and not _is_ours(frame.f_back) and not _is_loop(frame.f_back):
        frame = frame.f_back
    called_by = str(frame.f_back.f_globals.get("__name__")) if frame.f_back else ""
    installed = any(part in frame.f_code.co_filename for part in _INSTALLED)
    return frame if called_by in _CALLERS or not installed else None


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("agentbox.")


def _is_loop(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("asyncio.")


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
