"""What a conversation asks for beside the agent's turns: looks, and a simulated user's limits."""

from __future__ import annotations

import json

import pytest

from agentbox import Said, ToolCall, say
from agentbox.core.requests import (
    Ask,
    AskUser,
    Call,
    Done,
    Enter,
    Loop,
    Observation,
    Observe,
    Observed,
    Request,
    UserSaid,
    look_of,
)
from agentbox.loops import react
from agentbox.loops.asking import WrongReply
from agentbox.loops.conversation import END, START, SecondLoop, Setting, conversation
from agentbox.loops.typed import typed

ROWS = Observation("sql", "db", "SELECT 1", {"database": "a.db"})


def _played(loop: Loop, said: list[str], words: list[str]) -> list[Request]:
    """Drive a loop with a model's and a user's words; return what it asked for."""
    seen: list[Request] = []
    request = next(loop)
    try:
        while True:
            seen.append(request)
            match request:
                case Ask():
                    request = loop.send(Said(say(said.pop(0))))
                case AskUser():
                    request = loop.send(UserSaid(words.pop(0) if words else None))
                case Observe():
                    request = loop.send(Observed(1))
                case Call():
                    request = loop.send(Done())
                case _:
                    request = loop.send(Done())
    except StopIteration:
        return seen


def test_looks_are_made_at_the_start_after_their_turn_and_at_the_end() -> None:
    setting = Setting(looks={START: (ROWS,), 1: (ROWS,), END: (ROWS,)})
    seen = _played(conversation(react, setting), ["Hello."], ["Hi."])
    names = [one.name for one in seen if isinstance(one, Enter) and one.actor == "harness"]
    assert names == ["start", "t1", "end"]
    assert [one for one in seen if isinstance(one, Observe)] == [Observe(ROWS)] * 3


def test_a_look_as_json_leaves_out_what_is_empty() -> None:
    gold = Observation("tool", target="a.b", when="start", gold=(ToolCall("a.c", {"n": 1}),))
    assert look_of(ROWS) == {
        "kind": "sql",
        "server": "db",
        "target": "SELECT 1",
        "args": {"database": "a.db"},
    }
    assert look_of(gold) == {
        "kind": "tool",
        "target": "a.b",
        "when": "start",
        "gold": [{"tool": "a.c", "args": {"n": 1}}],
    }


def test_a_simulated_user_who_has_no_opening_is_asked_and_stops_after_their_turns() -> None:
    user = SecondLoop("You are Dana.", "###", turns=1)
    seen = _played(conversation(react, Setting(user=user)), ["My order?", "It is here."], [])
    asked = [one for one in seen if isinstance(one, Ask)]
    assert len(asked) == 2
    assert [message.text for message in asked[0].messages if message.role == "user"] == [
        "(The support desk waits for you to speak.)"
    ]


def test_a_simulated_user_with_an_opening_says_it_unasked_and_hears_the_answer() -> None:
    user = SecondLoop("You are Dana.", "###", turns=3, opening="My order?")
    seen = _played(conversation(react, Setting(user=user)), ["It is here.", "Thanks ###"], [])
    assert len([one for one in seen if isinstance(one, Ask)]) == 2


def test_a_setup_call_that_is_answered_with_something_else_is_named() -> None:
    setting = Setting(setup=(ToolCall("a.b", {}),))
    with pytest.raises(WrongReply, match="a call was answered with Done"):
        _played(conversation(react, setting), [], [])


def test_a_typed_answer_is_corrected_once_and_kept_as_json() -> None:
    schema = {"type": "object", "required": ["total"]}
    setting = Setting(output=schema)
    loop = conversation(typed(react, schema, 1), setting)
    seen = _played(loop, ["no json", json.dumps({"total": 3})], ["How much?"])
    assert len([one for one in seen if isinstance(one, Ask)]) == 2


def test_a_typed_answer_that_fits_is_not_corrected() -> None:
    schema = {"type": "object", "required": ["total"]}
    loop = conversation(typed(react, schema, 1), Setting(output=schema))
    seen = _played(loop, [json.dumps({"total": 3})], ["How much?"])
    assert len([one for one in seen if isinstance(one, Ask)]) == 1
