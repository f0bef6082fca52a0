"""A small honest trace, built by hand: the story of the overdue upgrade, told without a date."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agentbox.core.errors import Mark
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import CheckResult, Stats, Verdict

CASE = "c:overdue_upgrade"
USER = "My account LLM-4829 was supposed to be upgraded yesterday. What happened?"
RECORD = (
    '{"account_id": "LLM-4829", "plan": "enterprise", '
    '"updated": "2026-03-15", "upgrade": "2026-03-18"}'
)
ANSWER = (
    "Your account LLM-4829 was updated on March 15 "
    "and the upgrade will complete tomorrow, March 18."
)
SLOTS = [
    {"slot": "customer", "state": "filled", "origin": "scenario context.customer",
     "text": 'customer: {"name": "Dana", "plan": "enterprise"}'},
    {"slot": "system", "state": "filled", "origin": "scenario agent.system",
     "text": "You are the support desk of LeetLLM. Answer from the tools, and cite them."},
    {"slot": "tools", "state": "filled", "origin": "toolboxes", "text": "2 tools"},
    {"slot": "history", "state": "empty", "origin": "earlier turns", "text": ""},
    *({"slot": name, "state": "absent", "origin": "", "text": ""}
      for name in ("now", "user", "policy", "memory", "docs")),
]  # fmt: skip
TOOLS = [
    {
        "name": "accounts.get_account",
        "description": "Return an account by its id. It never changes anything.",
        "input_schema": {
            "type": "object",
            "properties": {"account_id": {"type": "string"}},
            "required": ["account_id"],
        },
    }
]
HEADER = {
    "format": 1,
    "agentbox": "0.1.0",
    "scenario": {"path": "scenarios/support_bot_no_date.yaml"},
    "case": "overdue_upgrade",
    "now": "2026-03-20T14:30:00Z",
    "zone": "UTC",
    "seed": 7,
    "code": "0f",
}


def event(at: str, kind: str, **data: Any) -> TraceEvent:
    """Return an event as the reader gives it."""
    return TraceEvent(at, kind, {"at": at, "kind": kind, "clock": 0, "h": "0", "seq": 0, **data})


def story() -> list[TraceEvent]:
    """Return the events of one turn: a question, a look-up, a wrong answer."""
    call = {"tool": "accounts.get_account", "args": {"account_id": "LLM-4829"}}
    turn = f"{CASE}/t1"
    return [
        event(CASE, "run.start", **HEADER),
        event(CASE, "server.start", server="accounts", command="python servers/accounts.py"),
        event(CASE, "server.ready", server="accounts", name="accounts", tools=2),
        event(CASE, "scope.enter", scope="run"),
        event("u:overdue_upgrade/t1", "user.request"),
        event("u:overdue_upgrade/t1", "user.result", text=USER),
        event(turn, "scope.enter", scope="turn"),
        event(f"{turn}/s1", "model.request", n=2, new=[], tools=TOOLS, slots=SLOTS),
        event(f"{turn}/s1", "model.result", model="support", calls=[call]),
        event(f"{turn}/s1/call1", "tool.request", **call),
        event(f"{turn}/s1/call1", "tool.result", status="ok", text=RECORD),
        event(f"{turn}/s2", "model.request", n=4, new=[], tools=TOOLS, slots=SLOTS),
        event(f"{turn}/s2", "model.result", model="support", text=ANSWER),
        event(turn, "scope.leave", end={"reason": "answered", "answer": ANSWER}),
        event("u:overdue_upgrade/t2", "user.request"),
        event("u:overdue_upgrade/t2", "user.result", text=None),
        event(CASE, "scope.leave", end={"reason": "answered", "answer": ANSWER}),
        event(CASE, "check.result", check="says", outcome="failed", turn=1, on=f"{turn}/s2",
              message='"March 19" was not said (case counts)'),
        event(CASE, "run.end", outcome="failed", end="answered"),
        event("", "seal", digest="00"),
    ]  # fmt: skip


def failed_check(**changes: Any) -> CheckResult:
    """Return the check that fails in `story`."""
    given: dict[str, Any] = {
        "kind": "says",
        "outcome": "failed",
        "message": f'"March 19" was not said (case counts); the last answer: "{ANSWER}"',
        "turn": 1,
        "at": f"{CASE}/t1/s2",
        "mark": Mark("scenarios/support_bot_no_date.yaml", 24, 19, 14),
        "source": "        checks: [{says: March 19}, {never_says: tomorrow}]",
        "claim": "says March 19",
    }
    return CheckResult(**{**given, **changes})


def verdict(**changes: Any) -> Verdict:
    """Return the verdict on `story`."""
    given: dict[str, Any] = {
        "file": "scenarios/support_bot_no_date.yaml",
        "case": "overdue_upgrade",
        "outcome": "failed",
        "checks": (failed_check(), CheckResult("tool_called", "passed")),
        "end": "answered",
        "stats": Stats(1, 2, 1),
        "trace": ".agentbox/runs/20261124T031502Z-ab12/support_bot_no_date__overdue_upgrade.jsonl",
        "wall": 0.2134,
    }
    return Verdict(**{**given, **changes})


@pytest.fixture
def sample() -> SimpleNamespace:
    """The builders above: `event`, `events`, `check`, `verdict`, and the names they use."""
    return SimpleNamespace(
        event=event, events=story, check=failed_check, verdict=verdict,
        case=CASE, answer=ANSWER, user=USER, record=RECORD, slots=SLOTS, header=HEADER,
    )  # fmt: skip
