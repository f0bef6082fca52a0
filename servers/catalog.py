"""A shop's catalogue: an MCP server over stdio, with SQLite behind.

It stands alone and knows nothing of agentbox: `python servers/catalog.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable CATALOG_DB, else `catalog.db`
in the working folder; one without tables is filled from catalog.sql.

Its tools have the names that crm.py and orders.py give theirs: `search`, `get`, `update`. Only
a host's prefix and their descriptions tell them apart.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".sql")

ItemId: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40, description="An item's id, such as I-12.")
]
Ctx: TypeAlias = Context[sqlite3.Connection, Any]


# -- what the tools give


class Item(BaseModel):
    """An item for sale."""

    item_id: ItemId
    name: str
    price: Annotated[float, Field(description="Euros.")]
    stock: int


class Items(BaseModel):
    """Items for sale."""

    items: list[Item]


# -- the database


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
    seed = SEED.read_text(encoding="utf-8")
    try:
        db.executescript(f"BEGIN IMMEDIATE;\n{seed}\nCOMMIT;")
    except sqlite3.OperationalError:
        db.rollback()
        if not _has_tables(db):  # else another server was quicker
            raise


_ITEMS = "SELECT item_id, name, cents / 100.0 AS price, stock FROM item"


def _item(db: sqlite3.Connection, item_id: str) -> Item:
    row = db.execute(f"{_ITEMS} WHERE item_id = ?", (item_id,)).fetchone()
    if row is not None:
        return Item(**dict(row))
    known = [row[0] for row in db.execute("SELECT item_id FROM item")]
    nearest = get_close_matches(item_id, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise ToolError(f"There is no item {item_id!r}.{hint}")


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("CATALOG_DB") or "catalog.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "catalog",
    version="1.0.0",
    instructions="What the shop sells, for how much, and how much of it is there.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


@server.tool(title="Search items", annotations=READS)
async def search(
    query: Annotated[
        str, Field(min_length=1, max_length=200, description="A part of an item's name.")
    ],
    ctx: Ctx,
) -> Items:
    """Search the catalogue for items by name."""
    rows = ctx.request_context.lifespan_context.execute(
        f"{_ITEMS} WHERE instr(lower(name), lower(?)) > 0 ORDER BY item_id LIMIT 20", (query,)
    )
    return Items(items=[Item(**dict(row)) for row in rows])


@server.tool(title="Get an item", annotations=READS)
async def get(item_id: ItemId, ctx: Ctx) -> Item:
    """Look up one item: its price, and how many are in stock."""
    return _item(ctx.request_context.lifespan_context, item_id)


@server.tool(title="Update an item", annotations=CHANGES)
async def update(
    item_id: ItemId,
    stock: Annotated[int, Field(ge=0, le=1_000_000, description="How many there are now.")],
    ctx: Ctx,
) -> Item:
    """Correct how many of an item are in stock."""
    db = ctx.request_context.lifespan_context
    _item(db, item_id)
    db.execute("UPDATE item SET stock = ? WHERE item_id = ?", (stock, item_id))
    return _item(db, item_id)


@server.tool(title="Recommend items", annotations=READS)
async def recommend(item_id: ItemId, ctx: Ctx) -> Items:
    """Recommend items in stock that go with an item and cost no more."""
    db = ctx.request_context.lifespan_context
    item = _item(db, item_id)
    rows = db.execute(
        f"{_ITEMS} WHERE item_id <> ? AND stock > 0 AND price <= ? ORDER BY price DESC LIMIT 3",
        (item.item_id, item.price),
    )
    return Items(items=[Item(**dict(row)) for row in rows])


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["CATALOG_DB"] = arguments[0]
    path = os.environ.get("CATALOG_DB") or "catalog.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"catalog: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
