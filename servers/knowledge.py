"""A billing policy of fifty pages that can be searched: an MCP server over stdio, with SQLite FTS5.

It stands alone and knows nothing of agentbox: `python servers/knowledge.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable KNOWLEDGE_DB, else `knowledge.db`
in the working folder; one without tables is filled from knowledge.md.

A search ranks clauses by BM25. The model gets the best `k`; the result's `_meta` holds, under
`agentbox/retrieval`, every candidate that was considered, and so where the line was cut: a clause
that was found and not shown is another mistake than one that was never found.

Nothing here depends on the day, so the clock is not read.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".md")
SCHEMA = """
CREATE TABLE page (
    number INTEGER PRIMARY KEY, title TEXT NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE clause USING fts5 (
    title, text, clause_id UNINDEXED, page UNINDEXED, tokenize = 'porter unicode61'
);
"""
MOST_CANDIDATES = 30
"""So many are considered, whatever `k` is."""
_SOURCE = "knowledge.clause"

Ctx: TypeAlias = Context[sqlite3.Connection, Any]


# -- what the tools give


class Passage(BaseModel):
    """A clause that a search found."""

    clause_id: Annotated[str, Field(description="What an answer cites, such as BP-12.1.")]
    page: int
    title: Annotated[str, Field(description="The page's title.")]
    status: Annotated[str, Field(description="Whether the page is in force or superseded.")]
    text: str


class Passages(BaseModel):
    """The best passages, best first."""

    passages: list[Passage]


class Page(BaseModel):
    """A page of the policy."""

    number: int
    title: str
    status: str
    text: str


# -- the policy, and the database


def pages(policy: str) -> Iterator[Page]:
    """Yield the pages of a policy's text: `# Page 1. Title`, `Status: ...`, then clauses."""
    for part in re.split(r"^# Page ", policy, flags=re.MULTILINE)[1:]:
        heading, status, text = part.split("\n", 2)
        number, _, title = heading.partition(". ")
        yield Page(
            number=int(number),
            title=title.strip(),
            status=status.removeprefix("Status: ").strip(),
            text=text.strip(),
        )


def clauses(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the clauses of a page, each with its id."""
    for paragraph in page.text.split("\n\n"):
        clause_id, _, text = paragraph.partition(" ")
        yield clause_id, text


def connect(path: str) -> sqlite3.Connection:
    """Open the database, filled if it had no tables.

    Raises:
        sqlite3.Error: it cannot be opened, or is none.
    """
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    if not _has_tables(db):
        _fill(db)
    return db


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _fill(db: sqlite3.Connection) -> None:
    policy = list(pages(SEED.read_text(encoding="utf-8")))
    db.execute("BEGIN IMMEDIATE")
    if _has_tables(db):  # another server was quicker
        db.rollback()
        return
    for statement in filter(str.strip, SCHEMA.split(";")):
        db.execute(statement)
    for page in policy:
        db.execute("INSERT INTO page VALUES (?, ?, ?, ?)", tuple(page.model_dump().values()))
        db.executemany(
            "INSERT INTO clause (title, text, clause_id, page) VALUES (?, ?, ?, ?)",
            [(page.title, text, clause_id, page.number) for clause_id, text in clauses(page)],
        )
    db.commit()


# -- searching

_SEARCH = """
SELECT clause_id, page, page.title, page.status, clause.text,
       round(-bm25(clause, 2.0, 1.0), 4) AS score
FROM clause JOIN page ON page.number = clause.page
WHERE clause MATCH ? ORDER BY score DESC, clause.rowid LIMIT ?
"""


def matching(query: str) -> str:
    """Return the FTS5 expression for any word of a query; what is no word has no meaning in it.

    Each word is a string of FTS5 (section 3.1 of its manual), so no operator, column or quote of
    the query's author is ever read as one. Empty if there is no word.
    """
    words = re.findall(r"\w+", query.casefold())
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(words) if word not in COMMON)


COMMON = frozenset(
    """
    a an and are as at be by can do does for from has have how i if in is it its me my no not of on
    or our that the there this to us was we what when which who will with would you your
    """.split()  # noqa: SIM905 - reads better
)
"""Words that are in every clause and tell none from another."""


def retrieval(query: str, k: int, rows: Sequence[sqlite3.Row]) -> dict[str, Any]:
    """Return what a search considered, in the form that agentbox records.

    `cut` is the last candidate that was kept; null if the line cut nothing off.
    """
    candidates = [
        {
            "id": row["clause_id"],
            "rank": rank,
            "score": row["score"],
            "kept": rank <= k,
            "source": _SOURCE,
        }
        for rank, row in enumerate(rows, 1)
    ]
    cut = {"rank": k, "score": rows[k - 1]["score"]} if len(rows) > k else None
    return {"query": query, "k": k, "candidates": candidates, "cut": cut}


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("KNOWLEDGE_DB") or "knowledge.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "knowledge",
    version="1.0.0",
    instructions="The billing policy: search it, read the page, and cite the clause.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)


@server.tool(title="Search the policy", annotations=READS)
async def search(
    query: Annotated[
        str, Field(min_length=1, max_length=400, description="Words that the clause may hold.")
    ],
    ctx: Ctx,
    k: Annotated[int, Field(ge=1, le=20, description="How many passages.")] = 5,
) -> Annotated[CallToolResult, Passages]:
    """Search the billing policy for clauses; the best come first. A page may be superseded."""
    wanted = matching(query)
    if not wanted:
        raise ToolError(f"There is no word to search for in {query!r}.")
    db = ctx.request_context.lifespan_context
    rows = db.execute(_SEARCH, (wanted, max(k, MOST_CANDIDATES))).fetchall()
    found = Passages(passages=[Passage(**dict(row)) for row in rows[:k]])
    return CallToolResult(
        content=[TextContent(text=found.model_dump_json(indent=2))],
        structured_content=found.model_dump(mode="json"),
        _meta={"agentbox/retrieval": retrieval(query, k, rows)},
    )


@server.tool(title="Read a page", annotations=READS)
async def read_page(
    number: Annotated[int, Field(ge=1, description="The page's number.")], ctx: Ctx
) -> Page:
    """Read a whole page of the billing policy, with its status and every clause."""
    db = ctx.request_context.lifespan_context
    # SQLite's integers end where Python's do not.
    row = db.execute("SELECT * FROM page WHERE number = ?", (min(number, 2**31),)).fetchone()
    if row is None:
        last = db.execute("SELECT max(number) FROM page").fetchone()[0]
        raise ToolError(f"There is no page {number}; the pages are 1 to {last}.")
    return Page(**dict(row))


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["KNOWLEDGE_DB"] = arguments[0]
    path = os.environ.get("KNOWLEDGE_DB") or "knowledge.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"knowledge: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
