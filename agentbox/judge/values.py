"""What is expected of JSON values: what differs from it, by path, and what a schema says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentbox.core.comparing import kind_of, same
from agentbox.core.messages import Json, json_in
from agentbox.core.trace import Position
from agentbox.judge.failure import Unjudgeable
from agentbox.judge.wording import quoted, shown

_MOST = 3
"""Schema errors that are told; the rest are counted."""


def parsed(text: str, what: str, at: Position) -> Json:
    """Return the JSON value in `text`.

    Raises:
        Unjudgeable: there is none.
    """
    try:
        return json_in(text)
    except (ValueError, RecursionError) as error:
        raise Unjudgeable(f"{what} is no JSON ({error}): {quoted(text)}", at) from None


def differences(
    expected: Mapping[str, Json], seen: Mapping[str, Json], path: str = "", *, extra: bool = False
) -> Iterator[str]:
    """Yield what differs, by path, over the union of keys.

    With `extra`, keys that only `seen` has are allowed, at every depth.
    """
    for key in [*expected, *(key for key in seen if key not in expected)]:
        here = f"{path}.{key}" if path else str(key)
        if key not in seen:
            yield f"{here} is missing"
        elif key not in expected:
            if not extra:
                yield f"{here} is {shown(seen[key])} and was not expected"
        elif kind_of(expected[key]) == kind_of(seen[key]) == "object":
            yield from differences(expected[key], seen[key], here, extra=extra)
        elif not same(expected[key], seen[key]):
            yield f"{here} is {shown(seen[key])}, not {shown(expected[key])}"


def check_schema(schema: Mapping[str, Json]) -> None:
    """Refuse what is no JSON Schema in the dialect it names.

    Raises:
        ValueError: it is none.
    """
    from jsonschema import SchemaError  # noqa: PLC0415 - 60 ms

    try:
        _dialect(schema).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"this is no JSON Schema: {error.message}") from None


def schema_errors(schema: Mapping[str, Json], value: Json) -> list[str]:
    """Return what `schema` has against `value`, in the schema's own dialect, nothing fetched.

    Raises:
        Unjudgeable: the schema refers to something that is not in it.
    """
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - 60 ms
    from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415 - 60 ms

    # an empty registry: the default one would fetch a remote `$ref`
    validator = _dialect(schema)(schema, registry=EMPTY_REGISTRY)
    try:
        errors = sorted(validator.iter_errors(value), key=_where)
    except Unresolvable as error:
        raise Unjudgeable(f"the schema refers to {error.ref!r}, which is not in it") from None
    told = [f"{error.json_path}: {error.message}" for error in errors[:_MOST]]
    more = len(errors) - len(told)
    return [*told, f"and {more} more"] if more else told


def _dialect(schema: Mapping[str, Json]) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms
    from jsonschema.validators import validator_for  # noqa: PLC0415 - 60 ms

    return validator_for(schema, default=Draft202012Validator)


def _where(error: Any) -> str:
    return str(error.json_path)
