from __future__ import annotations

import pytest

from agentbox.core.comparing import GONE, Change
from agentbox.core.divergence import KINDS, Divergence
from agentbox.report import cells, plain
from agentbox.report.divergence import divergence, divergence_json, replay_line, replay_summary

ACCEPT = "agentbox run scenarios/a.yaml::a"
AT = "c:a/t1/s2"
ASKED = "model.request"


def told(found: Divergence, width: int = 100) -> list[str]:
    return plain(divergence(found, ACCEPT, width=width)).splitlines()


def test_both_sides_the_place_the_cause_and_the_way_on_are_told() -> None:
    change = Change("$.slots.system.text", "Be kind.", "Be rude.")
    found = Divergence("prompt", AT, 16, ASKED, ASKED, (change,), (), "the slot `system`")
    assert told(found) == [
        "  prompt at t1/s2: the model was shown something else",
        "    $.slots.system.text",
        "    - Be kind.",
        "    + Be rude.",
        "    comes from  the slot `system`",
        f"    accept      {ACCEPT}",
    ]


def test_an_event_in_the_place_of_another_is_told_with_its_line_and_what_is_nearest() -> None:
    found = Divergence("missing", AT, 16, ASKED, "tool.request", (), ("c:a/t1/s3", "u:a/t2"), "")
    assert told(found)[1:-1] == [
        "    recorded    model.request (line 16)",
        "    now         tool.request",
        "    nearest     on the tape, unplayed: t1/s3, u:t2",
    ]


def test_what_is_on_one_side_alone_is_told_as_such() -> None:
    assert told(Divergence("extra", AT, now=ASKED))[1:3] == [
        "    recorded    nothing (nowhere on the tape)",
        "    now         model.request",
    ]
    assert told(Divergence("unused", AT, 9, ASKED))[2] == "    now         nothing: the run is over"


def test_values_of_any_type_are_told_and_a_side_that_has_none_says_so() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    changes = (Change("$.a", {"é": 1}, GONE), Change("$.b", None, deep))
    rows = told(Divergence("args", AT, 3, "tool.request", "tool.request", changes))
    assert rows[1:7] == [
        "    $.a",
        '    - {"é": 1}',
        "    + (nothing)",
        "    $.b",
        "    - null",
        "    + «nested too deep to show»",
    ]


def test_of_two_long_texts_the_part_is_shown_where_they_differ() -> None:
    same = "x" * 500
    change = Change("$.text", f"{same}one", f"{same}two")
    rows = told(Divergence("prompt", AT, 1, ASKED, ASKED, (change,)), 60)
    assert rows[2:4] == [f"    - …{'x' * 24}one", f"    + …{'x' * 24}two"]
    longer = Change("$.text", "x" * 500, "x" * 501)
    rows = told(Divergence("prompt", AT, 1, ASKED, ASKED, (longer,)), 60)
    assert rows[2:4] == [f"    - …{'x' * 24}", f"    + …{'x' * 25}"]


def test_nothing_but_the_command_is_wider_than_the_terminal_and_no_escape_is_let_out() -> None:
    hostile = "\x1b[31mred " * 40
    change = Change(f"$.{hostile}", hostile, [hostile])
    found = Divergence("prompt", f"c:a/{hostile}", 1, hostile, "x", (change,), (hostile,), hostile)
    for row in told(found, 80):
        assert "\x1b" not in row
        assert "accept" in row or cells(row) <= 80


@pytest.mark.parametrize("kind", KINDS)
def test_each_class_says_what_it_means(kind) -> None:
    assert told(Divergence(kind, AT))[0] == f"  {kind} at t1/s2: {KINDS[kind]}"


def test_as_data_a_side_that_has_nothing_is_left_out() -> None:
    changes = (Change("$.a", 1, GONE), Change("$.b", None, 2))
    data = divergence_json(
        Divergence("args", AT, 7, "tool.request", "tool.request", changes, (AT,), "why"), ACCEPT
    )
    assert data == {
        "class": "args",
        "at": AT,
        "line": 7,
        "recorded": "tool.request",
        "now": "tool.request",
        "changes": [{"path": "$.a", "recorded": 1}, {"path": "$.b", "recorded": None, "now": 2}],
        "nearest": [AT],
        "cause": "why",
        "accept": ACCEPT,
    }


def test_a_replayed_case_and_all_of_them_are_a_line_each() -> None:
    line = replay_line("a case", "same", "12 events, passed", width=80)
    assert plain([line]).rstrip() == "  same       a case  12 events, passed"
    assert [style for _, style in line] == ["good", "plain", "dim"]
    assert replay_line("a", "DIVERGED", "")[0][1] == "bad"
    assert replay_summary({"same": 2, "diverged": 1}, 0.5) == (
        ("2 same · 1 diverged in 0.50 s", "bad"),
    )
    assert replay_summary({"same": 2}, 0.5)[0][1] == "good"
