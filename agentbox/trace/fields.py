"""What the fields of events are, where somebody relies on it.

A trace may be anybody's. An event whose fields are of other types is told and skipped by the
reader, so that nobody who reads a trace need look at each again. Any field may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from agentbox.core.comparing import kind_of
from agentbox.core.messages import Json, is_list, is_object

Shape: TypeAlias = Any
"""A type or several; `[shape]`: a list of such; `{field: shape}`: an object with such fields."""

_NUMBER = (int, float)
_COUNT = (int, float, type(None))
_OBJECT = (dict, type(None))
_CALL: Shape = {"tool": str, "args": dict, "malformed": str}
_MESSAGE: Shape = {
    "role": str,
    "text": str,
    "calls": [_CALL],
    "call_id": str,
    "parts": [dict],
    "from": str,
}
TOOLS: Shape = [
    {
        "name": str,
        "description": str,
        "input_schema": dict,
        "output_schema": _OBJECT,
        "annotations": dict,
    }
]
TABLES: Mapping[str, Shape] = {
    "output": _OBJECT,
    "slots": [{"slot": str, "state": str, "origin": str, "text": str}],
    "tools": TOOLS,
}
"""Fields of a model request that are the id of a blob: what the blob is."""

_NEW: Shape = object()
"""A message that is new in a prompt, or the position of the event that brought it."""
_COUNTS = ("input", "output", "reasoning", "cached", "cost_usd")
_LOOK: Shape = {"kind": str, "server": str, "target": str, "args": dict, "gold": [_CALL]}
_FIELDS: Mapping[str, Shape] = {
    "run.start": {"case": str, "now": str, "zone": str, "parent": dict, "fork": {"patch": [str]}},
    "run.ready": {"tools": dict, "left_out": [str], "specs": TOOLS},
    "run.end": {"outcome": str, "end": str, "problems": [str]},
    "scope.enter": {"scope": str, "limits": dict},
    "scope.leave": {"end": {"reason": str, "answer": str}},
    "user.result": {"text": (str, type(None))},
    "clock.read": {"iso": str, "zone": str, "block": str},
    "model.request": {"n": int, "prompt": str, "new": [_NEW], "aside": str, "log": str},
    "model.result": {
        "model": str,
        "text": str,
        "calls": [_CALL],
        "parts": [dict],
        "usage": dict.fromkeys(_COUNTS, _COUNT),
        "stop": str,
        "error": str,
        "status": str,
        "retry_after": _COUNT,
    },
    "tool.request": _CALL,
    "tool.result": {"status": str, "text": str, "source": str, "parts": [dict], "meta": _OBJECT},
    "tool.truncated": {"whole": str},
    "tools.changed": {"server": str, "added": [str], "removed": [str]},
    "observe.request": {"look": _LOOK},
    "observe.result": {"look": _LOOK, "error": str},
    "budget.refused": {"limit": str},
    "finding": {"code": str, "message": str},
}
_NOTHING: Mapping[str, Shape] = {}


def misfit(kind: str, data: Mapping[str, Json]) -> str:
    """Return what of an event is not what its kind says; empty where all is."""
    shapes = _FIELDS.get(kind, _NOTHING)
    for field, value in data.items():
        shape = shapes.get(field)
        if shape is not None and type(value) is not shape and not _fits(value, shape):
            return _misfit(value, shape, field)
    if not isinstance(data.get("clock", 0), _NUMBER):
        return f"`clock` is {_said(data['clock'])}"
    return ""


def table_misfit(field: str, value: Json) -> str:
    """Return what of a table of a model request is not what it is; empty where all is."""
    shape = TABLES[field]
    return "" if _fits(value, shape) else _misfit(value, shape, field)


def _fits(value: Json, shape: Shape) -> bool:
    """Whether a value is of a shape: asked of every event, so it is quick, and tells no more."""
    if is_list(shape):
        return is_list(value) and all(_fits(item, shape[0]) for item in value)
    if is_object(shape):
        if not is_object(value):
            return False
        for field, inner in shape.items():
            found = value.get(field, inner)
            if found is not inner and type(found) is not inner and not _fits(found, inner):
                return False
        return True
    if shape is _NEW:
        return isinstance(value, str) or _fits(value, _MESSAGE)
    return isinstance(value, shape)


def _misfit(value: Json, shape: Shape, path: str) -> str:
    """Return where a value is not of its shape, and what stands there."""
    shape = _MESSAGE if shape is _NEW else shape
    members: Mapping[str, tuple[Json, Shape]] = {}
    if is_list(shape) and is_list(value):
        members = {f"{path}[{n}]": (item, shape[0]) for n, item in enumerate(value)}
    elif is_object(shape) and is_object(value):
        members = {f"{path}.{k}": (value[k], shape[k]) for k in shape if k in value}
    for where, (member, inner) in members.items():
        if not _fits(member, inner):
            return _misfit(member, inner, where)
    return f"`{path}` is {_said(value)}"


def _said(value: Json) -> str:
    kind = kind_of(value)
    return kind if kind == "null" else f"{'an' if kind[0] in 'ao' else 'a'} {kind}"
