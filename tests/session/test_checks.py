"""Every kind of check that a trace alone answers, through a scenario file: it holds, and it fails.

What checks look at in the world is in test_observing.py.
"""

from __future__ import annotations

import fcntl

import pytest
from played import Played

from agentbox.core.errors import AuthorError
from agentbox.session import KINDS, Host, Selection, Sources, load, resolve

HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
agent: {system: Be kind., slots: [now, customer]}
context: {customer: {name: Dana, plan: enterprise}}
model: {provider: scripted}
tools: [mine.py]
tick: 1
cases:
  - name: a
    turns:
      - user: What is order A-77?
        script:
          - {call: look, args: {key: 3}}
          - {calls: [{tool: look, args: {key: k}}, {tool: total}]}
          - {call: look, args: {key: k}}
          - {say: "Order A-77 costs 1,234.50 by POL-7.", tokens: [100, 20]}
"""
TOOLS = '''\
def look(key: str) -> str:
    """Look a key up."""
    return f"At {key}: POL-7 says 1234.5"

def put(key: str) -> str:
    """Put it there."""
    return key

def total() -> dict[str, int]:
    """Add it all up."""
    return {"total": 3}
'''
FUNCTIONS = """\
def dear(seen, order):
    return None if order in seen.answer else f"{order} is not named"
"""
JUDGE = """\
import json, os, sys
record = json.load(sys.stdin)
words = [e.get("text") for e in record["events"] if e["kind"] == "model.result"]
held = sys.argv[1] in words[-1] and os.environ["AGENTBOX_NOW"].startswith("2026-03-20")
print(json.dumps({"pass": held, "message": f"{sys.argv[1]} is not said in {record['case']}"}))
"""
PATH = "[look, look, total, look]"

CHECKS = [
    ("says: A-77", "says: a-77"),
    ("says: {any: [nope, A-77]}", "says: {all: [nope, A-77]}"),
    ("never_says: tomorrow", "never_says: ORDER"),
    ('equals: "Order A-77 costs 1,234.50 by POL-7."', "equals: Order"),
    ('regex: "A-\\\\d+"', 'regex: "B-\\\\d+"'),
    ("says_number: 1234.5", "says_number: 77"),
    ("length: {max: 6}", "length: {max: 5}"),
    ("json_path: {path: $.total, equals: 3, of: total}", "json_path: {path: $.x, of: total}"),
    (
        "json_schema: {schema: {required: [total]}, of: total}",
        "json_schema: {schema: {required: [sum]}, of: total}",
    ),
    ("tool_called: {name: look, args: {key: k}, times: 2}", "tool_called: {name: look, times: 2}"),
    ("tool_not_called: put", "tool_not_called: total"),
    ("tool_error: {name: look, times: 1}", "tool_error: total"),
    ("valid_arguments: total", "valid_arguments: look"),
    ("parallel: [total, look]", "parallel: [look, look]"),
    ("no_duplicate_calls: total", "no_duplicate_calls: look"),
    (f"trajectory: {PATH}", "trajectory: [look, total, look]"),
    (
        "trajectory: {calls: [total, look], order: in_order, extra: allow}",
        "trajectory: {calls: [total, total], order: in_order, extra: allow}",
    ),
    ("slot: {name: customer}", "slot: {name: policy}"),
    ("shown: enterprise", "shown: by POL-7"),
    ("token_share: {slot: customer, most: 0.9}", "token_share: {slot: customer, most: 0.1}"),
    ("most: {steps: 4, tool_calls: 4, seconds: 8}", "most: {seconds: 7.5}"),
    ("ended: answered", "ended: refused"),
    ('cites: {pattern: "POL-\\\\d", figures: true}', 'cites: {pattern: "POL-\\\\d", of: total}'),
    (
        "python: {function: 'f.py:dear', args: {order: A-77}}",
        "python: {function: 'f.py:dear', args: {order: B-1}}",
    ),
    ("command: [python, judge.py, A-77]", "command: [python, judge.py, B-1]"),
    ("all: [{says: A-77}, {ended: answered}]", "all: [{says: A-77}, {says: B-1}]"),
    ("any: [{says: A-77}, {says: B-1}]", "any: [{says: B-1}, {says: B-2}]"),
    (
        "at_least: {n: 2, checks: [{says: A-77}, {says: B-1}, {says: POL-7}]}",
        "at_least: {n: 2, checks: [{says: A-77}, {says: B-1}]}",
    ),
    ("not: {says: B-1}", "not: {says: A-77}"),
]
OBSERVED = {"resource", "tool_state", "sql", "file", "unchanged", "same_as_gold"}


def prepare(played: Played) -> None:
    played.write("mine.py", TOOLS)
    played.write("f.py", FUNCTIONS)
    played.write("judge.py", JUDGE)


def judged(played: Played, *checks: str, head: str = HEAD):
    prepare(played)
    lines = "".join(f"      - {check}\n" for check in checks)
    (verdict,) = played(f"    checks:\n{lines}", head=head)
    assert not verdict.problems
    return verdict


def test_every_check_that_holds_holds(played) -> None:
    verdict = judged(played, *(holds for holds, _ in CHECKS))
    assert [(check.claim, check.message) for check in verdict.checks if check.message] == []
    assert verdict.outcome == "passed"
    assert len(verdict.checks) == len(CHECKS)


def test_every_check_that_does_not_hold_fails_and_none_is_errored(played) -> None:
    verdict = judged(played, *(fails for _, fails in CHECKS))
    wrong = [(c.claim, c.outcome, c.message) for c in verdict.checks if c.outcome != "failed"]
    assert wrong == []
    assert all(check.message and check.mark.line for check in verdict.checks)
    told = {check.claim: check.message for check in verdict.checks}
    assert told["python f.py:dear"] == "B-1 is not named"
    assert told["command python judge.py B-1"] == "B-1 is not said in s.yaml::a"


def test_every_check_may_stand_on_a_turn_too(played) -> None:
    own = "".join(f"          - {check}\n" for pair in CHECKS for check in pair)
    prepare(played)
    (verdict,) = played(f"        checks:\n{own}", head=HEAD)
    outcomes = [check.outcome for check in verdict.checks]
    assert outcomes == ["passed", "failed"] * len(CHECKS)
    assert {check.turn for check in verdict.checks} == {1}


def test_every_kind_of_check_is_played_in_these_tests() -> None:
    assert {each.partition(":")[0] for each, _ in CHECKS} | OBSERVED == set(KINDS.checks)


def test_a_failure_that_only_warns_leaves_its_case_green_and_is_kept_in_the_trace(played) -> None:
    verdict = judged(played, "{says: B-1, level: warn}", "{says: A-77, level: warn}")
    assert verdict.outcome == "passed"
    assert [(c.outcome, c.level) for c in verdict.checks] == [
        ("failed", "warn"),
        ("passed", "warn"),
    ]
    results = played.events(verdict, "check.result")
    assert [event.data["level"] for event in results] == ["warn", "warn"]


def test_a_check_that_only_warns_and_can_not_be_judged_is_errored(played) -> None:
    verdict = judged(played, "{json_path: {path: $.a}, level: warn}")
    assert verdict.outcome == "errored"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("python: 'f.py:dear'", "the check `python` raised TypeError: dear() missing 1 required"),
        ("command: ./nope.sh", "./nope.sh ended with exit code 127: "),
        ("command: [python, -c, '']", ""),
        ("command: [python, -c, 1/0]", "broke: Traceback (most recent call last): "),
        ("command: [python, -c, 'raise SystemExit(3)']", "ended with exit code 3: no words"),
        (
            "command: [python, -c, 'print(chr(97) * 70000)']",
            "could not be observed: it wrote more than",
        ),
    ],
)
def test_who_judges_outside_and_gives_no_verdict_is_errored(played, check, said) -> None:
    verdict = judged(played, check)
    assert said in verdict.checks[0].message
    assert verdict.outcome == ("errored" if said else "passed")


def test_a_command_past_its_deadline_is_killed_with_its_children(played) -> None:
    played.write("slow.py", SLOW)
    head = HEAD + "    deadlines: {call: 0.7}\n"
    verdict = judged(played, "command: [python, slow.py]", head=head)
    assert verdict.checks[0].message.endswith(
        "could not be observed: nothing was seen within 0.7 s"
    )
    with (played.host.root / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for all who hold it, 600 s if they live


SLOW = """\
import fcntl, subprocess, sys, time
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_SH)
wait = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(wait, pass_fds=[lock.fileno()])
time.sleep(600)
"""


def test_a_command_is_given_the_environment_of_the_run_and_no_other(played) -> None:
    played.host = Host(played.host.root, {"PATH": "/usr/bin:/bin", "SECRET": "hush"})
    played.write("env.py", "import os, sys\nsys.exit(','.join(sorted(os.environ)))\n")
    verdict = judged(played, "command: [python, env.py]")
    said = verdict.checks[0].message
    names = set(said.split(","))
    assert {"AGENTBOX_NOW", "AGENTBOX_SEED", "AGENTBOX_TZ", "LANG", "PATH"} <= names
    assert "SECRET" not in names


def test_a_function_that_never_ends_makes_the_case_errored_at_the_deadline_of_the_run(
    played,
) -> None:
    prepare(played)
    played.write("endless.py", "def check(seen):\n    while True:\n        pass\n")
    head = HEAD + "    deadlines: {run: 1}\n"
    (verdict,) = played("    checks: [{python: 'endless.py:check'}]\n", head=head)
    assert verdict.outcome == "errored"
    message = verdict.problems[0].message
    assert message.startswith("the case took more than 1 s; it held the event loop at ")
    assert "endless.py:" in message


def test_a_function_that_is_not_there_is_found_before_anything_runs(played) -> None:
    played.write("f.py", FUNCTIONS)
    played.write("mine.py", TOOLS)
    played.write("s.yaml", HEAD + "    checks:\n      - not: {python: 'f.py:deer'}\n")
    scenarios = load([str(played.host.root / "s.yaml")], played.host, Selection())
    with pytest.raises(AuthorError) as caught:
        resolve(scenarios, Sources(played.host))
    (problem,) = caught.value.problems
    assert (problem.message, problem.note) == ("`f.py` has no `deer`", "did you mean `dear`?")
    assert (problem.mark.line, problem.mark.column) == (18, 24)


def test_the_files_of_checks_are_among_the_code_of_a_trace(played) -> None:
    verdict = judged(played, "python: {function: 'f.py:dear', args: {order: A-77}}")
    (start,) = played.events(verdict, "run.start")
    assert sorted(start.data["code"]) == ["f.py", "mine.py"]
    assert start.data["scenario"]["cases"][0]["checks"] == [
        {"python": {"function": "f.py:dear", "args": {"order": "A-77"}}}
    ]
