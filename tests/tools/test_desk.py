"""tools/desk.json: two forms of definition, two ways to implement one."""

from __future__ import annotations

import importlib.util
import inspect
import json
from pathlib import Path

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
OPENAI, MCP = json.loads((ROOT / "tools" / "desk.json").read_text())


def test_both_forms_give_a_name_a_description_and_a_schema():
    assert set(OPENAI) == {"type", "function", "implementation"}
    assert OPENAI["type"] == "function"
    assert set(OPENAI["function"]) == {"name", "description", "parameters"}
    assert {"name", "description", "inputSchema", "implementation"} < set(MCP)
    for schema in (OPENAI["function"]["parameters"], MCP["inputSchema"], MCP["outputSchema"]):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"


def test_the_function_takes_the_arguments_that_its_schema_names():
    file, _, name = OPENAI["implementation"].partition(":")
    spec = importlib.util.spec_from_file_location("desk_function", ROOT / file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parameters = inspect.signature(getattr(module, name)).parameters
    assert list(parameters) == list(OPENAI["function"]["parameters"]["properties"])


def test_the_request_is_filled_from_arguments_that_must_be_given():
    http = MCP["implementation"]["http"]
    assert set(http) == {"method", "url", "headers", "allow_private"}
    assert "{ticket_id}" in http["url"]
    assert MCP["inputSchema"]["required"] == ["ticket_id"]
