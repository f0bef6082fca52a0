"""JSON written as YAML: what people read, and what the reader gives back."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from agentbox.spec.compose import compose
from agentbox.spec.problems import Problems
from agentbox.spec.write import WIDTH, yaml_text

WORDS = ["yes", "null", "~", "1", "1e3", "- a", "a: b", "a #b", "«secret:X»", "2026-01-01", "$last"]
WORDS += ["{a}", "?", "a\nb", "a\n\nb\n", "\n", " a", "a ", "  a\nb", "a\n  b\n\n", "a\tb\nc", "<<"]
WORDS += ['it\'s "so"', "\\d+", "\x7f", "\u2028", "a  b " * 40 + "c", "word " * 40 + "end", "%a\nb"]
TEXTS = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \n\t'\"#:-{}"), max_size=300
)
SCALARS = (
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False).filter(lambda number: abs(number) < 1e300)
)
KEYS = st.sampled_from(WORDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def _read(text: str):
    problems = Problems()
    node = compose(text, "written.yaml", problems)
    assert not problems, text
    assert node
    return node.json()


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
@example({word: [word, {word: word}, [[word]]] for word in WORDS})
@example({"a": {"b": [{"c": [[], {}, [[1]], {"d": {"e": {}}}]}]}})
def test_what_is_written_is_read_back(value):
    assert _read(yaml_text(value)) == value


def test_small_things_stand_in_brackets_and_large_ones_in_blocks():
    value = {
        "now": "2026-03-20T14:30:00Z",
        "limits": {"steps": 8, "cost_usd": 0.05},
        "day": "2026-03-20",
        "turns": [
            {"user": "Hello", "script": [{"call": "a.b", "args": {"id": "A-1"}}, {"say": "So: it"}]}
        ],
        "results": [{"text": '{\n  "id": 1\n}'}, {"text": "a b " * 30 + "c"}, [["x"], {"z": None}]],
        "pattern": r'"\d"',
    }
    assert (
        yaml_text(value)
        == """\
now: 2026-03-20T14:30:00Z
limits: {steps: 8, cost_usd: 0.05}
day: "2026-03-20"
turns:
  - user: Hello
    script:
      - {call: a.b, args: {id: A-1}}
      - {say: "So: it"}
results:
  - text: |-
      {
        "id": 1
      }
  - text: >-
      a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a
      b a b a b a b a b a b a b c
  - [[x], {z: null}]
pattern: '"\\d"'
"""
    )


def test_comments_stand_above_what_they_speak_of_and_lines_are_not_too_long():
    comments = {
        (): ("first", ""),
        ("a",): ("of a",),
        ("a", 1): ("of the second",),
        ("a", 1, "b"): ("of its key",),
        ("c",): ("",),
    }
    text = yaml_text({"a": [1, {"b": 2}], "c": ["w" * 60, "x" * 60]}, comments)
    assert (
        text
        == f"""\
# first

# of a
a:
  - 1
  # of the second
    # of its key
  - b: 2

c:
  - {"w" * 60}
  - {"x" * 60}
"""
    )
    assert _read(text) == {"a": [1, {"b": 2}], "c": ["w" * 60, "x" * 60]}
    assert max(map(len, text.splitlines())) <= WIDTH


def test_a_comment_stays_a_comment_whatever_it_holds():
    text = yaml_text({"a": 1}, {(): ("x\nb: 2\u2028c: 3\x00\x85d: 4", "word " * 40)})
    assert text.startswith("# x b: 2 c: 3? d: 4\n# word word")
    assert _read(text) == {"a": 1}
    assert max(map(len, text.splitlines())) <= WIDTH
