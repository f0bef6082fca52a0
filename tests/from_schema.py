"""Values from a JSON Schema: most fit, and some are wrong in a place or two.

Only what the scenario schema uses is understood, draft-07. hypothesis-jsonschema would do it too,
but has had no release since 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

TEXTS = st.sampled_from(
    ["a", "", "word", "now", "react", "2026-03-20T14:30:00Z", "shop/tools.py", "shop/m.py:reply",
     "$.a", "a.*", "${A}", "${A:-b}", "file:shop/system.md", "[", "é\u0301", "😀", "null", "12",
     " ", "\u2028", "\x1b[1m", "a\nb", "a b", "http://127.0.0.1", "///", "\\", "x" * 300]
)  # fmt: skip
NUMBERS = st.sampled_from([0, 1, 2, 20, -1, 10**18, 10**299, 0.5, 1.0, -0.0, 1e300])
JUNK = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
OF_TYPE = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.sampled_from([1, 2, 20, 0, -1, 10**18]),
    "number": NUMBERS,
    "string": TEXTS,
}
OF_TYPE["any"] = JUNK
SLIPS = st.integers(0, 39).map(lambda drawn: 39 - drawn)
PICKS = st.integers(0, 59)
MAX_DEPTH = 9


Schema: TypeAlias = Mapping[str, Any]


@st.composite
def values(draw: st.DrawFn, schema: Schema, likely: Mapping[str, Any]) -> Any:
    """Draw a value of a schema; a key among `likely` mostly has the value that it has there."""
    return _Drawing(draw, schema, likely).value(schema, 0)


class _Drawing:
    """Draws from one schema; plain functions, for a strategy in each place takes minutes."""

    def __init__(self, draw: st.DrawFn, root: Schema, likely: Mapping[str, Any]) -> None:
        self._draw = draw
        self._root = root
        self._likely = likely

    def value(self, schema: Schema, depth: int) -> Any:
        """Return a value of a part of the schema; one time in forty, any other."""
        schema = self._narrowed(schema)
        if depth > MAX_DEPTH or self._slips():
            return self._draw(JUNK)
        if "enum" in schema:
            return self._one_of(schema["enum"])
        kinds = schema.get("type", "any")
        kind = kinds if isinstance(kinds, str) else self._one_of(kinds)
        if kind == "array":
            size = schema.get("minItems", 0) + self._one_of([0, 1])
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(size)]
        return self._object(schema, depth) if kind == "object" else self._draw(OF_TYPE[kind])

    def _slips(self) -> bool:
        return self._draw(SLIPS) == 0

    def _one_of(self, choices: Sequence[Any]) -> Any:
        return choices[self._draw(PICKS) % len(choices)]

    def _narrowed(self, schema: Schema) -> Schema:
        """Return a schema with one of its ways chosen, and what it refers to in its place."""
        while "properties" not in schema:
            if "$ref" in schema:
                schema = self._root["definitions"][schema["$ref"].rpartition("/")[2]]
            elif "then" in schema:
                schema = schema[self._one_of(["then", "else"])]
            elif "allOf" in schema or "anyOf" in schema:
                schema = self._one_of(schema.get("allOf") or schema["anyOf"])
            else:
                break
        return schema

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        made: dict[str, Any] = {}
        if isinstance(more, Mapping):
            for _ in range(self._one_of([0, 1, 2])):
                made[self._draw(TEXTS)] = self.value(more, depth + 1)
        for name in self._keys(schema, list(known)):
            usual = name in self._likely and self._one_of([0, 1, 2, 3])
            made[name] = self._likely[name] if usual else self.value(known[name], depth + 1)
        if known and self._slips():
            made[self._draw(TEXTS)] = self._draw(JUNK)
        return made

    def _keys(self, schema: Schema, known: list[str]) -> Iterable[str]:
        """Return which keys an object has: those required, one way of several, a few more."""
        if "maxProperties" in schema.get("else", {}):  # a check
            return [self._one_of(known)]
        keys = list(schema.get("required", ()))
        for word in ("oneOf", "anyOf"):
            keys += self._one_of(schema[word])["required"] if word in schema else []
        few = [self._one_of(known) for _ in range(self._one_of([0, 1, 2, 3]))] if known else []
        return dict.fromkeys([*keys, *few])
