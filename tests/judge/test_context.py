"""slot, shown, token_share: what the model was shown."""

from __future__ import annotations

import pytest

from agentbox.core.trace import TraceEvent
from agentbox.judge.context import TokenShare
from agentbox.judge.reading import read

SYSTEM = {"role": "system", "text": "Today is March 20, 2026."}
USER = {"role": "user", "text": "What happened?"}


def test_a_slot_is_in_its_state_in_every_model_call(tape):
    tape.turn().shows(now="Today is").say("a").say("b")
    assert tape.judge("slot", name="now").outcome == "passed"
    assert tape.judge("slot", name="docs", state="absent").outcome == "passed"
    found = tape.judge("slot", name="docs")
    assert (found.outcome, found.at, found.claim) == ("failed", "c:case/t1/s1", "slot docs")
    assert found.message == (
        "in 2 of 2 model calls (model_calls: every): `docs: absent`, not `filled`"
    )


def test_a_slot_may_be_in_its_state_in_any_model_call(tape):
    tape.turn().shows(now="absent").say("a").shows(now="Today is").say("b")
    assert tape.judge("slot", name="now", model_calls="any").outcome == "passed"
    found = tape.judge("slot", name="now")
    assert found.message == (
        "in 1 of 2 model calls (model_calls: every): `now: absent`, not `filled`"
    )
    found = tape.judge("slot", name="now", state="stale", model_calls="any")
    assert found.message.startswith("in 2 of 2 model calls (model_calls: any): `now: absent`")


def test_what_was_shown_is_in_the_prompt_from_then_on(tape):
    tape.turn().shows(SYSTEM, USER).call(("a.b", {}, {"text": "Due on March 19."}))
    tape.shows("t1/s1", "t1/s1/call1").say("It was due on March 19.")
    assert tape.judge("shown", text="March 20", model_calls="every").outcome == "passed"
    assert tape.judge("shown", text="March 19").outcome == "passed"
    found = tape.judge("shown", text="March 19", model_calls="every")
    assert (found.outcome, found.at, found.claim) == ("failed", "c:case/t1/s1", "shown March 19")
    assert found.message == (
        'in 1 of 2 model calls (model_calls: every): "March 19" was not shown (case counts)'
    )


def test_what_was_shown_in_one_turn_is_shown_in_the_next(tape):
    tape.turn().shows(SYSTEM, USER).say("Hm.").turn().shows("t1/s1", USER).say("Hm.")
    assert tape.judge("shown", turn=2, text="March 20").outcome == "passed"


def test_the_models_own_words_were_not_shown_to_it(tape):
    tape.turn().shows(USER).say("It was March 18.").turn().shows("t1/s1", USER).say("Yes.")
    found = tape.judge("shown", turn=2, text="March 18")
    assert found.message == (
        'in the one model call (model_calls: any): "March 18" was not shown (case counts)'
    )


def test_the_case_of_what_was_shown_may_be_ignored(tape):
    tape.turn().shows(USER).say("x")
    assert tape.judge("shown", text="WHAT", ignore_case=True).outcome == "passed"
    found = tape.judge("shown", text="WHY", ignore_case=True)
    assert found.message.endswith('"WHY" was not shown (case ignored)')


def test_content_beside_the_text_is_shown_too(tape):
    tape.turn().call(("a.b", {}, {"parts": [{"uri": "docs://zoë"}], "status": "failed"}))
    tape.shows("t1/s1/call1", "t9/s9").say("x")
    assert tape.judge("shown", text="docs://zoë").outcome == "passed"
    whole = read(tape.events).whole
    assert whole.model_calls[1].messages == [
        {
            "role": "tool",
            "call_id": "t1/s1/call1",
            "parts": [{"uri": "docs://zoë"}],
            "failed": True,
            "from": "c:case/t1/s1/call1",
        },
        {"role": "unknown", "text": "«missing: c:case/t9/s9»", "from": "c:case/t9/s9"},
    ]


def test_a_prompt_may_refer_to_what_another_actor_said(tape):
    tape.turn()
    tape.emit("u:case/t1/s1", "model.request", log="user", new=[{"role": "system", "text": "Leo"}])
    tape.emit("u:case/t1/s1", "model.result", text="I am Dana.")
    tape.shows("u:case/t1/s1").say("x")
    (call,) = read(tape.close()).whole.model_calls
    assert call.messages == [{"role": "assistant", "text": "I am Dana.", "from": "u:case/t1/s1"}]


def test_logs_are_told_apart(tape):
    tape.turn().shows(USER).say("x")
    plan = {"log": "plan", "new": [{"role": "user", "text": "A plan"}], "slots": None}
    tape.emit("c:case/t1/s2", "model.request", **plan)
    tape.emit("c:case/t1/s3/call1/child1", "model.request", new=[{"role": "user", "text": "in"}])
    calls = read(tape.close()).whole.model_calls
    assert [[m["text"] for m in call.messages] for call in calls] == [
        ["What happened?"],
        ["A plan"],
    ]
    assert tape.judge("shown", text="A plan").outcome == "passed"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("slot", {"name": "now", "state": "absent"}),
        ("shown", {"text": "x", "model_calls": "any"}),
        ("token_share", {"slot": "now", "most": 1}),
    ],
)
def test_a_turn_without_a_model_call_shows_nothing_to_judge(tape, kind, params):
    found = tape.turn().judge(kind, turn=1, **params)
    assert (found.outcome, found.at) == ("errored", "c:case/t1")
    assert found.message == "there was no model call in turn 1"


def test_the_share_of_a_slot_is_measured_in_the_first_prompt(tape):
    tape.turn().shows({"role": "system", "text": "x" * 30}, {"role": "user", "text": "y" * 10},
                      docs="x" * 30)  # fmt: skip
    tape.say("a").shows(docs="z" * 99).say("b")
    assert tape.judge("token_share", slot="docs", most=0.75).outcome == "passed"
    found = tape.judge("token_share", slot="docs", most=0.5)
    assert (found.outcome, found.at, found.claim) == ("failed", "c:case/t1/s1", "token_share docs")
    assert found.message == (
        "`docs` takes 75% of the first prompt, more than 50% "
        "(30 of 40 characters: an estimate of tokens)"
    )


def test_an_absent_slot_takes_nothing_and_an_unknown_one_can_not_be_measured(tape):
    tape.turn().shows(docs="absent", now="x").say("a")
    tape.events[3].data["slots"][0]["text"] = ""
    assert tape.judge("token_share", slot="docs", most=0).outcome == "passed"
    found = tape.judge("token_share", slot="dosc", most=0)
    assert (found.outcome, found.message) == (
        "errored",
        "there is no slot `dosc`; there are: docs, now",
    )


def test_a_slot_table_without_rows_is_told_as_that(tape):
    found = tape.turn().say("a").judge("token_share", slot="docs", most=1)
    assert found.message == "there is no slot `docs`; there are: none"


def test_a_share_that_can_not_be_is_refused():
    with pytest.raises(ValueError, match=r"^`most: 1\.5` is more than the whole prompt, "):
        TokenShare("docs", 1.5)
    for slot in ("tools", "history"):
        with pytest.raises(ValueError, match=f"holds no text of `{slot}` to measure"):
            TokenShare(slot, 0.5)


def test_the_prompts_are_the_same_in_canonical_order(tape):
    tape.turn().shows(USER).call(("a.b", {}, {"text": "r"})).shows("t1/s1", "t1/s1/call1").say("x")
    events: list[TraceEvent] = tape.close()
    late = sorted(events, key=lambda event: event.kind.endswith(".result"))
    messages = [call.messages for call in read(events).whole.model_calls]
    assert [call.messages for call in read(late).whole.model_calls] == messages
    assert messages[1][2]["text"] == "r"


def test_a_summary_is_no_part_of_the_conversation(tape):
    tape.turn().shows(USER).aside("Sum.").shows(USER, now="Today is").say("a")
    assert tape.judge("slot", name="now").outcome == "passed"
    assert tape.judge("token_share", slot="now", most=1).outcome == "passed"
    assert tape.judge("never_says", text="Sum.").outcome == "passed"
    assert tape.judge("most", steps=1).message == "the run took 2 steps, more than 1"
