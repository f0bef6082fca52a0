"""Tools that give what was recorded, to a run that is another."""

from __future__ import annotations

import asyncio

import pytest

from agentbox import Clock, ToolCall, ToolSpec
from agentbox.core.errors import WorldError
from agentbox.core.runtime import CallContext
from agentbox.core.tape import Tape
from agentbox.core.trace import TraceEvent
from agentbox.toolboxes.tape import TapedTools

AT = "c:a/t1/s1/call1"
CONTEXT = CallContext("c:b/t9/s9/call9", Clock.at("2026-03-20T14:30:00Z"), 0, 60)


def test_a_call_is_answered_by_what_it_asks_and_a_miss_tells_what_there_is() -> None:
    events = [
        TraceEvent(AT, "tool.request", {"tool": "look", "args": {"key": "k"}}),
        TraceEvent(AT, "tool.result", {"status": "ok", "text": "found"}),
    ]
    tools = TapedTools(Tape(events), [ToolSpec("look")], "t.jsonl")
    assert [spec.name for spec in tools.specs()] == ["look"]

    def call(name: str, **args: str) -> str:
        return asyncio.run(tools.call(ToolCall(name, args), CONTEXT)).text

    assert call("look", key="k") == "found"
    missing = "t.jsonl has no answer to "
    for name, args, note in (
        ("look", {"key": "k"}, "it has 1, all served"),
        ("look", {"key": "l"}, "it has: [{'key': 'k'}]"),
        ("put", {}, ""),
    ):
        with pytest.raises(WorldError) as caught:
            call(name, **args)
        (problem,) = caught.value.problems
        assert problem.message == f"{missing}{name}({args}), at c:b/t9/s9/call9"
        assert problem.note == note
