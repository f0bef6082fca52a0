from __future__ import annotations

from types import SimpleNamespace

from agentbox.core.errors import Problem
from agentbox.report import plain
from agentbox.report.wrong import wrongs, wrongs_json, wrongs_lines


def test_what_went_wrong_is_told_in_order_with_the_command_that_shows_it(
    sample: SimpleNamespace,
) -> None:
    turn = "c:a/t1"
    call = f"{turn}/s1/call1"
    event = sample.event
    events = [
        event("h:a/server-crm", "finding", server="crm", tool="x", code="odd", message="no schema"),
        event(call, "tool.request", tool="look", args={"k": 1}),
        event(call, "tool.result", status="timeout", source="transport", text="No answer.",
              side={"detail": "last words"}),
        event(f"{turn}/s1/call2", "tool.result", status="ok", text="fine"),
        event(f"{turn}/s1/call3", "tool.result", text="no status"),
        event(f"{turn}/s1/call1/child1", "server.result", server="crm", declined="nobody answers"),
        event(f"{turn}/s1/call1/child2", "server.result", server="crm", result={}),
        event(f"{turn}/s2", "model.result", error="no answer in 2 s"),
        event(f"{turn}/s2", "model.result", text="half", stop="length"),
        event(f"{turn}/s2", "model.result", text="whole", stop="end"),
        event(f"{turn}/s3", "budget.refused", limit="steps"),
        event(turn, "approval", what="to pay", yes=False, why="too much"),
        event(turn, "approval", what="to look", yes=True),
        event(f"{turn}/s3", "plan.step", id="find", status="failed", finding="nothing"),
        event(f"{turn}/s3", "plan.step", id="sum", status="done"),
        event("h:a/server-crm", "server.died", server="crm", exit=-9, side={"stderr": "bye\n"}),
        event("h:a/end/look1", "observe.result", look={"target": "SELECT 1"}, error="no database"),
        event("h:a/end/look2", "observe.result", look={"target": "SELECT 1"}, value=1),
        event(turn, "scope.leave", end={"reason": "limit", "limit": "steps"}),
        event(f"{turn}/s1", "scope.leave", end={"reason": "failed"}),
        event("c:a", "scope.leave", end={"reason": "limit", "limit": "steps"}),
        event("c:a/t2", "scope.leave", end={"reason": "answered"}),
        event("c:a", "check.result", check="says", claim="says x", outcome="failed", message="no",
              on=f"{turn}/s3"),
        event("c:a", "check.result", check="says", outcome="failed", level="warn", message="hm"),
        event("c:a", "check.result", check="says", outcome="passed"),
        event("c:a", "run.end", outcome="errored", problems=["it broke"]),
        event("c:a", "run.end", outcome="errored", problems="rubbish"),
    ]  # fmt: skip
    flying = [event("c:a/t3/s1", "model.request")]
    found = wrongs(events, [Problem("torn")], flying)
    assert plain(wrongs_lines(found, "last")) == (
        "17 things went wrong\n"
        "  h:server-crm  crm x odd\n      no schema\n"
        "  t1/s1/call1  look(k=1): timeout (transport)\n      No answer.\n      last words\n"
        "      agentbox show last --step t1/s1\n"
        "  t1/s1/call3  a call: no status\n      no status\n"
        "      agentbox show last --step t1/s1\n"
        "  t1/s1/call1/child1  the server crm was declined what it asked\n      nobody answers\n"
        "      agentbox show last --step t1/s1\n"
        "  t1/s2  the model failed\n      no answer in 2 s\n      agentbox show last --step t1/s2\n"
        "  t1/s2  the reply was stopped by length\n      half\n"
        "      agentbox show last --step t1/s2\n"
        "  t1/s3  limit `steps`\n      it was not done\n      agentbox show last --step t1/s3\n"
        "  t1  not approved: to pay\n      too much\n"
        "  t1/s3  the plan's step find failed\n      nothing\n"
        "      agentbox show last --step t1/s3\n"
        "  h:server-crm  the server crm died, exit -9\n      bye\n"
        "  h:end/look1  not seen: SELECT 1\n      no database\n"
        "  t1  the turn ended: limit\n      steps\n"
        "  t1/s3  failed: says x\n      no\n      agentbox show last --step t1/s3\n"
        "  warning: says\n      hm\n"
        "  the case could not be judged\n      it broke\n"
        "  t3/s1  model.request\n      it has no answer\n      agentbox show last --step t3/s1\n"
        "  the trace itself\n      torn\n"
    )

    told = wrongs_json(found, "last::a")
    assert told[1] == {
        "at": call,
        "kind": "tool",
        "what": "look(k=1): timeout (transport)",
        "text": "No answer.\nlast words",
        "command": "agentbox show last::a --step t1/s1",
    }
    assert told[-1]["command"] == ""


def test_where_nothing_went_wrong_that_is_said(sample: SimpleNamespace) -> None:
    assert plain(wrongs_lines(wrongs(sample.events()[:13]), "last")) == "nothing went wrong\n"
