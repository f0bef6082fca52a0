from __future__ import annotations

import json
from typing import Any

import pytest
from stage import staged

from agentbox import Clock, call, say
from agentbox.core.errors import AuthorError
from agentbox.core.requests import End
from agentbox.toolboxes import read_definitions
from agentbox.toolboxes.network import Network

SCHEMA = {
    "type": "object",
    "properties": {"day": {"$ref": "#/$defs/day"}},
    "$defs": {"day": {"oneOf": [{"type": "string"}, {"const": 7}]}},
}


def _weekday(day: object, clock: Clock) -> str:
    return f"{day} as of {clock.today()}"


def _load(reference: str) -> Any:
    assert reference == "tools/x.py:weekday"
    return _weekday


def _read(entries: Any):
    text = entries if isinstance(entries, str) else json.dumps(entries)
    return read_definitions(text, "tools/x.json", _load, Network())


OPENAI = {
    "type": "function",
    "function": {"name": "weekday", "description": "Name the day.", "parameters": SCHEMA},
    "implementation": "tools/x.py:weekday",
}
MCP = {
    "name": "weekday",
    "description": "Name the day.",
    "inputSchema": SCHEMA,
    "annotations": {"readOnlyHint": True},
    "implementation": "tools/x.py:weekday",
}


@pytest.mark.parametrize("entry", [OPENAI, MCP, [OPENAI]])
def test_both_forms_are_read_and_schemas_are_kept_verbatim(entry: Any) -> None:
    (spec,) = _read(entry).specs()
    assert (spec.name, spec.description) == ("weekday", "Name the day.")
    assert spec.input_schema == SCHEMA


def test_a_function_gets_its_arguments_as_they_are_and_the_runs_clock() -> None:
    def model(messages, tools):
        if messages[-1].role == "tool":
            return say("done")
        return call("weekday", day=7)

    stage = staged(model, _read(MCP))
    assert stage.events("tool.result")[0].data["text"] == "7 as of 2026-03-20"


_STRIN = "\"strin\" is not valid under any of the schemas listed in the 'anyOf' keyword"


def test_what_a_defined_function_raises_is_a_result_and_the_loop_goes_on() -> None:
    def broken(day: object) -> str:
        raise KeyError(day)

    tools = read_definitions(json.dumps(MCP), "tools/x.json", lambda _: broken, Network())

    def model(messages, tools):
        return say("done") if messages[-1].role == "tool" else call("weekday", day=7)

    stage = staged(model, tools)
    (result,) = stage.events("tool.result")
    assert (result.data["status"], result.data["source"]) == ("failed", "tool")
    assert "KeyError: 7" in result.data["text"]
    assert stage.end == End("answered", "done")


def test_everything_wrong_in_a_file_is_named_at_once() -> None:
    with pytest.raises(AuthorError) as caught:
        _read(
            [
                3,
                {"name": "nobody", "inputSchema": {"type": "object"}},
                {**MCP, "inputSchema": {"type": "strin"}},
                {**MCP, "inputSchema": {"type": "string"}},
                {**MCP, "outputSchema": []},
                {"inputSchema": {}},
                MCP,
                OPENAI,
                {**MCP, "name": "web", "implementation": {"http": {"ur": "x", "method": "GO"}}},
            ]
        )
    said = [problem.message for problem in caught.value.problems]
    no_schema = "is no schema of an object"
    assert said == [
        "tools/x.json: tool 1 is no object",
        "tools/x.json: tool 2 `nobody` has no implementation",
        f"tools/x.json: tool 3 `weekday`: its input schema {no_schema}: {_STRIN}",
        f'tools/x.json: tool 4 `weekday`: its input schema {no_schema}: its "type" is not "object"',
        f"tools/x.json: tool 5 `weekday`: its output schema {no_schema}: it is list, not an object",
        "tools/x.json: tool 6 has no name",
        "tools/x.json: tool 9 `web`: unknown key `ur` in its http implementation",
        "tools/x.json: tool 9 `web`: 'GO' is none of GET, HEAD, DELETE, POST, PUT, PATCH",
        "tools/x.json: tool 9 `web`: None is no http(s) URL with a fixed host",
        "tools/x.json defines `weekday` twice",
    ]
    assert caught.value.problems[6].note == "did you mean `url`?"


def test_what_is_no_json_is_named_with_line_and_column() -> None:
    with pytest.raises(AuthorError) as caught:
        _read('[\n  {"name": }\n]')
    (problem,) = caught.value.problems
    assert str(problem.mark) == "tools/x.json:2:12"
    assert problem.source == '  {"name": }'
