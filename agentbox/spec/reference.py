"""The scenario reference in Markdown: every key, drawn from the types that the reader binds to.

A section begins with a type and takes in what its keys hold, up to where another one begins: so a
type that is new stands in the section of the key that holds it. Checks are a section of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from inspect import cleandoc
from typing import Any, Literal, get_args, get_origin

from agentbox.core.mock import Mock
from agentbox.core.scenario import (
    OVERRIDES,
    Agent,
    AtLeast,
    Case,
    CheckSpec,
    Kinds,
    ModelSpec,
    Scenario,
    Server,
    SimulatedUser,
    Turn,
)
from agentbox.spec.shapes import Key, keys_of, options, short_of

_HEADS: Mapping[str, type] = {
    "file": Scenario,
    "agent": Agent,
    "model": ModelSpec,
    "servers": Server,
    "mocks": Mock,
    "cases": Case,
    "turns": Turn,
    "user": SimulatedUser,
}
"""Sections, and the type that each begins with."""
CHECKS = "checks"
"""The section of checks: each kind of them begins there."""

_WORDS: Mapping[Any, tuple[str, str]] = {
    str: ("text", "texts"),
    int: ("whole number", "whole numbers"),
    float: ("number", "numbers"),
    bool: ("true or false", "truth values"),
    type(None): ("null", "nulls"),
    CheckSpec: ("check", "checks"),
    Any: ("any value", "any values"),
}
_NAMED_SINCE = {"`OVERRIDES`": ", ".join(f"`{name}`" for name in OVERRIDES)}


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of one type."""

    section: str
    cls: type
    doc: str
    places: list[str] = field(default_factory=list[str])
    """Where it stands: `agent.limits`, `user.limits`."""


def reference_text(kinds: Kinds) -> str:
    """Return the reference, without examples."""
    sections = reference(kinds)
    return "\n".join(f"## {name}\n\n{tables_text(sections[name])}" for name in sections)


def reference(kinds: Kinds) -> dict[str, list[Table]]:
    """Return the tables of each section, in the order that a reader wants them."""
    walk = _Walk()
    for section, cls in _HEADS.items():
        walk.begin(Table(section, cls, _doc(cls), [section]))
    for name, kind in kinds.checks.items():
        walk.begin(Table(CHECKS, kind.params, kind.doc, [name]))
    for table in list(walk.tables.values()):
        walk.keys(table, table.places[0] if table.cls is not Scenario else "")
    made = walk.tables.values()
    return {name: [t for t in made if t.section == name] for name in (*_HEADS, CHECKS)}


def tables_text(tables: Sequence[Table]) -> str:
    """Return tables in Markdown, each under its places and what it says."""
    return "\n".join(_text(table) for table in tables)


class _Walk:
    """Goes through what keys hold; a type has one table, wherever else it stands."""

    def __init__(self) -> None:
        self.tables: dict[tuple[type, str], Table] = {}

    def begin(self, table: Table) -> None:
        known = self.tables.setdefault((table.cls, table.doc), table)
        if known is not table:
            known.places.extend(place for place in table.places if place not in known.places)

    def keys(self, table: Table, at: str) -> None:
        for key in keys_of(table.cls).values():
            place = f"{at}.{key.name}" if at else key.name
            for cls in _held(key.type):
                held = Table(table.section, cls, _doc(cls), [place])
                new = (cls, held.doc) not in self.tables
                self.begin(held)
                if new:
                    self.keys(held, place)


def _held(kind: Any) -> Iterator[type]:
    """Yield the dataclasses of a key's type."""
    for option in options(kind):
        if option is CheckSpec:
            continue
        if is_dataclass(option) and isinstance(option, type):
            yield option
        elif get_origin(option) in (tuple, Mapping):
            yield from _held(get_args(option)[-1 if get_origin(option) is Mapping else 0])


def _doc(cls: type) -> str:
    """Return a type's docstring on one line, names of ours replaced by what they stand for."""
    text = " ".join(cleandoc(cls.__doc__ or "").split())
    for name, meant in _NAMED_SINCE.items():
        text = text.replace(name, meant)
    return text


# -- in Markdown ---------------------------------------------------------------------------------


def _text(table: Table) -> str:
    places = ", ".join(f"**`{place}`**" for place in table.places)
    short = short_of(table.cls)
    rows = [_row(key, bare=key is short) for key in keys_of(table.cls).values()]
    head = "| key | takes | default | |\n|---|---|---|---|\n"
    return f"{places}: {table.doc}\n\n{head}{''.join(rows)}"


def _row(key: Key, *, bare: bool) -> str:
    doc = f"{key.doc} A bare value is this." if bare else key.doc
    cells = [f"`{key.name}`", _takes(key), _default(key), doc]
    return "".join(f"| {cell.replace('|', chr(92) + '|')} " for cell in cells) + "|\n"


def _takes(key: Key) -> str:
    words = dict.fromkeys(word for option in options(key.type) for word in _words(option, 0))
    *most, last = words
    said = f"{', '.join(most)} or {last}" if most else last
    return f"{said}; {_least(key)}" if key.least else said


def _least(key: Key) -> str:
    least = (key.least or AtLeast(0)).minimum
    numbers = any(option in (int, float) for option in options(key.type))
    return "not empty" if not numbers and least == 1 else f"at least {least:g}"


def _words(option: Any, many: Literal[0, 1]) -> list[str]:
    """Return what a type is called; `many` picks the plural."""
    origin, inner = get_origin(option), get_args(option)
    if origin is Literal:
        return [f"`{value}`" for value in inner]
    if origin in (tuple, Mapping):
        held = [w for o in options(inner[0 if origin is tuple else 1]) for w in _words(o, 1)]
        return [f"{('list', 'mapping')[origin is Mapping]}{'s' * many} of {' or '.join(held)}"]
    if option in _WORDS:
        return [_WORDS[option][many]]
    short = short_of(option)
    bare = [w for o in options(short.type) for w in _words(o, many)] if short else []
    return [*bare, ("mapping", "mappings")[many]]


def _default(key: Key) -> str:
    """Return a default that is worth saying: none is for what is empty or a mapping of defaults."""
    if key.required:
        return "required"
    if isinstance(key.default, bool) or key.default is None:
        return f"`{str(key.default).lower().replace('none', 'null')}`"
    shown = isinstance(key.default, int | float | str) and key.default != ""
    return f"`{key.default}`" if shown else ""
