"""Files and rows of a server's folder: read within it, bounded, never written."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from agentbox.core.errors import WorldError
from agentbox.session.folders import MAX_BYTES, MAX_ROWS, file_at, rows_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "own"
    made.mkdir()
    with sqlite3.connect(made / "a?b#c.db") as database:
        database.execute("CREATE TABLE t (id, name)")
        rows = [(1, "Zoë"), (2, None), (2**40, b"\xff"), (1.5, "")]
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
    database.close()
    (tmp_path / "secret.txt").write_text("hush")
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE secret (word)")
    other.close()
    return made


def rows(folder: Path, query: str, name: str = "a?b#c.db"):
    return asyncio.run(rows_at(folder, name, query))


def test_a_file_is_text_bytes_or_nothing(folder) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "a.txt").write_text("Zoë\n", "utf-8")
    (folder / "half").write_bytes(b"\xff\x00")
    assert file_at(folder, "deep/a.txt") == {"text": "Zoë\n"}
    assert file_at(folder, "deep/../half") == {"base64": "/wA="}
    assert file_at(folder, "none.txt") is None


def test_a_file_that_leads_out_is_not_read(folder) -> None:
    (folder / "link").symlink_to(folder.parent / "secret.txt")
    (folder / "up").symlink_to(folder.parent)
    for name in ("../secret.txt", str(folder.parent / "secret.txt"), "link", "up/secret.txt"):
        with pytest.raises(WorldError, match="leads out of the folder"):
            file_at(folder, name)


def test_what_is_no_file_or_holds_too_much_is_not_read(folder) -> None:
    os.mkfifo(folder / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(WorldError, match="is no file"):
            file_at(folder, name)
    (folder / "big").write_bytes(b"x" * MAX_BYTES)
    assert len(file_at(folder, "big")["text"]) == MAX_BYTES
    (folder / "big").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(WorldError, match="big holds more than 1048576 bytes"):
        file_at(folder, "big")


def test_rows_are_json(folder) -> None:
    assert rows(folder, "SELECT id, name AS n FROM t") == {
        "columns": ["id", "n"],
        "rows": [[1, "Zoë"], [2, None], [2**40, {"base64": "/w=="}], [1.5, ""]],
    }
    assert rows(folder, "WITH w AS (SELECT 1) SELECT count(*) FROM t, w")["rows"] == [[4]]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("DELETE FROM t", "authoriz"),
        ("INSERT INTO t VALUES (1, 2)", "authoriz"),
        ("CREATE TABLE u (a)", "authoriz"),
        ("PRAGMA query_only = 0", "authoriz"),
        ("ATTACH '{folder}/../other.db' AS o", "authoriz"),
        ("VACUUM INTO '{folder}/copy.db'", "authoriz"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("SELECT load_extension('x')", "the query failed: "),
        ("SELECT nope", "no such column: nope"),
        ("", "the query is empty"),
        ("SELECT zeroblob(2000000)", "too big"),
        ("SELECT * FROM t, t, t, t, t", f"gives more than {MAX_ROWS} rows: let it count"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(folder, query, said) -> None:
    with pytest.raises(WorldError, match=said):
        rows(folder, query.format(folder=folder).replace("t, t, t, t, t", "t, t a, t b, t c, t d"))
    assert rows(folder, "SELECT count(*) FROM t")["rows"] == [[4]]
    assert [path.name for path in folder.iterdir()] == ["a?b#c.db"]


def test_a_database_must_be_in_the_folder(folder) -> None:
    with pytest.raises(WorldError, match=r"\.\./other\.db leads out of the folder"):
        rows(folder, "SELECT 1", "../other.db")
    with pytest.raises(WorldError, match=r"there is no database none\.db"):
        rows(folder, "SELECT 1", "none.db")
    assert not (folder / "none.db").exists()
    (folder / "text.db").write_text("no database at all" * 100)
    with pytest.raises(WorldError, match="file is not a database"):
        rows(folder, "SELECT * FROM sqlite_master", "text.db")


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def test_a_query_without_an_end_is_stopped(folder) -> None:
    with pytest.raises(WorldError, match="the query failed: interrupted"):
        rows(folder, ENDLESS)


def test_a_query_that_is_given_up_ends(folder) -> None:
    async def play() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await rows_at(folder, "a?b#c.db", ENDLESS)

    asyncio.run(play())
