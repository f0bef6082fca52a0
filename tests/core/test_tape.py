"""What a tape answers: by position, or by what is asked; and where it has no answer."""

from __future__ import annotations

from typing import Any

import pytest

from agentbox import Message, ToolCall, ToolResult
from agentbox.core.errors import ModelFailed, WorldError
from agentbox.core.messages import UNKNOWN_USAGE, Usage
from agentbox.core.requests import Observed, Said
from agentbox.core.tape import Tape, TapeEnded
from agentbox.core.trace import TraceEvent

AT = "c:a/t1/s1"


def made(kind: str, at: str = AT, **data: Any) -> TraceEvent:
    return TraceEvent(at, kind, {"at": at, "kind": kind, **data})


def test_what_a_model_said_is_given_with_its_name() -> None:
    calls = [{"tool": "look", "args": {"key": "k"}}, {"tool": "put", "malformed": "{"}]
    usage = {"input": 3, "output": 4}
    part = {"type": "image"}
    event = made(
        "model.result", model="m", text="hm", calls=calls, parts=[part], usage=usage, stop="length"
    )
    said, name = Tape([event]).said(AT)
    wanted = (ToolCall("look", {"key": "k"}), ToolCall("put", {}, "", "{"))
    assert said == Said(Message("assistant", "hm", wanted, parts=(part,)), Usage(3, 4), "length")
    assert name == "m"
    assert Tape([made("model.result")]).said(AT) == (Said(Message("assistant")), "")
    assert Tape([made("model.result")]).said(AT)[0].usage is UNKNOWN_USAGE


def test_a_model_that_failed_fails_again() -> None:
    event = made("model.result", error="full", status="retryable", retry_after=2.5)
    with pytest.raises(ModelFailed, match="full") as failed:
        Tape([event]).said(AT)
    assert (failed.value.status, failed.value.retry_after) == ("retryable", 2.5)
    with pytest.raises(WorldError, match="it raised") as broke:
        Tape([made("model.result", error="it raised")]).said(AT)
    assert not isinstance(broke.value, TapeEnded)


def test_where_nothing_was_answered_the_tape_ends() -> None:
    for tape in (Tape([]), Tape([made("model.result", error="interrupted")])):
        with pytest.raises(TapeEnded):
            tape.said(AT)
    for tape in (Tape([]), Tape([made("tool.result", status="interrupted", text="")])):
        with pytest.raises(TapeEnded):
            tape.result(AT)
    with pytest.raises(TapeEnded):
        Tape([]).seen(AT)


def test_a_result_is_given_as_the_tool_gave_it_and_whole() -> None:
    result = made("tool.result", status="failed", text="no", source="schema", meta={"a": 1})
    assert Tape([result]).result(AT) == ToolResult("failed", "no", "schema", meta={"a": 1})
    cut = made("tool.truncated", whole="all of it")
    shown = made("tool.result", status="ok", text="all\n[cut off]", structured={"n": 1})
    assert Tape([cut, shown]).result(AT) == ToolResult("ok", "all of it", structured={"n": 1})


def test_an_equal_call_is_answered_wherever_it_was_each_answer_once() -> None:
    events = [
        event
        for number, text in ((1, "one"), (2, "two"))
        for event in (
            made("tool.request", f"{AT}/call{number}", tool="look", args={"a": 1, "b": [2]}),
            made("tool.result", f"{AT}/call{number}", status="ok", text=text),
        )
    ]
    open_call = made("tool.request", f"{AT}/call3", tool="look", args={"a": 3})
    tape = Tape([*events, open_call])
    asked = ToolCall("look", {"b": [2], "a": 1})
    given = [tape.result_for(asked) for _ in range(3)]
    assert [each and each.text for each in given] == ["one", "two", None]
    assert tape.result_for(ToolCall("look", {"a": 3})) is None, "it was never answered"
    assert tape.calls_of("look") == [{"a": 1, "b": [2]}] * 2 + [{"a": 3}]
    assert tape.calls_of("put") == []


def test_what_a_look_saw_is_given_and_why_it_saw_nothing() -> None:
    tape = Tape([made("observe.result", value=[1]), made("observe.result", "h:a", error="gone")])
    assert (tape.seen(AT), tape.seen("h:a")) == (Observed([1]), Observed(None, "gone"))


def test_the_tools_are_those_listed_when_it_was_ready_or_offered_later() -> None:
    tool = {"name": "look", "description": "Look.", "input_schema": {"type": "object"}}
    ready = made("run.ready", "c:a", tools={"look": "h"}, specs=[tool], left_out=["box.no"])
    late = made("model.request", tools=[tool | {"description": "new"}, {"name": "late"}])
    (spec,) = Tape([ready, late]).specs()
    assert (spec.name, spec.description, spec.input_schema) == ("look", "Look.", {"type": "object"})
    assert Tape([ready]).left_out == ("box.no",)
    assert Tape([]).left_out == ()
    assert [spec.name for spec in Tape([late, made("note", tools=["x"])]).specs()] == [
        "look",
        "late",
    ]


def test_tools_that_changed_are_those_the_model_was_offered_then() -> None:
    changed = made("tools.changed", server="box")
    offered = made("model.request", tools=[{"name": "box.new"}, "no tool"][:1])
    assert Tape([offered]).relisted(AT) is None
    assert Tape([changed]).relisted(AT) is None, "it ended before the model was asked"
    (spec,) = Tape([changed, offered]).relisted(AT) or ()
    assert spec.name == "box.new"
    assert Tape([changed]).changing == {"box"}


def test_what_a_server_asked_the_model_in_a_call_is_found_by_the_call() -> None:
    aside = made("model.request", f"{AT}/call1/child1", aside="sampling")
    tape = Tape([aside, made("model.request", f"{AT}/call2/child1", aside="summary")])
    assert list(tape.asides(f"{AT}/call1")) == [aside]
    assert list(tape.asides(f"{AT}/call2")) == []
