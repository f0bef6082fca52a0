"""What stands around the agent's turns: the setup before them, and a simulated user between."""

from __future__ import annotations

import json

import pytest

from agentbox import Message, Said, ToolCall, ToolResult, say
from agentbox.core.errors import WorldError
from agentbox.core.requests import (
    Ask,
    Call,
    Done,
    Enter,
    Failed,
    LimitReached,
    Observation,
    Observe,
    Observed,
    Reply,
    UserSaid,
    answered,
)
from agentbox.loops import plan_execute, react
from agentbox.loops.conversation import END, START, SecondLoop, Setting, conversation
from agentbox.loops.typed import typed
from agentbox.testing import Played, play

DANA = SecondLoop("You are Dana.", "###", turns=1)


def _asks(played: Played) -> list[Ask]:
    return [one for one in played.requests if isinstance(one, Ask)]


def _turn(words: str) -> list[Reply]:
    """Return the replies to one turn of a loop that answers at once."""
    return [Done(), Said(say(words)), Done()]


def test_a_simulated_user_who_has_no_opening_is_asked_and_stops_after_their_turns() -> None:
    replies = [Done(), *_turn("My order?"), *_turn("It is here."), Done()]
    played = play(conversation(react, Setting(user=DANA)), replies)
    users, agents = _asks(played)
    assert [message.text for message in users.messages] == [
        "You are Dana.",
        "(The support desk waits for you to speak.)",
    ]
    assert agents.messages[-1].text == "My order?"
    assert played.end.answer == "It is here."


def test_a_simulated_user_with_an_opening_says_it_unasked_and_hears_the_answer() -> None:
    user = SecondLoop("You are Dana.", "###", turns=3, opening="My order?")
    replies = [Done(), *_turn("It is here."), *_turn("Thanks ###"), Done()]
    played = play(conversation(react, Setting(user=user)), replies)
    _, users = _asks(played)
    assert [message.text for message in users.messages][1:] == ["My order?", "It is here."]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([Failed("overloaded", "retryable")], "failed in turn 1: overloaded"),
        ([LimitReached("seconds")] * 2, "ran into a limit of theirs in turn 1: seconds"),
        ([Said(say("No."), stop="refusal")], r"refused to speak in turn 1: No\."),
    ],
)
def test_a_simulated_user_whose_model_gives_no_words_ends_nothing_well(
    said: list[Reply], why: str
) -> None:
    with pytest.raises(WorldError, match=f"the user's model {why}"):
        play(conversation(react, Setting(user=DANA)), [Done(), Done(), *said, Done()])


@pytest.mark.parametrize("user", [None, DANA])
def test_a_conversation_in_which_nobody_speaks_is_none_to_judge(user: SecondLoop | None) -> None:
    silence = _turn("###") if user else [UserSaid(None)]
    with pytest.raises(WorldError, match="the user never spoke"):
        play(conversation(react, Setting(user=user)), [Done(), *silence])


def test_a_setup_call_is_made_before_the_first_turn_and_seen_by_no_model() -> None:
    one = ToolCall("a.b", {})
    made = (answered(one, ToolResult(text="made")),)
    replies = [Done(), Done(), made, Done(), UserSaid("Hi"), *_turn("Hello"), UserSaid(None)]
    played = play(conversation(react, Setting(setup=(one,))), [*replies, Done()])
    assert [type(request) for request in played.requests].index(Call) < 3
    (ask,) = _asks(played)
    assert [message.text for message in ask.messages] == ["Hi"]


@pytest.mark.parametrize(
    "reply", [LimitReached("tool_calls"), answered(ToolCall("a.b", {}), ToolResult("failed", "no"))]
)
def test_a_setup_call_that_does_not_end_ok_ends_the_run_and_is_named(reply: Reply) -> None:
    setting = Setting(setup=(ToolCall("a.b", {}),))
    with pytest.raises(WorldError, match=r"setup call 1, a\.b, ended (denied|failed): "):
        play(conversation(react, setting), [Done(), Done(), (reply,)])


def test_looks_are_made_before_the_first_turn_after_their_turn_and_at_the_end() -> None:
    first, after, last = (Observation("file", "s", name) for name in "abc")
    setting = Setting(looks={START: (first,), 1: (after, first), END: (last,), 2: (last,)})
    look = [Done(), Observed(1), Done()]
    replies = [Done(), *look, UserSaid("Hi"), *_turn("Hello"), Done(), Observed(1), Observed(2)]
    played = play(conversation(react, setting), [*replies, Done(), UserSaid(None), *look, Done()])
    told = [
        request.name if isinstance(request, Enter) else request.observation.target
        for request in played.requests
        if isinstance(request, Observe) or (isinstance(request, Enter) and request.name)
    ]
    assert told == ["start", "a", "t1", "b", "a", "end", "c"]
    actors = {one.actor for one in played.requests if isinstance(one, Enter) and one.name}
    assert actors == {"harness"}
    assert played.end.answer == "Hello"


@pytest.mark.parametrize("said", [["no json", '{"total": 3}'], ['{"total": 3}']])
def test_a_typed_answer_is_corrected_where_it_does_not_fit(said: list[str]) -> None:
    schema = {"type": "object", "required": ["total"]}
    words = [Said(say(each)) for each in said]
    replies = [Done(), UserSaid("How much?"), Done(), *words, Done(), UserSaid(None), Done()]
    played = play(conversation(typed(react, schema, 1), Setting(output=schema)), replies)
    assert played.end.data["output"] == json.loads('{"total": 3}')
    assert len(_asks(played)) == len(said)


def test_a_correction_executes_no_plan_a_second_time() -> None:
    plan = '{"steps": [{"id": "1", "goal": "Refund", "evidence": "paid"}]}'
    paid = ToolCall("pay", {})
    step = [Said(Message("assistant", calls=(paid,))), (answered(paid, ToolResult()),)]
    replies = [
        *(Done(), UserSaid("Refund me."), Done(), Done(), Said(say(plan)), Done(), Done()),
        *(*step, Said(say("Paid.")), Done(), Done(), Said(say("no json")), Done()),
        *(Said(say('{"total": 3}')), Done(), UserSaid(None), Done()),
    ]
    schema = {"type": "object", "required": ["total"]}
    played = play(conversation(typed(plan_execute, schema, 1), Setting()), replies)
    assert played.end.data["output"] == {"total": 3}
    assert len([one for one in played.requests if isinstance(one, Call)]) == 1
    assert _asks(played)[-1].output == schema
