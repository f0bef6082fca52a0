"""The page as text: what stands in it, what cannot, and that any JSON can be shown."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from html.parser import HTMLParser

import pytest

from agentbox.core.errors import Problem
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import Stats
from agentbox.report.viewer import Opened, page

HOSTILE = "</script><img src=x onerror=alert(1)><!-- \u2028 & \x1b]0;x\x07 \u202e"


class Parts(HTMLParser):
    """The blocks of a page by their id, its tags, its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blocks: dict[str, str] = {}
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.policy = self.title = self._open = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.names |= given.keys()
        self._open = given.get("id") or tag
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""

    def handle_endtag(self, tag) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        self.blocks[self._open] = self.blocks.get(self._open, "") + data

    def data(self, name: str = "trace0"):
        return json.loads(self.blocks[name])


def opened(events, name: str = "t", **more) -> Opened:
    return Opened(name, events, Stats(1, 2, 1), **more)


def parts(events, **more) -> Parts:
    return Parts(page([opened(events, **more)]))


def test_the_policy_allows_the_one_script_and_the_one_style_and_no_request(sample) -> None:
    found = parts(sample.events())

    def hashed(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    allowed = dict(each.split(" ", 1) for each in found.policy.split("; "))
    assert allowed == {
        "default-src": "'none'",
        "script-src": f"'sha256-{hashed(found.blocks['script'])}'",
        "style-src": f"'sha256-{hashed(found.blocks['style'])}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [name for name in found.names if name.startswith("on") or name == "style"]
    assert found.names.isdisjoint({"src", "srcset", "action"})


def test_the_scripts_build_no_markup_and_reach_for_nothing(sample) -> None:
    script = parts(sample.events()).blocks["script"]
    banned = (
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\b(eval|Function|fetch|import)\("
        r"|XMLHttpRequest|WebSocket|sendBeacon|setAttribute\('style|https?://(?!www\.w3\.org/2000/svg')"
    )
    assert not re.findall(banned, script)


def test_no_text_of_a_trace_gets_out_of_its_block(sample) -> None:
    events = [sample.event("c:x", "run.start", case=HOSTILE, note={HOSTILE: HOSTILE})]
    text = page([opened(events, name=HOSTILE)])
    found = Parts(text)
    assert "img" not in found.tags
    assert found.tags.count("script") == 3
    assert found.data()["events"][0]["note"] == {HOSTILE: HOSTILE}
    assert found.data("index")["traces"][0]["label"] == HOSTILE
    assert "\u2028" not in text


def test_each_prompt_is_put_together_and_what_an_event_brought_stands_once(sample) -> None:
    events = sample.events()
    asked = [n for n, event in enumerate(events) if event.kind == "model.request"]
    system = {"role": "system", "text": "Be kind."}
    first, second = (events[n].data for n in asked)
    first["new"] = [system]
    second["new"] = ["t1/s1", "t1/s1/call1", "t1/s9", 7]
    data = parts(events).data()
    assert data["prompts"] == {
        str(asked[0]): {"log": 0, "from": 0, "size": 1},
        str(asked[1]): {"log": 0, "from": 1, "size": 5},
    }
    log = data["logs"][0]
    assert log[0] == system
    assert log[1] == {
        "role": "assistant",
        "from": f"{sample.case}/t1/s1",
        "event": asked[0] + 1,
    }
    assert log[2]["event"] == asked[0] + 3
    assert log[2]["role"] == "tool"
    assert log[3]["text"] == f"«missing: {sample.case}/t1/s9»"
    assert log[4] == {}
    assert "new" not in data["events"][asked[0]]


def test_tables_that_prompts_share_stand_once(sample) -> None:
    data = parts(sample.events()).data()
    asked = [event for event in data["events"] if event["kind"] == "model.request"]
    assert [event["slots"] for event in asked] == [0, 0]
    assert [event["tools"] for event in asked] == [1, 1]
    assert data["tables"][0] == sample.slots


def test_what_json_cannot_hold_is_said_in_its_place(sample) -> None:
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    events = [
        sample.event("c:x", "odd", a=float("nan"), b=deep, c="kept \ud800", d=10**30),
        sample.event("c:x", "model.request", new=[float("inf")], tools=deep, slots=[]),
        sample.event("c:x", "odder", e={1: 2}, f={(1, 2): 3}),
    ]
    data = parts(events).data()
    first = data["events"][0]
    assert (first["a"], first["b"]) == ("«no JSON»", "«nested too deep to show»")
    assert (first["c"], first["d"]) == ("kept \ud800", 10**30)
    assert "«not shown»" in data["tables"]
    assert data["events"][2]["f"] == "«no JSON»"


@pytest.mark.parametrize("junk", [None, 7, "x", [], {"a": 1}, [[1], None]])
def test_any_json_may_stand_in_any_field(sample, junk) -> None:
    kinds = ("run.start", "run.end", "model.request", "model.result", "tool.request", "tool.result")
    fields = ("new", "log", "tools", "slots", "usage", "scenario", "case", "now", "zone", "outcome")
    events = [
        TraceEvent("c:x", kind, {"at": "c:x", "kind": kind, **dict.fromkeys(fields, junk)})
        for kind in kinds
    ]
    assert len(parts(events).data()["events"]) == len(kinds)


def test_a_trace_without_a_header_or_of_no_events_has_a_page(sample) -> None:
    found = parts([], name="torn", problems=[Problem("line 1 is no JSON")])
    assert found.data("index")["traces"] == [
        {"name": "torn", "label": "torn", "outcome": "no verdict", "root": ""}
    ]
    assert found.data()["problems"][0]["message"] == "line 1 is no JSON"


def test_several_traces_are_one_page_and_a_known_failure_is_called_so(sample) -> None:
    known = sample.event(
        "c:known", "run.start", case="known", scenario={"cases": [{"known_failure": "no date"}]}
    )
    end = sample.event("c:known", "run.end", outcome="failed")
    found = Parts(page([opened(sample.events(), "a"), opened([known, end], "b")]))
    one, two = found.data("index")["traces"]
    assert (one["outcome"], one["root"]) == ("failed", sample.case)
    assert (two["label"], two["outcome"]) == ("known", "known failure")
    assert found.data("trace1")["events"][0]["case"] == "known"
    assert found.blocks["title"] == "2 cases · agentbox"


def test_traces_that_would_be_called_alike_are_told_apart_by_name(sample) -> None:
    found = Parts(page([opened(sample.events(), "x@1"), opened(sample.events(), "x@2")]))
    labels = [each["label"] for each in found.data("index")["traces"]]
    assert labels == ["x@1", "x@2"]


def test_a_page_of_ten_thousand_events_is_made_in_well_under_a_second(sample) -> None:
    step = sample.events()[7:13]
    events = [event for _ in range(1667) for event in step]
    started = time.perf_counter()
    text = page([opened(events)])
    assert time.perf_counter() - started < 0.8
    assert len(text) < 20_000_000
