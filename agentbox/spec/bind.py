"""From nodes to dataclasses: every key known, every type exact, all mistakes collected.

`1.0` is no whole number, `true` is no number, `8` is no text: a file means what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from typing import Any, Final, Literal, get_args, get_origin

from agentbox.core.errors import Mark, nearest
from agentbox.core.scenario import AtLeast, CheckSpec, Kinds, Level
from agentbox.spec.nodes import Kind, Node, cut, seen
from agentbox.spec.problems import Problems
from agentbox.spec.scalars import resolved
from agentbox.spec.shapes import Key, keys_of, kinds_of, long_form, options, short_of

BAD: Final = object()
"""Stands for a value that could not be made; what is wrong with it is in the problems."""

_WORDS: Mapping[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    tuple: "a list",
}
_TRUTHS = ("yes", "no", "on", "off")
_BRACKETS = ("[", "{")


class Binder:
    """Makes values of nodes."""

    def __init__(self, kinds: Kinds, problems: Problems, homes: Mapping[type, str]) -> None:
        self._kinds = kinds
        self._problems = problems
        self._homes = homes
        """Classes among which a key may be misplaced, and what a message calls each."""

    def value(self, kind: Any, node: Node, what: str) -> Any:
        """Return the node's value as `kind`, or `BAD`."""
        if kind is CheckSpec:
            return self._check(node)
        for option in options(kind):
            if node.kind in kinds_of(option):
                return self._option(option, node, what)
        self._refuse_type(kind, node, what)
        return BAD

    def record(self, cls: type, node: Node, what: str) -> Any:
        """Return the node as a dataclass, or `BAD`. A `ValueError` of its own is a problem."""
        given = self.fields(cls, node, what)
        if BAD in given.values():
            return BAD
        try:
            return cls(**given)
        except ValueError as error:
            self._problems.add(node.mark, f"{what}: {error}")
            return BAD

    def fields(
        self, cls: type, node: Node, what: str, also: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return what the node gives of a dataclass's fields, `BAD` where it is wrong or missing.

        Keys in `also` may be given too; they are somebody else's work.
        """
        short = short_of(cls)
        if short and not (node.kind == "map" and long_form(cls, node.entries)):
            return {short.name: self.field(short, node, what)}
        keys = keys_of(cls)
        meant = {
            self._refuse_key(entry.key, (*keys, *also), cls, what)
            for name, entry in node.entries.items()
            if name not in keys and name not in also
        }
        given: dict[str, Any] = {}
        for name, key in keys.items():
            if name in node.entries and name not in also:
                given[name] = self.field(key, node.entries[name].value, f"`{name}`")
            elif name in meant:
                given[name] = BAD
            elif key.required and name not in also:
                given[name] = BAD
                self._refuse_missing(key, node, what)
        return given

    def field(self, key: Key, node: Node, what: str) -> Any:
        """Return the node's value as a field of its class wants it, or `BAD`."""
        value = self.value(key.type, node, what)
        if key.least is None or value is BAD or value is None:
            return value
        counted = not isinstance(value, int | float)
        if (len(value) if counted else value) >= key.least.minimum:
            return value
        wrong = _too_short(len(value), key.least) if counted else _too_small(node, key.least)
        self._problems.add(node.mark, f"{what} {wrong}", note=key.doc)
        return BAD

    # -- by type ---------------------------------------------------------------------------------

    def _option(self, option: Any, node: Node, what: str) -> Any:
        origin, inner = get_origin(option), get_args(option)
        if origin is Literal:
            return self._literal(inner, node, what)
        if origin is tuple:
            made = [self.value(inner[0], item, f"an entry of {what}") for item in node.items]
            return BAD if BAD in made else tuple(made)
        if origin is Mapping:
            return self._mapping(inner[1], node)
        if is_dataclass(option) and isinstance(option, type):
            return self.record(option, node, what)
        return node.json()

    def _mapping(self, kind: Any, node: Node) -> Any:
        values = {
            name: self.value(kind, entry.value, f"`{cut(name)}`")
            for name, entry in node.entries.items()
        }
        return BAD if BAD in values.values() else values

    def _literal(self, allowed: tuple[Any, ...], node: Node, what: str) -> Any:
        if node.value in allowed:
            return node.value
        names = [str(value) for value in allowed]
        self._problems.add(
            node.mark, f"{what} cannot be `{cut(node.text)}`", note=suggest(node.text, names)
        )
        return BAD

    # -- checks ----------------------------------------------------------------------------------

    def _check(self, node: Node) -> Any:
        entries = dict(node.entries)
        warned = entries.pop("level", None)
        level = self.value(Level, warned.value, "`level`") if warned else "fail"
        if not entries:
            self._refuse_check(node)
            return BAD
        (name, entry), *more = entries.items()
        kind = self._kinds.checks.get(name)
        if kind is None:
            note = suggest(name, list(self._kinds.checks))
            self._problems.add(entry.key.mark, f"unknown check `{cut(name)}`", note=note)
        for other, extra in more:
            self._refuse_second(name, other, extra.key)
        if kind is None:
            return BAD
        params = self.value(kind.params, entry.value, f"`{name}`")
        if BAD in (params, level) or more:
            return BAD
        return CheckSpec(name, params, entry.key.mark, self._problems.line(entry.key.mark), level)

    def _refuse_check(self, node: Node) -> None:
        if node.kind == "str":
            quoted = node.text.replace("\\", "\\\\").replace('"', '\\"')
            self._problems.add(
                node.mark,
                f"a check must say what it checks, but this is {seen(node)}",
                note="bare text is no check",
                hint=f'write `says: "{cut(quoted)}"`',
            )
        else:
            message = f"a check must be a mapping of one key, but it is {seen(node)}"
            if node.entries:
                message = "a check has a `level`, but nothing says what it checks"
            known = ", ".join(self._kinds.checks)
            self._problems.add(node.mark, message, note=f"one of: {known}")

    def _refuse_second(self, kind: str, other: str, key: Node) -> None:
        message = f"a check has one key, but `{cut(other)}` stands beside `{cut(kind)}`"
        known = self._kinds.checks.get(kind)
        if known and other in keys_of(known.params):
            hint = f"`{other}` is a key of `{kind}`: write `{kind}: {{..., {other}: ...}}`"
        elif other in self._kinds.checks:
            hint = "begin each check with its own `- `, or its own { }"
        else:
            hint = "quote text that holds `: ` or a comma"
        self._problems.add(key.mark, message, hint=hint)

    # -- what is wrong ---------------------------------------------------------------------------

    def _refuse_key(self, key: Node, allowed: Collection[str], cls: type, what: str) -> str:
        """Refuse an unknown key; return the one that was meant, where one is like it."""
        home = self._home(key.text) if cls in self._homes else ""
        note = f"it belongs in {home}" if home else suggest(key.text, allowed)
        self._problems.add(key.mark, f"unknown key `{cut(key.text)}` in {what}", note=note)
        meant = "" if home else nearest(key.text, list(allowed))
        self._problems.misspelt(meant)
        return meant

    def _home(self, name: str) -> str:
        return next((home for cls, home in self._homes.items() if name in keys_of(cls)), "")

    def _refuse_missing(self, key: Key, node: Node, what: str) -> None:
        first = next(iter(node.entries.values()), None)
        mark = first.key.mark if first else node.mark
        self._problems.add(mark, f"{what} has no `{key.name}`", note=f"{key.name}: {key.doc}")

    def _refuse_type(self, kind: Any, node: Node, what: str) -> None:
        message = f"{what} must be {_expected(kind)}, but it is {seen(node)}"
        opened = self._problems.line(node.mark)[node.mark.column - 1 : node.mark.column]
        self._problems.add(node.mark, message, note=_remedy(kind, node, opened))


def suggest(name: str, allowed: Collection[str]) -> str:
    """Return the nearest valid name as a question; failing that, all of them."""
    found = nearest(name, list(allowed))
    return f"did you mean `{found}`?" if found else f"one of: {', '.join(allowed)}"


def _too_short(length: int, least: AtLeast) -> str:
    wanted = f"must have at least {least.minimum:g} entries, but it has {length}"
    return wanted if length else "is empty"


def _too_small(node: Node, least: AtLeast) -> str:
    return f"must be at least {least.minimum:g}, but it is {node.text}"


def _expected(kind: Any) -> str:
    words = [_words_of(option) for option in options(kind)]
    *most, last = dict.fromkeys(word for option in words for word in option)
    return f"{', '.join(most)} or {last}" if most else last


def _words_of(option: Any) -> list[str]:
    if get_origin(option) is Literal:
        return [str(value) for value in get_args(option)]
    short = short_of(option) if is_dataclass(option) else None
    bare = [word for part in options(short.type) for word in _words_of(part)] if short else []
    return [*bare, _WORDS.get(get_origin(option) or option, "a mapping")]


def _remedy(kind: Any, node: Node, opened: str) -> str:
    """Return what may mend a value; `opened` is the character it begins with in the file."""
    taken = frozenset[str]().union(*(kinds_of(option) for option in options(kind)))
    if _text(kind) and node.kind in ("bool", "int", "float"):
        return f'quote it: "{cut(node.text)}"'
    if _text(kind) and opened in _BRACKETS and "list" not in taken:
        return "quote text that begins with a bracket"
    if "bool" in taken and node.text.lower() in _TRUTHS:
        return "write true or false"
    if node.quoted and _unquoted(node.text) in taken:
        return "remove the quotes"
    if "list" in taken and node.kind != "null":
        return "a list is written [a, b], or as lines that begin with `- `"
    records = [each for each in options(kind) if is_dataclass(each) and node.kind != "null"]
    return f"its keys: {', '.join(keys_of(records[0]))}" if records else ""


def _text(kind: Any) -> bool:
    """Return whether a type takes any text: a choice takes only some."""
    shorts = (short_of(each) for each in options(kind) if is_dataclass(each))
    return str in options(kind) or any(str in options(short.type) for short in shorts if short)


def _unquoted(text: str) -> Kind:
    """Return the kind of value that a text would be without its quotes."""
    try:
        return Node(resolved(text), Mark("")).kind
    except ValueError:
        return "str"
