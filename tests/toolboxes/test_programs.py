"""A program that is run to its end: what it reads and writes, how it ends, what it leaves."""

from __future__ import annotations

import asyncio
import fcntl
import sys
from pathlib import Path

import pytest

from agentbox.core.errors import WorldError
from agentbox.toolboxes.programs import MAX_OUTPUT, Ended, Program, run_program


def run(code: str, folder: Path, stdin: bytes = b"", *args: str) -> Ended:
    argv = (sys.executable, "-c", code, *args)
    return asyncio.run(run_program(Program(argv, {"WORD": "here"}, folder), stdin))


def test_it_reads_all_and_what_it_writes_is_kept(tmp_path) -> None:
    code = (
        "import os, sys; data = sys.stdin.read();"
        "print(len(data), os.environ['WORD'], os.getcwd());"
        "print('no', file=sys.stderr); sys.exit(4)"
    )
    ended = run(code, tmp_path, b"x" * 3_000_000)
    assert ended == Ended(4, f"3000000 here {tmp_path.resolve()}\n", "no\n")


def test_no_shell_reads_its_words(tmp_path) -> None:
    words = ("$HOME", "`id`", "; exit 3", "*")
    ended = run("import sys; print(sys.argv[1:])", tmp_path, b"", *words)
    assert ended == Ended(0, f"{list(words)}\n", "")


def test_what_does_not_read_its_input_ends_as_it_ends(tmp_path) -> None:
    assert run("", tmp_path, b"x" * 3_000_000) == Ended(0, "", "")


def test_it_may_be_killed(tmp_path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run(code, tmp_path).exit == -9


def test_of_stderr_the_end_is_kept_and_too_much_on_stdout_is_an_error(tmp_path) -> None:
    ended = run("import sys; sys.stderr.write('x' * 9000 + 'end')", tmp_path)
    assert ended.stderr == "x" * 4093 + "end"
    whole = run(f"print('x' * {MAX_OUTPUT - 1})", tmp_path)
    assert len(whole.stdout) == MAX_OUTPUT
    with pytest.raises(WorldError, match="it wrote more than 65536 bytes to stdout"):
        run(f"print('x' * {MAX_OUTPUT})", tmp_path)


HOLDS = """
import fcntl, subprocess, sys
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_SH)
print("held", flush=True)
wait = "import time; time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", wait], pass_fds=[lock.fileno()])
open("ready", "w").close()
if sys.argv[1] == "wait":
    child.wait()
"""


def test_a_child_that_it_leaves_is_killed_and_not_waited_for(tmp_path) -> None:
    ended = run(HOLDS, tmp_path, b"", "leave")
    assert ended.exit == 0
    assert ended.stdout == "held\n"
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for whoever holds it


def test_when_it_is_given_up_it_is_killed_with_its_children(tmp_path) -> None:
    async def play() -> None:
        program = Program((sys.executable, "-c", HOLDS, "wait"), {}, tmp_path)
        running = asyncio.create_task(run_program(program, b""))
        while not (tmp_path / "ready").exists():  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(play())
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux tells of open files")
def test_it_leaves_no_open_files(tmp_path) -> None:
    run("", tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    run("", tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
