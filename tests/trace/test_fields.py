"""Events whose fields are of other types are told by line and reason, and skipped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentbox.trace import canonical_lines, parse_trace

CALL = {"tool": "look", "args": {}}


def read(*lines: dict[str, Any]):
    return parse_trace(b"".join(json.dumps(line).encode() + b"\n" for line in lines), "t")


def made(kind: str, **fields: Any) -> dict[str, Any]:
    return {"at": "c:a", "kind": kind, "clock": 0, **fields}


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("note", {"clock": "noon"}, "`clock` is a string"),
        ("tool.request", {"tool": 5}, "`tool` is a number"),
        ("tool.request", {"args": []}, "`args` is an array"),
        ("tool.result", {"status": None}, "`status` is null"),
        ("tool.result", {"parts": [{}, "x"]}, "`parts[1]` is a string"),
        (
            "model.result",
            {"calls": [CALL, {"tool": "x", "args": 1}]},
            "`calls[1].args` is a number",
        ),
        ("model.result", {"calls": CALL}, "`calls` is an object"),
        ("model.result", {"usage": {"input": "many"}}, "`usage.input` is a string"),
        ("model.result", {"usage": []}, "`usage` is an array"),
        ("model.request", {"new": ["t1/s1", 5]}, "`new[1]` is a number"),
        ("model.request", {"new": ["t1/s1", {"role": True}]}, "`new[1].role` is a boolean"),
        ("model.request", {"n": "1"}, "`n` is a string"),
        ("observe.result", {"look": {"gold": [{"tool": 1}]}}, "`look.gold[0].tool` is a number"),
        ("run.ready", {"specs": [{"name": None}]}, "`specs[0].name` is null"),
        ("scope.leave", {"end": 3}, "`end` is a number"),
    ],
)
def test_an_event_of_other_types_is_skipped_and_said_to_be(kind: str, fields, said: str) -> None:
    trace = read(made("note"), made(kind, **fields), made("note"))
    assert [event.kind for event in trace.events] == ["note", "note"]
    (problem,) = trace.problems
    assert problem.message == f"t: line 2 is no {kind}: {said}; skipped"
    assert problem.mark
    assert problem.mark.line == 2


def test_what_is_left_out_or_unknown_is_read() -> None:
    events = [
        made("model.result"),
        made("model.result", text="x", calls=[CALL], usage={"input": None, "odd": "x"}, stop="end"),
        made("model.request", new=["t1/s1", {"role": "user", "odd": 1}], n=2),
        made("something.new", tool=5, args=[]),
        made("user.result", text=None),
    ]
    trace = read(*events)
    assert trace.problems == ()
    assert len(trace.events) == 5


def test_a_table_that_is_none_spoils_the_request_and_is_looked_at_once_it_is_another() -> None:
    def blob(data: Any) -> dict[str, Any]:
        return made("blob", id="b", data=data)

    request = made("model.request", tools="b", slots="b")
    trace = read(request, blob([{"name": 5}]), request, blob([{"name": "look"}]), request)
    assert [event.line for event in trace.events] == [1, 5]
    (problem,) = trace.problems
    assert problem.message == "t: line 3 is no model.request: `tools[0].name` is a number; skipped"
    (problem,) = read(blob(3), made("model.request", output="b")).problems
    assert problem.message.endswith("`output` is a number; skipped")


def test_what_is_nested_too_deep_is_skipped() -> None:
    deep: Any = 1
    for _ in range(250):
        deep = [deep]
    wide = [[] for _ in range(500)]
    trace = read(made("note", wide=wide), made("note", deep=deep))
    assert [event.line for event in trace.events] == [1]
    assert trace.problems[0].message == "t: line 2 is nested more than 200 deep; skipped"
    content = b'{"at":"c:a","kind":"note","x":' + b"[" * 100_000 + b"1" * 30 + b"\n"
    assert "is no JSON: it is nested too deep" in parse_trace(content, "t").problems[0].message


def test_a_position_that_no_run_has_is_none() -> None:
    far = made("note") | {"at": f"c:a/t{'9' * 5000}"}
    trace = read(made("note"), far)
    assert trace.problems[0].message == "t: line 2 has no position; skipped"
    content = b"".join(json.dumps(line).encode() + b"\n" for line in (made("note"), far))
    assert len(list(canonical_lines(content))) == 1
