from __future__ import annotations

from collections.abc import Sequence

from agentbox import End, Said, ToolSpec, say
from agentbox.core.requests import (
    Ask,
    AskUser,
    Done,
    Enter,
    LimitReached,
    Now,
    Reply,
    Request,
    UserSaid,
)
from agentbox.core.scenario import Limits
from agentbox.loops import Briefing, Setting, conversation, react
from agentbox.testing import Played, play

LOOK = (ToolSpec("look"),)
MARCH = Now("2026-03-20T14:30:00Z", "UTC", "Today is March 20, 2026. Current time: 14:30 UTC.")
APRIL = Now("2026-04-01T09:00:00Z", "UTC", "Today is April 1, 2026. Current time: 09:00 UTC.")


def _talk(briefing: Briefing, clock: Sequence[Now], turns: Sequence[str]) -> Played:
    """Play turns that the model echoes."""
    replies: list[Reply] = [Done()]
    for index, words in enumerate(turns):
        replies += [UserSaid(words), Done()]
        replies += [clock[index]] if clock else []
        replies += [Said(say(f"You said {words}")), Done()]
    replies += [UserSaid(None), Done()]
    return play(conversation(react, Setting(briefing, Limits(), lambda _: LOOK)), replies)


def _asks(played: Played) -> list[Ask]:
    return [request for request in played.requests if isinstance(request, Ask)]


def _states(ask: Ask) -> dict[str, str]:
    return {segment.slot: segment.state for segment in ask.messages.segments}


def test_slots_stand_first_in_their_order_then_the_system_text() -> None:
    briefing = Briefing("Be kind.", ("now", "customer"), {"customer": {"name": "Dana"}})
    (ask,) = _asks(_talk(briefing, [MARCH], ["Hello"]))
    assert ask.messages[0].role == "system"
    assert ask.messages[0].text == (
        "Today is March 20, 2026. Current time: 14:30 UTC.\n\n"
        'customer: {"name": "Dana"}\n\nBe kind.'
    )
    assert ask.messages[1].text == "Hello"


def test_a_slot_that_nobody_fills_is_recorded_as_absent() -> None:
    (ask,) = _asks(_talk(Briefing("Be kind."), [], ["Hello"]))
    states = _states(ask)
    assert states["now"] == "absent"
    assert states["system"] == states["tools"] == states["user"] == "filled"
    assert states["history"] == "empty"


def test_a_declared_slot_without_a_value_is_empty_not_absent() -> None:
    (ask,) = _asks(_talk(Briefing("", ("customer",)), [], ["Hello"]))
    assert _states(ask)["customer"] == "empty"


def test_a_later_turn_appends_and_rewrites_nothing() -> None:
    first, second = _asks(_talk(Briefing("Be kind.", ("now",)), [MARCH, MARCH], ["One", "Two"]))
    assert list(second.messages)[: len(first.messages)] == list(first.messages)
    assert [message.role for message in second.messages] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


def test_a_clock_that_moved_on_gives_a_new_date_block_with_its_turn() -> None:
    _, second = _asks(_talk(Briefing("Be kind.", ("now",)), [MARCH, APRIL], ["One", "Two"]))
    systems = [message.text for message in second.messages if message.role == "system"]
    assert systems[1:] == ["Today is April 1, 2026. Current time: 09:00 UTC."]


def test_the_clock_is_read_only_where_a_slot_wants_it() -> None:
    with_slot = _talk(Briefing("", ("now",)), [MARCH], ["Hello"])
    without = _talk(Briefing(""), [], ["Hello"])
    names = [type(request).__name__ for request in with_slot.requests]
    assert names == ["Enter", "AskUser", "Enter", "ReadClock", "Ask", "Leave", "AskUser", "Leave"]
    assert "ReadClock" not in [type(request).__name__ for request in without.requests]


def test_a_turn_that_ends_by_a_limit_ends_the_conversation() -> None:
    replies: list[Reply] = [Done(), UserSaid("Hi"), Done(), LimitReached("cost_usd")]
    replies += [LimitReached("cost_usd"), Done(), Done()]
    played = play(conversation(react, Setting(limits=Limits(cost_usd=0))), replies)
    assert played.end == End("limit", "", {"limit": "cost_usd"})


def test_the_run_scope_carries_the_limits() -> None:
    played = _talk(Briefing(""), [], ["Hello"])
    first: Request = played.requests[0]
    assert first == Enter("run", Limits())
    assert isinstance(played.requests[1], AskUser)
