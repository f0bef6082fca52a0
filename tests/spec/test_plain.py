"""The quick reader of plain YAML gives what the whole composer gives, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutants import FRAGMENTS, TURNS, turned
from readme import EXAMPLES

from agentbox.spec.compose import MAX_DEPTH, MAX_NODES, compose_whole
from agentbox.spec.plain import plain
from agentbox.spec.problems import Problems

FILES = [path.read_text() for path in sorted(EXAMPLES.glob("*.yaml"))]
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


def read(text: str):
    return plain(text, "f", MAX_DEPTH, MAX_NODES)


def agrees(text: str) -> None:
    found = read(text)
    if found is not None:
        problems = Problems()
        assert found == compose_whole(text, "f", problems.file("f", text), problems)
        assert not problems


PIECES = st.sampled_from(
    ["a", "b: ", "key: ", "- ", "\n", "\n  ", "\n    ", "\n- ", "  ", ": ", ":", ",", ", ", "{",
     "}", "[", "]", "'", '"', "'x y'", '"p q"', "#", " # c", "1", "-1", "null", "~", "true", "a b",
     "a:b", "?", "? ", "-", "&a", "*a", "!t", "|", "|\n", ">", "%", "@", "`", "é", "\\n", "'it''s'",
     '"a\\"b"', '"\\x41"', "{}", "[]", "{a: b}", "[a, b]", "$.x", "...", "---", "http://x/y", "=",
     "<<: ", "1e5", "1e999", "0x1f", "\n\n", "\n # d\n", "\u00a0", "\t", "\r\n", "😀"]
)  # fmt: skip


@settings(QUIET, max_examples=500)
@given(start=st.sampled_from(["", "k: ", "- ", "{a: ", "[", "k:\n  - "]), pieces=st.lists(PIECES))
def test_text_put_together_at_random_is_read_as_by_the_whole_composer(start, pieces):
    agrees(start + "".join(pieces))


@settings(QUIET, max_examples=200)
@given(
    text=st.sampled_from(FILES),
    turns=st.lists(st.tuples(st.sampled_from(TURNS), st.integers(0, 200), FRAGMENTS), max_size=3),
)
def test_a_file_with_lines_changed_is_read_as_by_the_whole_composer(text, turns):
    changed = text.encode()
    for turn, at, put in turns:
        changed = turned(changed, turn, at, put)
    agrees(changed.decode(errors="ignore"))


@pytest.mark.parametrize("text", FILES, ids=lambda text: text[40:70])
def test_every_example_is_plain(text):
    assert read(text) is not None
    agrees(text)


PLAIN = [
    "a: 1",
    "- a\n- b: c\n  d:\n  - e\n  -   f: g\n",
    "a: # none\nb:\n\n  # here\n  c: 'it''s'\nd:\n- x # y\n",
    'a: "\\"b\\" \\n \\\\d" # c',
    "a: {b: [c, {d: e}],\n  f: g}\nh: [\n  1, 2 ]",
    "a: b#c d:e -f\n",
    "'a b': {\"c\": 'd'}",
    "-\n  a: b\n",
]
NOT_PLAIN = [
    "", "# c", " a: b", "a: |\n  b", "a: &x b", "a: *x", "a: !t b", "a: b\n c", "a: b: c",
    "a: 'b\n c'", "a: b\na: c", "null: a", "1: a", "? a", "a: ? b", "[a: b]", "{a, b: c}", "{a: }",
    "[a,]", "a\tb: c", "a: [b # c\n ]", "a: [b,\nc]", "a: .nan", r'a: "\x41"', "a: 'b'c",
    "a: b\n- c", "- a\nb: c", "-\n- a", "a: b\n--- \n", "a:\n    b: c\n  d: e", "- a\n - b",
    "a: [b c: d]", "a" * 101 + ": b", "a: [b", "a: {b: c", "a: [[b]", 'a: "b', "a: [b}", "a: @b",
    "a b: c", "a: -", "- - a", "a: {b: c}: d", "a: [b] c", "a: [\n\n  b]",
]  # fmt: skip


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_is_taken(text):
    assert read(text) is not None
    agrees(text)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_what_is_not_plain_or_wrong_is_left_to_the_whole_composer(text):
    assert read(text) is None


def test_what_is_too_deep_or_too_long_is_left_to_the_whole_composer():
    assert plain("a: [[1]]", "f", 3, 100) is not None
    assert plain("a: [[1]]", "f", 2, 100) is None
    assert plain("a: [[1]]", "f", 3, 7) is None
