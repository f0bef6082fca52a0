"""The descendants of a server, found through /proc: on Linux alone.

While it lives they are followed from parent to child, whatever they made of their group, session
and environment. Once it has ended, those not held on to by then are told by a variable in their
environment. So one gets away that leaves the group, drops the variable, and has lost its parent
before its server is told to end, or whose server dies of itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class Kin:
    """What has descended from a server."""

    def __init__(self, pid: int, mark: bytes) -> None:
        """Look after the descendants of `pid`; `mark` is in the environment they were given."""
        self._pid = pid
        self._mark = mark
        self._held: dict[int, int] = {}
        """A descriptor for each process: its number alone may mean another one later."""

    def hold(self) -> None:
        """Hold on to all there are; the server must not have been waited for yet."""
        for pid in _descendants(self._pid):
            with suppress(OSError):  # it has just ended
                if pid not in self._held:
                    self._held[pid] = os.pidfd_open(pid)

    def kill(self) -> None:
        """Kill those held on to, and those who carry the mark."""
        for descriptor in self._held.values():
            with suppress(OSError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)
        self._held.clear()
        _kill_marked(self._mark)


def _descendants(pid: int) -> Iterator[int]:
    children = _children()
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return iter(found[1:])


def _children() -> dict[int, list[int]]:
    """Return every process's children; few kernels list them themselves."""
    children = dict[int, list[int]]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            parent = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    return children


def _kill_marked(mark: bytes) -> None:
    """Kill those who carry the mark in their environment, and the children they have meanwhile."""
    for _ in range(5):
        found = list(_marked(mark))
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _marked(mark: bytes) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone, or another user's
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)
