from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agentbox.core.errors import UnreadableTrace
from agentbox.core.trace import FORMAT_VERSION, TraceEvent
from agentbox.trace import read_trace
from agentbox.trace.migrating import STEPS, migrated


def header(version: object) -> TraceEvent:
    return TraceEvent("c:a", "run.start", {"format": version, "case": "a"}, 1)


CALL = TraceEvent("c:a/t1/s1/call1", "tool.call", {"tool": "look"}, 2)


def test_each_step_is_taken_in_order_from_the_traces_own_version_on() -> None:
    taken: list[int] = []

    def renamed(events):
        taken.append(FORMAT_VERSION - 1)
        return [replace(e, kind=e.kind.replace("tool.call", "tool.request")) for e in events]

    def kept(events):
        taken.append(FORMAT_VERSION - 2)
        return events

    steps = {FORMAT_VERSION - 1: renamed, FORMAT_VERSION - 2: kept}
    events = migrated((header(FORMAT_VERSION - 2), CALL), "x", steps)
    assert [event.kind for event in events] == ["run.start", "tool.request"]
    assert taken == [FORMAT_VERSION - 2, FORMAT_VERSION - 1]
    assert migrated((header(FORMAT_VERSION), CALL), "x", steps)[1] is CALL


def test_there_is_a_step_from_every_older_version() -> None:
    assert sorted(STEPS) == list(range(1, FORMAT_VERSION))


def test_without_a_header_or_its_format_events_are_taken_as_they_are() -> None:
    assert migrated((CALL,), "x", {}) == (CALL,)
    assert migrated((TraceEvent("c:a", "run.start", {}), CALL), "x", {})[1] is CALL


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (FORMAT_VERSION + 1, f"format {FORMAT_VERSION + 1}; this agentbox reads up to"),
        (0, "format 0, which nothing here reads"),
        (-(10**30), "which nothing here reads"),
        ("1", "its format is '1', which is none"),
        (True, "its format is True, which is none"),
        (1.0, "its format is 1.0, which is none"),
    ],
)
def test_a_format_that_is_not_known_is_refused(version: object, why: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    line = {"at": "c:a", "kind": "run.start", "clock": 0, "format": version}
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(UnreadableTrace, match=why):
        read_trace(path)


def test_a_newer_format_says_how_to_read_it() -> None:
    with pytest.raises(UnreadableTrace) as caught:
        migrated((header(FORMAT_VERSION + 1),), "x", STEPS)
    assert caught.value.problems[0].hint == "pip install --upgrade agentbox"
