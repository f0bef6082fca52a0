from __future__ import annotations

from agentbox.core.trace import TraceEvent
from agentbox.report import brief, plain
from agentbox.report.story import turns_of


def _line(*events: TraceEvent, width: int = 80) -> str:
    return plain([brief(events, "agentbox show last::a", width=width)]).strip()


def test_a_trace_in_a_line_says_what_it_came_to_and_how_to_see_it() -> None:
    end = TraceEvent("c:a", "run.end", {"outcome": "failed", "end": "limit: steps"}, 1)
    assert _line(end).split("  ")[0] == "failed"
    assert _line(end).endswith("agentbox show last::a")
    assert "limit: steps" in _line(end)


def test_a_trace_without_an_end_was_cut_short() -> None:
    assert _line().startswith("no verdict cut short")
    assert len(_line(width=20)) <= 20


def test_the_end_of_a_plans_step_is_not_the_end_of_its_turn() -> None:
    left = TraceEvent("c:a/t1/s1", "scope.leave", {"end": {"reason": "limit"}}, 1)
    ended = TraceEvent("c:a/t1", "scope.leave", {"end": {"reason": "answered"}}, 2)
    (turn,) = turns_of([left, ended])
    assert turn.end == {"reason": "answered"}
    assert turns_of([left]) == []
