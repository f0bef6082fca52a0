"""Comparing rows that a query gave with those it must give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from agentbox.core.comparing import same
from agentbox.core.messages import Json
from agentbox.judge.failure import Unjudgeable
from agentbox.judge.values import differences
from agentbox.judge.wording import shown

_MOST = 3
"""Rows that a message lists; the rest are counted."""


def row_problems(
    wanted: Sequence[Json], columns: Sequence[str], rows: Sequence[Json], *, ordered: bool
) -> str:
    """Return what is wrong with `rows`, each a list of values; nothing if they are as wanted.

    Raises:
        Unjudgeable: rows are wanted as mappings, and two columns have one name.
    """
    by_name = any(isinstance(row, Mapping) for row in wanted)
    if by_name and len(set(columns)) < len(columns):
        names = ", ".join(columns)
        raise Unjudgeable(f"two columns have one name ({names}): give the rows as lists")
    found = list((_in_order if ordered else _in_any_order)(wanted, columns, rows))
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return "; ".join(found[:_MOST] + more)


def _in_order(
    wanted: Sequence[Json], columns: Sequence[str], rows: Sequence[Json]
) -> Iterator[str]:
    for number, (want, row) in enumerate(zip(wanted, rows, strict=False), 1):
        if not same(want, _like(want, columns, row)):
            yield f"row {number} {_differs(want, columns, row)}"
    for number, want in enumerate(wanted[len(rows) :], len(rows) + 1):
        yield f"row {number} is missing: {shown(want)}"
    for number, row in enumerate(rows[len(wanted) :], len(wanted) + 1):
        yield f"row {number} was not expected: {shown(row)}"


def _in_any_order(
    wanted: Sequence[Json], columns: Sequence[str], rows: Sequence[Json]
) -> Iterator[str]:
    left = list(rows)
    for want in wanted:
        fit = next((n for n, row in enumerate(left) if same(want, _like(want, columns, row))), None)
        if fit is None:
            yield f"a row is missing: {shown(want)}"
        else:
            del left[fit]
    for row in left:
        yield f"a row was not expected: {shown(row)}"


def _like(want: Json, columns: Sequence[str], row: Sequence[Json]) -> Json:
    """Return a row in the form in which it is wanted."""
    return dict(zip(columns, row, strict=True)) if isinstance(want, Mapping) else row


def _differs(want: Json, columns: Sequence[str], row: Sequence[Json]) -> str:
    if isinstance(want, Mapping):
        wanted = cast("Mapping[str, Json]", want)
        return f"differs: {', '.join(differences(wanted, _like(want, columns, row)))}"
    return f"is {shown(row)}, not {shown(want)}"
