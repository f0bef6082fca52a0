"""What a model is shown of a long conversation and of a long result, played."""

from __future__ import annotations

import pytest
from played import CALLS, ECHO, HEAD

from agentbox.core.errors import AuthorError


def test_a_result_is_cut_for_the_model_and_kept_whole_in_the_trace(played) -> None:
    head = HEAD + "max_result_bytes: {put: 5, 'lo*': 12, '*': 1}\n"
    (verdict,) = played("cases: [{name: a, turns: [{user: look ü}]}]", CALLS, head)
    (cut,) = played.events(verdict, "tool.truncated")
    whole = "nothing at ü"
    assert cut.data["whole"] == whole
    assert (cut.data["bytes"], cut.data["shown"]) == (13, 12)
    (result,) = played.events(verdict, "tool.result")
    shown = "nothing at \n[cut off: 12 of 13 bytes are shown]"
    assert result.data["text"] == played.answers(verdict)[-1] == shown
    head = HEAD + "max_result_bytes: {look: 13}\n"
    (verdict,) = played("cases: [{name: a, turns: [{user: look ü}]}]", CALLS, head)
    assert not played.events(verdict, "tool.truncated")
    assert played.answers(verdict)[-1] == whole


def test_a_context_window_is_kept_over_the_turns_and_told_by_the_slot_table(played) -> None:
    turns = ", ".join(f"{{user: {n} {'x' * 60}}}" for n in range(6))
    head = HEAD + "agent: {system: Be kind., context_window: {tokens: 150, keep: 1}}\n"
    (verdict,) = played(f"cases: [{{name: a, turns: [{turns}]}}]", ECHO, head)
    assert verdict.outcome == "passed"
    asked = played.events(verdict, "model.request")
    states = [
        slot["state"] for one in asked for slot in one.data["slots"] if slot["slot"] == "history"
    ]
    assert states[0] == "empty"
    assert states[-1] == "truncated"
    (first, *_) = played.events(verdict, "context.truncated")
    assert first.at.startswith("c:a/t")
    seen = played.answers(verdict)[-1]
    assert "user:5 x" in seen
    assert "user:0 x" not in seen


def test_a_full_window_may_end_the_run_by_its_own_name(played) -> None:
    head = HEAD + "agent: {context_window: {tokens: 10, on_full: fail}}\n"
    check = "{ended: {reason: limit, limit: context_window}}"
    case = f"cases: [{{name: a, turns: [{{user: {'x' * 60}}}], checks: [{check}]}}]"
    (verdict,) = played(case, ECHO, head)
    assert verdict.outcome == "passed"
    assert verdict.stats.steps == 0


def test_what_the_model_sums_up_is_not_said_to_the_user(played) -> None:
    model = """
from agentbox import say
def reply(messages, tools):
    return say("minutes" if "minutes" in messages[0].text else "fine " * 20)
"""
    turns = ", ".join("{user: go on}" for _ in range(6))
    window = "context_window: {tokens: 200, keep: 2, on_full: summarise}"
    check = "checks: [{never_says: minutes}]"
    head = HEAD + f"agent: {{system: Be kind., {window}}}\n"
    (verdict,) = played(f"cases: [{{name: a, turns: [{turns}], {check}}}]", model, head)
    assert verdict.outcome == "passed"
    asides = [e for e in played.events(verdict, "model.request") if e.data.get("aside")]
    assert asides


def test_a_check_on_a_slot_that_nothing_fills_is_told_before_anything_runs(played) -> None:
    checks = "{slot: {name: nowz, state: absent}}, {not: {token_share: {slot: zzz, most: 1}}}"
    case = f"cases: [{{name: a, turns: [x], checks: [{checks}]}}]"
    with pytest.raises(AuthorError) as caught:
        played("context: {who: Dana}\n" + case)
    one, other = caught.value.problems
    assert (one.message, one.note) == (
        "`slot` looks at `nowz`, which is no slot",
        "did you mean `now`?",
    )
    assert other.note.startswith("one of: now, system, ")
    assert other.note.endswith(", who")
    good = "{slot: {name: who, state: absent}}, {slot: {name: docs, state: absent}}"
    (verdict,) = played(f"context: {{who: Dana}}\n{case.replace(checks, good)}")
    assert verdict.outcome == "passed"
    played.write("loops.py", "from agentbox.loops import react as mine\n")
    (verdict,) = played("agent: {loop: 'loops.py:mine'}\n" + case)
    assert verdict.outcome == "errored"  # its slots are its own: the judge finds none
