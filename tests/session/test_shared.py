"""`share: true` through whole suites: fewer processes, and not a byte of difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from played import FIXTURES, Played

from agentbox.core.verdict import Verdict
from agentbox.session import Runs, Selection, Suite, load, run_suite
from agentbox.trace import canonical_lines

MODEL = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(last.text)
    name, _, n = last.text.partition(" ")
    return call("box." + name, n=int(n or 0))
"""
HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {{provider: python, function: "model.py:reply"}}
trace: {{frames: true}}
deadlines: {{call: 10, close: 1}}
servers:
  box:
    command: [python, {server}, curious]
    roots: [model.py]
    env: {{STARTS: {starts}}}
    {keys}
cases:
"""
CASE = (
    "  - {{name: case {n}, answers: [{{give: {{id: A-{n}}}}}], "
    "turns: [{{user: {first} {n}}}, {{user: tells 10{n}}}]{more}}}\n"
)


class Suites:
    """Plays suites of cases with one server, and counts its starts."""

    def __init__(self, root: Path) -> None:
        self.played = Played(root)
        self.root = root
        self.starts = root / "starts"

    def __call__(self, keys: str, first: str, jobs: int = 10, cases: int = 20) -> list[Verdict]:
        return self.play(keys, [CASE.format(n=n, first=first, more="") for n in range(cases)], jobs)

    def play(self, keys: str, cases: list[str], jobs: int) -> list[Verdict]:
        server, starts = json.dumps(str(FIXTURES / "common.py")), json.dumps(str(self.starts))
        self.starts.write_text("")
        self.played.write("model.py", MODEL)
        head = HEAD.format(server=server, starts=starts, keys=keys)
        self.played.write("s.yaml", head + "".join(cases))
        host = self.played.host
        scenarios = load([str(self.root / "s.yaml")], host, Selection())
        suite = Suite(scenarios, host, Runs.of(self.root).new(), jobs=jobs)
        return run_suite(suite, lambda _: None)

    @property
    def count(self) -> int:
        return len(self.starts.read_text().split())


def contents(verdicts: list[Verdict]) -> dict[str, list[dict]]:
    """Return the canonical trace of each case, but for what says that its server is shared."""
    found = {}
    for verdict in verdicts:
        lines = [json.loads(line) for line in canonical_lines(Path(verdict.trace).read_bytes())]
        for line in lines:
            line.pop("h", None)
            line.pop("share", None)
        header = next(line for line in lines if line["kind"] == "run.start")
        header["scenario"]["servers"]["box"].pop("share", None)
        found[verdict.case] = lines
    return found


@pytest.fixture
def suites(tmp_path: Path) -> Suites:
    return Suites(tmp_path)


@pytest.mark.parametrize(
    ("era", "first"),
    [("legacy", "tells"), ("legacy", "asks"), ("modern", "tells"), ("auto", "tells")],
)
def test_twenty_cases_have_one_process_and_the_traces_of_twenty(suites, era, first) -> None:
    alone = contents(suites(f"era: {era}", first))
    assert suites.count == 20
    for jobs in (1, 10):
        verdicts = suites(f"era: {era}\n    share: true", first, jobs)
        assert suites.count == 1
        assert [verdict.outcome for verdict in verdicts] == ["passed"] * 20
        assert contents(verdicts) == alone
    kinds = {event["kind"] for event in alone["case 7"]}
    assert kinds >= {"server.progress", "server.log", "mcp.frame", "finding"}
    answered = [each.get("text", "") for each in alone["case 7"] if each["kind"] == "tool.result"]
    assert "A-7" in answered[0] if first == "asks" else answered[0] == "told 7"
    assert "told 107" in str(alone["case 7"])


def test_a_case_at_another_time_has_another_process(suites) -> None:
    cases = [
        CASE.format(n=n, first="tells", more=f", now: 2026-03-2{n % 2}T14:30:00Z") for n in range(6)
    ]
    verdicts = suites.play("share: true", cases, jobs=6)
    assert {verdict.outcome for verdict in verdicts} == {"passed"}
    assert suites.count == 2


def test_a_server_that_dies_in_one_case_is_started_anew_for_the_others(suites) -> None:
    cases = [CASE.format(n=n, first="dies" if n == 3 else "tells", more="") for n in range(8)]
    verdicts = suites.play("era: legacy\n    share: true", cases, jobs=1)
    statuses = [
        [event.data["status"] for event in suites.played.events(verdict, "tool.result")]
        for verdict in verdicts
    ]
    assert statuses == [["unknown", "failed"] if n == 3 else ["ok", "ok"] for n in range(8)]
    died = [len(suites.played.events(verdict, "server.died")) for verdict in verdicts]
    assert died == [int(n == 3) for n in range(8)]
    assert suites.count == 2


def test_a_fresh_world_is_fresh(suites) -> None:
    tells = "{tool: box.tells, args: {n: 2}}"
    gold = f"{{same_as_gold: {{calls: [{tells}], tool: {tells}}}}}"
    case = CASE.format(n=1, first="tells", more=f", checks: [{gold}]")
    (verdict,) = suites.play("share: true", [case], jobs=1)
    assert verdict.outcome == "passed", str(verdict)
    starts = suites.played.events(verdict, "server.start")
    assert [event.data.get("share", False) for event in starts] == [True, False]
    assert suites.count == 2
