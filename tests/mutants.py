"""Scenario files that are wrong in one place: made of the examples of the README's reference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, get_args, get_origin

from readme import examples
from walked import Path, uses

from agentbox.session import KINDS
from agentbox.spec.compose import compose
from agentbox.spec.nodes import Kind
from agentbox.spec.problems import Problems
from agentbox.spec.reference import reference
from agentbox.spec.shapes import Key, keys_of, kinds_of, options

WRONG: Mapping[Kind, Any] = {
    "null": None,
    "bool": True,
    "int": 7,
    "float": 1.5,
    "str": "word",
    "list": ["word"],
    "map": {"word": 1},
}
"""A value of each kind."""


class Place(NamedTuple):
    """A key of the format, in a file as small as an example gives it."""

    name: str
    """`agent.limits.steps`."""
    key: Key
    path: Path
    data: Any

    def with_value(self, value: Any) -> str:
        """Return the file with another value at the place."""
        return json.dumps(_put(self.data, self.path, value), indent=1, ensure_ascii=False)

    def with_name(self, name: str) -> str:
        """Return the file with the key under another name."""
        owner = _at(self.data, self.path[:-1])
        renamed = {name if key == self.path[-1] else key: each for key, each in owner.items()}
        return json.dumps(_put(self.data, self.path[:-1], renamed), indent=1, ensure_ascii=False)


def places(section: str) -> Iterator[Place]:
    """Yield each key of a section's types once."""
    names = {
        (table.cls, key): f"{table.places[0]}.{key}"
        for table in reference(KINDS)[section]
        for key in keys_of(table.cls)
    }
    for path in examples(section):
        text = path.read_text()
        node = compose(text, path.name, Problems())
        assert node
        for use in uses(text):
            name = names.pop((use.cls, use.key.name), "")
            if name:
                yield Place(name, use.key, *_alone(use.path, node.json()))


def wrong_values(kind: Any) -> Iterator[Any]:
    """Yield a value of each kind that a type does not take, and one of such values inside it."""
    taken = frozenset[str]().union(*map(kinds_of, options(kind)))
    yield from (value for name, value in WRONG.items() if name not in taken)
    for option in options(kind):
        inner = get_args(option)
        if get_origin(option) is tuple:
            yield from ([value] for value in list(wrong_values(inner[0]))[:1])
        elif get_origin(option) is Mapping:
            yield from ({"word": value} for value in list(wrong_values(inner[1]))[:1])


def allowed(kind: Any) -> Iterator[Any]:
    """Yield the values of a type that is a choice."""
    for option in options(kind):
        if get_origin(option) is Literal:
            yield from get_args(option)


def near(name: str) -> str:
    """Return a slip of the finger."""
    return name + name[-1] if len(name) < 5 else name[:-2] + name[-1]


def _alone(path: Path, data: Any) -> tuple[Path, Any]:
    """Return a place with what stands beside it in lists left out."""
    if not path:
        return path, data
    head, *rest = path
    inner, kept = _alone(tuple(rest), data[head])
    if isinstance(data, list):
        return (0, *inner), [kept]
    return (head, *inner), {**data, head: kept}


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _put(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    inner = _put(data[head], tuple(rest), value)
    if isinstance(data, list):
        return [inner if number == head else each for number, each in enumerate(data)]
    return {**data, head: inner}
