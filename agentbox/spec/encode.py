"""A scenario as JSON, for a trace's header: what differs from the defaults, no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from agentbox.core.messages import Json
from agentbox.core.scenario import CheckSpec, Scenario
from agentbox.spec.shapes import all_keys


def to_json(scenario: Scenario) -> dict[str, Json]:
    """Return a scenario as JSON. `${VAR}` stays as written; of the reader's fields only `path`."""
    return _record(scenario) | {"path": scenario.path}


def check_json(check: CheckSpec) -> dict[str, Json]:
    """Return a check as JSON, as a file could have it."""
    level = {} if check.level == "fail" else {"level": check.level}
    return {check.kind: _json(check.params), **level}


def _record(value: object) -> dict[str, Json]:
    cls: type = type(value)
    given = [(key, getattr(value, key.name)) for key in all_keys(cls) if not key.internal]
    return {key.name: _json(found) for key, found in given if found != key.default}


def _json(value: Any) -> Json:
    if isinstance(value, CheckSpec):
        return check_json(value)
    if is_dataclass(value):
        return _record(value)
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value
