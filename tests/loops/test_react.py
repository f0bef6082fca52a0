"""A loop is tested with a list of replies."""

from __future__ import annotations

import pytest

from agentbox import End, Message, Said, Task, ToolCall, ToolResult, ToolSpec, call, say
from agentbox.core.messages import Transcript
from agentbox.core.requests import Answer, Ask, Call, Failed, LimitReached, Request, answered
from agentbox.loops import react
from agentbox.loops.asking import CUT_OFF, WrongReply
from agentbox.testing import Played, UnplayedReplies, WantedReply, play

TOOLS = (ToolSpec("look"),)


def _task() -> Task:
    return Task(Transcript(messages=[Message("user", "Hello")]), TOOLS)


def _look(**args: object) -> Said:
    return Said(call("look", **args))


def _found(text: str) -> tuple[Answer, ...]:
    return (answered(ToolCall("look"), ToolResult(text=text)),)


def test_an_answer_without_calls_ends_the_loop() -> None:
    played = play(react(_task()), [Said(say("Hi"))])
    assert played == Played(End("answered", "Hi"), played.requests)
    assert [type(request) for request in played.requests] == [Ask]


def test_results_are_shown_to_the_model_in_call_order() -> None:
    task = _task()
    both = Said(Message("assistant", calls=(ToolCall("look", id="a"), ToolCall("look", id="b"))))
    answers = (
        answered(both.calls[0], ToolResult(text="first")),
        answered(both.calls[1], ToolResult("failed", "second")),
    )
    played = play(react(task), [both, answers, Said(say("done"))])
    last = played.requests[-1]
    assert isinstance(last, Ask)
    shown = [(m.role, m.text, m.call_id, m.failed) for m in last.messages]
    assert shown == [
        ("user", "Hello", "", False),
        ("assistant", "", "", False),
        ("tool", "first", "a", False),
        ("tool", "second", "b", True),
    ]


def test_a_prompt_already_asked_does_not_grow_afterwards() -> None:
    played = play(react(_task()), [_look(), _found("x"), Said(say("done"))])
    asks = [request for request in played.requests if isinstance(request, Ask)]
    assert [len(request.messages) for request in asks] == [1, 3]


def test_at_a_limit_the_model_gets_one_last_word_without_tools() -> None:
    played = play(
        react(_task()), [_look(), _found("x"), LimitReached("steps"), Said(say("So far: x"))]
    )
    assert played.end == End("limit", "So far: x", {"limit": "steps"})
    last = played.requests[-1]
    assert isinstance(last, Ask)
    assert last.tools == ()


def test_a_last_word_that_calls_tools_calls_none() -> None:
    played = play(react(_task()), [LimitReached("steps"), _look()])
    assert played.end == End("limit", "", {"limit": "steps"})


def test_a_limit_that_grants_no_last_word_ends_the_loop() -> None:
    played = play(react(_task()), [LimitReached("cost_usd"), LimitReached("cost_usd")])
    assert played.end == End("limit", "", {"limit": "cost_usd"})


def test_a_call_that_the_budget_refused_is_answered_all_the_same() -> None:
    played = play(react(_task()), [_look(), (LimitReached("tool_calls"),), Said(say("ok"))])
    last = played.requests[-1]
    assert isinstance(last, Ask)
    assert last.messages[-1].text == "Not run: the limit `tool_calls` is reached."
    assert last.messages[-1].failed


def test_a_refusal_and_a_failure_end_the_loop_by_name() -> None:
    refused = play(react(_task()), [Said(say("I can't."), stop="refusal")])
    failed = play(react(_task()), [Failed("no answer in 120 s")])
    assert refused.end == End("refused", "I can't.")
    assert failed.end == End("failed", "", {"error": "no answer in 120 s"})


def test_a_reply_of_the_wrong_kind_is_an_error_of_whoever_drives() -> None:
    with pytest.raises(WrongReply, match="expected Said"):
        play(react(_task()), [_found("x")])
    with pytest.raises(WrongReply, match="a batch of calls"):
        play(react(_task()), [_look(), Said(say("x"))])


def test_too_few_and_too_many_replies_are_errors_of_the_test() -> None:
    with pytest.raises(WantedReply, match="request 1"):
        play(react(_task()), [])
    with pytest.raises(UnplayedReplies, match="1 replies"):
        play(react(_task()), [Said(say("x")), Said(say("y"))])


def test_a_reply_may_be_made_of_the_request() -> None:
    def echo(request: Request) -> Said:
        assert isinstance(request, Ask)
        return Said(say(request.messages[-1].text.upper()))

    assert play(react(_task()), [echo]).end.answer == "HELLO"


def test_a_batch_is_one_request() -> None:
    played = play(react(_task()), [_look(), _found("x"), Said(say("done"))])
    assert isinstance(played.requests[1], Call)


def test_an_answer_that_was_cut_off_is_no_answer() -> None:
    played = play(react(_task()), [Said(say("Your upgrade will"), stop="length")])
    assert played.end == End("failed", "Your upgrade will", {"error": CUT_OFF})
