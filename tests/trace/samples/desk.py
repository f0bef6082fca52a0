"""The tools that the samples were recorded with."""

from __future__ import annotations

ORDERS = {"A-1": "sent on March 15", "B-2": "waiting"}


def order(id: str) -> dict[str, str]:  # noqa: A002 - as the model is told
    """Return the state of an order."""
    if id not in ORDERS:
        raise LookupError(f"there is no order {id}")
    return {"id": id, "state": ORDERS[id]}


def whole(id: str) -> str:  # noqa: A002 - as the model is told
    """Return the whole history of an order, which is long."""
    return f"{id}: {ORDERS[id]}. " + "It was looked at and nothing was changed. " * 40
