from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.report.text import cells, cut, cut_line, flat, one_line, pad, plain, safe, wrap

ANYTHING = st.text(st.characters(exclude_categories=[]))  # halves of a surrogate pair too
HOSTILE = {
    "clear the screen": ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
    "set the title": ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    "C1 control introducer": ("\x9b31mred", "\\x9b31mred"),
    "backspace over": ("rm\b\bls", "rm\\x08\\x08ls"),
    "return over": ("failed\rpassed", "failed\\rpassed"),
    "next line": ("a\x85b", "a\\x85b"),
    "a new line": ("a\nb", "a\\nb"),
    "right to left": ("\u202egnp.exe", "\\u202egnp.exe"),
    "isolates": ("\u2066x\u2069", "\\u2066x\\u2069"),
    "zero width": ("pass\u200bed", "pass\\u200bed"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "tag letters": ("hi\U000e0041", "hi\\U000e0041"),
    "half a pair": ("\ud800", "\\ud800"),
    "NUL and DEL": ("\x00\x7f", "\\x00\\x7f"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_terminal_would_obey_or_hide_is_made_visible(name: str) -> None:
    hostile, shown = HOSTILE[name]
    assert safe(hostile) == shown


def test_letters_of_any_script_and_emoji_are_left_alone() -> None:
    text = "Grüße, мир, 日本語, שלום, नमस्ते, 👩‍🚀 ❤️"
    assert safe(text) == text


@given(ANYTHING)
def test_no_control_character_survives_in_any_text(text: str) -> None:
    kinds = {unicodedata.category(char) for char in safe(text)}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert safe(safe(text)) == safe(text)
    safe(text).encode()


@given(ANYTHING)
def test_a_line_is_made_safe_wherever_it_leaves(text: str) -> None:
    assert plain([((text, "plain"),)]) == f"{safe(text).rstrip()}\n"


def test_a_wide_character_takes_two_cells_and_a_mark_none() -> None:
    assert (cells("ab"), cells("日本"), cells("e\u0301"), cells("👍")) == (2, 4, 1, 2)


@given(st.text(), st.integers(0, 30))
def test_a_cut_text_never_takes_more_than_its_width(text: str, width: int) -> None:
    assert cells(cut(text, width)) <= width
    assert cells(one_line(text, width)) <= width


def test_a_cut_says_so() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("日本語", 4) == "日…"
    assert cut("abc", 3) == "abc"


@given(ANYTHING, st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cells(line) <= width for line in lines)
    shown = "".join(safe(line) for line in text.replace("\r\n", "\n").split("\n"))
    assert "".join("".join(lines).split()) == "".join(shown.split())


def test_words_are_wrapped_at_blanks_and_the_lines_of_a_text_are_kept() -> None:
    assert wrap("one two three\nfour", 9) == ["one two", "three", "four"]


def test_a_text_of_too_many_lines_ends_in_an_ellipsis() -> None:
    assert wrap("one two three four five six", 9, 2) == ["one two", "three …"]


def test_a_line_of_spans_is_cut_as_a_whole() -> None:
    line = (("abc", "bold"), ("defghi", "dim"), ("jkl", "plain"))
    assert cut_line(line, 7) == (("abc", "bold"), ("def…", "dim"))
    assert flat(cut_line(line, 12)) == "abcdefghijkl"


def test_padding_counts_cells() -> None:
    assert pad("日本", 6) == "日本  "
