"""Runs a program to its end: input and output are files, so nothing it leaves behind is waited for.

No shell reads its words. Its group dies with it, with whoever waits for it, and with agentbox.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from agentbox.core.errors import WorldError
from agentbox.toolboxes.groups import DIE_WITH_US, LIMITS
from agentbox.toolboxes.threads import in_thread

MAX_OUTPUT = 64 * 1024
_TAIL_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, and where."""

    argv: Sequence[str]
    env: Mapping[str, str]
    """With it a home of its own, and nothing else."""
    cwd: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended, and what it wrote."""

    exit: int
    """Negative: the signal that ended it."""
    stdout: str
    stderr: str
    """The end of it."""


async def run_program(program: Program, stdin: bytes) -> Ended:
    """Run a program; cancelled, it is killed.

    Raises:
        WorldError: it wrote more than 64 KiB to stdout.
    """
    with (
        TemporaryDirectory(prefix="agentbox-", ignore_cleanup_errors=True) as home,
        TemporaryFile() as given,
        TemporaryFile() as out,
        TemporaryFile() as err,
    ):
        given.write(stdin)
        given.seek(0)
        code = await _run(program, home, (given, out, err))
        return Ended(code, _whole(out), _tail(err))


async def _run(program: Program, home: str, files: tuple[IO[bytes], IO[bytes], IO[bytes]]) -> int:
    given, out, err = files
    watched, alive = os.pipe()
    try:
        popen = subprocess.Popen(  # noqa: ASYNC220, S603 - at once; what the scenario names
            ("/bin/sh", "-c", LIMITS + DIE_WITH_US, "sh", str(watched), home, *program.argv),
            stdin=given,
            stdout=out,
            stderr=err,
            cwd=program.cwd,
            env={**program.env, "HOME": home, "TMPDIR": home},
            start_new_session=True,
            pass_fds=(watched,),
        )
        try:
            return await in_thread(popen.wait)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
    finally:
        os.close(watched)
        os.close(alive)


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    content = file.read(MAX_OUTPUT + 1)
    if len(content) > MAX_OUTPUT:
        raise WorldError(f"it wrote more than {MAX_OUTPUT} bytes to stdout")
    return content.decode("utf-8", "replace")


def _tail(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    return file.read().decode("utf-8", "replace")
