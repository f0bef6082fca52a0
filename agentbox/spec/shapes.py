"""What a dataclass looks like as keys of a file; the binder and the JSON Schema both ask here.

A field's type is one of: str, int, float, bool, None, Any (a JSON value), a Literal,
`tuple[X, ...]` (a list), `Mapping[str, X]`, `CheckSpec`, another such dataclass, or a union of
these of which each takes another kind of value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from inspect import get_annotations
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from agentbox.core.scenario import AtLeast, CheckSpec, Internal, Short
from agentbox.spec.nodes import Kind

_SCALARS: Mapping[Any, frozenset[Kind]] = {
    str: frozenset({"str"}),
    int: frozenset({"int"}),
    float: frozenset({"int", "float"}),
    bool: frozenset({"bool"}),
    type(None): frozenset({"null"}),
    CheckSpec: frozenset({"map"}),
    Any: frozenset({"null", "bool", "int", "float", "str", "list", "map"}),
}
_MAP = frozenset[Kind]({"map"})
_GENERICS: Mapping[Any, frozenset[Kind]] = {
    tuple: frozenset({"list"}),
    Mapping: _MAP,
}


@dataclass(frozen=True, slots=True)
class Key:
    """A field of a dataclass, as a key of the file."""

    name: str
    type: Any
    """Without `Annotated`."""
    default: Any
    """`MISSING` where a file must give the key, or the reader fills it."""
    doc: str = ""
    least: AtLeast | None = None
    short: bool = False
    internal: bool = False

    @property
    def required(self) -> bool:
        """Whether a file must give it."""
        return self.default is MISSING and not self.internal


@cache
def keys_of(cls: type) -> Mapping[str, Key]:
    """Return the fields that a file may give, in their order."""
    return {key.name: key for key in all_keys(cls) if not key.internal}


@cache
def all_keys(cls: type) -> tuple[Key, ...]:
    """Return all fields, those that the reader fills included."""
    return tuple(_key(cls, field) for field in fields(cls))


@cache
def short_of(cls: type) -> Key | None:
    """Return the field that a bare value stands for."""
    return next((key for key in all_keys(cls) if key.short), None)


@cache
def options(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union; any other type alone."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(part for option in get_args(kind) for part in options(option))
    return (kind,)


@cache
def kinds_of(option: Any) -> frozenset[Kind]:
    """Return the kinds of value that a type takes.

    Raises:
        TypeError: the type is none that a file can give.
    """
    if option in _SCALARS:
        return _SCALARS[option]
    if is_dataclass(option) and isinstance(option, type):
        short = short_of(option)
        return _MAP.union(*map(kinds_of, options(short.type))) if short else _MAP
    origin = get_origin(option)
    if origin is Literal:
        return frozenset[Kind]().union(*(_SCALARS[type(value)] for value in get_args(option)))
    if origin in _GENERICS and (origin is not tuple or get_args(option)[1:] == (...,)):
        return _GENERICS[origin]
    raise TypeError(f"{option} is no type for a key of a scenario file")


def long_form(cls: type, keys: Mapping[str, Any]) -> bool:
    """Return whether a mapping gives a dataclass's fields, not its short field's value.

    It does unless the short field takes a mapping itself and is not among the keys.
    """
    short = short_of(cls)
    if short is None or short.name in keys:
        return True
    return all("map" not in kinds_of(option) for option in options(short.type))


def _key(cls: type, field: Field[Any]) -> Key:
    hint = _resolved(cls, field)
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    found: dict[Any, Any] = {type(note): note for note in notes}
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    return Key(
        field.name,
        get_args(hint)[0] if notes else hint,
        default,
        str(found.get(str, "")),
        found.get(AtLeast),
        Short in found,
        Internal in found,
    )


def _resolved(cls: type, field: Field[Any]) -> Any:
    """Return a field's type; `typing.get_type_hints` takes three times as long, 2 ms at start."""
    if not isinstance(field.type, str):
        return field.type
    owner = next(base for base in cls.__mro__ if field.name in get_annotations(base))
    return eval(field.type, vars(sys.modules[owner.__module__]))  # noqa: S307 - our own source
