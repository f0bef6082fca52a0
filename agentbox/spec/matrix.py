"""A case's matrix: each combination of its values laid over the case, before anything is bound."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from agentbox.core.scenario import OVERRIDES
from agentbox.spec.bind import suggest
from agentbox.spec.nodes import Entry, Node, cut
from agentbox.spec.problems import Problems

MAX_PLAYS = 10_000
"""How many plays a file may come to: what is more is a slip of the finger, and never ends."""


def plays(case: Node) -> int:
    """Return how often a case is played: once for each cell of its matrix, in each round."""
    matrix, repeat = case.get("matrix"), case.get("repeat")
    runs = repeat.get("runs") if repeat and repeat.kind == "map" else repeat
    rounds = runs.value if runs and isinstance(runs.value, int) else 1
    axes = (entry.value.items for entry in matrix.entries.values()) if matrix else ()
    return max(1, rounds) * prod(len(values) or 1 for values in axes)


def cells(
    matrix: Node | None, whole: Node, problems: Problems
) -> Iterator[tuple[str, Node, frozenset[str]]]:
    """Yield each cell: its name, `whole` with its values in it, and the keys that changed.

    A case without a matrix is one cell without a name.
    """
    axes = {k: e for k, e in matrix.entries.items() if e.value.kind == "list"} if matrix else {}
    if [key for key, entry in axes.items() if _refused(key, entry, problems)]:
        return
    for values in product(*(entry.value.items for entry in axes.values())):
        chosen = dict(zip(axes, values, strict=True))
        changed = whole
        for path, value in chosen.items():
            changed = _put(changed, path.split("."), value)
        name = ",".join(f"{path}={cut(str(value.json()), 20)}" for path, value in chosen.items())
        yield name, changed, frozenset(path.partition(".")[0] for path in chosen)


def _refused(key: str, entry: Entry, problems: Problems) -> bool:
    if key.partition(".")[0] not in OVERRIDES:
        message = f"`{cut(key)}` is nothing that a case can override"
        problems.add(entry.key.mark, message, note=suggest(key, OVERRIDES))
        return True
    if not entry.value.items:
        note = "without one the case would never be played"
        problems.add(entry.value.mark, f"`{cut(key)}` has no values", note=note)
    return not entry.value.items


def _put(node: Node, path: list[str], value: Node) -> Node:
    head, *rest = path
    if rest:
        value = _put(node.get(head) or Node({}, value.mark), rest, value)
    return node.having(head, value)
