"""What a server entry means: its command, environment or address. Nothing is started here.

Every mistake of every entry is found before anything runs.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from agentbox.core.clock import Clock
from agentbox.core.environment import expand, unset
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.scenario import Deadlines, Server
from agentbox.core.trace import Position, Recorder
from agentbox.toolboxes.network import is_loopback

Transport: TypeAlias = Literal["stdio", "http", "memory"]
_WAYS: Mapping[Transport, str] = {"stdio": "command", "http": "url", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class Site:
    """What servers are told, and where they run."""

    root: Path
    at: Position
    """Where the servers' own events stand: `h:<case>`."""
    clock: Clock
    seed: int
    deadlines: Deadlines
    recorder: Recorder
    environ: Mapping[str, str]
    """The host's environment, to expand `${VAR}` from."""
    frames: bool = False
    """Record every frame, both ways."""
    live: bool = False
    """Let addresses be reached that are not loopback."""
    forms: bool = False
    """Somebody fills in the forms that tools show."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A server entry with its references expanded; exactly one of the three ways is given."""

    name: str
    server: Server
    argv: tuple[str, ...]
    env: Mapping[str, str]
    url: str
    headers: Mapping[str, str]

    @property
    def transport(self) -> Transport:
        """How the server is reached."""
        return "stdio" if self.argv else "http" if self.url else "memory"

    @property
    def way(self) -> str:
        """The key of the entry that says where the server is."""
        return _WAYS[self.transport]

    @property
    def written(self) -> str:
        """The command or address as its author wrote it: no expanded secret is in it."""
        server = self.server
        return shlex.join(_words(server)) if self.argv else server.url or server.memory


def plans(servers: Mapping[str, Server], site: Site) -> list[Plan]:
    """Return a plan for each server, in order.

    Raises:
        AuthorError: entries are wrong, name unset variables, or want the network in an offline run.
    """
    problems = [p for name, server in servers.items() for p in _problems(name, server, site)]
    if problems:
        raise AuthorError(*problems)
    return [_plan(name, server, site) for name, server in servers.items()]


def _plan(name: str, server: Server, site: Site) -> Plan:
    def filled(texts: Mapping[str, str]) -> dict[str, str]:
        return {key: expand(text, site.environ) for key, text in texts.items()}

    return Plan(
        name,
        server,
        argv_of([expand(word, site.environ) for word in _words(server)], site.root),
        filled(server.env),
        expand(server.url, site.environ),
        filled(server.headers),
    )


def _words(server: Server) -> list[str]:
    if not isinstance(server.command, str):
        return [*server.command, *server.args]
    if server.args or not server.command:
        return [server.command, *server.args] if server.command else []
    return shlex.split(server.command)


def argv_of(words: Sequence[str], root: Path) -> tuple[str, ...]:
    """Return the words as run: this Python for `python`, files under `root` by their whole path."""
    if not words:
        return ()
    program, *rest = words
    if program in ("python", "python3"):
        program = sys.executable
    elif "/" in program:
        program = _located(program, root)
    return (program, *(_located(word, root) for word in rest))


def _located(word: str, root: Path) -> str:
    path = root.absolute() / word
    try:
        return str(path) if path.is_file() else word
    except (OSError, ValueError):  # too long, or a NUL in it: no file's name
        return word


# -- mistakes


def _problems(name: str, server: Server, site: Site) -> Iterator[Problem]:
    given = [key for key in ("command", "url", "memory") if getattr(server, key)]
    if len(given) != 1:
        found = " and ".join(f"`{key}`" for key in given) or "none of them"
        hint = "give one of `command`, `url`, `memory`"
        yield Problem(f"the server `{name}` has {found}", hint=hint)
    for place, text in _texts(server):
        for variable in unset(text, site.environ):
            yield Problem(
                f"the server `{name}` needs ${{{variable}}} in `{place}`, and it is not set",
                hint=f"set {variable}, or write ${{{variable}:-default}}",
            )
    yield from _misquoted(name, server)
    if server.memory:
        yield from _unloadable(name, server.memory, site.root)
    if server.url and not unset(server.url, site.environ):
        yield from _unreachable(name, expand(server.url, site.environ), site)


def _texts(server: Server) -> Iterator[tuple[str, str]]:
    command = server.command
    yield from (("command", w) for w in ([command] if isinstance(command, str) else command))
    yield from (("args", word) for word in server.args)
    yield "url", server.url
    yield from ((f"env.{key}", text) for key, text in server.env.items())
    yield from ((f"headers.{key}", text) for key, text in server.headers.items())


def _misquoted(name: str, server: Server) -> Iterator[Problem]:
    try:
        _words(server)
    except ValueError as error:
        hint = "write it as a list: command: [python, server.py]"
        yield Problem(f"the command of the server `{name}` is no command line: {error}", hint=hint)


def _unloadable(name: str, memory: str, root: Path) -> Iterator[Problem]:
    file, colon, _ = memory.rpartition(":")
    path = (root / file).resolve()
    if not colon or not path.is_file() or not path.is_relative_to(root.resolve()):
        message = f"the server `{name}` names no file of the project: memory: {memory}"
        yield Problem(message, hint="write path/to/file.py:server")


def _unreachable(name: str, url: str, site: Site) -> Iterator[Problem]:
    try:
        address = urlsplit(url)
        host = address.hostname or ""
    except ValueError:
        host, address = "", urlsplit("")
    if address.scheme not in ("http", "https") or not host:
        hint = "write http://127.0.0.1:8000/mcp"
        yield Problem(f"the url of the server `{name}` is no HTTP address", hint=hint)
    elif not site.live and not is_loopback(host):
        hint = "run with --live, or serve it on 127.0.0.1"
        yield Problem(f"the server `{name}` is at {host}, and this run is offline", hint=hint)
