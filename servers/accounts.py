"""A support desk's accounts: an MCP server over stdio, with SQLite behind it.

It stands alone and knows nothing of agentbox: `python servers/accounts.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable ACCOUNTS_DB, else `accounts.db`
in the working folder; one without tables is filled from accounts.sql.

Results hold what the database holds and never today's date: whoever asks must know that.
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
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".sql")

Plan: TypeAlias = Literal["free", "pro", "enterprise"]
AccountId: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40, description="An account's id, such as LLM-4829.")
]
Summary: TypeAlias = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[^\x00]+$",
        description="What the customer needs, in a sentence or two.",
    ),
]
Day: TypeAlias = Annotated[str, Field(description="A day, YYYY-MM-DD.")]
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


class Account(BaseModel):
    """An account and its upgrade."""

    account_id: AccountId
    customer: str
    plan: Plan
    updated: Annotated[Day, Field(description="When the record last changed, YYYY-MM-DD.")]
    upgrade_scheduled: Annotated[
        str | None, Field(description="The day the upgrade is due, YYYY-MM-DD; null if none is.")
    ]
    upgrade_status: Literal["none", "pending", "completed"]


class Accounts(BaseModel):
    """A page of accounts."""

    accounts: list[Account]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for the next page; null on the last.")
    ]


class Ticket(BaseModel):
    """A ticket, as it was opened."""

    ticket_id: str
    account_id: AccountId
    summary: str
    opened_at: Annotated[str, Field(description="RFC 3339, UTC.")]


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


def _account(db: sqlite3.Connection, account_id: str) -> Account | None:
    row = db.execute("SELECT * FROM account WHERE account_id = ?", (account_id,)).fetchone()
    return Account(**dict(row)) if row else None


def _no_account(db: sqlite3.Connection, account_id: str) -> str:
    known = [row["account_id"] for row in db.execute("SELECT account_id FROM account")]
    nearest = get_close_matches(account_id, known, n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else " list_accounts lists those there are."
    return f"There is no account {account_id!r}.{hint}"


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("ACCOUNTS_DB") or "accounts.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "accounts",
    version="1.0.0",
    instructions="The support desk's accounts: look them up, and open tickets for them.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
ADDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)


@server.tool(title="Get an account", annotations=READS)
async def get_account(account_id: AccountId, ctx: Ctx) -> Account:
    """Look up one account: its plan, when it was updated, and how its upgrade stands."""
    db = ctx.request_context.lifespan_context
    account = _account(db, account_id)
    if account is None:
        raise ToolError(_no_account(db, account_id))
    return account


@server.tool(title="List accounts", annotations=READS)
async def list_accounts(
    ctx: Ctx,
    plan: Annotated[Plan | None, Field(description="Only accounts of this plan.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="At most so many.")] = 20,
    cursor: Annotated[
        str | None, Field(max_length=40, description="`next_cursor` of the page before.")
    ] = None,
) -> Accounts:
    """List accounts by id, a page at a time."""
    rows = ctx.request_context.lifespan_context.execute(
        "SELECT * FROM account WHERE account_id > ? AND (? IS NULL OR plan = ?)"
        " ORDER BY account_id LIMIT ?",
        (cursor or "", plan, plan, limit + 1),
    ).fetchall()
    page = [Account(**dict(row)) for row in rows[:limit]]
    return Accounts(accounts=page, next_cursor=page[-1].account_id if len(rows) > limit else None)


@server.tool(title="Open a ticket", annotations=ADDS)
async def open_ticket(account_id: AccountId, summary: Summary, ctx: Ctx) -> Ticket:
    """Open a ticket for an account; somebody from the desk will take it up."""
    db = ctx.request_context.lifespan_context
    if _account(db, account_id) is None:
        raise ToolError(_no_account(db, account_id))
    opened_at = now(ctx).isoformat(timespec="seconds").replace("+00:00", "Z")
    number = db.execute(
        "INSERT INTO ticket (account_id, summary, opened_at) VALUES (?, ?, ?)",
        (account_id, summary, opened_at),
    ).lastrowid
    return Ticket(
        ticket_id=f"T-{number}", account_id=account_id, summary=summary, opened_at=opened_at
    )


@server.resource("accounts://{account_id}", title="An account", mime_type="application/json")
async def account_record(account_id: str, ctx: Ctx) -> str:
    """An account, as JSON."""
    db = ctx.request_context.lifespan_context
    account = _account(db, account_id)
    if account is None:
        raise ResourceNotFoundError(_no_account(db, account_id))
    return account.model_dump_json()


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["ACCOUNTS_DB"] = arguments[0]
    path = os.environ.get("ACCOUNTS_DB") or "accounts.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"accounts: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
