"""A scenario as JSON: what differs from the defaults, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from agentbox.core.messages import Json
from agentbox.core.scenario import Case, CheckSpec, Scenario, Turn
from agentbox.spec.shapes import all_keys, long_form, short_of

_ORDER: Mapping[type, tuple[str, str]] = {
    Scenario: ("version description now zone seed tick agent model servers", "mocks cases"),
    Case: (
        "name tags known_failure setup history withhold answers approvals user turns script",
        "checks attacked",
    ),
    Turn: ("user replies calls script", "checks"),
}
"""The keys that people write first, and last."""


def to_json(scenario: Scenario) -> dict[str, Json]:
    """Return a scenario as JSON, for a trace's header.

    `${VAR}` stays as written; of the reader's fields there is only `path`.
    """
    return _record(scenario, brief=False) | {"path": scenario.path}


def as_written(scenario: Scenario) -> dict[str, Json]:
    """Return a scenario as a person writes it: bare values where they can stand, known order."""
    return _record(scenario, brief=True)


def check_json(check: CheckSpec, *, brief: bool = False) -> dict[str, Json]:
    """Return a check as JSON, as a file could have it."""
    level = {} if check.level == "fail" else {"level": check.level}
    return {check.kind: _json(check.params, brief=brief), **level}


def _record(value: object, *, brief: bool) -> dict[str, Json]:
    cls: type = type(value)
    given = [(key, getattr(value, key.name)) for key in all_keys(cls) if not key.internal]
    made = {key.name: _json(found, brief=brief) for key, found in given if found != key.default}
    return _ordered(cls, made) if brief else made


def _ordered(cls: type, given: dict[str, Json]) -> dict[str, Json]:
    first, last = (names.split() for names in _ORDER.get(cls, ("", "")))
    middle = [name for name in given if name not in (*first, *last)]
    return {name: given[name] for name in (*first, *middle, *last) if name in given}


def _bare(cls: type, given: dict[str, Json]) -> Json:
    """Return the value that stands for a mapping, where one may."""
    short = short_of(cls)
    if short is None or given.keys() != {short.name}:
        return given
    value = given[short.name]
    return given if isinstance(value, Mapping) and long_form(cls, value) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON


def _json(value: Any, *, brief: bool) -> Json:
    if isinstance(value, CheckSpec):
        return check_json(value, brief=brief)
    if is_dataclass(value):
        made = _record(value, brief=brief)
        return _bare(type(value), made) if brief else made
    if isinstance(value, Mapping):
        return {str(key): _json(item, brief=brief) for key, item in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    if isinstance(value, list | tuple):
        return [_json(item, brief=brief) for item in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value
