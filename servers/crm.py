"""A shop's customers: an MCP server over stdio, with SQLite behind.

It stands alone and knows nothing of agentbox: `python servers/crm.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable CRM_DB, else `crm.db`
in the working folder; one without tables is filled from crm.sql.

Its tools have the names that catalog.py and orders.py give theirs: `search`, `get`, `update`. Only
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
from typing import Annotated, Any, Literal, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".sql")

Tier: TypeAlias = Literal["standard", "plus", "enterprise"]
CustomerId: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40, description="A customer's id, such as C-104.")
]
Words: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="Plain text.")
]
Ctx: TypeAlias = Context[sqlite3.Connection, Any]


# -- what the tools give


class Customer(BaseModel):
    """A customer."""

    customer_id: CustomerId
    name: str
    email: str
    address: Annotated[str, Field(description="Where the customer lives, not where orders go.")]
    tier: Tier


class Customers(BaseModel):
    """Customers."""

    customers: list[Customer]


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


def _customer(db: sqlite3.Connection, customer_id: str) -> Customer:
    row = db.execute("SELECT * FROM customer WHERE customer_id = ?", (customer_id,)).fetchone()
    if row is not None:
        return Customer(**dict(row))
    known = [row[0] for row in db.execute("SELECT customer_id FROM customer")]
    nearest = get_close_matches(customer_id, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise ToolError(f"There is no customer {customer_id!r}.{hint}")


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("CRM_DB") or "crm.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "crm",
    version="1.0.0",
    instructions="A shop's customers: who they are and where they live.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


@server.tool(title="Search customers", annotations=READS)
async def search(
    query: Annotated[Words, Field(description="A part of a customer's name or mail address.")],
    ctx: Ctx,
) -> Customers:
    """Search customers by name or mail address."""
    rows = ctx.request_context.lifespan_context.execute(
        "SELECT * FROM customer WHERE instr(lower(name || ' ' || email), lower(?)) > 0"
        " ORDER BY customer_id LIMIT 20",
        (query,),
    )
    return Customers(customers=[Customer(**dict(row)) for row in rows])


@server.tool(title="Get a customer", annotations=READS)
async def get(customer_id: CustomerId, ctx: Ctx) -> Customer:
    """Look up one customer."""
    return _customer(ctx.request_context.lifespan_context, customer_id)


@server.tool(title="Update a customer", annotations=CHANGES)
async def update(customer_id: CustomerId, address: Words, ctx: Ctx) -> Customer:
    """Change where a customer lives. Orders that are under way keep their address."""
    db = ctx.request_context.lifespan_context
    _customer(db, customer_id)
    db.execute("UPDATE customer SET address = ? WHERE customer_id = ?", (address, customer_id))
    return _customer(db, customer_id)


@server.tool(title="Set a tier", annotations=CHANGES)
async def set_tier(
    customer_id: CustomerId, tier: Annotated[Tier, Field(description="The new one.")], ctx: Ctx
) -> Customer:
    """Change a customer's tier."""
    db = ctx.request_context.lifespan_context
    _customer(db, customer_id)
    db.execute("UPDATE customer SET tier = ? WHERE customer_id = ?", (tier, customer_id))
    return _customer(db, customer_id)


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["CRM_DB"] = arguments[0]
    path = os.environ.get("CRM_DB") or "crm.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"crm: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
