from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agentbox.core.errors import AuthorError
from agentbox.report import plain
from agentbox.report.context import context_json, context_lines, prompts_at

TURN = "c:overdue_upgrade/t1"


def story(sample: SimpleNamespace) -> list[Any]:
    events = sample.events()
    first, second = (event for event in events if event.kind == "model.request")
    first.data["new"] = [{"role": "system", "text": "Be kind."}, {"role": "user", "text": "Hello"}]
    second.data["new"] = ["t1/s1", "t1/s1/call1"]
    events.insert(7, sample.event("u:overdue_upgrade/t1/s1", "model.request", new=[], log="user"))
    return events


def test_a_prompt_is_shown_segment_by_segment_with_sizes(sample: SimpleNamespace) -> None:
    text = plain(context_lines(*prompts_at(story(sample), f"{TURN}/s2")))
    assert text.startswith(
        "prompt of t1/s2   4 messages, about 46 tokens; 1 tool, about 43 tokens\n"
        "  since t1/s1: 2 messages more (3 to 4)\n\nslots\n    now: absent "
    )
    assert "size by slot\n    about system 19, customer 12, tools 2 tokens\n" in text
    _, _, messages = text.partition("messages\n")
    assert messages.splitlines() == [
        *("  1 system  about 2 tokens", "    Be kind."),
        *("  2 user  about 2 tokens", "    Hello"),
        "  3 assistant  about 17 tokens, from t1/s1",
        '    calls accounts.get_account(account_id="LLM-4829")',
        "  4 tool  about 25 tokens, from t1/s1/call1",
        *(f"    {part}" for part in sample.record.rsplit(" ", 1)),
    ]


def test_the_first_prompt_has_none_before_it_and_the_users_is_another_one(
    sample: SimpleNamespace,
) -> None:
    events = story(sample)
    prompt, before = prompts_at(events, f"{TURN}/s1")
    assert before is None
    assert "  the first prompt\n" in plain(context_lines(prompt, before))
    bare, none = prompts_at(events, "u:overdue_upgrade/t1/s1")
    assert none is None
    assert plain(context_lines(bare, none)) == (
        "prompt of u:t1/s1   0 messages, about 0 tokens\n  the first prompt\n"
    )


def test_what_changed_is_told_in_one_line(sample: SimpleNamespace) -> None:
    events = story(sample)
    slots = [dict(slot) for slot in sample.slots]
    slots[3] |= {"state": "filled", "text": "4 messages"}
    kept = {"role": "user", "text": "Hello"}
    image = {"role": "tool", "failed": True, "parts": [{"type": "image"}], "calls": []}
    cut = sample.event(
        f"{TURN}/s3", "model.request", log="main~3", new=[kept, image], slots=slots, tools=[]
    )
    same = sample.event(f"{TURN}/s4", "model.request", log="main~3", new=[], slots=slots, tools=[])
    events[-2:-2] = [cut, same]
    lines = plain(context_lines(*prompts_at(events, cut.at)))
    assert (
        "since t1/s2: 1 message more (2); 3 messages dropped; slots changed: history; other tools\n"
    ) in lines
    assert '  2 tool  failed  about 5 tokens\n    part {"type": "image"}\n' in lines
    assert "since t1/s3: nothing changed\n" in plain(context_lines(*prompts_at(events, same.at)))


def test_the_json_of_a_prompt_has_sizes_everywhere(sample: SimpleNamespace) -> None:
    told = context_json(*prompts_at(story(sample), f"{TURN}/s2"))
    assert told["at"] == f"{TURN}/s2"
    assert told["changed"] == {
        "since": f"{TURN}/s1", "added": (3, 4), "dropped": 0, "slots": (), "tools": False,
    }  # fmt: skip
    assert [slot["tokens"] for slot in told["slots"][:3]] == [12, 19, 2]
    assert [message["tokens"] for message in told["messages"][:2]] == [2, 2]
    assert told["tools"]["names"] == ["accounts.get_account"]
    total = sum(message["tokens"] for message in told["messages"]) + told["tools"]["tokens"]
    assert told["tokens"] == total


def test_a_step_at_which_no_model_was_asked_has_no_prompt(sample: SimpleNamespace) -> None:
    with pytest.raises(AuthorError, match="at t1/s9 no model was asked"):
        prompts_at(story(sample), f"{TURN}/s9")
