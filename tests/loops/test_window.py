"""A context window: what stays, what goes, and that it is told."""

from __future__ import annotations

import pytest

from agentbox import End, Message, Said, Task, ToolResult, ToolSpec, call, say
from agentbox.core.messages import Segment, Transcript
from agentbox.core.requests import Ask, Call, Done, Failed, Note, Reply, Request, answered
from agentbox.core.window import ContextWindow, tokens_in
from agentbox.loops import react
from agentbox.loops.prompt import Briefing, brief
from agentbox.testing import Played

TOOLS = (ToolSpec("look"),)


def _log(window: ContextWindow, *messages: Message) -> Transcript:
    head = [Message("system", "Be kind."), Message("user", "What is at a to z?")]
    return Transcript(messages=[*head, *messages], window=window)


def _played(log: Transcript, looks: int, size: int = 80, summary: Reply | None = None) -> Played:
    """Play react: so many looks, each of a result of so many bytes, then an answer."""
    said = iter([*(Said(call("look", key=left)) for left in range(looks)), Said(say("done"))])
    loop, requests, reply = react(Task(log, TOOLS)), list[Request](), None
    while True:
        try:
            requests.append(loop.send(reply))
        except StopIteration as end:
            return Played(end.value, tuple(requests))
        match requests[-1]:
            case Note():
                reply = Done()
            case Call(calls):
                reply = tuple(answered(one, ToolResult(text="x" * size)) for one in calls)
            case Ask(aside="summary"):
                reply = summary
            case _:
                reply = next(said)


def _notes(played: Played) -> list[Note]:
    return [request for request in played.requests if isinstance(request, Note)]


def _asks(played: Played) -> list[Ask]:
    return [request for request in played.requests if isinstance(request, Ask)]


def test_a_token_is_four_bytes_rounded_up() -> None:
    assert [tokens_in(text) for text in ("", "a", "abcd", "abcde", "äö", "\ud800")] == [
        0, 1, 1, 2, 1, 1,
    ]  # fmt: skip


def test_without_a_window_and_within_it_nothing_is_cut_and_one_list_serves_every_view() -> None:
    for window in (None, ContextWindow(10_000)):
        log = _log(window)  # pyright: ignore[reportArgumentType] - none is none
        played = _played(log, 20)
        assert not _notes(played)
        assert len({id(ask.messages._messages) for ask in _asks(played)}) == 1
        assert (log.name, len(log), log.cut) == ("main", 43, 0)


def test_the_oldest_go_and_system_question_and_newest_stay() -> None:
    log = _log(ContextWindow(200, keep=2))
    played = _played(log, 12)
    assert played.end == End("answered", "done")
    notes = _notes(played)
    assert notes
    for note in notes:
        assert note.kind == "context.truncated"
        assert note.data["tokens"] > 200
        assert note.data["left"] <= 110
        assert note.data["how"] == "drop_oldest"
    for ask in _asks(played):
        shown = list(ask.messages)
        assert [message.text for message in shown[:2]] == ["Be kind.", "What is at a to z?"]
        assert shown[2:3] == [] or shown[2].calls, "no answer stands without its call"
    assert log.cut == sum(note.data["cut"] for note in notes)
    assert len(notes) < 12 / 2, "a cut makes room for several steps"


def test_a_cut_begins_a_log_of_a_new_name_and_old_views_stay() -> None:
    log = _log(ContextWindow(100, keep=1))
    before = log.view()
    shown = list(before)
    _played(log, 6)
    assert log.name.startswith("main~")
    assert list(before) == shown


def test_the_slot_table_says_that_the_history_is_truncated() -> None:
    log = _log(ContextWindow(100, keep=1))
    log.segments = (Segment("now", "absent"), Segment("history", "filled", "2 messages"))
    _played(log, 6)
    (history,) = [segment for segment in log.segments if segment.slot == "history"]
    assert history.state == "truncated"
    assert f"{log.cut} were cut off" in history.text
    brief(Task(log, TOOLS), Briefing(), "", "And now?")
    (history,) = [segment for segment in log.segments if segment.slot == "history"]
    assert history.state == "truncated", "in later turns too"


def test_what_goes_can_be_summed_up_by_the_model() -> None:
    log = _log(ContextWindow(150, keep=2, on_full="summarise"))
    played = _played(log, 8, summary=Said(say("Looked at 0.")))
    (minutes,) = [ask for ask in _asks(played) if ask.aside == "summary"][:1]
    assert minutes.tools == ()
    assert "look({'key': 0})" in minutes.messages[1].text
    assert "main" in minutes.messages.name
    last = list(_asks(played)[-1].messages)
    assert last[1].text == "What was said before, summed up:\nLooked at 0."
    assert last[2].text == "What is at a to z?"


def test_without_a_summary_it_goes_all_the_same() -> None:
    log = _log(ContextWindow(150, keep=2, on_full="summarise"))
    played = _played(log, 8, summary=Failed("tired"))
    assert played.end == End("answered", "done")
    assert not any("summed up" in m.text for m in _asks(played)[-1].messages)


def test_a_run_may_end_by_the_limit_context_window_instead() -> None:
    log = _log(ContextWindow(100, on_full="fail"))
    played = _played(log, 12)
    assert played.end == End("limit", "", {"limit": "context_window"})
    assert [note.kind for note in _notes(played)] == ["context.full"]


@pytest.mark.parametrize("looks", [1, 2])
def test_what_does_not_fit_whatever_goes_ends_the_run(looks: int) -> None:
    log = _log(ContextWindow(100, keep=2))
    played = _played(log, looks, size=400 * looks**2)
    assert played.end == End("limit", "", {"limit": "context_window"})


def test_tools_are_part_of_the_prompt_and_measured_once() -> None:
    log = Transcript(messages=[Message("user", "abcd")])
    big = (ToolSpec("look", "x" * 400),)
    assert log.tokens() == 1
    assert log.tokens(big) == log.tokens(big) > 100
    log.add(Message("assistant", "abcd", parts=({"type": "image"},)))
    assert log.tokens() == 1 + 6
