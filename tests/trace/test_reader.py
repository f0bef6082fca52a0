from __future__ import annotations

import pytest

from agentbox.trace import canonical_lines, parse_trace
from agentbox.trace.encoding import decode

FIRST = b'{"at":"c:a","kind":"x"}\n'


@pytest.mark.parametrize(
    "deep",
    [
        b'{"at":"c:a","kind":"x","n":1234567890123456789012,"v":'
        + b"[" * 5000
        + b"]" * 5000
        + b"}\n",
        b'{"at":"c:a","kind":"x","v":' + b"[" * 5000 + b"]" * 5000 + b"}\n",
    ],
)
def test_what_is_nested_too_deep_is_a_line_that_cannot_be_read(deep: bytes) -> None:
    trace = parse_trace(FIRST + deep + FIRST)
    assert [event.line for event in trace.events] == [1, 3]
    assert trace.problems[0].message.startswith("trace: line 2 is no JSON: ")
    assert len(list(canonical_lines(FIRST + deep))) == 1


def test_a_long_number_anywhere_is_kept_to_its_last_digit() -> None:
    line = b'{"at":"c:a","kind":"x","n":12345678901234567890123}\n'
    assert parse_trace(FIRST + line).events[1].data["n"] == 12345678901234567890123
    assert decode(b"[1234567890123456789]") == [1234567890123456789]


def test_blobs_are_put_back_in_fields_and_among_messages() -> None:
    trace = parse_trace(
        b'{"at":"","kind":"blob","id":"b1","data":{"role":"user"}}\n'
        b'{"at":"c:a","kind":"x","new":["t1/s1",{"$blob":"b1"}],"one":{"$blob":"b1"},'
        b'"deep":{"in":{"$blob":"b1"}},"gone":{"$blob":"b2"}}\n'
    )
    (event,) = trace.events
    assert event.data["new"] == ["t1/s1", {"role": "user"}]
    assert event.data["one"] == {"role": "user"}
    assert event.data["deep"] == {"in": {"$blob": "b1"}}
    assert event.data["gone"] == {"$blob": "b2"}


def test_a_line_ends_where_a_newline_is_and_nowhere_else() -> None:
    trace = parse_trace(FIRST.replace(b"\n", b"\r\n") + b'{"at":"c:a",\r"kind":"y"}\n')
    assert [(event.kind, event.line) for event in trace.events] == [("x", 1), ("y", 2)]
