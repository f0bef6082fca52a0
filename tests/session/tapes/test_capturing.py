"""A trace becomes a scenario that comes to the same; a captured run is captured as itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agentbox.core.errors import AuthorError, TraceError
from agentbox.session import Host, Runs, Selection, Suite, capture, held, load, run_suite, text_of
from agentbox.session.tapes.capturing import Claim, LeftOut
from agentbox.spec.compose import compose
from agentbox.spec.problems import Problems

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "tests" / "reference" / "shop"
TOOLS = '''\
def days_since(day: str) -> int:
    """Count the days since a day."""
    return 56
'''
MODEL = """\
from agentbox import say


def reply(messages, tools):
    return say("That is past 30 days, sorry.")
"""
HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: scripted}
tools: [mine.py]
"""


def _captured(trace: Path, host: Host):
    """Capture a trace; return it, the file's text, and what it came to when it was played."""
    found = capture(trace, host)
    text = text_of(found, host.root / "captured.yaml", host)
    return found, text, held(found, text, host)


def _without_comments(text: str) -> str:
    return re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).replace("\n\n", "\n").strip()


def _again(text: str, host: Host) -> str:
    """Play a captured scenario, capture that run, and return the text."""
    (host.root / "captured.yaml").write_text(text)
    scenarios = load([str(host.root / "captured.yaml")], host, Selection())
    (verdict,) = run_suite(Suite(scenarios, host, Runs.of(host.root).new()), lambda _: None)
    found = capture(Path(verdict.trace), host)
    return text_of(found, host.root / "captured.yaml", host)


@pytest.fixture
def shop(tmp_path: Path) -> Host:
    (tmp_path / "shop").mkdir()
    for path in SHOP.iterdir():
        (tmp_path / "shop" / path.name).write_text(path.read_text())
    (tmp_path / "shop" / "tools.py").write_text(TOOLS)
    (tmp_path / "shop" / "model.py").write_text(MODEL)
    (tmp_path / "pyproject.toml").touch()
    return Host(tmp_path, {})


@pytest.mark.parametrize("file", ["agent", "cases", "mocks", "turns", "user"])
def test_an_example_comes_to_the_same_once_it_is_captured_and_is_captured_as_itself(
    shop: Host, file: str
) -> None:
    scenarios = load([str(shop.root / "shop" / f"{file}.yaml")], shop, Selection())
    suite = Suite(scenarios, shop, Runs.of(shop.root).new(), jobs=4)
    verdicts = run_suite(suite, lambda _: None)
    judged = [verdict for verdict in verdicts if verdict.outcome != "errored"]
    assert len(judged) > len(verdicts) // 2
    for verdict in judged:
        found, text, played = _captured(Path(verdict.trace), shop)
        assert (played.differs, found.left_out) == ((), ()), verdict.case
        assert played.verdict.outcome == verdict.outcome
        assert _without_comments(_again(text, shop)) == _without_comments(text)


@pytest.mark.slow
def test_every_lesson_comes_to_the_same_but_for_what_only_a_server_can_tell(lessons: Path) -> None:
    host = Host(ROOT, {})
    traces = sorted(lessons.glob(".agentbox/runs/*/*.jsonl"))
    assert len(traces) >= 20
    differs = {}
    for trace in traces:
        found, text, played = _captured(trace, host)
        assert text.startswith("# yaml-language-server: $schema=")
        assert "servers:" not in text
        if played.differs:
            differs[found.scenario.case.name] = played.differs
            assert [claim for claim in found.failed if claim not in _claims(found)] == []
    assert sorted(differs) == ["gullible", "the_first_update_there_is"]


def _claims(found):
    return [each.claim for each in found.left_out]


# -- what is written


def test_the_file_says_what_was_said_called_and_given_and_nothing_of_the_project(played) -> None:
    (verdict,) = played(
        """\
description: A test.
context: {customer: {name: Dana}}
cases:
  - name: one
    known_failure: it fails
    tags: [smoke]
    setup: [{tool: put, args: {key: a, value: "1"}}]
    turns:
      - user: look a
        checks: [{says: "2"}]
      - user: look b
    checks: [{tool_called: {name: look, args: {key: a}}}]
""",
        """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(last.text)
    name, _, key = last.text.partition(" ")
    return call(name, key=key)
""",
    )
    found, text, again = _captured(Path(verdict.trace), played.host)
    assert again.differs == ()
    assert found.failed == (Claim("says 2", 1),)
    assert (
        text
        == """\
# This failed when it was recorded: says 2 (turn 1)
version: 1
description: A test.
now: 2026-03-20T14:30:00Z
model: {provider: scripted}
context: {customer: {name: Dana}}

mocks:
  look:
    description: Look a key up.
    input_schema:
      additionalProperties: false
      properties: {key: {type: string}}
      required: [key]
      type: object
    results:
      - {args: {key: a}, text: "1"}
      - {args: {key: b}, text: nothing at b}
  put:
    description: Put a value at a key.
    input_schema:
      additionalProperties: false
      properties: {key: {type: string}, value: {type: string}}
      required: [key, value]
      type: object
    results:
      - {args: {key: a, value: "1"}, text: put a}

cases:
  - name: one
    tags: [smoke]
    setup:
      - {tool: put, args: {key: a, value: "1"}}
    turns:
      - user: look a
        script:
          - {call: look, args: {key: a}}
          - {say: "1"}
        checks: [{says: "2"}]
      - user: look b
        script:
          - {call: look, args: {key: b}}
          - {say: nothing at b}
    checks:
      - tool_called: {name: look, args: {key: a}}
"""
    )


def _script(played, script: str, more: str = "", head: str = HEAD):
    cases = f"cases:\n  - name: one\n{more}    turns:\n      - user: Go\n        script: {script}\n"
    (verdict,) = played(cases, head=head)
    return verdict


def _value(text: str):
    node = compose(text, "captured.yaml", Problems())
    assert node
    return node.json()


def test_a_case_without_checks_is_given_those_of_what_happened(played) -> None:
    script = (
        "[{calls: [{tool: look, args: {key: $$last}}, {tool: put, malformed: '{'}], say: Both}, "
        "{call: look, args: {key: $$last}}, {call: nobody}, "
        "{say: Done, tokens: [9, 1], cost_usd: 0.5}]"
    )
    verdict = _script(played, script)
    _, text, again = _captured(Path(verdict.trace), played.host)
    value = _value(text)
    assert again.differs == ()
    assert value["cases"][0]["checks"] == [
        {"tool_called": {"name": "look", "args": {"key": "$last"}}},
        {"tool_called": {"name": "nobody", "args": {}}},
        {"ended": "answered"},
    ]
    first, *_, last = value["cases"][0]["turns"][0]["script"]
    malformed = {"tool": "put", "malformed": "{"}
    assert first == {
        "say": "Both",
        "calls": [{"tool": "look", "args": {"key": "$$last"}}, malformed],
    }
    assert last == {"say": "Done", "tokens": [9, 1], "cost_usd": 0.5}
    assert value["mocks"]["look"]["results"] == [
        {"args": {"key": "$last"}, "text": "nothing at $last"}
    ]
    assert "results" not in value["mocks"]["put"]


def test_a_run_that_ended_badly_and_had_no_checks_fails_again(played) -> None:
    head = f"{HEAD}agent: {{limits: {{steps: 1}}}}\n"
    call = "{call: look, args: {key: a}}"
    verdict = _script(played, f"[{call}, {{say: Half an answer}}]", head=head)
    found, text, again = _captured(Path(verdict.trace), played.host)
    assert (found.outcome, again.differs) == ("failed", ())
    assert _value(text)["cases"][0]["checks"][-1] == {"ended": "answered"}
    refused = _script(played, "[{say: No., refuse: true}]")
    _, text, again = _captured(Path(refused.trace), played.host)
    assert again.differs == ()
    assert _value(text)["cases"][0]["checks"] == [{"ended": "refused"}]


def test_a_turn_that_was_not_played_stays_and_nobody_is_asked_there(played) -> None:
    cases = """\
cases:
  - name: one
    turns:
      - {user: Go, script: [{call: look, args: {key: a}}, {say: x}]}
      - {replies: [{say: Go on, asked: never}], script: [{say: Never}]}
    checks: [{ended: limit}]
"""
    (verdict,) = played(cases, head=f"{HEAD}agent: {{limits: {{steps: 1}}}}\n")
    _, text, again = _captured(Path(verdict.trace), played.host)
    assert again.differs == ()
    second = _value(text)["cases"][0]["turns"][1]
    assert second["replies"] == [{"say": "Go on", "asked": "never"}]
    assert second["script"] == [{"say": "This is never said.", "when": "(?!)"}]


def test_results_in_several_shapes_are_given_as_they_were(played) -> None:
    played.write(
        "mine.py",
        '''\
from dataclasses import dataclass

from agentbox import Clock

SEEN = []


@dataclass
class Row:
    """A row."""

    of: str
    n: float


def row(of: str) -> Row:
    """Return a row."""
    return Row(of, 1.0)


def count(of: str) -> str:
    """Count calls."""
    SEEN.append(of)
    if len(SEEN) == 3:
        raise ValueError("three is too many")
    return str(len(SEEN))
''',
    )
    call = "{call: count, args: {of: a}}"
    script = (
        "[{calls: [{tool: count, args: {of: a}}, {tool: row, args: {of: b}}]}, "
        f"{call}, {call}, {call}, {{call: row, args: {{of: b}}}}, {{call: row, args: {{}}}}, "
        "{say: Done}]"
    )
    verdict = _script(
        played, script, "    checks: [{tool_error: count}, {parallel: [count, row]}]\n"
    )
    found, text, again = _captured(Path(verdict.trace), played.host)
    assert (found.outcome, again.differs) == ("passed", ())
    mocks = _value(text)["mocks"]
    assert [each.get("status", "ok") for each in mocks["count"]["results"]] == [
        *("ok", "ok"),
        *("failed", "ok"),
    ]
    assert len(mocks["row"]["results"]) == 1
    assert _without_comments(_again(text, played.host)) == _without_comments(text)


def test_a_secret_stays_what_the_trace_says_of_it(played) -> None:
    host = Host(played.host.root, {"PIN": "hush-hush-7"})
    played.write("mine.py", 'def pin() -> str:\n    """Tell it."""\n    return "hush-hush-7"\n')
    head = HEAD + "secrets: [PIN]\n"
    played.write("s.yaml", head + "cases:\n  - name: a\n    turns:\n      - user: Go\n"
        "        script: [{call: pin}, {say: It is hush-hush-7}]\n"
        "    checks: [{says: '«secret:PIN»'}]\n")  # fmt: skip
    (verdict,) = run_suite(
        Suite(load([str(host.root / "s.yaml")], host, Selection()), host, Runs.of(host.root).new()),
        lambda _: None,
    )
    _, text, again = _captured(Path(verdict.trace), host)
    assert again.differs == ()
    assert "hush" not in text
    assert "- {args: {}, text: «secret:PIN»}" in text
    assert "does not either: «secret:PIN» stands for it." in text


def test_a_tool_stays_whose_it_was_and_a_call_before_its_turn_is_no_result(played) -> None:
    cases = """\
cases:
  - name: one
    withhold: [{tools: look, until: 2}]
    turns:
      - {user: Go, script: [{call: look, args: {key: a}}, {say: Not yet}]}
      - {replies: [{asked: not, say: On}], calls: [{tool: put, args: {key: a, value: b}}],
         script: [{call: look, args: {key: a}}, {say: Done}]}
    checks: [{tool_error: look}]
"""
    (verdict,) = played(cases, head=f"{HEAD}audiences: {{put: user}}\n")
    _, text, again = _captured(Path(verdict.trace), played.host)
    assert again.differs == ()
    value = _value(text)
    assert value["audiences"] == {"put": "user"}
    assert value["mocks"]["look"]["results"] == [{"args": {"key": "a"}, "text": "b"}]
    assert value["cases"][0]["withhold"] == [{"tools": "look", "until": 2}]
    turn = value["cases"][0]["turns"][1]
    assert (turn["user"], "replies" in turn) == ("On", False)
    assert turn["calls"] == [{"tool": "put", "args": {"key": "a", "value": "b"}}]


# -- what cannot be kept


def test_checks_that_need_a_world_are_left_out_with_a_comment_that_says_why(played) -> None:
    played.write("judging.py", "def judge(run):\n    return True\n")
    checks = (
        "[{command: 'true'}, {python: 'judging.py:judge'}, {not: {command: 'false'}}, "
        "{all: [{command: 'true'}, {tool_state: {tool: look, args: {key: z}, contains: z}}]}, "
        "{says: Done}, {tool_state: {tool: look, args: {key: a}, contains: nothing}}]"
    )
    verdict = _script(played, "[{say: Done}]", f"    checks: {checks}\n")
    found, text, again = _captured(Path(verdict.trace), played.host)
    assert again.differs == ()
    assert found.left_out == (
        LeftOut(Claim("command true"), "it runs a program"),
        LeftOut(Claim("not command false"), "it runs a program"),
        LeftOut(Claim("all command true, tool_state look"), "it runs a program"),
    )
    assert "    # Left out: command true: it runs a program\n" in text
    kept = _value(text)
    assert [next(iter(each)) for each in kept["cases"][0]["checks"]] == [
        *("python", "says"),
        "tool_state",
    ]
    assert kept["mocks"]["look"]["results"] == [{"args": {"key": "a"}, "text": "nothing at a"}]
    (played.host.root / "s.yaml").unlink()
    found, text, _ = _captured(Path(verdict.trace), played.host)
    assert found.left_out[1].why == "its function is named by no scenario of this project"
    assert "python:" not in text


def test_a_run_that_fails_by_what_is_left_out_is_said_to_come_to_something_else(played) -> None:
    turn = "      - {user: Go, script: [{say: Done}], checks: [{command: 'false'}]}\n"
    (verdict,) = played(f"cases:\n  - name: one\n    turns:\n{turn}", head=HEAD)
    found, text, again = _captured(Path(verdict.trace), played.host)
    assert found.outcome == "failed"
    assert again.differs == (
        "it passed, and the trace failed",
        "it failed in the trace, and is left out: command false (turn 1)",
    )
    assert "      # Left out: command false: it runs a program\n      - user: Go\n" in text


def test_a_run_that_did_not_end_or_could_not_be_judged_is_refused(played) -> None:
    verdict = _script(played, "[{say: Done}]")
    whole = Path(verdict.trace).read_bytes().splitlines(keepends=True)
    torn = played.host.root / "torn.jsonl"
    torn.write_bytes(b"".join(whole[:-2]))
    with pytest.raises(AuthorError, match="breaks off before its run ended"):
        capture(torn, played.host)
    torn.write_bytes(b"".join(whole).replace(b"Done", b"Gone"))
    with pytest.raises(TraceError):
        capture(torn, played.host)
    errored = _script(played, "[{say: Done}, {say: Never}]")
    with pytest.raises(AuthorError, match="is errored: no test can be held to it") as caught:
        capture(Path(errored.trace), played.host)
    assert "never taken" in caught.value.problems[0].note


def test_a_loop_that_no_scenario_here_names_is_not_loaded(played) -> None:
    played.write("mine_loop.py", "from agentbox.loops import react\ndef own(task):\n"
        "    end = yield from react(task)\n    return end\n")  # fmt: skip
    head = f"{HEAD}agent: {{loop: 'mine_loop.py:own'}}\n"
    verdict = _script(played, "[{say: Done}]", head=head)
    _, text, again = _captured(Path(verdict.trace), played.host)
    assert (again.differs, "loop: mine_loop.py:own" in text) == ((), True)
    (played.host.root / "s.yaml").unlink()
    with pytest.raises(AuthorError, match=r"mine_loop\.py:own"):
        capture(Path(verdict.trace), played.host)


def test_a_model_that_gave_no_answer_is_refused_with_the_place(played) -> None:
    model = """\
from agentbox.core.errors import ModelFailed
def reply(messages, tools):
    raise ModelFailed("it is tired")
"""
    (verdict,) = played("cases: [{name: one, turns: [Go], checks: [{ended: failed}]}]\n", model)
    assert verdict.outcome == "passed"
    with pytest.raises(AuthorError, match="the model gave no answer at t1/s1"):
        capture(Path(verdict.trace), played.host)


def test_the_trace_of_a_run_in_real_time_is_pinned_to_what_its_clock_said(played) -> None:
    host = Host(played.host.root, {}, live=True)
    played.write("s.yaml", HEAD.replace("2026-03-20T14:30:00Z", "real") + "zone: Europe/Berlin\n"
        "cases: [{name: a, turns: [{user: Go, script: [{say: Done}]}]}]\n")  # fmt: skip
    (verdict,) = run_suite(
        Suite(load([str(host.root / "s.yaml")], host, Selection()), host, Runs.of(host.root).new()),
        lambda _: None,
    )
    _, text, again = _captured(Path(verdict.trace), played.host)
    header = json.loads(Path(verdict.trace).read_bytes().splitlines()[0])
    told = (
        header if "now" in header else json.loads(Path(verdict.trace).read_bytes().splitlines()[1])
    )
    assert again.differs == ()
    assert _value(text)["now"] == told["now"]
    assert _value(text)["zone"] == "Europe/Berlin"
