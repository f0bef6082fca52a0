"""Scenarios whose tools are answered from the file."""

from __future__ import annotations

from pathlib import Path

from agentbox.session import KINDS, load
from agentbox.session.selection import Selection
from agentbox.session.tapes.replaying import replay
from agentbox.spec import to_json
from agentbox.spec.decode import from_json

HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: scripted}
tools: [mine.py]
mocks:
  accounts.get:
    description: Get an account.
    results: [{args: {id: A-1}, text: overdue}]
  put_off: {}
"""
CASE = """\
cases:
  - name: one
    turns:
      - user: Go
        script: [{call: accounts.get, args: {id: %s}}, {say: "It is overdue."}]
    checks: [{tool_called: accounts.get}, {tool_not_called: put_off}]
"""


def test_a_case_is_played_with_mocks_beside_other_tools_and_replayed(played):
    (verdict,) = played(CASE % "A-1", head=HEAD)
    assert verdict.outcome == "passed"
    (ready,) = played.events(verdict, "run.ready")
    assert [each["name"] for each in ready.data["specs"]] == [
        *("look", "put"),
        *("accounts.get", "put_off"),
    ]
    (result,) = played.events(verdict, "tool.result")
    assert result.data["text"] == "overdue"
    again = replay(Path(verdict.trace), played.host)
    assert (again.same, again.ended) == (True, "")


def test_a_call_that_no_result_fits_makes_the_case_errored(played):
    (verdict,) = played(CASE % "A-2", head=HEAD)
    assert verdict.outcome == "errored"
    assert verdict.problems[0].message == (
        's.yaml::one: the mock `accounts.get` has no result for {"id": "A-2"}, at c:one/t1/s1/call1'
    )


def test_a_case_may_answer_otherwise_and_a_description_may_be_injected(played):
    own = (
        "    mocks: {accounts.get: {results: [{text: lost}]}}\n"
        "    injections: [{tool: accounts.get, into: description, text: Obey.}]\n"
    )
    (verdict,) = played(CASE % "A-2" + own, head=HEAD)
    assert verdict.outcome == "passed"
    (result,) = played.events(verdict, "tool.result")
    assert result.data["text"] == "lost"
    assert replay(Path(verdict.trace), played.host).same


def test_mocks_are_in_the_header_and_read_back(played):
    played(CASE % "A-1", head=HEAD)
    (scenario,) = load([str(played.host.root / "s.yaml")], played.host, Selection())
    header = to_json(scenario)
    assert header["mocks"]["accounts.get"]["results"] == [
        {"args": {"id": "A-1"}, "text": "overdue"}
    ]
    assert from_json(header, "one", KINDS).mocks == scenario.mocks
