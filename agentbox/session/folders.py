"""What lies in a server's folder: a file, the rows of a database. Read, never written."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from agentbox.core.errors import WorldError
from agentbox.core.messages import Json
from agentbox.toolboxes.threads import in_thread

MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000
_MAX_STEPS = 50_000_000
"""Steps of SQLite's machine that a query may take: a second or two, the same on every machine."""
_STEPS = 100_000
"""After so many steps it is asked whether to go on."""
_READING = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)


def file_at(folder: Path, name: str) -> Json:
    """Return `{text}` or `{base64}` of a file; None where there is none.

    Raises:
        WorldError: it leads out of the folder, is no file, or holds more than 1 MiB.
    """
    path = _within(folder, name)
    if not path.exists():
        return None
    if not path.is_file():
        raise WorldError(f"{name} is no file")
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise WorldError(f"{name} holds more than {MAX_BYTES} bytes")
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return _base64(content)


async def rows_at(folder: Path, name: str, query: str) -> dict[str, Json]:
    """Return the `columns` and `rows` that a query gives.

    The database is opened to read, and the query may look at nothing but it.

    Raises:
        WorldError: there is no such database in the folder, the query does more than read, takes
            too long or gives more than 1000 rows.
    """
    path = _within(folder, name)
    if not path.is_file():
        raise WorldError(f"there is no database {name}")
    given_up = Event()
    try:
        return await in_thread(lambda: _rows(path, query, given_up))
    finally:
        given_up.set()


def _rows(path: Path, query: str, given_up: Event) -> dict[str, Json]:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return given_up.is_set() or asked * _STEPS > _MAX_STEPS

    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
            database.set_authorizer(_authorized)
            database.set_progress_handler(stop, _STEPS)
            cursor = database.execute(query)
            rows = cursor.fetchmany(MAX_ROWS + 1)
    except (sqlite3.Error, sqlite3.Warning) as error:  # two statements were a warning once
        raise WorldError(f"the query failed: {error}") from None
    if cursor.description is None:
        raise WorldError("the query is empty")
    if len(rows) > MAX_ROWS:
        raise WorldError(f"the query gives more than {MAX_ROWS} rows: let it count, or limit it")
    columns = [str(column[0]) for column in cursor.description]
    return {"columns": columns, "rows": [list(map(_cell, row)) for row in rows]}


def _authorized(action: int, *_: str | None) -> int:
    """Let a query read; ATTACH would open other files, PRAGMA change settings."""
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _cell(value: Any) -> Json:
    return _base64(value) if isinstance(value, bytes) else value


def _base64(content: bytes) -> dict[str, Json]:
    return {"base64": b64encode(content).decode()}


def _within(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise WorldError(f"{name} leads out of the folder")
    return path
