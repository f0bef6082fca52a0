"""Reads a text file that a person named, or says why that is not possible."""

from __future__ import annotations

import os
from pathlib import Path

from agentbox.core.errors import AuthorError, Mark, Problem, nearest

MAX_BYTES = 1 << 20
"""A scenario is written by hand. Past this it is data, and YAML in pure Python takes seconds."""


def shown(path: Path, root: Path) -> str:
    """Return `path` relative to `root`, with `/`, whether or not it exists.

    Links are followed only where the path would lie outside `root` otherwise.
    """
    relative = os.path.relpath(path, root)
    if relative.startswith("..") and "\0" not in relative:
        real = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
        relative = relative if real.startswith("..") else real
    return Path(relative).as_posix()


def read_text(path: Path, name: str) -> str:
    """Return a file's text: UTF-8 without a byte order mark, at most `MAX_BYTES`.

    Raises:
        AuthorError: with one problem; its message names the file `name`.
    """
    refuse_other_than_file(path, name)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise AuthorError(_unreadable(name, error)) from error
    if len(content) > MAX_BYTES:
        hint = "keep what is long in files of its own, and name them"
        raise AuthorError(Problem(f"{name} is larger than 1 MiB", Mark(name), hint=hint))
    return _decoded(content, name)


def refuse_other_than_file(path: Path, name: str) -> None:
    """Return if there is a regular file at `path`.

    Raises:
        AuthorError: there is none; the note holds the nearest name in its folder.
    """
    try:
        if path.is_file():
            return
        there, folder = path.exists(), path.is_dir()
    except OSError as error:
        raise AuthorError(_unreadable(name, error)) from error
    if not there:
        note = _nearest_file(path, name)
        raise AuthorError(Problem(f"no such file: {name}", Mark(name), note=note))
    what = "a folder, not a file" if folder else "not a regular file"
    raise AuthorError(Problem(f"{name} is {what}", Mark(name)))


def _unreadable(name: str, error: OSError) -> Problem:
    return Problem(f"cannot read {name}: {error.strerror}", Mark(name))


def _nearest_file(path: Path, name: str) -> str:
    try:
        siblings = sorted(entry.name for entry in os.scandir(path.parent) if entry.is_file())
    except (OSError, ValueError):  # a name may hold a NUL
        return f"there is no folder {Path(name).parent.as_posix()}"
    found = nearest(path.name, siblings)
    return f"did you mean `{Path(name).with_name(found).as_posix()}`?" if found else ""


def _decoded(content: bytes, name: str) -> str:
    hint = "save it as UTF-8 without a byte order mark"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"{name} is not UTF-8: byte 0x{content[error.start]:02x}"
        raise AuthorError(Problem(message, Mark(name, line, column), hint=hint)) from error
    if text.startswith("\ufeff"):
        message = f"{name} begins with a byte order mark"
        raise AuthorError(Problem(message, Mark(name, 1, 1), hint=hint))
    return text
