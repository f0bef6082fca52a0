"""A freight desk's shipments and the policies for late ones: an MCP server over stdio, with SQLite.

It stands alone and knows nothing of agentbox: `python servers/shipments.py [DATABASE]` serves it,
from any folder. The database is the argument, else the variable SHIPMENTS_DB, else `shipments.db`
in the working folder; one without tables is filled from shipments.sql.

Every row, event and policy has an id that an answer can cite. A list tells which shipments there
are; why one is late is only in its event log, and what follows from that only in the policies.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field

SEED = Path(__file__).with_suffix(".sql")

Tier: TypeAlias = Literal["standard", "plus", "enterprise"]
Status: TypeAlias = Literal["in_transit", "delayed", "delivered"]
Carrier: TypeAlias = Literal["Baltica", "Norrland", "Skylane", "Transalp"]
Cause: TypeAlias = Literal[
    "weather", "customs_hold", "carrier_capacity", "address_error", "damaged"
]
Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=40)]
Day: TypeAlias = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="A day, YYYY-MM-DD.")
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


class Shipment(BaseModel):
    """A shipment, as a list shows it."""

    shipment_id: str
    customer: str
    tier: Tier
    carrier: Carrier
    status: Status
    promised: Annotated[Day, Field(description="The day the customer was promised, YYYY-MM-DD.")]
    delivered: Annotated[str | None, Field(description="YYYY-MM-DD; null if not yet.")]


class Shipments(BaseModel):
    """A page of shipments."""

    shipments: list[Shipment]
    total: Annotated[int, Field(description="How many fit, on all pages together.")]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for the next page; null on the last.")
    ]


class Event(BaseModel):
    """An entry of a shipment's log."""

    event_id: str
    day: Day
    kind: Literal["created", "picked_up", "exception", "delivered"]
    cause: Annotated[Cause | None, Field(description="Why, of an exception.")]
    note: str


class Log(Shipment):
    """A shipment with all that happened to it."""

    days_late: Annotated[
        int, Field(description="Days past the promised one, until it came or until today.")
    ]
    events: list[Event]


class PolicyTitle(BaseModel):
    """A policy, as a list shows it."""

    policy_id: str
    title: str
    cause: Cause
    tiers: list[Tier]
    valid_from: Day
    valid_until: Annotated[str | None, Field(description="Its last day; null if it has none.")]


class Policy(PolicyTitle):
    """What is done for a late shipment."""

    from_days_late: Annotated[int, Field(description="It applies from so many days late on.")]
    credit_percent: Annotated[float, Field(description="Of the freight charge.")]
    remedy: str


class Policies(BaseModel):
    """Policies."""

    policies: list[PolicyTitle]


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


def _unknown(db: sqlite3.Connection, kind: str, query: str, wanted: str) -> ToolError:
    nearest = get_close_matches(wanted, [row[0] for row in db.execute(query)], n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    return ToolError(f"There is no {kind} {wanted!r}.{hint}")


def _day(name: str, day: str | None) -> str | None:
    try:
        return day and date.fromisoformat(day).isoformat()
    except ValueError:
        raise ToolError(f"`{name}` is no day: {day!r}.") from None


def _titles(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "tiers": row["tiers"].split(",")}


# -- the server


@asynccontextmanager
async def opened(_: MCPServer[sqlite3.Connection]) -> AsyncGenerator[sqlite3.Connection, None]:
    """Keep the database open while the server runs."""
    db = connect(os.environ.get("SHIPMENTS_DB") or "shipments.db")
    try:
        yield db
    finally:
        db.close()


server = MCPServer[sqlite3.Connection](
    "shipments",
    version="1.0.0",
    instructions="Shipments, why they are late, and which policy applies to that.",
    lifespan=opened,
    log_level="WARNING",
)

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_FILTER = (
    "(:status IS NULL OR status = :status) AND (:carrier IS NULL OR carrier = :carrier)"
    " AND (:from_day IS NULL OR promised >= :from_day) AND (:to_day IS NULL OR promised <= :to_day)"
)
_COUNT = f"SELECT count(*) FROM shipment WHERE {_FILTER}"  # noqa: S608 - values are parameters
_PAGE = (
    f"SELECT * FROM shipment WHERE {_FILTER} AND shipment_id > :cursor"  # noqa: S608 - as above
    " ORDER BY shipment_id LIMIT :limit"
)


@server.tool(title="List shipments", annotations=READS)
async def list_shipments(  # noqa: PLR0913 - its arguments are the tool's
    ctx: Ctx,
    *,
    status: Annotated[Status | None, Field(description="Only those of this status.")] = None,
    from_day: Annotated[
        Day | None, Field(description="Only those promised on this day or later, YYYY-MM-DD.")
    ] = None,
    to_day: Annotated[
        Day | None, Field(description="Only those promised on this day or earlier, YYYY-MM-DD.")
    ] = None,
    carrier: Annotated[Carrier | None, Field(description="Only those of this carrier.")] = None,
    limit: Annotated[int, Field(ge=1, le=100, description="At most so many.")] = 20,
    cursor: Annotated[
        str | None, Field(max_length=40, description="`next_cursor` of the page before.")
    ] = None,
) -> Shipments:
    """List shipments by id, a page at a time. Why one is late is in its log: get_shipment."""
    db = ctx.request_context.lifespan_context
    wanted = {
        "status": status,
        "carrier": carrier,
        "from_day": _day("from_day", from_day),
        "to_day": _day("to_day", to_day),
        "cursor": cursor or "",
        "limit": limit + 1,
    }
    rows = db.execute(_PAGE, wanted).fetchall()
    page = [Shipment(**dict(row)) for row in rows[:limit]]
    return Shipments(
        shipments=page,
        total=db.execute(_COUNT, wanted).fetchone()[0],
        next_cursor=page[-1].shipment_id if len(rows) > limit else None,
    )


@server.tool(title="Get a shipment", annotations=READS)
async def get_shipment(
    shipment_id: Annotated[Id, Field(description="A shipment's id, such as SHP-1270.")], ctx: Ctx
) -> Log:
    """Look up one shipment with its event log; an exception in it tells why it is late."""
    db = ctx.request_context.lifespan_context
    row = db.execute("SELECT * FROM shipment WHERE shipment_id = ?", (shipment_id,)).fetchone()
    if row is None:
        raise _unknown(db, "shipment", "SELECT shipment_id FROM shipment", shipment_id)
    events = db.execute(
        "SELECT event_id, day, kind, cause, note FROM event WHERE shipment_id = ?"
        " ORDER BY day, event_id",
        (shipment_id,),
    )
    until = date.fromisoformat(row["delivered"]) if row["delivered"] else now(ctx).date()
    late = max(0, (until - date.fromisoformat(row["promised"])).days)
    return Log(**dict(row), days_late=late, events=[Event(**dict(event)) for event in events])


@server.tool(title="List policies", annotations=READS)
async def list_policies(
    ctx: Ctx,
    cause: Annotated[Cause | None, Field(description="Only those for this cause.")] = None,
    tier: Annotated[Tier | None, Field(description="Only those for this tier.")] = None,
) -> Policies:
    """List the policies for late shipments, those no longer valid too."""
    rows = ctx.request_context.lifespan_context.execute(
        "SELECT policy_id, title, cause, tiers, valid_from, valid_until FROM policy"
        " WHERE (?1 IS NULL OR cause = ?1)"
        " AND (?2 IS NULL OR ',' || tiers || ',' LIKE '%,' || ?2 || ',%') ORDER BY policy_id",
        (cause, tier),
    )
    return Policies(policies=[PolicyTitle(**_titles(row)) for row in rows])


@server.tool(title="Get a policy", annotations=READS)
async def get_policy(
    policy_id: Annotated[Id, Field(description="A policy's id, such as POL-10.")], ctx: Ctx
) -> Policy:
    """Read one policy: whom it is for, from when on, and what is done."""
    db = ctx.request_context.lifespan_context
    row = db.execute("SELECT * FROM policy WHERE policy_id = ?", (policy_id,)).fetchone()
    if row is None:
        raise _unknown(db, "policy", "SELECT policy_id FROM policy", policy_id)
    return Policy(**_titles(row))


def main(arguments: list[str]) -> None:
    """Serve over stdio until standard input ends."""
    if arguments:
        os.environ["SHIPMENTS_DB"] = arguments[0]
    path = os.environ.get("SHIPMENTS_DB") or "shipments.db"
    try:
        connect(path).close()
    except sqlite3.Error as error:
        sys.exit(f"shipments: cannot open the database {path}: {error}")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
