"""Vets a server's tool list: what can be offered is, each of the rest is one finding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

from agentbox.core.messages import Json, ToolSpec
from agentbox.core.runtime import ToolFinding
from agentbox.schema import schema_problem

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_OPTIONAL: Mapping[str, type] = {"description": str, "title": str, "annotations": dict}


def vet(tools: Sequence[Json]) -> tuple[list[ToolSpec], list[ToolFinding]]:
    """Return the tools that can be offered, schemas verbatim, and what is wrong with the list."""
    specs: dict[str, ToolSpec] = {}
    findings: list[ToolFinding] = []
    for tool in tools:
        flaw = _flaw(tool, specs)
        if flaw:
            findings.append(flaw)
        else:
            spec, lesser = _spec(tool)
            specs[spec.name] = spec
            findings += lesser
    return list(specs.values()), findings


def _flaw(tool: Json, known: Mapping[str, ToolSpec]) -> ToolFinding | None:
    """Return why a tool cannot be offered."""
    if not isinstance(tool, dict):
        return ToolFinding("bad_tool", f"dropped: it is {_kind(tool)}, not an object")
    name = cast("dict[str, Any]", tool).get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        why = "a name is 1 to 128 of A-Z a-z 0-9 _ . -"
        return ToolFinding("bad_name", f"dropped: {why}", name if isinstance(name, str) else "")
    if name in known:
        return ToolFinding("duplicate_name", "dropped: an earlier tool has this name", name)
    why = _schema_flaw(cast("dict[str, Any]", tool).get("inputSchema"))
    return ToolFinding("bad_input_schema", f"dropped: {why}", name) if why else None


def _schema_flaw(schema: Json) -> str:
    if schema is None:
        return "it has no inputSchema"
    if isinstance(schema, dict) and cast("dict[str, Any]", schema).get("type") != "object":
        return 'its inputSchema is not `"type": "object"`'
    why = schema_problem(schema)
    return f"its inputSchema is no valid JSON Schema: {why}" if why else ""


def _spec(tool: dict[str, Any]) -> tuple[ToolSpec, list[ToolFinding]]:
    name: str = tool["name"]
    lesser = [
        ToolFinding(f"bad_{key}", f"ignored: its {key} is {_kind(tool[key])}", name)
        for key, kind in _OPTIONAL.items()
        if not isinstance(tool.get(key), (kind, type(None)))
    ]
    output: Any = tool.get("outputSchema")
    why = schema_problem(output) if output is not None else ""
    if why:
        text = f"ignored: its outputSchema is no valid JSON Schema: {why}"
        lesser.append(ToolFinding("bad_output_schema", text, name))
    fit = {key: tool[key] for key, kind in _OPTIONAL.items() if isinstance(tool.get(key), kind)}
    return ToolSpec(
        name,
        fit.get("description", ""),
        tool["inputSchema"],
        None if why else output,
        fit.get("annotations", {}),
        fit.get("title", ""),
    ), lesser


def _kind(value: Json) -> str:
    return "null" if value is None else type(value).__name__


def tools_hash(tools: Sequence[Json]) -> str:
    """Return the hash of a tool list as it came: a changed word in it is a changed list."""
    content = json.dumps(tools, sort_keys=True, separators=(",", ":"))
    return blake2b(content.encode(), digest_size=8).hexdigest()


def changes(before: Sequence[ToolSpec], after: Sequence[ToolSpec]) -> dict[str, list[str]]:
    """Return the names of tools that were added, removed or changed; nothing where none was."""
    old, new = ({spec.name: spec for spec in specs} for specs in (before, after))
    found = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
    return {how: names for how, names in found.items() if names}
