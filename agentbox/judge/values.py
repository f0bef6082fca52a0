"""Comparing JSON values: equality, what differs and where, what a schema says.

As in JSON, `1` is `1.0` and neither is `true`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

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


def same(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal."""
    kind = _kind(one)
    if kind != _kind(other):
        return False
    if kind == "object":
        return next(differences(one, other), None) is None
    if kind == "array":
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


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
        elif _kind(expected[key]) == _kind(seen[key]) == "object":
            yield from differences(expected[key], seen[key], here, extra=extra)
        elif not same(expected[key], seen[key]):
            yield f"{here} is {shown(seen[key])}, not {shown(expected[key])}"


GONE: Final = object()
"""Stands for what one of two values does not have."""


def changes(one: Json, other: Json, path: str = "$") -> Iterator[tuple[str, Json, Json]]:
    """Yield where two values differ: the path, and what stands there in each, `GONE` if nothing."""
    kind = _kind(one)
    if kind != _kind(other) or kind not in ("object", "array"):
        if one is GONE or other is GONE or not same(one, other):
            yield path, one, other
        return
    there, here = _members(one, path), _members(other, path)
    for place in {**there, **here}:
        yield from changes(there.get(place, GONE), here.get(place, GONE), place)


def _members(value: Json, path: str) -> dict[str, Json]:
    """Return what is in an object or an array, by path."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Json]", value)
        return {f"{path}.{key}": member for key, member in members.items()}
    return {f"{path}[{index}]": member for index, member in enumerate(value)}


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


_KINDS: Sequence[tuple[str, type | tuple[type, ...]]] = (
    ("string", str),
    ("boolean", bool),
    ("number", (int, float)),
    ("object", Mapping),
    ("array", (list, tuple)),
)
"""JSON's types by Python's, in the order to ask: a bool is an int, too."""


def _kind(value: Json) -> str:
    return next((name for name, types in _KINDS if isinstance(value, types)), "null")
