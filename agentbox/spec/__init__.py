"""The scenario file: YAML in, scenarios out; every mistake at once, with its place and remedy."""

from __future__ import annotations

from agentbox.spec.encode import as_written, check_json, to_json
from agentbox.spec.reader import read_scenarios
from agentbox.spec.schema import scenario_schema, schema_text

__all__ = [
    "as_written",
    "check_json",
    "read_scenarios",
    "scenario_schema",
    "schema_text",
    "to_json",
]
