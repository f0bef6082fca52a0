"""Scans traces, runs and folders for secrets: which values are looked for, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentbox.core.environment import variables
from agentbox.core.errors import AuthorError, Problem, UnreadableTrace, nearest
from agentbox.core.leak import Leak
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.tape import Tape
from agentbox.session.keys import written
from agentbox.session.runs import Runs
from agentbox.session.sources import Host
from agentbox.trace import STEPS, Trace, keys_in, migrated, parse_trace
from agentbox.trace.scanning import Search, scan

_SECRET = re.compile(
    r"(^|_)(API_?KEY|AUTH|COOKIE|CREDENTIAL|KEY|PASS|PASSPHRASE|PASSWD|PASSWORD|PAT|PRIVATE|PWD"
    r"|SECRET|TOKEN)S?\d*(_|$)",
    re.IGNORECASE,
)
"""A variable's name that tells that its value is a secret."""
_GUESSED = 8
"""Such a value is looked for if it is that long: `none` is in many texts."""
_LEFT_OUT = frozenset([".git", ".venv", "node_modules", "__pycache__"])
"""Folders of a project that hold nothing of its own."""
_MAX_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Scanned:
    """What a scan came to."""

    files: int = 0
    leaks: list[tuple[Path, Leak]] = field(default_factory=list[tuple[Path, Leak]])
    problems: list[Problem] = field(default_factory=list[Problem])
    """Files that could not be scanned: without them nothing is said to be clean."""


def scan_for_secrets(
    names: Sequence[str], secrets: Sequence[str], host: Host, runs: Runs
) -> Scanned:
    """Scan what `names` mean: files, folders, or runs as `agentbox show` calls them.

    Looked for are the values of variables that are named in `secrets`, or that look secret by
    their names, in the environment and the project's `.env`; of those that a trace's scenario
    names; and what needs no value to be known.

    Raises:
        AuthorError: there is no such file, folder, run or variable.
    """
    known = _Known.of(secrets, host)
    scanned = Scanned()
    for path in dict.fromkeys(path for name in names for path in _files(name, host, runs)):
        scanned.files += 1
        try:
            found = _scanned(path, known)
        except (OSError, UnreadableTrace) as error:
            scanned.problems.append(_unread(path, error))
        else:
            scanned.leaks += [(path, leak) for leak in found]
    return scanned


def _unread(path: Path, error: OSError | UnreadableTrace) -> Problem:
    if isinstance(error, UnreadableTrace):
        return error.problems[0]
    return Problem(f"{path} was not scanned: {error.strerror or error}")


def _scanned(path: Path, known: _Known) -> list[Leak]:
    """Return the leaks in a file.

    Raises:
        OSError: it cannot be read.
        UnreadableTrace: it is a trace of a format that is not known.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise OSError(f"it has more than {_MAX_BYTES} bytes")
    content = path.read_bytes()
    if path.suffix != ".jsonl":
        return scan(content, known.search())
    trace = parse_trace(content, str(path))
    migrated(trace.events, trace.path, STEPS)
    return scan(content, known.search(trace))


# -- what is looked for


@dataclass(frozen=True, slots=True)
class _Known:
    """The values that are looked for, and the variables that others may be found in."""

    root: Path
    values: Mapping[str, str]
    environ: Mapping[str, str]
    _plain: list[Search] = field(default_factory=list[Search])

    @classmethod
    def of(cls, secrets: Sequence[str], host: Host) -> _Known:
        """Return what to look for.

        Raises:
            AuthorError: a variable that is named is not set.
        """
        environ = {**written(host), **host.environ}
        unset = [name for name in secrets if not environ.get(name)]
        if unset:
            raise AuthorError(*(_unset(name, environ) for name in unset))
        guessed = {name: value for name, value in environ.items() if _is_secret(name, value)}
        return cls(host.root, guessed | {name: environ[name] for name in secrets}, environ)

    def search(self, trace: Trace | None = None) -> Search:
        """Return what looks for them, and for what a trace's scenario names beside."""
        header = trace.header if trace else None
        if trace is None or header is None:
            if not self._plain:
                self._plain.append(Search(self.values))
            return self._plain[0]
        scenario = header.data.get("scenario")
        named = {name: self.environ[name] for name in self._named(scenario) if name in self.environ}
        tools = (spec.name for spec in Tape(trace.events).specs())
        return Search({**self.values, **named}, {*keys_in(dict(header.data)), *tools})

    def _named(self, scenario: Json) -> Iterator[str]:
        """Yield the variables that a scenario names, and those that its files of tools do."""
        if not is_object(scenario):
            return
        yield from _strings(scenario.get("secrets"))
        for text in _strings(scenario):
            yield from variables(text)
        for file in _strings(scenario.get("tools")):
            path = self.root / file
            if file.endswith(".json") and path.is_file():
                yield from variables(path.read_text("utf-8", "replace"))


def _is_secret(name: str, value: str) -> bool:
    if len(value) < _GUESSED or not _SECRET.search(name):
        return False
    return not (value.startswith(("/", "~", ".")) and Path(value).expanduser().exists())


def _unset(name: str, environ: Mapping[str, str]) -> Problem:
    close = nearest(name, list(environ))
    note = f"did you mean `{close}`?" if close else ""
    return Problem(f"`{name}` is not set: there is no value to look for", note=note)


def _strings(value: Json) -> Iterator[str]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif is_object(each):
            stack += each.values()
        elif is_list(each):
            stack += each


# -- where


def _files(name: str, host: Host, runs: Runs) -> Iterator[Path]:
    """Yield the files that a name means; a run is all of its folder."""
    path = Path(name)
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _within(path, host)
    elif "::" in name:
        yield from runs.traces(name)
    else:
        yield from _within(runs.traces(name)[0].parent, host)


def _within(folder: Path, host: Host) -> Iterator[Path]:
    """Yield the files of a folder, links not followed; `.env` is where secrets belong."""
    own = (host.root / ".env").resolve()
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        paths = (Path(place) / file for file in sorted(files))
        yield from (p for p in paths if p.is_file() and not p.is_symlink() and p.resolve() != own)
