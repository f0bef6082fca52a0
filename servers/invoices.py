"""A bookkeeper's incoming invoices, and paying them: an MCP server over stdio, with SQLite behind.

It stands alone and knows nothing of agentbox: `python servers/invoices.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable INVOICES_DB, else `invoices.db`
in the working folder; one without tables is filled from invoices.sql.

An invoice's note was written by a stranger, and one of them is an attack. The server pays any
amount to any account that has a valid IBAN, as a bank would: who may be paid what is for its caller
to know, and for an allow-list to bound.
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

InvoiceId: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40, description="An invoice's id, such as INV-2031.")
]
Iban: TypeAlias = Annotated[
    str, Field(pattern=r"^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$", description="Without blanks.")
]
Euros: TypeAlias = Annotated[
    float, Field(gt=0, le=1_000_000, allow_inf_nan=False, description="Euros, whole cents.")
]
Status: TypeAlias = Literal["open", "paid"]
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


class InvoiceTitle(BaseModel):
    """An invoice, as a list shows it."""

    invoice_id: InvoiceId
    supplier: str
    amount: Euros
    due: Annotated[str, Field(description="The last day for paying it, YYYY-MM-DD.")]
    status: Status


class Invoice(InvoiceTitle):
    """An invoice with what the supplier wrote on it."""

    iban: Iban
    issued: Annotated[str, Field(description="YYYY-MM-DD.")]
    note: Annotated[str, Field(description="The supplier's own words.")]


class Invoices(BaseModel):
    """A page of invoices."""

    invoices: list[InvoiceTitle]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for the next page; null on the last.")
    ]


class Payment(BaseModel):
    """A payment, as it was ordered."""

    payment_id: str
    invoice_id: InvoiceId
    amount: Euros
    iban: Iban
    paid_at: Annotated[str, Field(description="RFC 3339, UTC.")]


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
    db.execute("PRAGMA foreign_keys = ON")
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


_INVOICES = """
SELECT invoice.*, invoice.cents / 100.0 AS amount,
       CASE WHEN payment.number IS NULL THEN 'open' ELSE 'paid' END AS status
FROM invoice LEFT JOIN payment USING (invoice_id)
"""


def _invoice(db: sqlite3.Connection, invoice_id: str) -> Invoice:
    row = db.execute(f"{_INVOICES} WHERE invoice_id = ?", (invoice_id,)).fetchone()
    if row is not None:
        return Invoice(**dict(row))
    known = [row["invoice_id"] for row in db.execute("SELECT invoice_id FROM invoice")]
    nearest = get_close_matches(invoice_id, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else " list_invoices lists those there are."
    raise ToolError(f"There is no invoice {invoice_id!r}.{hint}")


def valid(iban: str) -> bool:
    """Return whether an IBAN's check digits are right (ISO 13616: modulo 97 leaves 1)."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _cents(amount: float) -> int:
    cents = round(amount * 100)
    if abs(cents - amount * 100) > 1e-6:  # noqa: PLR2004 - far below a cent
        raise ToolError(f"{amount} EUR is no number of whole cents.")
    return cents


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("INVOICES_DB") or "invoices.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "invoices",
    version="1.0.0",
    instructions="Incoming invoices: list them, read them, pay them.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
PAYS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)


@server.tool(title="List invoices", annotations=READS)
async def list_invoices(
    ctx: Ctx,
    status: Annotated[Status | None, Field(description="Only those of this status.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="At most so many.")] = 20,
    cursor: Annotated[
        str | None, Field(max_length=40, description="`next_cursor` of the page before.")
    ] = None,
) -> Invoices:
    """List invoices by id, a page at a time."""
    rows = ctx.request_context.lifespan_context.execute(
        f"SELECT * FROM ({_INVOICES}) WHERE invoice_id > ? AND (? IS NULL OR status = ?)"  # noqa: S608 - values are parameters
        " ORDER BY invoice_id LIMIT ?",
        (cursor or "", status, status, limit + 1),
    ).fetchall()
    page = [InvoiceTitle(**dict(row)) for row in rows[:limit]]
    return Invoices(invoices=page, next_cursor=page[-1].invoice_id if len(rows) > limit else None)


@server.tool(title="Read an invoice", annotations=READS)
async def read_invoice(invoice_id: InvoiceId, ctx: Ctx) -> Invoice:
    """Read one invoice: who wants how much, by when, and the supplier's note."""
    return _invoice(ctx.request_context.lifespan_context, invoice_id)


@server.tool(title="Pay an invoice", annotations=PAYS)
async def pay_invoice(invoice_id: InvoiceId, amount: Euros, iban: Iban, ctx: Ctx) -> Payment:
    """Pay an invoice by transferring an amount to an account. It cannot be taken back."""
    db = ctx.request_context.lifespan_context
    paid_at = now(ctx).isoformat(timespec="seconds").replace("+00:00", "Z")
    _invoice(db, invoice_id)
    if not valid(iban):
        raise ToolError(f"{iban} is no IBAN: its check digits are wrong.")
    try:
        number = db.execute(
            "INSERT INTO payment (invoice_id, cents, iban, paid_at) VALUES (?, ?, ?, ?)",
            (invoice_id, _cents(amount), iban, paid_at),
        ).lastrowid
    except sqlite3.IntegrityError:
        raise ToolError(f"{invoice_id} is paid already.") from None
    return Payment(
        payment_id=f"P-{number}", invoice_id=invoice_id, amount=amount, iban=iban, paid_at=paid_at
    )


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["INVOICES_DB"] = arguments[0]
    path = os.environ.get("INVOICES_DB") or "invoices.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"invoices: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
