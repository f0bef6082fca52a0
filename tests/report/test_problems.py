from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.core.errors import Mark, Problem
from agentbox.report import cells, plain, problems
from agentbox.report.problems import excerpt

SOURCE = "      - tool_caled: {name: get_order}"
TYPO = Problem(
    "unknown check `tool_caled`",
    Mark("scenarios/x.yaml", 14, 9, 10),
    "did you mean `tool_called`?",
    SOURCE,
    "agentbox schema --docs checks",
)


def shown(*found: Problem, width: int = 100) -> str:
    return plain(problems(found, width=width))


def test_a_problem_shows_its_place_a_caret_and_a_remedy() -> None:
    assert shown(TYPO) == (
        "error: unknown check `tool_caled`\n"
        "  --> scenarios/x.yaml:14:9\n"
        "   |\n"
        "14 |       - tool_caled: {name: get_order}\n"
        "   |         ^^^^^^^^^^ did you mean `tool_called`?\n"
        "   = hint: agentbox schema --docs checks\n"
    )


def test_several_problems_are_counted_with_their_files() -> None:
    other = Problem("no such file", Mark("scenarios/y.yaml"))
    assert shown(TYPO, other, TYPO).endswith("\n\n3 errors in 2 files\n")
    assert "error" not in shown(TYPO).splitlines()[-1]


def test_a_problem_without_a_place_is_its_message_note_and_hint() -> None:
    found = Problem("cannot write the trace", note="the disk is full", hint="free some\nor not")
    assert shown(found) == (
        "error: cannot write the trace\n  the disk is full\n  = hint: free some\n          or not\n"
    )


def test_a_file_without_a_line_has_no_excerpt() -> None:
    found = Problem("cannot be read", Mark("x.yaml"), "permission denied")
    assert shown(found) == ("error: cannot be read\n  --> x.yaml\n   | permission denied\n")


def test_the_lines_of_a_message_stay_lines() -> None:
    found = Problem("the server died (exit code 3)\nTraceback\n  Bang")
    assert shown(found) == "error: the server died (exit code 3)\n  Traceback\n    Bang\n"


@pytest.mark.parametrize(
    ("source", "column", "width", "under"),
    [
        ("\tname: x", 2, 4, "name"),
        ("a\tb: c", 3, 1, "b"),
        ("日本: [語]", 6, 1, "語"),
        ("👍👍: bad", 5, 3, "bad"),
        ("e\u0301e\u0301: bad", 7, 3, "bad"),
        ("a\x1b[2J: bad", 8, 3, "bad"),
    ],
)
def test_carets_stand_under_what_is_meant(source: str, column: int, width: int, under: str) -> None:
    assert source[column - 1 : column - 1 + width] == under
    lines = plain(excerpt(Mark("x", 1, column, width), source, "")).splitlines()
    line, carets = lines[2], lines[3]
    assert cells(line[: line.index(under)]) == carets.index("^")
    assert carets.count("^") == cells(under)


@pytest.mark.parametrize(("column", "width"), [(1, 1), (2, 2), (2, 4), (4, 1), (5, 9)])
def test_tabs_reach_the_same_stops_wherever_the_mark_is(column: int, width: int) -> None:
    source = "ab\tc\td: e"
    lines = plain(excerpt(Mark("x", 1, column, width), source, "")).splitlines()
    assert lines[2] == f" 1 | {source.expandtabs(4)}"


@pytest.mark.parametrize("column", [1, 30, 300, 590, 597])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    source = "".join(f"{number:03}" for number in range(200))
    lines = plain(excerpt(Mark("x", 1, column, 3), source, "here", width=60)).splitlines()
    line, carets = lines[2], lines[3]
    assert all(cells(one) <= 60 for one in lines)
    start = carets.index("^")
    assert line[start : start + 3] == source[column - 1 : column + 2]


def test_a_column_outside_the_line_gets_no_wrong_caret() -> None:
    text = plain(excerpt(Mark("x", 3, 40, 2), "short", "the note"))
    assert text == "  --> x:3:40\n   |\n 3 | short\n   | the note\n"


def test_a_note_that_does_not_fit_beside_stands_under() -> None:
    source = "checks: [{says: March 19}, {never_says: tomorrow}]"
    note = "said in turn 1, and said again in turn 2, although nobody had asked for it"
    text = plain(excerpt(Mark("x", 1, 28, 20), source, note, width=70))
    assert text.splitlines()[3:] == [
        "   |                            ^^^^^^^^^^^^^^^^^^^^",
        "   | said in turn 1, and said again in turn 2, although nobody had",
        "   | asked for it",
    ]


def test_hostile_text_in_any_field_is_made_visible() -> None:
    bad = "\x1b[2J\u202e"
    found = Problem(bad, Mark(f"{bad}.yaml", 1, 1, 2), bad, f"{bad}: 1", bad)
    text = shown(found, found)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("\\x1b[2J\\u202e") == 10


@given(st.text(), st.integers(-3, 400), st.integers(-3, 400), st.text(), st.integers(20, 120))
def test_no_place_or_source_line_makes_it_fail(
    source: str, column: int, width: int, note: str, screen: int
) -> None:
    lines = excerpt(Mark("f", 7, column, width), source, note, width=screen)
    assert all(cells(line) <= screen + 1 for line in plain(lines).splitlines())
