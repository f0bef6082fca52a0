from __future__ import annotations

from agentbox.core.events import unknown
from agentbox.core.trace import TraceEvent


def test_kinds_and_fields_that_are_not_known_are_counted_and_named() -> None:
    events = [
        TraceEvent("c:a", "run.start", {"at": "c:a", "kind": "run.start", "format": 1, "h": "0"}),
        TraceEvent("c:a", "x.y", {}),
        TraceEvent("c:a", "x.y", {"odd": 1}),
        TraceEvent("c:a", "tool.result", {"text": "", "warmth": 1, "seq": 3, "weight": 2}),
    ]
    assert unknown(events[:1]) == []
    assert unknown(events) == [
        "2 events of a kind this agentbox does not know: x.y",
        "2 fields of names this agentbox does not know: tool.result warmth, tool.result weight",
    ]
    assert unknown([events[1], TraceEvent("", "x.z", {})]) == [
        "2 events of kinds this agentbox does not know: x.y, x.z"
    ]
