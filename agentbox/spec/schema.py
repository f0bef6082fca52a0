"""The JSON Schema of a scenario file, drawn from the types that the reader binds to.

Draft-07 keywords only: editors know no later ones. It says all that the types say; that a file
exists or a time is one, only the reader can tell, and it alone refuses `1.0` for a whole number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin

from agentbox.core.messages import Json
from agentbox.core.scenario import (
    OVERRIDES,
    AtLeast,
    Case,
    CheckSpec,
    Kinds,
    Level,
    Past,
    Scenario,
    ScriptStep,
    Server,
    Turn,
)
from agentbox.spec.rules import SERVER_NAME
from agentbox.spec.shapes import Key, keys_of, kinds_of, options, short_of

_DRAFT = "http://json-schema.org/draft-07/schema#"
_TYPES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}
_LEAST = {"string": "minLength", "array": "minItems", "integer": "minimum", "number": "minimum"}
_BEYOND_TYPES: Mapping[type, Mapping[str, Json]] = {
    Case: {"oneOf": [{"required": [who]} for who in ("turns", "user")]},
    Turn: {"not": {"required": ["user", "replies"]}},
    Past: {
        "anyOf": [{"required": [one]} for one in ("user", "say", "call")],
        "dependencies": {"user": {"not": {"anyOf": [{"required": [r]} for r in ("say", "call")]}}},
    },
    ScriptStep: {
        "anyOf": [{"required": [reply]} for reply in ("say", "call", "calls")],
        "not": {"required": ["call", "calls"]},
        "dependencies": {"args": ["call"]},
    },
    Server: {
        "oneOf": [{"required": [way]} for way in ("command", "url", "memory")],
        "dependencies": {"args": ["command"], "env": ["command"], "headers": ["url"]},
    },
}
"""Rules of the reader that a schema can say too, so that an editor shows them."""
_LEVEL = "`warn`: a failure is told, and the case passes all the same."


def scenario_schema(kinds: Kinds) -> dict[str, Json]:
    """Return the JSON Schema of a scenario file that may use these kinds."""
    drawing = _Drawing(kinds)
    top = drawing.object(Scenario)
    top["properties"] = {"$schema": {"type": "string"}} | top["properties"]
    top["properties"]["servers"]["propertyNames"] = {"pattern": f"^{SERVER_NAME}$"}
    case = drawing.definitions["Case"]
    case["properties"] |= {name: top["properties"][name] for name in OVERRIDES}
    return {
        "$schema": _DRAFT,
        "title": "agentbox scenario",
        **top,
        "definitions": dict(sorted(drawing.definitions.items())),
    }


def schema_text(kinds: Kinds) -> str:
    """Return the schema as the file that is shipped."""
    return json.dumps(scenario_schema(kinds), indent=2, ensure_ascii=False) + "\n"


class _Drawing:
    """Draws types; each dataclass once, among the definitions."""

    def __init__(self, kinds: Kinds) -> None:
        self.definitions: dict[str, dict[str, Json]] = {}
        self._kinds = kinds

    def object(self, cls: type) -> dict[str, Json]:
        """Return the schema of a dataclass given as a mapping."""
        keys = keys_of(cls).values()
        required = [key.name for key in keys if key.required]
        return {
            "type": "object",
            "properties": {key.name: self._property(key) for key in keys},
            "additionalProperties": False,
            **({"required": required} if required else {}),
            **_BEYOND_TYPES.get(cls, {}),
        }

    def _property(self, key: Key) -> dict[str, Json]:
        schema = self._bounded(key)
        if "$ref" in schema:  # beside $ref, draft-07 ignores all else
            schema = {"allOf": [schema]}
        if key.doc:
            schema = schema | {"description": key.doc}
        if isinstance(key.default, bool | int | float | str) and key.default != "":
            schema = schema | {"default": key.default}
        return schema

    def _bounded(self, key: Key) -> dict[str, Json]:
        schema = self._type(key.type)
        if key.least is None:
            return schema
        if "anyOf" in schema:
            return {"anyOf": [_at_least(key.least, option) for option in schema["anyOf"]]}
        return _at_least(key.least, schema)

    def _type(self, kind: Any) -> dict[str, Json]:
        drawn = [self._option(option) for option in options(kind)]
        if len(drawn) == 1:
            return drawn[0]
        if all(set(schema) == {"type"} for schema in drawn):
            return {"type": [schema["type"] for schema in drawn]}
        return {"anyOf": drawn}

    def _option(self, option: Any) -> dict[str, Json]:
        if option in _TYPES:
            return {"type": _TYPES[option]}
        if option is CheckSpec:
            return self._defined("check", self._check)
        if is_dataclass(option) and isinstance(option, type):
            return self._defined(option.__name__, lambda: self._record(option))
        return self._generic(get_origin(option), get_args(option))

    def _generic(self, origin: Any, inner: tuple[Any, ...]) -> dict[str, Json]:
        if origin is Literal:
            return {"enum": list(inner)}
        if origin is tuple:
            return {"type": "array", "items": self._type(inner[0])}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self._type(inner[1])}
        return {}

    def _defined(self, name: str, draw: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        if name not in self.definitions:
            self.definitions[name] = {}  # a check may hold checks
            self.definitions[name] = draw()
        return {"$ref": f"#/definitions/{name}"}

    def _record(self, cls: type) -> dict[str, Json]:
        """Return the schema of a dataclass: as a mapping, or as the bare value it stands for."""
        short = short_of(cls)
        long = self.object(cls)
        if short is None:
            return long
        bare = self._bounded(short)
        if all("map" not in kinds_of(option) for option in options(short.type)):
            return {"anyOf": [bare, long]}
        has_key = {"type": "object", "required": [short.name]}
        return {"if": has_key, "then": long, "else": bare}

    def _check(self) -> dict[str, Json]:
        checks = self._kinds.checks.items()
        kinds = {
            name: self._record(kind.params) | {"description": kind.doc} for name, kind in checks
        }
        level = self._type(Level) | {"description": _LEVEL, "default": "fail"}
        return {
            "type": "object",
            "properties": {**kinds, "level": level},
            "additionalProperties": False,
            "if": {"required": ["level"]},
            "then": {"minProperties": 2, "maxProperties": 2},
            "else": {"minProperties": 1, "maxProperties": 1},
        }


def _at_least(least: AtLeast, schema: dict[str, Json]) -> dict[str, Json]:
    kind = schema.get("type", ())
    kinds: list[str] = [kind] if isinstance(kind, str) else list(kind)
    return schema | {_LEAST[name]: least.minimum for name in kinds if name in _LEAST}
