"""YAML 1.2, strict: what a scalar means, what is refused, and that a place is always told."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agentbox.spec.compose import MAX_DEPTH, MAX_NODES, compose
from agentbox.spec.problems import Problems


def value(text):
    problems = Problems()
    node = compose(text, "f.yaml", problems)
    assert not problems, problems.error().problems
    return node.json()


def refused(text):
    problems = Problems()
    compose(text, "f.yaml", problems)
    assert problems
    return problems.error().problems


SCALARS = {
    "null": None, "Null": None, "~": None, "": None, "nUll": "nUll",
    "true": True, "TRUE": True, "False": False, "tRue": "tRue",
    "yes": "yes", "no": "no", "on": "on", "off": "off", "y": "y",
    "12": 12, "-12": -12, "+12": 12, "0755": 755, "0o17": 15, "0x1F": 31, "-0x1F": "-0x1F",
    "0b11": "0b11", "1_000": "1_000", "1,000": "1,000", "12:30:45": "12:30:45",
    "1.5": 1.5, "1.": 1.0, ".5": 0.5, "-.5e3": -500.0, "1e3": 1000.0, "1e": "1e", ".": ".",
    "2026-03-20": "2026-03-20", "2026-03-20T14:30:00Z": "2026-03-20T14:30:00Z",
    "'12'": "12", '"null"': "null", "''": "", '"\\u00e9\\x41"': "éA", "=": "=",
    '"\\ud83d\\ude00"': "😀", "a#b": "a#b", "a #b": "a", "March 19": "March 19",
}  # fmt: skip


@pytest.mark.parametrize(("text", "meant"), SCALARS.items())
def test_a_scalar_means_what_yaml_12_says(text, meant):
    found = value(f"key: {text}\n")["key"]
    assert (type(found), found) == (type(meant), meant)


MISTAKES = [
    # the text; its place; the message; the note; the hint
    ("a: b: c", "1:5", "`: ` does not fit here", "",
     "quote text that holds `: `, and begin each key in the column of its siblings"),
    ("a:\n\tb: 1", "2:1", "a tab cannot stand here", "", "use spaces"),
    ("a: @b", "1:4", "text cannot begin with this character", "", "quote it"),
    ("a: `b`", "1:4", "text cannot begin with this character", "", "quote it"),
    ("a: 'b\nc: d\n", "1:4", "this quote is never closed", "", ""),
    ('a: "b', "1:4", "this quote is never closed", "", ""),
    ("a: [1, 2", "1:4", "this bracket is never closed", "", ""),
    ("a: {b: c: d}", "1:9", "this does not fit into the brackets it stands in", "",
     "put a comma before it, or quote text that holds `: ` or a bracket"),
    ("a: [1,\n  2\nb: 3", "3:2", "this does not fit into the brackets it stands in",
     "it began at f.yaml:1:4",
     "put a comma before it, or quote text that holds `: ` or a bracket"),
    ('a: "b" c', "1:8", "this does not fit what stands before it", "",
     "quote the whole text, and begin each key in the column of its siblings"),
    ("a:\n  - b\n c: d", "3:2", "this does not line up with what stands above it",
     "it began at f.yaml:1:1", "begin each key, and each `- `, in the column of its siblings"),
    ("a: 1\nb\nc: 2", "2:1", "a key without its `:`", "",
     "write `key: value`; indent text that goes on, or quote it"),
    ("a\n: b", "2:1", "this does not go on what stands above it", "",
     "a file is one mapping of keys"),
    ('a: "\\q"', "1:6", "found unknown escape character 'q'", "", ""),
    ('a: "\\U00110000"', "1:1", "this is no YAML: chr() arg not in range(0x110000)", "", ""),
    ("a: !!int 7", "1:4", "YAML tags are not allowed", "", "write plain values"),
    ("a: !local {b: c}", "1:4", "YAML tags are not allowed", "", "write plain values"),
    ("a: !x!y z", "1:4", "YAML tags are not allowed", "", "write plain values"),
    ("%YAML 1.1\n---\na: yes", "1:1", "YAML directives are not allowed", "", "remove this line"),
    ("# hi\n\n%FOO\n---\na: b", "3:1", "YAML directives are not allowed", "", "remove this line"),
    ("a: b\n---\nc: d", "2:1", "a second document begins here", "", "give it a file of its own"),
    ("a: *b", "1:4", "there is no anchor `&b` above this", "", ""),
    ("a: &b [1, *b]", "1:11", "`*b` stands inside its own anchor", "", ""),
    ("a: &b {c: *b}", "1:11", "`*b` stands inside its own anchor", "", ""),
    ("<<: {a: 1}", "1:1", "merge keys are not allowed", "", "write the keys out"),
    ("a: 1\nb: 2\na: 3", "3:1", "the key `a` stands twice", "first at f.yaml:1:1", ""),
    ('{a: 1, "a": 2}', "1:8", "the key `a` stands twice", "first at f.yaml:1:2", ""),
    ("1: a", "1:1", "a key must be text, but this is the number 1", 'write "1"', ""),
    ("true: a", "1:1", "a key must be text, but this is true", 'write "true"', ""),
    ("~: a", "1:1", "a key must be text, but this is null", 'write "~"', ""),
    ("? [a]\n: b", "1:3", "a key must be text, but this is a list", "", ""),
    ("? {a: 1}\n: b", "1:3", "a key must be text, but this is a mapping", "", ""),
    (": a", "1:1", "a key must be text, but this is left out", "", ""),
    ("{?a: b}", "1:3", "text cannot begin with `?` here", "", "quote it"),
    ("[?a: b]", "1:3", "text cannot begin with `?` here", "", "quote it"),
    ("[?a]", "1:3", "`a` has no value", "quote the text",
     "inside { } a comma begins a new key: text that holds one needs quotes"),
    ("a: .inf", "1:4", "`.inf` is no number that JSON can write", "", "put text in quotes"),
    ("a: -.INF", "1:4", "`-.INF` is no number that JSON can write", "", "put text in quotes"),
    ("a: .nan", "1:4", "`.nan` is no number that JSON can write", "", "put text in quotes"),
    ("a: 1e400", "1:4", "this number is too large", "", "put text in quotes"),
    (f"a: {'9' * 5000}", "1:4", "a number of 5,000 digits is too large", "", "put text in quotes"),
    ('a: "\\ud800"', "1:4", "half of a surrogate pair is no character", "", "put text in quotes"),
    ("a: b\x00", "1:5", "the character U+0000 cannot stand in a file", "",
     'write it as an escape in double quotes, such as "\\x1b"'),
    ("a: b\nc: \x1b[1m", "2:4", "the character U+001B cannot stand in a file", "",
     'write it as an escape in double quotes, such as "\\x1b"'),
    ("a: b\u2028", "1:5", "the character U+2028 cannot stand in a file", "",
     'write it as an escape in double quotes, such as "\\x1b"'),
]  # fmt: skip


@pytest.mark.parametrize("row", MISTAKES, ids=[f"{r[0][:20]!r} {r[2]}"[:60] for r in MISTAKES])
def test_what_is_no_strict_yaml_is_told_at_its_place(row):
    text, place, message, note, hint = row
    (problem,) = refused(text)
    assert str(problem.mark) == f"f.yaml:{place}"
    assert (problem.message, problem.note, problem.hint) == (message, note, hint)
    assert problem.source == text.split("\n")[problem.mark.line - 1]


def test_mistakes_that_leave_a_tree_are_told_together():
    found = refused("a: !x 1\na: .nan\n2: b\n")
    assert [(problem.mark.line, problem.message) for problem in found] == [
        (1, "YAML tags are not allowed"),
        (2, "the key `a` stands twice"),
        (2, "`.nan` is no number that JSON can write"),
        (3, "a key must be text, but this is the number 2"),
    ]


def test_an_alias_stands_for_its_anchor():
    assert value("a: &x {b: [1]}\nc: *x\nd: [*x, *x]") == {
        "a": {"b": [1]},
        "c": {"b": [1]},
        "d": [{"b": [1]}, {"b": [1]}],
    }


def test_aliases_that_multiply_the_file_are_refused():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    (problem,) = refused(bomb)
    assert problem.message == "more than 100,000 values, those of aliases counted"
    assert problem.mark.line == 5


@pytest.mark.slow
def test_a_file_of_many_values_is_refused():
    rows = MAX_NODES // 1000
    text = "[" + ",\n".join(["[" + "1," * 1000 + "]"] * (rows + 1)) + "]"
    (problem,) = refused(text)
    assert problem.message == "more than 100,000 values, those of aliases counted"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused(opening):
    (problem,) = refused(opening * (MAX_DEPTH + 1))
    assert problem.message == f"this is nested deeper than {MAX_DEPTH} levels"


def test_nesting_through_aliases_counts():
    deep = f"a: &a {'[' * 40}{']' * 40}\nb: {'[' * 30}*a{']' * 30}"
    (problem,) = refused(deep)
    assert problem.message == f"this is nested deeper than {MAX_DEPTH} levels"
    assert problem.mark.line == 2
    assert value(f"a: {'[' * 62}{']' * 62}")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_a_file_without_content_has_no_node(text):
    problems = Problems()
    assert compose(text, "f", problems) is None
    assert not problems


def test_every_node_knows_its_place():
    text = "a: 1\nb:\n  - 'two words'\n  - {c: [x, y]}\n"
    node = compose(text, "f", Problems())

    def under(*keys):
        mark = (node.get(*keys[:1]) if len(keys) == 1 else keys[1]).mark
        return text.splitlines()[mark.line - 1][mark.column - 1 : mark.column - 1 + mark.width]

    first, second = node.get("b").items
    assert under("a") == "1"
    assert under("b", first) == "'two words'"
    assert under("b", second) == "{c: [x, y]}"
    assert under("b", second.get("c")) == "[x, y]"
    assert under("b", second.entries["c"].key) == "c"
    assert under("b", second.get("c").items[1]) == "y"


def test_text_over_several_lines_is_marked_to_the_end_of_its_first():
    node = compose("a: one\n  two\nb: |\n  three\n", "f", Problems())
    assert (node.get("a").mark.width, node.get("b").mark.width) == (3, 1)
    assert node.json() == {"a": "one two", "b": "three\n"}


def test_a_complex_key_in_brackets_may_be_text():
    assert value("{? a : b, ? c: d}") == {"a": "b", "c": "d"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_counts_as_one(end):
    (problem,) = refused(end.join(["a: 1", "b: 2", "c: .nan"]))
    assert (problem.mark.line, problem.mark.column, problem.source) == (3, 4, "c: .nan")


PRINTABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(PRINTABLE)
    | st.sampled_from(["yes", "12", "0o17", "1e3", "2026-03-20", ".inf", "~", "<<", "- a", "a: b"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(PRINTABLE, max_size=80), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_json_is_read_as_it_is(wanted):
    found = value(json.dumps({"key": wanted}))
    assert json.dumps(found) == json.dumps({"key": wanted})


@given(JSON, st.booleans())
def test_what_a_yaml_writer_wrote_is_read_as_it_was(wanted, flow):
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    stream = StringIO()
    writer.dump({"key": wanted}, stream)
    assume("?" not in stream.getvalue())  # ruamel writes `{?a: b}`, which is no YAML 1.2
    found = value(stream.getvalue())
    assert json.dumps(found, sort_keys=True) == json.dumps({"key": wanted}, sort_keys=True)
