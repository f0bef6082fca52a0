from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import CheckResult, Verdict
from agentbox.report import (
    failure,
    find_step,
    findings,
    plain,
    problem_json,
    show,
    show_json,
    show_step,
    step_json,
)

KINDS = (
    *("run.start", "run.end", "scope.leave", "user.result", "model.request", "model.result"),
    *("tool.request", "tool.result", "budget.refused", "server.died", "finding", "mcp.frame"),
    *("check.result", "observe.request", "observe.result", "seal"),
    *("server.request", "plan.made", "tools.changed"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *(
        "text",
        "look",
        "level",
        "calls",
        "slots",
        "tools",
        "tool",
        "args",
        "status",
        "source",
        "result",
        "side",
    ),
    *("structured", "parts", "meta", "error", "limit", "end", "scenario", "case", "now", "zone"),
    *("seed", "problems", "outcome", "message", "check", "server", "code", "usage", "frame"),
)
AT = st.sampled_from(
    ["c:x", "c:x/t1", "c:x/t1/s1", "c:x/t1/s1/call1", "u:x/t1", "h:x/t1/s1", "", "/"]
)
EVENT = st.builds(
    lambda at, kind, data: TraceEvent(at, kind, {**data, "at": at, "kind": kind}),
    AT | st.text(),
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6),
)


def prompt(sample: SimpleNamespace) -> list[dict[str, Any]]:
    at = f"{sample.case}/t1/s1"
    call = {"tool": "accounts.get_account", "args": {"account_id": "LLM-4829"}}
    return [
        {"role": "system", "text": "You are the support desk.\n\nAnswer from the tools."},
        {"role": "user", "text": sample.user},
        {"role": "assistant", "calls": [call], "from": at},
        {"role": "tool", "text": sample.record, "failed": True, "from": f"{at}/call1"},
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_trace_is_shown_turn_by_turn(
    sample: SimpleNamespace, snapshot: SnapshotAssertion, width: int
) -> None:
    assert plain(show(sample.events(), width=width)) == snapshot


def test_a_torn_trace_names_what_was_in_flight(
    sample: SimpleNamespace, snapshot: SnapshotAssertion
) -> None:
    events = sample.events()[:10]
    torn = Problem("x.jsonl: line 11 is no JSON (the last line is torn: the run was killed)")
    assert plain(show(events, [torn], events[-1:])) == snapshot


def test_a_model_in_flight_is_named_too(sample: SimpleNamespace) -> None:
    events = sample.events()[:8]
    text = plain(show(events, (), events[-1:]))
    assert "in flight when it ended, at t1/s1: the model" in text
    assert "no answer: the model was still at it" in text


def test_a_server_that_was_starting_is_named_too(sample: SimpleNamespace) -> None:
    start = TraceEvent("h:a/server-crm", "server.start", {"server": "crm"}, 2)
    text = plain(show([*sample.events()[:1], start], (), [start]))
    assert "in flight when it ended, at h:server-crm: the start of the server crm" in text


def test_events_that_are_not_known_are_passed_over_and_reported(sample: SimpleNamespace) -> None:
    later = [sample.event(sample.case, "x.y", a=1), sample.event(sample.case, "x.y")]
    told = "2 events of a kind this agentbox does not know: x.y"
    assert f"sealed\n  {told}\n" in plain(show([*later, *sample.events()]))
    assert show_json([*later, *sample.events()])["unknown"] == [told]


def test_an_errored_run_tells_why(sample: SimpleNamespace) -> None:
    end = sample.event(sample.case, "run.end", outcome="errored", problems=["it died\n\x1b[2J"])
    text = plain(show([*sample.events()[:3], end]))
    assert "  errored · not sealed: the run was cut short\n  it died\n  \\x1b[2J\n" in text


def test_a_server_that_died_tells_its_exit_and_its_last_words(sample: SimpleNamespace) -> None:
    words = "\n".join(f"line {number}" for number in range(20)) + "\x1b[2J\n"
    died = sample.event(
        "h:x/server-a", "server.died", server="accounts", exit=0, note="", side={"stderr": words}
    )
    lines = plain(show([died])).splitlines()
    head = lines.index("    accounts  died   exit 0")
    assert lines[head + 1] == "      line 12"
    assert lines[-1] == "      line 19\\x1b[2J"


def test_what_happens_beside_the_calls_is_told_where_it_happened(sample: SimpleNamespace) -> None:
    at, events = f"{sample.case}/t1/s1", sample.events()
    told = [
        sample.event(f"{at}/call1/child1", "server.request", server="a", method="roots/list"),
        sample.event(f"{at}/call1/child1/try1", "server.log", data="late"),
    ]
    events[11:11] = [sample.event(f"{at[:-1]}2", "tools.changed", server="a", added=["b"], gone=[])]
    events[10:10] = told
    events[7:7] = [sample.event(at[:-3], "plan.made", steps=[{"id": "1"}])]
    text = plain(show(events))
    plan, call, asks, logs, result, tools, says = (
        text.index(part)
        for part in (
            '    plan.made      steps [{"id": "1"}]\n',
            "    s1 calls ",
            "server.request  server a · method roots/list\n",
            "server.log  data late\n",
            "ok  {",
            '    tools.changed  server a · added ["b"]\n',
            "    s2 says ",
        )
    )
    assert plan < call < asks < logs < result < tools < says
    step = plain(show_step(events, at, []))
    assert (
        '  server.request  child1\n    {\n      "server": "a",\n      "method": "roots/list"'
        in step
    )
    assert "\nthen\n  tools.changed  s2\n" in step
    (turn,) = show_json(events)["turns"]
    first = turn["steps"][0]
    assert [note["kind"] for note in turn["notes"]] == ["plan.made"]
    assert [note["kind"] for note in first["notes"]] == ["tools.changed"]
    assert [note["kind"] for note in first["calls"][0]["notes"]] == ["server.request", "server.log"]


def test_of_much_that_happens_in_a_call_a_failure_shows_the_ends(sample: SimpleNamespace) -> None:
    events = sample.events()
    at = events[9].at
    events[10:10] = [sample.event(at, "server.progress", progress=n) for n in range(50)]
    text = plain(failure(sample.verdict(), events))
    assert text.count("server.progress") == 8
    assert "(42 events left out)" in text


def test_the_users_own_steps_are_told_from_the_agents(sample: SimpleNamespace) -> None:
    call, events = {"tool": "look", "args": {}}, sample.events()
    events[6:6] = [
        sample.event("u:x/t1/s1", "model.request", n=1, new=[]),
        sample.event("u:x/t1/s1", "model.result", model="dana", text="Where is it?"),
        sample.event("u:x/t1/call1", "tool.request", **call),
        sample.event("u:x/t1/call1", "tool.result", status="ok", text="here"),
    ]
    text = plain(show(events))
    assert "    user s1 says  Where is it?\n" in text
    assert "    user calls    look()\n" in text
    assert "    s2 says       Your account" in text


def test_calls_of_a_last_word_were_never_in_flight(sample: SimpleNamespace) -> None:
    events = sample.events()
    del events[9:11]
    text = plain(show(events))
    assert "not run  it was never made" in text
    assert "in flight" not in text


def test_what_the_harness_did_and_saw_is_told_apart(sample: SimpleNamespace) -> None:
    def look(n: int, **data: Any) -> TraceEvent:
        return sample.event(f"h:x/end/look{n}", "observe.result", **data)

    sql = {"kind": "sql", "server": "a", "target": "SELECT 1"}
    events = [
        *sample.events()[:5],
        sample.event("h:x/setup/call1", "tool.request", tool="a.put", args={"k": 1}),
        sample.event("h:x/setup/call1", "tool.result", status="ok", text="made"),
        look(1, look=sql, value={"rows": [[1]]}),
        look(2, look={**sql, "when": "start"}, error="there is no database"),
        look(3, look={"kind": "tool", "target": "a.get"}, value=1),
    ]
    lines = plain(show(events)).splitlines()
    assert lines[-9:] == [
        "  set up by the harness",
        "    a.put(k=1)",
        "      ok  made",
        "",
        "  observed by the harness",
        "    sql a SELECT 1",
        '      seen  {"rows": [[1]]}',
        "    sql a SELECT 1 before the first turn",
        "      not seen  there is no database",
    ]


def test_only_the_slots_that_changed_are_shown_again(sample: SimpleNamespace) -> None:
    later = [dict(slot) for slot in sample.slots]
    later[3] |= {"state": "filled", "text": "4 messages"}
    events = [
        *sample.events()[:-1],
        sample.event(f"{sample.case}/t2/s1", "model.request", slots=later),
        sample.event(f"{sample.case}/t2/s1", "model.result", text="Again."),
        sample.event(f"{sample.case}/t2/s2", "model.request", slots=later),
        sample.event(f"{sample.case}/t2/s2", "model.result", text="And again."),
    ]
    text = plain(show(events))
    assert text.count("by slot") == 2
    _, _, changed = text.partition("prompt of t2/s1, what changed, by slot\n")
    assert changed.splitlines()[:2] == ["    history: filled   4 messages   earlier turns", ""]


def test_refusals_failures_and_limits_are_told_in_their_place(
    sample: SimpleNamespace, snapshot: SnapshotAssertion
) -> None:
    turn = f"{sample.case}/t1"
    calls = [{"tool": "slow"}, {"tool": "odd", "args": {}, "malformed": '{"a": '}, {"tool": "late"}]
    events = [
        sample.event("u:x/t1", "user.result", text="Go on."),
        sample.event(f"{turn}/s1", "model.request"),
        sample.event(f"{turn}/s1", "model.result", text="Both at once.", calls=calls),
        sample.event(f"{turn}/s1/call1", "tool.request", **calls[0]),
        sample.event(f"{turn}/s1/call2", "tool.request", **calls[1]),
        sample.event(f"{turn}/s1/call3", "budget.refused", limit="tool_calls"),
        sample.event(f"{turn}/s1/call2", "tool.result", status="failed", source="schema",
                     text="no"),
        sample.event(f"{turn}/s1/call1", "tool.result", status="timeout", source="transport",
                     text="No answer within 1 s.", side={"detail": "1\n2\n3\n4\nlast words"}),
        sample.event(f"{turn}/s2", "budget.refused", limit="steps"),
        sample.event(f"{turn}/s3", "model.request"),
        sample.event(f"{turn}/s3", "model.result", error="no answer in 2 s"),
        sample.event(turn, "scope.leave", end={"reason": "failed", "error": "no answer in 2 s"}),
        sample.event("h:x/t1/call1", "tool.request", tool="accounts.rows", args={"n": 1}),
        sample.event("h:x/t1/call1", "tool.result", status="ok", text="[]"),
    ]  # fmt: skip
    assert plain(show(events)) == snapshot


def test_the_json_of_a_trace_tells_the_same_story(sample: SimpleNamespace) -> None:
    told = show_json(sample.events(), [Problem("torn")], sample.events()[7:8])
    (turn,) = told.pop("turns")
    assert told == {
        "header": sample.header,
        "sealed": True,
        "outcome": "failed",
        "end": "answered",
        "problems": [problem_json(Problem("torn"))],
        "unknown": [],
        "in_flight": [{"at": f"{sample.case}/t1/s1", "kind": "model.request"}],
        "findings": [],
        "checks": [
            {
                "check": "says",
                "claim": None,
                "outcome": "failed",
                "level": None,
                "message": '"March 19" was not said (case counts)',
                "turn": 1,
                "on": f"{sample.case}/t1/s2",
            }
        ],
    }
    assert (turn["turn"], turn["user"]) == (1, sample.user)
    assert [step["text"] for step in turn["steps"]] == [None, sample.answer]
    assert [step["slots"] for step in turn["steps"]] == [sample.slots, sample.slots]
    assert turn["steps"][0]["calls"] == [
        {
            "at": f"{sample.case}/t1/s1/call1",
            "tool": "accounts.get_account",
            "args": {"account_id": "LLM-4829"},
            "status": "ok",
            "source": None,
            "text": sample.record,
            "refused": None,
            "notes": [],
        }
    ]


# -- one step


def test_a_step_is_shown_in_full(sample: SimpleNamespace, snapshot: SnapshotAssertion) -> None:
    at = f"{sample.case}/t1/s1"
    frame = sample.event(f"{at}/call1", "mcp.frame", server="accounts", dir="in", frame={"id": 1})
    rich_result = sample.event(
        f"{at}/call1", "tool.result", status="ok", text=sample.record,
        structured={"plan": "enterprise"}, meta={"agentbox/retrieval": {"k": 1}},
        parts=[{"type": "image", "data": "AA=="}], side={"detail": "stderr: fine"},
    )  # fmt: skip
    events = [*sample.events(), frame, rich_result]
    assert plain(show_step(events, at, prompt(sample))) == snapshot


def test_a_step_shortens_nothing(sample: SimpleNamespace) -> None:
    at = f"{sample.case}/t1/s2"
    long = "word " * 2000 + "end"
    text = plain(show_step(sample.events(), at, [{"role": "user", "text": long}], width=80))
    assert long in text
    assert sample.answer in text


def test_a_step_tells_what_did_not_come(sample: SimpleNamespace) -> None:
    turn = f"{sample.case}/t1"
    call = {"tool": "odd", "malformed": '{"a": '}
    events = [
        sample.event(f"{turn}/s1", "model.result", text="Hm.", calls=[call], stop="length"),
        sample.event(f"{turn}/s1/call1", "budget.refused", limit="tool_calls"),
        sample.event(f"{turn}/s2", "model.request", clock=2.5),
        sample.event(f"{turn}/s3", "budget.refused", limit="steps"),
        sample.event(f"{turn}/s4", "model.result", error="no answer\x1b"),
        sample.event(f"{turn}/s5", "model.result", usage={"input": 3}),
        sample.event(f"{turn}/s5/call1", "tool.request", tool="slow", args={}),
    ]

    def told(step: str) -> str:
        return plain(show_step(events, f"{turn}/{step}", []))

    assert "    stopped by: length\n" in told("s1")
    assert '    no JSON object: {"a": \n  not run: limit `tool_calls`\n' in told("s1").replace(
        '{"a":\n', '{"a": \n'
    )
    assert "now + 2.5s" in told("s2")
    assert "slots\n    not recorded\n" in told("s2")
    assert "reply\n    none: the trace ends before it\n" in told("s2")
    assert "not asked: the limit `steps` is reached" in told("s3")
    assert "the model failed: no answer\\x1b" in told("s4")
    assert "usage input 3\n" in told("s5")
    assert "reply\n    nothing\n" in told("s5")
    assert "no answer: it was in flight" in told("s5")


def test_structured_content_that_repeats_the_text_is_not_repeated(
    sample: SimpleNamespace,
) -> None:
    at = f"{sample.case}/t1/s1"
    data = json.loads(sample.record)
    same = sample.event(f"{at}/call1", "tool.result", status="ok", text=sample.record,
                        structured=data)  # fmt: skip
    other = sample.event(f"{at}/call1", "tool.result", status="ok", text="{broken",
                         structured=data)  # fmt: skip
    assert "structured" not in plain(show_step([*sample.events(), same], at, []))
    assert "structured" in plain(show_step([*sample.events(), other], at, []))


@pytest.mark.parametrize(
    "wanted", ["t1/s2", "c:overdue_upgrade/t1/s2", "t1/s2/call1", "c:overdue_upgrade/t1/s2/call3"]
)
def test_a_step_is_found_by_its_short_or_its_whole_position(
    sample: SimpleNamespace, wanted: str
) -> None:
    assert find_step(sample.events(), wanted) == "c:overdue_upgrade/t1/s2"


@pytest.mark.parametrize("wanted", ["t1/s3", "s2", "", "t9/s1", "nonsense", "c:other/t1/s1"])
def test_a_step_that_is_not_there_is_an_error_that_names_those_that_are(
    sample: SimpleNamespace, wanted: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        find_step(sample.events(), wanted)
    assert caught.value.problems[0].hint == "its steps: t1/s1, t1/s2"


def test_the_json_of_a_step_holds_the_whole_prompt(sample: SimpleNamespace) -> None:
    at = f"{sample.case}/t1/s1"
    told = step_json(sample.events(), at, prompt(sample))
    assert told["messages"] == prompt(sample)
    assert told["calls"][0]["args"] == {"account_id": "LLM-4829"}
    assert told["calls"][0]["result"] == {"status": "ok", "text": sample.record}
    assert told["reply"]["model"] == "support"


# -- any trace


@settings(deadline=None, max_examples=300)
@given(st.lists(EVENT, max_size=8), st.lists(JSON, max_size=3))
def test_no_trace_however_broken_makes_it_fail(events: list[TraceEvent], messages: list) -> None:
    check = CheckResult("says", "failed", at=events[0].at if events else "")
    shown = [
        *show(events, [Problem("p")], events),
        *show_step(events, "c:x/t1/s1", messages),
        *failure(Verdict("f", "x", "failed", (check,)), events),
        *findings(events),
    ]
    assert "\x1b" not in plain(shown)
    json.dumps([show_json(events, (), events), step_json(events, "c:x/t1/s1", messages)])


def test_json_nested_too_deep_is_said_to_be(sample: SimpleNamespace) -> None:
    deep: Any = []
    for _ in range(200_000):  # Python 3.13 goes down some ten thousand
        deep = [deep]
    call = sample.event(f"{sample.case}/t1/s1/call1", "tool.request", tool="t", args={"a": deep})
    assert "t(a=«nested too deep to show»)" in plain(show([call]))


def test_a_check_that_only_warned_is_shown_as_a_warning(sample: SimpleNamespace) -> None:
    event = sample.event("c:x", "check.result", claim="says x", outcome="failed", level="warn")
    assert "  warning  says x" in plain(show([event], [], []))


def test_a_look_that_was_in_flight_is_named(sample: SimpleNamespace) -> None:
    look = {"kind": "sql", "server": "accounts", "target": "SELECT 1"}
    event = sample.event("h:x/end/look1", "observe.request", look=look)
    assert "in flight when it ended, at h:end/look1: a look at SELECT 1" in plain(
        show([event], [], [event])
    )
