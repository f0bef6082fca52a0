"""A scenario file as scenarios: one for each case, with all that applies to it.

Read, compose, take in what other files hold, lay each case over the file, bind, obey the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentbox.core.errors import AuthorError, Mark
from agentbox.core.scenario import OVERRIDES, Agent, Case, Kinds, Limits, Scenario, Turn
from agentbox.core.trace import slug
from agentbox.spec.bind import BAD, Binder
from agentbox.spec.case_rules import obey_case
from agentbox.spec.compose import compose
from agentbox.spec.files import read_text, shown
from agentbox.spec.matrix import MAX_PLAYS, cells, plays
from agentbox.spec.mcp_config import servers_of
from agentbox.spec.nodes import Entry, Node, cut, merged, seen
from agentbox.spec.problems import Problems
from agentbox.spec.rules import Ground, obey
from agentbox.spec.shapes import keys_of

_FILE = "file:"
_TEXTS = (("agent", "system"), ("user", "prompt"))
"""Keys whose text may stand in a file of its own."""
_HOMES: Mapping[type, str] = {
    Scenario: "the file, beside `cases`",
    Agent: "`agent`",
    Case: "a case",
    Turn: "a turn",
    Limits: "`agent.limits`",
}


def read_scenarios(
    path: Path, kinds: Kinds, root: Path, environ: Mapping[str, str]
) -> tuple[Scenario, ...]:
    """Return the cases of a scenario file, in its order: one scenario for each.

    A scenario's `cases` holds its one case; what the case overrides is merged in. References to
    variables are checked against `environ`, and kept. Paths in the file start from `root`.

    Raises:
        AuthorError: all that is wrong with the file, sorted by place.
    """
    problems, root = Problems(), root.absolute()
    name = shown(path, root)
    node = compose(read_text(path, name), name, problems)
    if problems and node is None:
        raise problems.error()
    if node is None or (node.kind == "null" and not node.text):
        problems.add(Mark(name), "the file is empty", hint="begin it with `version: 1`")
    elif node.kind != "map":
        message = f"a scenario file must be a mapping, but it is {seen(node)}"
        problems.add(node.mark, message, note="begin it with `version: 1`")
    else:
        ground = Ground(kinds, root, environ, problems)
        scenarios = tuple(_Reader(ground).scenarios(node, name))
        if not problems:
            return scenarios
    raise problems.error()


class _Reader:
    """Makes scenarios of a file's node."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._problems = ground.problems
        self._binder = Binder(ground.kinds, ground.problems, _HOMES)

    def scenarios(self, node: Node, name: str) -> Iterator[Scenario]:
        """Yield the file's scenarios, leaving out those that something is wrong with."""
        file = self._with_servers(self._with_texts(node))
        base = self._binder.fields(Scenario, file, "the file", ("cases", "$schema"))
        if "$schema" in node.entries:
            self._binder.value(str, node.entries["$schema"].value, "`$schema`")
        base |= {"path": name, "root": str(self._ground.root)}
        obey(file, file.entries, self._ground)
        for case in self._playable(self._cases(node)):
            for given in self._played(file, self._with_texts(case)):
                if BAD not in base.values():
                    yield from _rounds(Scenario(**base | given))

    def _cases(self, node: Node) -> tuple[Node, ...]:
        cases, doc = node.get("cases"), keys_of(Scenario)["cases"].doc
        if cases is None:
            if self._problems.missing("cases"):
                self._problems.add(node.mark, "the file has no `cases`", note=f"cases: {doc}")
            return ()
        if cases.kind != "list":
            message = f"`cases` must be a list, but it is {seen(cases)}"
            self._problems.add(cases.mark, message, note="each case begins with `- `")
        elif not cases.items:
            self._problems.add(cases.mark, "`cases` is empty", note=doc)
        self._refuse_twins(cases.items)
        return cases.items

    def _playable(self, cases: Collection[Node]) -> Iterator[Node]:
        """Yield the cases, up to the one that makes too many plays of them."""
        total = 0
        for case in cases:
            total += plays(case)
            if total > MAX_PLAYS:
                key = next((each for each in ("repeat", "matrix") if each in case.entries), "")
                mark = case.entries[key].key.mark if key else case.mark
                message = f"the cases of a file are played at most {MAX_PLAYS:,} times in all"
                note = f"up to here, with its matrix and its repeats, {total:,} times"
                self._problems.add(mark, message, note=note)
                return
            yield case

    def _played(self, file: Node, node: Node) -> Iterator[dict[str, Any]]:
        """Yield what a case gives of its scenario, for each cell of its matrix."""
        if node.kind != "map":
            self._problems.add(node.mark, f"a case must be a mapping, but it is {seen(node)}")
            return
        case = self._binder.fields(Case, node, "a case", OVERRIDES)
        laid = {key: e for key, e in node.entries.items() if key in OVERRIDES}
        whole = merged(file, Node(laid, node.mark))
        obey_case(node, whole, self._ground)
        for cell, changed, keys in cells(node.get("matrix"), whole, self._problems):
            given = self._overridden(changed, [*laid, *sorted(keys - laid.keys())])
            if BAD in case.values() or BAD in given.values():
                return
            made = Case(**case, mark=node.entries["name"].value.mark, cell=cell)
            yield given | {"cases": (made,)}

    def _overridden(self, whole: Node, keys: Collection[str]) -> dict[str, Any]:
        """Return the values of the keys that a case, or a cell of its matrix, gives."""
        known = keys_of(Scenario)
        given = {
            key: self._binder.field(known[key], whole.entries[key].value, f"`{key}`")
            for key in keys
        }
        obey(whole, keys, self._ground)
        return given

    def _refuse_twins(self, cases: Collection[Node]) -> None:
        """Refuse names that are the same, or that would share a trace file."""
        names: dict[str, Node] = {}
        for case in cases:
            name = case.get("name")
            if name is None or name.kind != "str":
                continue
            twin = names.setdefault(slug(name.text), name)
            if twin is not name:
                here, there = cut(name.text), cut(twin.text)
                same = f"a second case is named `{here}`"
                alike = f"the traces of `{here}` and `{there}` would share a file"
                message = same if name.text == twin.text else alike
                self._problems.add(name.mark, message, note=f"the first is at {twin.mark}")

    # -- what other files hold -------------------------------------------------------------------

    def _with_texts(self, node: Node) -> Node:
        """Return the node with the texts that `file:` names in place of their names."""
        for path in _TEXTS:
            node = self._with_text(node, path)
        return node

    def _with_text(self, node: Node, path: tuple[str, ...]) -> Node:
        if not node.string(*path).startswith(_FILE):
            return node
        head, *rest = path
        inner = node.entries[head].value
        if not rest:
            return node.having(head, self._text(inner))
        return node.having(head, self._with_text(inner, tuple(rest)))

    def _text(self, named: Node) -> Node:
        name = named.text.removeprefix(_FILE).strip()
        try:
            text = read_text(self._ground.root / name, name).rstrip("\r\n")
        except AuthorError as error:
            self._blame(named, error)
            text = ""
        return Node(text, named.mark, text)

    def _with_servers(self, node: Node) -> Node:
        """Return the node with the servers of the files in `servers_from` among its own."""
        files, own = node.get("servers_from"), node.get("servers")
        servers: dict[str, Entry] = dict(own.entries) if own else {}
        for file in files.items if files else ():
            for name, entry in self._servers_of(file).items():
                if name in servers:
                    self._refuse_server(name, entry, servers[name])
                else:
                    servers[name] = entry
        if not files or (own and own.kind != "map"):
            return node
        return node.having("servers", Node(servers, (own or files).mark))

    def _servers_of(self, file: Node) -> dict[str, Entry]:
        if file.kind != "str":
            return {}
        try:
            return servers_of(file.text, self._ground.root, self._problems)
        except AuthorError as error:
            self._blame(file, error)
            return {}

    def _refuse_server(self, name: str, entry: Entry, other: Entry) -> None:
        note = f"{entry.key.mark} gives it too"
        self._problems.add(other.key.mark, f"the server `{cut(name)}` stands twice", note=note)

    def _blame(self, node: Node, error: AuthorError) -> None:
        (problem,) = error.problems
        self._problems.add(node.mark, problem.message, note=problem.note, hint=problem.hint)


def _rounds(scenario: Scenario) -> Iterator[Scenario]:
    """Yield a scenario for each time its case is played; the seed grows by one with each."""
    case = scenario.case
    if case.repeat.runs == 1:
        yield scenario
        return
    for number in range(1, case.repeat.runs + 1):
        played = replace(case, round=number)
        yield replace(scenario, seed=scenario.seed + number - 1, cases=(played,))
