"""Goes through a scenario file along its types: which keys it gives, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, NamedTuple, TypeAlias, get_args, get_origin

from agentbox.core.scenario import OVERRIDES, Case, CheckSpec, Scenario
from agentbox.session import KINDS
from agentbox.spec.compose import compose
from agentbox.spec.nodes import Node
from agentbox.spec.problems import Problems
from agentbox.spec.shapes import Key, keys_of, kinds_of, long_form, options, short_of

Path: TypeAlias = tuple[str | int, ...]


class Use(NamedTuple):
    """A key that a file gives: the type that has it, and where its value stands."""

    cls: type
    key: Key
    path: Path


def uses(text: str) -> Iterator[Use]:
    """Yield the keys that a valid scenario file gives."""
    node = compose(text, "f.yaml", Problems())
    assert node
    yield from _by_record(Scenario, node, ())


def _walk(kind: Any, node: Node, path: Path) -> Iterator[Use]:
    option = next(each for each in options(kind) if node.kind in kinds_of(each))
    inner = get_args(option)
    if option is CheckSpec:
        yield from _by_check(node, path)
    elif get_origin(option) is tuple:
        for number, item in enumerate(node.items):
            yield from _walk(inner[0], item, (*path, number))
    elif is_dataclass(option) and isinstance(option, type):
        yield from _by_record(option, node, path)
    elif len(inner) == 2 and node.kind == "map":
        for name, entry in node.entries.items():
            yield from _walk(inner[1], entry.value, (*path, name))


def _by_record(cls: type, node: Node, path: Path) -> Iterator[Use]:
    short = short_of(cls)
    if short and not (node.kind == "map" and long_form(cls, node.entries)):
        yield from _walk(short.type, node, path)
        return
    for name, entry in node.entries.items():
        owner = Scenario if cls is Case and name in OVERRIDES else cls
        key = keys_of(owner)[name]
        yield Use(owner, key, (*path, name))
        yield from _walk(key.type, entry.value, (*path, name))


def _by_check(node: Node, path: Path) -> Iterator[Use]:
    for name, entry in node.entries.items():
        if name != "level":
            yield from _walk(KINDS.checks[name].params, entry.value, (*path, name))
