"""A scenario out of a trace's header: what `encode` wrote there, read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentbox.core.errors import Mark
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.scenario import Case, Kinds, Scenario
from agentbox.spec.bind import BAD, Binder
from agentbox.spec.nodes import Entry, Node
from agentbox.spec.problems import Problems

_HEADER = Mark("the trace's header")
_DONE = ("servers_from", "path")
"""Keys whose work is done: the servers they name are among the servers."""
_DONE_IN_CASES = ("matrix", "repeat")
"""Keys that made this case one of several."""


def from_json(header: Json, label: str, kinds: Kinds) -> Scenario:
    """Return the scenario that a trace's header holds; `label` is what the header calls its case.

    No file is read, nothing is expanded, and the rules that need a project are not asked.

    Raises:
        AuthorError: this agentbox cannot read it; all that is wrong.
    """
    given: Mapping[str, Json] = header if is_object(header) else {}
    cases = given.get("cases")
    case = cases[0] if is_list(cases) and len(cases) == 1 and is_object(cases[0]) else {}
    problems = Problems()
    binder = Binder(kinds, problems, {})
    file = _node({k: v for k, v in given.items() if k not in (*_DONE, "cases")})
    one = _node({k: v for k, v in case.items() if k not in _DONE_IN_CASES})
    fields = binder.fields(Scenario, file, "the header's scenario", ("cases",))
    of_case = binder.fields(Case, one, "the header's case")
    if problems or BAD in (*fields.values(), *of_case.values()):
        raise problems.error()
    made = Case(**of_case, **_which(str(of_case["name"]), label))
    return Scenario(**fields, cases=(made,), path=str(given.get("path", "")))


def _node(value: Json) -> Node:
    """Return a JSON value as a tree of nodes: each stands in the header, and nowhere else."""
    if is_object(value):
        entries = {key: Entry(_node(key), _node(item)) for key, item in value.items()}
        return Node(entries, _HEADER)
    if is_list(value):
        return Node(tuple(map(_node, value)), _HEADER)
    is_text = isinstance(value, str)
    return Node(value, _HEADER, value if is_text else json.dumps(value), is_text)


def _which(name: str, label: str) -> dict[str, Any]:
    """Return the cell and the round that a label names: `refund[seed=1]#2`."""
    rest = label.removeprefix(name)
    cell, _, number = rest.rpartition("#") if "#" in rest else (rest, "", "")
    which: dict[str, Any] = {"cell": cell[1:-1]} if cell.startswith("[") else {}
    return which | ({"round": int(number)} if number.isdecimal() else {})
