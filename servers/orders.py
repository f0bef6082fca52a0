"""A shop's orders: an MCP server over stdio, with SQLite behind.

It stands alone and knows nothing of agentbox: `python servers/orders.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable ORDERS_DB, else `orders.db`
in the working folder; one without tables is filled from orders.sql.

Its tools have the names that catalog.py and crm.py give theirs: `search`, `get`, `update`. Only
a host's prefix and their descriptions tell them apart.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".sql")

Status: TypeAlias = Literal["open", "shipped", "delivered", "refunded"]
OrderId: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40, description="An order's id, such as O-7731.")
]
Words: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$", description="Plain text.")
]
Ctx: TypeAlias = Context[sqlite3.Connection, Any]


# -- the clock: copy these lines to let a scenario pin your server's time


def now(ctx: Ctx) -> datetime:
    """Return the present: the request's `agentbox/now`, else AGENTBOX_NOW, else the host's."""
    meta = ctx.request_context.meta or {}
    pinned = str(meta.get("agentbox/now") or os.environ.get("AGENTBOX_NOW") or "")
    if not pinned:
        return datetime.now(UTC)  # noqa: TID251 - nothing is pinned: this is no scenario
    with suppress(ValueError):
        moment = datetime.fromisoformat(pinned)
        if moment.tzinfo:
            return moment.astimezone(UTC)
    raise ToolError(f"The pinned time {pinned!r} is no RFC 3339 time.")


# -- what the tools give


class Order(BaseModel):
    """An order."""

    order_id: OrderId
    customer_id: Annotated[str, Field(description="Who ordered, such as C-104.")]
    item: str
    price: Annotated[float, Field(description="Euros.")]
    address: Annotated[str, Field(description="Where this order goes.")]
    status: Status
    ordered: Annotated[str, Field(description="YYYY-MM-DD.")]
    delivered: Annotated[str | None, Field(description="YYYY-MM-DD; null if not yet.")]


class Orders(BaseModel):
    """Orders."""

    orders: list[Order]


class Refund(BaseModel):
    """A refund, as it was made."""

    refund_id: str
    order_id: OrderId
    amount: Annotated[float, Field(description="Euros.")]
    refunded_at: Annotated[str, Field(description="RFC 3339, UTC.")]


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


_ORDERS = """
SELECT order_id, customer_id, item, cents / 100.0 AS price, address, status, ordered, delivered
FROM purchase
"""


def _order(db: sqlite3.Connection, order_id: str) -> Order:
    row = db.execute(f"{_ORDERS} WHERE order_id = ?", (order_id,)).fetchone()
    if row is not None:
        return Order(**dict(row))
    known = [row[0] for row in db.execute("SELECT order_id FROM purchase")]
    nearest = get_close_matches(order_id, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise ToolError(f"There is no order {order_id!r}.{hint}")


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("ORDERS_DB") or "orders.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "orders",
    version="1.0.0",
    instructions="A shop's orders: where they go, how they stand, and refunding them.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
REFUNDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False
)


@server.tool(title="Search orders", annotations=READS)
async def search(
    customer_id: Annotated[Words, Field(description="Whose orders, such as C-104.")],
    ctx: Ctx,
    status: Annotated[Status | None, Field(description="Only orders of this status.")] = None,
) -> Orders:
    """Search a customer's orders, oldest first."""
    rows = ctx.request_context.lifespan_context.execute(
        f"{_ORDERS} WHERE customer_id = ? AND (? IS NULL OR status = ?) ORDER BY order_id",
        (customer_id, status, status),
    )
    return Orders(orders=[Order(**dict(row)) for row in rows])


@server.tool(title="Get an order", annotations=READS)
async def get(order_id: OrderId, ctx: Ctx) -> Order:
    """Look up one order."""
    return _order(ctx.request_context.lifespan_context, order_id)


@server.tool(title="Update an order", annotations=CHANGES)
async def update(order_id: OrderId, address: Words, ctx: Ctx) -> Order:
    """Change where an open order goes. The customer's own address stays as it is."""
    db = ctx.request_context.lifespan_context
    order = _order(db, order_id)
    if order.status != "open":
        raise ToolError(f"{order_id} is {order.status}; only an open order can be changed.")
    db.execute("UPDATE purchase SET address = ? WHERE order_id = ?", (address, order_id))
    return _order(db, order_id)


@server.tool(title="Refund an order", annotations=REFUNDS)
async def refund(
    order_id: OrderId, reason: Annotated[Words, Field(description="In a few words.")], ctx: Ctx
) -> Refund:
    """Refund a delivered order in full. Whether it may be refunded is for the caller to know."""
    db = ctx.request_context.lifespan_context
    refunded_at = now(ctx).isoformat(timespec="seconds").replace("+00:00", "Z")
    order = _order(db, order_id)
    if order.status != "delivered":
        raise ToolError(f"{order_id} is {order.status}; only a delivered order can be refunded.")
    with db:  # both or neither
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE purchase SET status = 'refunded' WHERE order_id = ?", (order_id,))
        number = db.execute(
            "INSERT INTO refund (order_id, reason, refunded_at) VALUES (?, ?, ?)",
            (order_id, reason, refunded_at),
        ).lastrowid
    return Refund(
        refund_id=f"R-{number}", order_id=order_id, amount=order.price, refunded_at=refunded_at
    )


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["ORDERS_DB"] = arguments[0]
    path = os.environ.get("ORDERS_DB") or "orders.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"orders: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
