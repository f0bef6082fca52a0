"""A file's content as a tree of nodes, each with its place. Nothing here knows YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from agentbox.core.errors import Mark
from agentbox.core.messages import Json

Kind: TypeAlias = Literal["null", "bool", "int", "float", "str", "list", "map"]

_KINDS: Mapping[type, Kind] = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple: "list",
    dict: "map",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place."""

    value: bool | float | str | tuple[Node, ...] | dict[str, Entry] | None
    mark: Mark
    text: str = ""
    """A scalar as written, quotes aside; empty for a value that was left out."""
    quoted: bool = False

    @property
    def kind(self) -> Kind:
        """Which of JSON's kinds the value is."""
        return _KINDS[type(self.value)]

    @property
    def entries(self) -> dict[str, Entry]:
        """A mapping's entries; none for any other value."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """A list's items; none for any other value."""
        return self.value if isinstance(self.value, tuple) else ()

    def get(self, *keys: str) -> Node | None:
        """Return the value that the keys lead to, where all of them are there."""
        node = self
        for key in keys:
            if key not in node.entries:
                return None
            node = node.entries[key].value
        return node

    def string(self, *keys: str) -> str:
        """Return the text that the keys lead to; empty where there is none."""
        node = self.get(*keys)
        return node.value if node and isinstance(node.value, str) else ""

    def json(self) -> Json:
        """Return the value without its places."""
        if isinstance(self.value, dict):
            return {key: entry.value.json() for key, entry in self.value.items()}
        if isinstance(self.value, tuple):
            return [item.json() for item in self.value]
        return self.value

    def having(self, key: str, value: Node) -> Node:
        """Return this mapping with another value under `key`."""
        place = self.entries[key].key if key in self.entries else value
        return Node({**self.entries, key: Entry(place, value)}, self.mark)


class Entry(NamedTuple):
    """A key of a mapping with its value."""

    key: Node
    value: Node


def merged(under: Node | None, over: Node) -> Node:
    """Return `over` laid on `under`: mappings key by key, all else replaced. Places are kept."""
    if under is None or under.kind != "map" or over.kind != "map":
        return over
    laid = {k: Entry(e.key, merged(under.get(k), e.value)) for k, e in over.entries.items()}
    return Node({**under.entries, **laid}, over.mark)


def cut(text: str, length: int = 40) -> str:
    """Return `text` as a message quotes it: on one line, and not long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"


def seen(node: Node) -> str:
    """Return what a message calls a value: `the text "eight"`, `the number 8`, `a list`."""
    if node.kind == "null":
        return "null" if node.text else "left out"
    if node.kind in _COLLECTIONS:
        return _COLLECTIONS[node.kind]
    if node.kind == "str":
        return f'the text "{cut(node.text)}"' if node.text else "empty text"
    return node.text if node.kind == "bool" else f"the number {cut(node.text)}"


_COLLECTIONS: Mapping[Kind, str] = {"list": "a list", "map": "a mapping"}
