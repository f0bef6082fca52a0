"""Checks values against JSON Schemas, each in its own dialect, every error at once.

jsonschema-rs says yes or no (0.2 µs a call); only where it says no does jsonschema word the errors
(15 µs, and 90 ms to import). A property test holds the two together. `$ref` is never fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

from agentbox.core.messages import Json, is_object

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_ERRORS = 20
MAX_MESSAGE = 300


class Shape:
    """A compiled schema."""

    __slots__ = ("_schema", "_validator")

    def __init__(self, schema: Mapping[str, Json]) -> None:
        """Compile `schema`.

        Raises:
            ValueError: it is no valid JSON Schema; the message says why.
        """
        self._schema = schema
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema), validate_formats=False, offline=True
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise ValueError(_first_line(error)) from None

    def errors(self, value: Json) -> tuple[str, ...]:
        """Return what is wrong with `value`, each with its path; nothing when it fits."""
        if self._validator.is_valid(value):
            return ()
        return _worded(self._schema, value) or tuple(
            f"$: {_first_line(error)}" for error in self._validator.iter_errors(value)
        )


def shape_of(schema: Mapping[str, Json]) -> Shape:
    """Return the compiled `schema`; equal schemas are compiled once in a process.

    Raises:
        ValueError: it is no valid JSON Schema.
    """
    try:
        return _shape(orjson.dumps(schema))
    except TypeError:  # what orjson refuses, such as an integer over 64 bits
        return Shape(schema)


def schema_problem(schema: Any) -> str:
    """Return why `schema` cannot be a tool's, or an empty string."""
    if not is_object(schema):
        return f"it is {type(schema).__name__}, not an object"
    try:
        shape_of(schema)
    except (ValueError, TypeError, RecursionError) as error:
        return _first_line(error)
    return ""


@lru_cache(maxsize=4096)
def _shape(schema: bytes) -> Shape:
    return Shape(orjson.loads(schema))


def _worded(schema: Mapping[str, Json], value: Json) -> tuple[str, ...]:
    from itertools import islice  # noqa: PLC0415 - only on an error

    from jsonschema.validators import (  # noqa: PLC0415 - 90 ms, only on an error
        Draft202012Validator,
        validator_for,
    )
    from referencing import Registry  # noqa: PLC0415 - with jsonschema

    kind: Any = validator_for(dict(schema), default=Draft202012Validator)
    nothing: Registry[Any] = Registry()  # no `$ref` leads out of the schema
    found: Iterable[ValidationError] = kind(schema, registry=nothing).iter_errors(value)
    try:
        errors = sorted(islice(found, MAX_ERRORS), key=lambda error: error.json_path)
    except Exception:  # noqa: BLE001 - whatever stops the wording, the verdict stands
        return ()
    return tuple(f"{error.json_path}: {_cut(error.message)}" for error in errors)


def _first_line(error: BaseException) -> str:
    return _cut(str(error).partition("\n")[0])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"
