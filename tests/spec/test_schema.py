"""The JSON Schema says what the reader says, as far as types go, and the shipped copy is fresh."""

from __future__ import annotations

import json
from dataclasses import make_dataclass
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

import agentbox.spec
from agentbox.core.errors import AuthorError
from agentbox.core.scenario import CheckKind, Kinds
from agentbox.session import KINDS
from agentbox.spec import scenario_schema, schema_text
from agentbox.spec.compose import compose
from agentbox.spec.problems import Problems

SHIPPED = Path(agentbox.spec.__file__).with_name("scenario.schema.json")
REFRESH = """
from pathlib import Path
from agentbox.session import KINDS
from agentbox.spec import schema_text
Path("agentbox/spec/scenario.schema.json").write_text(schema_text(KINDS))
"""


def test_the_shipped_schema_is_the_one_that_the_types_give():
    assert SHIPPED.read_text() == schema_text(KINDS), f"refresh it with python -c '{REFRESH}'"


def test_the_schema_uses_draft_07_keywords_alone(kinds):
    schema = scenario_schema(kinds)
    Draft7Validator.check_schema(schema)
    newer = {"$defs", "prefixItems", "unevaluatedProperties", "dependentRequired", "minContains"}
    assert not newer & set(_keywords(schema))


def _keywords(value):
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _keywords(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keywords(item)


def test_every_key_is_documented(kinds):
    schema = scenario_schema(kinds)
    objects = [schema, *schema["definitions"].values()]
    undocumented = [
        name
        for each in objects
        for part in [each, *each.get("anyOf", [])]
        for name, key in part.get("properties", {}).items()
        if "description" not in key and name != "$schema"
    ]
    assert undocumented == []


def test_the_words_of_the_types_are_the_documentation(kinds):
    schema = scenario_schema(kinds)
    steps = schema["definitions"]["Limits"]["properties"]["steps"]
    assert steps == {
        "type": ["integer", "null"],
        "minimum": 1,
        "description": "Model calls.",
        "default": 20,
    }
    checks = schema["definitions"]["check"]["properties"]
    assert checks["never_says"]["description"] == "It was not said."


HEAD = "version: 1\nnow: 2026-03-20T14:30:00Z\nmodel: {function: models/support.py:reply}\n"
CASES = "cases:\n  - name: a\n    turns: [hi]\n"
CHECK = CASES + "    checks:\n      - "

VALID = [
    CASES,
    "$schema: x\n" + CASES,
    "seed: -3\ntick: 0.5\ndescription: ''\n" + CASES,
    "agent: {limits: {steps: null, cost_usd: 1, seconds: 0.5}}\n" + CASES,
    "agent: {}\n" + CASES,
    "context: {a: [1, null, {b: c}], d: true}\n" + CASES,
    "servers: {a: {command: x}, b: {command: [x, y], args: [z]}}\n" + CASES,
    "servers: {a: {url: 'http://x', headers: {A: b}}, b: {memory: 'm:n', era: auto}}\n" + CASES,
    "trace: {frames: true}\ndeadlines: {call: 1, list: 2.5}\nsecrets: [A]\n" + CASES,
    "tools: [tools/calendar.py]\n" + CASES,
    CASES
    + "    tags: [a]\n    known_failure: it is late\n    seed: 4\n    agent: {loop: single}\n",
    CASES + "    model: {name: other}\n    trace: {frames: true}\n    context: {a: 1}\n",
    "cases:\n  - {name: a, turns: [{user: hi, checks: [{says: x}]}, {user: ''}]}\n",
    CHECK + "says: x\n",
    CHECK + "says: [x, y]\n",
    CHECK + "says: {text: x, ignore_case: true}\n",
    CHECK + "tool_called: x\n",
    CHECK + "tool_called: {name: x, args: null, times: 0, match: exact}\n",
    CHECK + "equals: 5\n",
    CHECK + "equals: null\n",
    CHECK + "equals: {a: b}\n",
    CHECK + "equals: {value: {a: b}, path: c}\n",
    CHECK + "span: {words: [a], weights: {a: 1, b: 0.5}}\n",
    CHECK + "{says: x, level: warn}\n",
    CHECK + "{level: fail, says: x}\n",
    CHECK + "not: {says: x}\n",
    CHECK + "not: {check: {not: {says: x}}}\n",
]
INVALID = [
    "",
    "cases: []\n",
    "cases: {}\n",
    "cases: [a]\n",
    "cases:\n  - {name: a}\n",
    "cases:\n  - {turns: [hi]}\n",
    "cases:\n  - {name: a, turns: []}\n",
    "cases:\n  - {name: '', turns: [hi]}\n",
    "cases:\n  - {name: 1, turns: [hi]}\n",
    "cases:\n  - {name: a, turns: [{usr: hi}]}\n",
    "cases:\n  - {name: a, turns: [1]}\n",
    "cases:\n  - {name: a, turns: [{user: hi, checks: {says: x}}]}\n",
    "extra: 1\n" + CASES,
    "$schema: [x]\n" + CASES,
    "seed: x\n" + CASES,
    "seed: 1.5\n" + CASES,
    "seed: true\n" + CASES,
    "seed: null\n" + CASES,
    "tick: -1\n" + CASES,
    "tick: '1'\n" + CASES,
    "description: 1\n" + CASES,
    "agent: {limits: {steps: 0}}\n" + CASES,
    "agent: {limits: {cost_usd: -1}}\n" + CASES,
    "agent: {slots: now}\n" + CASES,
    "agent: null\n" + CASES,
    "context: [a]\n" + CASES,
    "servers: {a: {}}\n" + CASES,
    "servers: {a: {command: x, url: 'http://x'}}\n" + CASES,
    "servers: {a: {url: 'http://x', args: [a]}}\n" + CASES,
    "servers: {a: {command: x, headers: {A: b}}}\n" + CASES,
    "servers: {a: {command: x, env: {A: 1}}}\n" + CASES,
    "servers: {a: {command: x, era: old}}\n" + CASES,
    "servers: {a.b: {command: x}}\n" + CASES,
    "servers: {a: {command: []}}\n" + CASES,
    "trace: {frames: 1}\n" + CASES,
    "trace: true\n" + CASES,
    CASES + "    servers: {}\n",
    CASES + "    seed: x\n",
    CASES + "    tick: -1\n",
    CASES + "    agent: {limits: {steps: 0}}\n",
    CHECK + "hello\n",
    CHECK + "{}\n",
    CHECK + "sayz: x\n",
    CHECK + "says: 1\n",
    CHECK + "says: [1]\n",
    CHECK + "says: {ignore_case: true}\n",
    CHECK + "says: {text: x, other: y}\n",
    CHECK + "{says: x, equals: y}\n",
    CHECK + "tool_called: ''\n",
    CHECK + "tool_called: {name: ''}\n",
    CHECK + "tool_called: {name: x, times: -1}\n",
    CHECK + "tool_called: {name: x, match: other}\n",
    CHECK + "tool_called: {name: x, args: []}\n",
    CHECK + "equals: {value: 1, other: 2}\n",
    CHECK + "span: {words: []}\n",
    CHECK + "span: {words: [a], weights: {a: b}}\n",
    CHECK + "span: [a]\n",
    CHECK + "level: warn\n",
    CHECK + "{says: x, level: note}\n",
    CHECK + "{says: x, level: null}\n",
    CHECK + "{says: x, equals: y, level: warn}\n",
    CHECK + "not: x\n",
    CHECK + "not: {sayz: x}\n",
    CHECK + "not: {}\n",
]


def _reads(project, text):
    try:
        project.read(text)
    except AuthorError:
        return False
    return True


@pytest.mark.parametrize("body", [*VALID, *INVALID], ids=lambda body: body[-40:])
def test_the_schema_and_the_reader_agree(body, project, kinds):
    node = compose(HEAD + body, "f", Problems())
    errors = list(Draft7Validator(scenario_schema(kinds)).iter_errors(node.json()))
    assert _reads(project, HEAD + body) == (not errors) == (body in VALID), errors


def test_the_reader_alone_tells_a_number_from_a_whole_one(project, kinds):
    text = HEAD + "seed: 1.0\n" + CASES
    assert Draft7Validator(scenario_schema(kinds)).is_valid(compose(text, "f", Problems()).json())
    assert not _reads(project, text)


def test_a_check_of_a_third_party_need_not_document_its_keys():
    params = make_dataclass("Params", [("near", int)])
    schema = scenario_schema(Kinds({"near": CheckKind(params, "It is near.")}, {}))
    near = schema["definitions"]["check"]["properties"]["near"]
    assert near["properties"] == {"near": {"type": "integer"}}
    assert near["description"] == "It is near."


def test_the_schema_is_json(kinds):
    assert json.loads(schema_text(kinds)) == scenario_schema(kinds)
