"""An observation as JSON, as the trace holds it."""

from __future__ import annotations

from agentbox.core.messages import ToolCall
from agentbox.core.requests import Observation, look_of


def test_a_look_as_json_leaves_out_what_is_empty() -> None:
    rows = Observation("sql", "db", "SELECT 1", {"database": "a.db"})
    gold = Observation("tool", target="a.b", when="start", gold=(ToolCall("a.c", {"n": 1}),))
    assert look_of(rows) == {
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
