"""What was recorded is the same when it is played again: each kind of run, torn ones too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from played import CALLS, ECHO, FIXTURES, HEAD, Played
from tapes import Line, again, event, lines_of, resealed, rich, scenario

from agentbox.core.errors import AuthorError, TraceError
from agentbox.report import show
from agentbox.session import Host, replay
from agentbox.trace import read_trace

LIMITED = "{name: a, turns: [look k, look l], agent: {limits: {%s}}, checks: [{ended: limit}]}"
USING = """\
from agentbox import Said, call, say
from agentbox.core.messages import Usage
def reply(messages, tools):
    said = say("done") if messages[-1].role == "tool" else call("look", key="k")
    return Said(said, Usage(10, 5, 1, 2, 0.5))
"""
FAILS = """\
from agentbox.core.errors import ModelFailed
from agentbox import say
def reply(messages, tools):
    raise ModelFailed("it is full", "retryable", 2.5)
"""
LATE = """\
import asyncio
async def reply(messages, tools):
    await asyncio.Event().wait()
"""
REFUSES = """\
from agentbox import Said, say
def reply(messages, tools):
    return Said(say("I may not."), stop="refusal")
"""
RAISES = """\
from agentbox import call
def reply(messages, tools):
    if messages[-1].role == "tool":
        raise KeyError("gone")
    return call("look", key="k")
"""
JUNK = "def reply(messages, tools):\n    return 5\n"
PARTS = """\
from agentbox import Message, say
def reply(messages, tools):
    part = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
    return Message("assistant", "see", parts=(part,))
"""
WORDS = """\
def reply(messages, tools):
    last = messages[-1].text
    if "Observation" in last:
        return "Thought: I know.\\nFinal Answer: done"
    return 'Thought: I look.\\nAction: look\\nAction Input: {"key": "k"}'
"""
SUMS_UP = """\
from agentbox import say
def reply(messages, tools):
    return say("minutes" if "minutes" in messages[0].text else "fine " * 20)
"""
LONG = ", ".join(f"{{user: {n} {'x' * 60}}}" for n in range(6))
WINDOW = "agent: {system: Be kind., context_window: {tokens: 150, keep: 1%s}}\n"
OWN = """\
from agentbox import End
from agentbox.core.requests import Ask, Note
def loop(task):
    yield Note("thought", {"of": "k"})
    said = yield Ask(task.log.view(), task.tools)
    task.log.add(said.message)
    return End("answered", said.message.text, {"by": "mine"})
def broken(task):
    said = yield Ask(task.log.view(), task.tools)
    raise KeyError("mine")
"""
EVIL = "from pathlib import Path\nPath(__file__).with_name('was-run').touch()\n"
ONE = "cases: [{name: a, turns: [look k]}]"
RUNS: dict[str, tuple[str, str, str, str]] = {
    "a word": (ONE, ECHO, "", "passed"),
    "limit of steps": (f"cases: [{LIMITED % 'steps: 1'}]", CALLS, "", "passed"),
    "limit of calls": (f"cases: [{LIMITED % 'tool_calls: 1'}]", CALLS, "", "passed"),
    "limit of tokens": (f"cases: [{LIMITED % 'tokens: 20'}]", USING, "", "passed"),
    "limit of money": (f"cases: [{LIMITED % 'cost_usd: 0.6'}]", USING, "", "passed"),
    "limit of time": (f"cases: [{LIMITED % 'seconds: 30'}]", CALLS, "tick: 20\n", "passed"),
    "limit that cannot be kept": (f"cases: [{LIMITED % 'tokens: 20'}]", CALLS, "", "failed"),
    "a window that is full": (
        f"cases: [{{name: a, turns: [{LONG}]}}]",
        ECHO,
        WINDOW % ", on_full: fail",
        "failed",
    ),
    "a window that is cut": (f"cases: [{{name: a, turns: [{LONG}]}}]", ECHO, WINDOW % "", "passed"),
    "a window that is summed up": (
        f"cases: [{{name: a, turns: [{LONG}]}}]",
        SUMS_UP,
        WINDOW % ", on_full: summarise",
        "passed",
    ),
    "a model that fails": (ONE, FAILS, "", "failed"),
    "a model that is late": (ONE, LATE, "deadlines: {model: 0.05}\n", "errored"),
    "a model that refuses": (ONE, REFUSES, "", "passed"),
    "a model that raises": (ONE, RAISES, "", "errored"),
    "a model that gives junk": (ONE, JUNK, "", "errored"),
    "a model that shows": (ONE, PARTS, "", "passed"),
    "a model that writes its calls": (
        ONE,
        WORDS,
        'model: {provider: python, function: "model.py:reply", calls: text}\n',
        "passed",
    ),
    "a loop of one's own": (ONE, ECHO, "agent: {loop: 'loops.py:loop'}\n", "passed"),
    "a loop that breaks": (ONE, ECHO, "agent: {loop: 'loops.py:broken'}\n", "errored"),
    "a result that is cut": (ONE, CALLS, "max_result_bytes: {look: 3}\n", "passed"),
    "a name of no tool": (
        "cases: [{name: a, turns: [x], withhold: [{tools: lok, until: 2}]}]",
        ECHO,
        "",
        "errored",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_what_was_recorded_is_the_same_when_it_is_played_again(played: Played, name: str) -> None:
    cases, model, more, outcome = RUNS[name]
    head = HEAD
    if more.startswith("model:"):
        head, more = HEAD.replace(HEAD.splitlines()[2] + "\n", more), ""
    played.write("loops.py", OWN)
    (verdict,) = played(cases, model, head + more)
    assert verdict.outcome == outcome, verdict
    found = again(played, verdict.trace)
    assert found.divergence is None
    assert found.same
    assert found.compared >= 1
    assert bool(found.ended) == bool(verdict.problems)
    assert found.problems == ()
    assert found.verdict
    assert found.verdict.outcome == outcome
    assert [check.message for check in found.verdict.checks] == [c.message for c in verdict.checks]


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Path]:
    """A run with parallel calls, two servers, a setup, a history, a cut result and a limit."""
    project = Played(tmp_path_factory.mktemp("rich"))
    return project, rich(project)


def test_a_run_with_nearly_everything_is_the_same_and_no_server_and_model_is_asked(
    everything, tmp_path: Path
) -> None:
    project, trace = everything
    kinds = {line["kind"] for line in lines_of(trace.read_bytes())}
    assert kinds >= {"tools.changed", "injection", "budget.refused", "tool.truncated"}

    def without_servers(lines: list[Line]) -> None:
        for server in scenario(lines)["servers"].values():
            server["command"] = ["there-is-no-such-program"]

    elsewhere = Played(tmp_path)
    elsewhere.write("s.yaml", (project.host.root / "s.yaml").read_text())
    elsewhere.write("model.py", EVIL)
    found = again(elsewhere, resealed(trace, without_servers))
    assert (found.same, found.ended, found.problems) == (True, "", ())
    assert found.compared == 67


def test_it_is_charged_for_what_a_server_has_the_model_write(played: Played) -> None:
    server = json.dumps(str(FIXTURES / "asks.py"))
    model = """\
from agentbox import call, say
def reply(messages, tools):
    return say("done") if messages[-1].role == "tool" or not tools else call("box.asks")
"""
    case = f"""
servers: {{box: {{command: [python, {server}], era: legacy, sampling: allow}}}}
cases:
  - name: a
    agent: {{limits: {{steps: 2}}}}
    turns: [Go]
    checks: [{{ended: {{reason: limit, limit: steps}}}}]
"""
    (verdict,) = played(case, model)
    assert verdict.outcome == "passed"
    assert again(played, verdict.trace).same


def test_cells_and_repeats_are_played_as_what_they_are(played: Played) -> None:
    case = "cases: [{name: a, turns: [x], matrix: {seed: [1, 2]}, repeat: 2}]"
    verdicts = played(case)
    labels = [again(played, verdict.trace).scenario.case.label for verdict in verdicts]
    assert labels == [verdict.case for verdict in verdicts]
    assert labels == ["a[seed=1]#1", "a[seed=1]#2", "a[seed=2]#1", "a[seed=2]#2"]
    assert all(again(played, verdict.trace, "s.yaml").same for verdict in verdicts)


# -- torn and errored


def _prefixes(content: bytes) -> Sequence[tuple[int, bytes]]:
    """Return what a kill leaves: lines that are whole, the last of some cut in its middle."""
    lines = content.splitlines(keepends=True)
    return [
        (number, b"".join(lines[:number]) + rest)
        for number in range(2, len(lines))
        for rest in (b"", lines[number][: len(lines[number]) // 2])[: 1 + (number % 3 == 0)]
    ]


@pytest.mark.slow
def test_a_tape_that_was_torn_anywhere_opens_and_is_played_up_to_there(everything) -> None:
    project, trace = everything
    torn = trace.with_name("torn.jsonl")
    played_so_far, ended = 0, 0
    for number, content in _prefixes(trace.read_bytes()):
        torn.write_bytes(content)
        found = again(project, torn)
        assert found.divergence is None, (number, found.divergence)
        assert found.compared >= played_so_far, number
        played_so_far, ended = found.compared, ended + bool(found.ended)
        read = read_trace(torn)
        assert show(read.events, read.problems, read.in_flight(), width=100)
        torn_line = not content.endswith(b"\n")
        assert ["torn" in problem.message for problem in found.problems] == [True] * torn_line
    assert played_so_far == 67
    assert ended > 100
    torn.unlink()


def test_what_was_in_flight_is_told(everything) -> None:
    project, trace = everything
    lines = trace.read_bytes().splitlines(keepends=True)
    cut = next(n for n, line in enumerate(lines) if b"call2" in line and b"tool.truncated" in line)
    torn = trace.with_name("torn.jsonl")
    sibling = [line for line in lines[cut + 1 :] if b'"at":"c:rich/t1/s1/call1"' in line]
    torn.write_bytes(b"".join([*lines[: cut + 1], *sibling]))  # whichever of the two came first
    found = again(project, torn)
    assert found.ended == "the tape ends before the answer at c:rich/t1/s1/call2"
    open_calls = [each.at for each in read_trace(torn).in_flight()]
    assert "c:rich/t1/s1/call2" in open_calls
    torn.unlink()


def test_a_run_that_was_interrupted_is_played_up_to_there(played: Played) -> None:
    (verdict,) = played(ONE, CALLS)

    def interrupted(kind: str, **fields: object):
        def edit(lines: list[Line]) -> Sequence[Line]:
            end = event(lines, "run.end")
            end["outcome"] = "errored"
            place = lines.index(event(lines, kind))
            lines[place] = {k: lines[place][k] for k in ("at", "clock")} | {"kind": kind, **fields}
            return [*lines[: place + 1], end]

        return edit

    told = {"status": "interrupted", "text": "The run ended before the answer."}
    found = again(played, resealed(Path(verdict.trace), interrupted("tool.result", **told)))
    assert found.ended == "the tape ends before the answer at c:a/t1/s1/call1"
    assert found.same
    edit = interrupted("model.result", error="interrupted")
    found = again(played, resealed(Path(verdict.trace), edit))
    assert found.ended == "the tape ends before the answer at c:a/t1/s1"
    assert found.same


# -- what cannot be played


def test_a_tape_that_was_edited_is_refused_and_the_line_named(played: Played) -> None:
    (verdict,) = played(ONE, CALLS)
    trace = Path(verdict.trace)
    whole = trace.read_bytes()
    trace.write_bytes(whole.replace(b"nothing at k", b"nothing at l", 1))
    with pytest.raises(TraceError, match=r"line \d+ of s__a\.jsonl was changed after it was"):
        again(played, trace)
    lines = whole.splitlines(keepends=True)
    trace.write_bytes(b"".join(lines[:-3] + lines[-2:]))
    with pytest.raises(TraceError, match=r"s__a\.jsonl was changed after it was written: its seal"):
        again(played, trace)


def test_a_tape_that_does_not_say_what_was_played_is_refused(played: Played) -> None:
    (verdict,) = played(ONE, CALLS)

    def refused(edit, match: str) -> None:
        with pytest.raises(TraceError, match=match):
            again(played, resealed(Path(verdict.trace), edit))

    refused(lambda lines: [line for line in lines if line["kind"] != "run.start"], "no header")
    refused(lambda lines: event(lines, "run.start").update(scenario=3), "holds no scenario that")
    refused(lambda lines: event(lines, "run.start").update(scenario=[]), "holds no scenario that")
    refused(lambda lines: event(lines, "run.start").update(now="noon"), "has no time")
    refused(lambda lines: event(lines, "run.start").update(format=99), "of format 99")


def test_a_case_that_is_not_in_the_file_is_told(played: Played) -> None:
    (verdict,) = played(ONE, CALLS)
    played.write("other.yaml", HEAD + "cases: [{name: b, turns: [x]}]")
    with pytest.raises(AuthorError, match="has no case `a`"):
        again(played, verdict.trace, "other.yaml")


@pytest.mark.parametrize(
    ("field", "value"),
    [("tools", ["evil.py"]), ("agent", {"loop": "evil.py:loop"}), ("agent", {"loop": "os:system"})],
)
def test_code_that_only_a_trace_names_is_never_run(played: Played, field: str, value) -> None:
    (verdict,) = played(ONE, CALLS)
    played.write("evil.py", EVIL)

    def edit(lines: list[Line]) -> None:
        scenario(lines)[field] = value

    edited = resealed(Path(verdict.trace), edit)
    ran = played.host.root / "was-run"
    if field == "agent":
        with pytest.raises(AuthorError, match=r"not loaded, for s\.yaml here does not name it: "):
            again(played, edited)
        assert not ran.exists()
        return
    found = again(played, edited)
    assert not ran.exists()
    assert found.same, "tools are compared as they were recorded"
    assert found.problems[0].message == "not loaded, for s.yaml here does not name it: evil.py"
    assert "put the scenario file back" in found.problems[0].hint


def test_a_check_that_only_a_trace_names_is_never_run(played: Played) -> None:
    (verdict,) = played(ONE, CALLS)
    played.write("evil.py", EVIL)

    def edit(lines: list[Line]) -> None:
        checks = [{"python": {"function": "evil.py:judge"}}]
        scenario(lines)["cases"][0]["checks"] = checks

    found = again(played, resealed(Path(verdict.trace), edit))
    assert found.same
    assert found.verdict
    assert found.verdict.outcome == "errored"
    assert not (played.host.root / "was-run").exists()


def test_a_scenario_file_outside_of_the_project_is_none_of_its_own(played, tmp_path: Path) -> None:
    (verdict,) = played(ONE, CALLS)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "evil.py").write_text(EVIL)
    (outside / "evil.yaml").write_text(HEAD.replace("mine.py", str(outside / "evil.py")) + ONE)
    (outside / "model.py").touch()

    def edit(lines: list[Line]) -> None:
        scenario(lines).update(path=str(outside / "evil.yaml"), tools=[str(outside / "evil.py")])

    (played.host.root / "model.py").touch()
    found = again(played, resealed(Path(verdict.trace), edit))
    assert found.problems[0].message.startswith("not loaded")
    assert not (outside / "was-run").exists()


def test_without_the_scenario_file_what_it_names_is_not_loaded(played: Played) -> None:
    played.write("loops.py", OWN)
    (own,) = played(ONE, ECHO, HEAD + "agent: {loop: 'loops.py:loop'}\n")
    (verdict,) = played(ONE, CALLS)
    (played.host.root / "s.yaml").unlink()
    assert again(played, verdict.trace).same
    with pytest.raises(AuthorError, match=r"not loaded, for s\.yaml here does not name it"):
        again(played, own.trace)
    played.write("s.yaml", "no scenario")
    assert again(played, verdict.trace).problems[0].message.endswith("mine.py")


# -- secrets

TELLS = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(f"It is {last.text}")
    return call("put", key="token", value=last.text.split()[-1])
"""
KEYS = ("sk-aaaaaaaaaaaaaaaaaaaa", "sk-bbbbbbbbbbbbbbbbbbbb")


def test_a_run_with_secrets_is_the_same_where_the_secret_is_and_where_it_is_not(played) -> None:
    secret = "correct-horse-battery"
    played.host = replace(played.host, environ={"TOKEN": secret})
    case = f"cases: [{{name: a, turns: [Keep {secret}, Keep {KEYS[0]}, Keep {KEYS[1]}]}}]"
    head = HEAD + f"secrets: [TOKEN]\nagent: {{system: 'The token is {secret}'}}\n"
    (verdict,) = played(case, TELLS, head)
    assert secret.encode() not in Path(verdict.trace).read_bytes()
    for environ in ({"TOKEN": secret}, {}, {"TOKEN": "another-secret"}):
        host = Host(played.host.root, environ)
        found = replay(Path(verdict.trace), host)
        assert found.divergence is None, environ
        assert found.compared > 15
        found = replay(Path(verdict.trace), host, "s.yaml")
        if environ == {"TOKEN": secret}:
            assert found.divergence is None
        else:  # the file still holds it: what was there when it was recorded cannot be known
            assert found.divergence
            assert found.divergence.kind == "redacted"
