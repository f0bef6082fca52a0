"""A stdio server's process: spawned in a group of its own, drained always, killed whole.

Spawning is synchronous, so that no cancellation falls into it. Whatever happens, the whole group
dies with the server: also when it exits politely, also (on Linux) those of its descendants that
left the group, as `kin` finds them. If agentbox itself is killed, a watcher in the group sees the
end of a pipe that only agentbox held; it kills the server and its descendants, removes the
server's folder, and kills the group, itself in it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread

from agentbox.core.errors import Problem, WorldError
from agentbox.toolboxes.groups import DIE_WITH_US, LIMITS
from agentbox.toolboxes.mcp.environment import MARKER, environment
from agentbox.toolboxes.mcp.kin import Kin
from agentbox.toolboxes.mcp.masks import Masks
from agentbox.toolboxes.mcp.plans import Plan, Site

MAX_LINE = 64 * 1024 * 1024
_FILE = "file:"
_TAIL_BYTES = 8 * 1024
_TAIL_LINES = 20
_TERM_SECONDS = 0.5
_REAP_SECONDS = 2.0
_LAST_WORDS_SECONDS = 0.5


class Process:
    """A running server."""

    def __init__(self, plan: Plan, site: Site, died: Callable[[], None]) -> None:
        """Spawn the server; `died` is called when it ends before `hang_up`.

        Raises:
            WorldError: it cannot be started.
        """
        self._died = died
        self._loop = asyncio.get_running_loop()
        self._box = Path(tempfile.mkdtemp(prefix="agentbox-")).resolve()
        try:
            self._popen = self._spawned(plan, site)
        except BaseException:
            shutil.rmtree(self._box, ignore_errors=True)
            raise
        self.pid = self._popen.pid
        self._kin = Kin(self.pid, self._mark)
        self.code: int | None = None
        self.hung_up = False
        self.killed = False
        self.stdout = asyncio.StreamReader(limit=MAX_LINE)
        self._stdin: asyncio.WriteTransport | None = None
        self._pipes: list[asyncio.BaseTransport] = []
        self._stderr = _Tail()
        self._exited = asyncio.Event()
        Thread(target=self._watch, name=f"agentbox-wait-{self.pid}", daemon=True).start()

    def _spawned(self, plan: Plan, site: Site) -> subprocess.Popen[bytes]:
        home, own = self._box / "home", self._box / "cwd"
        (home / "tmp").mkdir(parents=True)
        own.mkdir()
        _put_files(own, plan.server.files, site.root)
        off = plan.server.sandbox == "off"
        self.folder = cwd = site.root.resolve() if off else own
        roots = {site.root.resolve(): "«root»"} if plan.server.roots else {}
        self.masks = Masks({home: "«home»", cwd: "«cwd»", **roots})
        self._mark = f"{MARKER}={home}".encode()
        env = environment(plan, site, home)
        _require(plan, cwd, env.get("PATH", os.defpath))
        script = DIE_WITH_US if off else LIMITS + DIE_WITH_US
        watched, self._alive = os.pipe()
        try:
            return subprocess.Popen(  # noqa: S603 - what the scenario names is what it wants run
                ("/bin/sh", "-c", script, "sh", str(watched), str(self._box), *plan.argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=cwd,
                env=env,
                start_new_session=True,
                pass_fds=(watched,),
            )
        except (OSError, ValueError) as error:
            os.close(self._alive)
            raise _unstartable(plan, str(error), "shorten or mend the command") from error
        finally:
            os.close(watched)

    # -- its pipes

    async def attach(self) -> None:
        """Join the pipes to the event loop."""
        loop, popen = self._loop, self._popen
        reader = asyncio.StreamReaderProtocol(self.stdout)
        self._pipes.append((await loop.connect_read_pipe(lambda: self._stderr, popen.stderr))[0])
        self._pipes.append((await loop.connect_read_pipe(lambda: reader, popen.stdout))[0])
        self._stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, popen.stdin)

    def write(self, line: bytes) -> None:
        """Send a line; what the pipe does not take now is kept and sent later.

        Raises:
            BrokenPipeError: the server does not listen any more.
        """
        if self._stdin is None or self._stdin.is_closing():
            raise BrokenPipeError
        self._stdin.write(line)

    def hang_up(self) -> None:
        """Close the server's stdin, now: it is asked to end, and nobody waits."""
        self.hung_up = True
        self._hold()
        if self._stdin is not None:
            unsent = self._stdin.get_write_buffer_size()
            self._stdin.close()
            if unsent:
                return
        if self._popen.stdin:
            self._popen.stdin.close()  # the transport would do it a turn of the loop later

    # -- its end

    def _watch(self) -> None:
        code = self._popen.wait()
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know
            self._loop.call_soon_threadsafe(self._ended, code)

    def _ended(self, code: int) -> None:
        self.code = code
        self._signal(signal.SIGKILL)
        self._kin.kill()
        self._exited.set()
        # A descendant that hid may hold the pipes open: nobody waits for it.
        self._loop.call_later(_LAST_WORDS_SECONDS, self._deafen)
        if not self.hung_up:
            self._died()

    def _hold(self) -> None:
        if self._popen.returncode is None:
            self._kin.hold()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """Kill the server and its group at once."""
        if self.code is None:
            self.killed = True
            self._hold()
            self._signal(signal.SIGKILL)

    async def end(self, patience: float) -> None:
        """Hang up, wait `patience` seconds, ask the group to end, then kill it; leave nothing."""
        try:
            self.hang_up()
            for seconds, number in (
                (patience, signal.SIGTERM),
                (_TERM_SECONDS, signal.SIGKILL),
                (_REAP_SECONDS, signal.SIGKILL),
            ):
                if await _within(seconds, self._exited):
                    break
                self.killed = True
                self._hold()
                self._signal(number)
            await _within(_LAST_WORDS_SECONDS, self._stderr.ended)
        finally:
            self.kill()
            self._clean()

    def _clean(self) -> None:
        if self._stdin is not None and self._stdin.get_write_buffer_size():
            self._stdin.abort()  # before its file is closed: the loop would go on watching it
        self._deafen()
        os.close(self._alive)
        for pipe in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if pipe:
                pipe.close()
        shutil.rmtree(self._box, ignore_errors=True)

    def _deafen(self) -> None:
        for transport in self._pipes:
            transport.close()

    # -- its last words

    async def fate(self) -> str:
        """Return how the server ended, waiting a little for it to do so."""
        if not await _within(_LAST_WORDS_SECONDS, self._exited):
            return "it closed its output and still runs"
        await _within(_LAST_WORDS_SECONDS, self._stderr.ended)
        code = self.code or 0
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def tail(self) -> str:
        """Return the last lines of the server's stderr, safe to print."""
        text = self._stderr.kept.decode(errors="replace")
        lines = self.masks.hide_text(text).splitlines()[-_TAIL_LINES:]
        return "\n".join("".join(c if c.isprintable() else " " for c in line) for line in lines)


class _Tail(asyncio.Protocol):
    """Reads a pipe to its end and keeps the last of it."""

    def __init__(self) -> None:
        self.kept = b""
        self.ended = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.kept = (self.kept + data[-_TAIL_BYTES:])[-_TAIL_BYTES:]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self.ended.set()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _require(plan: Plan, cwd: Path, path: str) -> None:
    """Say what is wrong with the program; the shell that runs it would only give a number."""
    program = plan.argv[0]
    if "/" not in program:
        if not shutil.which(program, path=path):
            hint = f"install it, or give its path: command: [/path/to/{program}, ...]"
            raise _unstartable(plan, f"there is no command `{program}` on PATH", hint)
    elif not (cwd / program).is_file():
        raise _unstartable(plan, f"there is no file {program}", "mend the command")
    elif not os.access(cwd / program, os.X_OK):
        hint = f"chmod +x {program}, or name the program that runs it"
        raise _unstartable(plan, f"{program} is not executable", hint)


def _put_files(folder: Path, files: Mapping[str, str], root: Path) -> None:
    """Put the scenario's files into a server's folder; a content `file:NAME` is another's."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith(_FILE):
            shutil.copyfile(root / content.removeprefix(_FILE).strip(), target)
        else:
            target.write_text(content, "utf-8")


def _unstartable(plan: Plan, why: str, hint: str) -> WorldError:
    message = f"the server `{plan.name}` cannot be started: {why} ({plan.written})"
    return WorldError(Problem(message, hint=hint))
