"""Going back to a place of a trace, changing something, and playing on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from played import Played
from tapes import resealed, scenario

from agentbox.core.errors import AuthorError
from agentbox.report import plain
from agentbox.report.forks import ForkStory, fork_lines
from agentbox.session import (
    FIDELITIES,
    Fork,
    Host,
    Patches,
    Runs,
    Selection,
    Wish,
    fork,
    load,
    replay,
)
from agentbox.session.suite import Suite, run_suite
from agentbox.session.tapes.differing import diff_traces
from agentbox.trace import read_trace

ROOT = Path(__file__).parents[3]

MODEL = """\
import json
from agentbox import call, say

def reply(messages, tools):
    system = "".join(m.text for m in messages if m.role == "system")
    said = [m for m in messages if m.role == "tool"]
    if not said:
        value = "red" if "Today" in system else "blue"
        return call("put", key="paint", value=value)
    if len(said) == 1:
        return call("look", key="paint")
    loud = "LOUD" in system
    return say(said[-1].text.upper() if loud else said[-1].text)

def other(messages, tools):
    return say("I am another")
"""
CASES = """\
agent: {system: Be kind.}
cases:
  - name: paints
    turns: [{user: Paint it., checks: [{says: blue}]}]
"""


@pytest.fixture
def play(tmp_path) -> Played:
    return Played(tmp_path)


@pytest.fixture
def trace(play) -> Path:
    (verdict,) = play(CASES, MODEL)
    return Path(verdict.trace)


def forked(play: Played, trace: Path, *changes: str, at: str = "", then: str = "mock") -> Fork:
    wish = Wish(at, Patches.of(changes), then)
    return fork(trace, wish, play.host, Runs.of(play.host.root).new)


def answer(done: Fork) -> str:
    results = [e for e in done.judged.events if e.kind == "model.result"]
    return results[-1].data.get("text", "")


# -- what is changed, by layer


def test_a_slot_that_is_filled_changes_all_that_follows(play, trace) -> None:
    done = forked(play, trace, "context.now=2026-03-20")
    assert done.free_at.endswith("/t1/s1")
    assert done.divergence
    assert done.divergence.kind == "prompt"
    assert done.before.outcome == "passed"
    assert done.judged.verdict.outcome == "failed"
    assert answer(done) == "red"
    header = read_trace(Path(done.judged.verdict.trace)).header
    assert header
    assert header.data["parent"]["trace"] == trace.name
    assert header.data["fork"]["patch"] == ['context.now="2026-03-20"']
    assert header.data["fork"]["fidelity"] == done.fidelity == "F1"


def test_a_day_keeps_the_pinned_time_of_day_and_a_time_is_taken_whole(play, trace) -> None:
    done = forked(play, trace, "context.now=2026-04-01")
    assert done.scenario.now == "2026-04-01T14:30:00Z"
    done = forked(play, trace, "context.now=2026-04-01T08:00:00+02:00")
    assert done.scenario.now == "2026-04-01T08:00:00+02:00"
    with pytest.raises(AuthorError, match="no RFC 3339 time"):
        forked(play, trace, "context.now=tomorrow")


def test_a_slot_is_replaced_cut_and_dropped(play) -> None:
    cases = CASES.replace("{system: Be kind.}", "{system: Be kind., slots: [docs]}")
    cases = cases.replace("cases:", "context: {docs: LOUDLY SPEAKING}\ncases:")
    (verdict,) = play(cases, MODEL)
    trace = Path(verdict.trace)
    assert answer(forked(play, trace, at="t1/s1")) == "BLUE"
    assert answer(forked(play, trace, "context.docs=softly")) == "blue"
    assert answer(forked(play, trace, "context.docs.cut=3")) == "blue"
    dropped = forked(play, trace, "context.docs=null")
    assert answer(dropped) == "blue"
    assert dropped.scenario.agent.slots == ()
    assert answer(forked(play, trace, 'context.more="LOUD"', "context.docs=null")) == "BLUE"


def test_an_instruction_is_added(play, trace) -> None:
    done = forked(play, trace, "instruction=Be LOUD.")
    assert answer(done) == "BLUE"
    assert done.scenario.agent.system == "Be kind.\n\nBe LOUD."


def test_an_answer_is_replaced(play, trace) -> None:
    done = forked(play, trace, "answer=green", at="t1/s3")
    assert answer(done) == "green"
    assert done.free_at.endswith("/t1/s3")
    calls = '[{"tool": "put", "args": {"key": "paint", "value": "pink"}}]'
    done = forked(play, trace, f"answer.calls={calls}", at="t1/s1")
    assert answer(done) == "pink"


def test_the_model_is_swapped_where_the_fork_is(play, trace) -> None:
    assert answer(forked(play, trace, "model.function=model.py:other")) == "I am another"
    done = forked(play, trace, "model.function=model.py:other", at="t1/s3")
    assert [e.data["tool"] for e in done.judged.events if e.kind == "tool.request"] == [
        "put",
        "look",
    ]


def test_a_limit_is_raised_and_the_run_goes_on_where_it_had_ended(play) -> None:
    (verdict,) = play(CASES.replace("{system: Be kind.}", "{limits: {steps: 2}}"), MODEL)
    assert verdict.end == "limit: steps"
    done = forked(play, Path(verdict.trace), "agent.limits.steps=5")
    assert done.judged.verdict.outcome == "passed"
    assert done.free_at.endswith("/t1/s3")


def test_a_result_is_replaced_after_its_call_was_made_again(play, trace) -> None:
    done = forked(play, trace, "result.text=violet", at="t1/s2/call1")
    assert answer(done) == "violet"
    done = forked(play, trace, "result.status=failed", "result.source=protocol", at="t1/s1/call1")
    (first, *_) = [e.data for e in done.judged.events if e.kind == "tool.result"]
    assert (first["status"], first["source"]) == ("failed", "protocol")
    assert answer(done) == "blue", "the write was made, only its answer was changed"


def test_a_call_is_made_with_other_arguments(play, trace) -> None:
    assert answer(forked(play, trace, "args.value=black", at="t1/s1/call1")) == "black"


def test_a_tool_is_described_otherwise(play, trace) -> None:
    done = forked(play, trace, "tools.put.description=Put it.")
    request = next(e for e in done.judged.events if e.kind == "model.request")
    assert {t["name"]: t["description"] for t in request.data["tools"]}["put"] == "Put it."
    done = forked(play, trace, 'tools.look.input_schema.properties.key.enum=["sky"]')
    (result,) = [
        e.data for e in done.judged.events if e.at.endswith("s2/call1") and e.kind == "tool.result"
    ]
    assert result["source"] == "schema"


SEARCH = '''\
from agentbox import ToolResult
DOCS = {"a": "alpha", "b": "beta", "c": "gamma"}

def search(query: str, k: int = 2) -> ToolResult:
    """Search."""
    found = [{"id": i, "text": t} for i, t in DOCS.items()]
    told = [{"id": d["id"], "rank": n, "kept": n <= k} for n, d in enumerate(found, 1)]
    return ToolResult(
        structured={"hits": found[:k]}, text=repr(found[:k]),
        meta={"agentbox/retrieval": {"query": query, "k": k, "candidates": told}},
    )
'''
ASKS = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    return say(last.text) if last.role == "tool" else call("search", query="x")
"""


def test_a_retrieval_loses_gains_and_reorders_candidates(play) -> None:
    play.write("mine.py", SEARCH)
    (verdict,) = play("cases: [{name: a, turns: [Go]}]\n", ASKS)
    trace = Path(verdict.trace)
    at = "t1/s1/call1"
    assert "alpha" not in answer(forked(play, trace, "retrieval.drop=a", at=at))
    assert "gamma" in answer(forked(play, trace, "retrieval.k=3", at=at))
    text = answer(forked(play, trace, 'retrieval.order=["b", "a"]', at=at))
    assert text.index("beta") < text.index("alpha")
    added = forked(play, trace, 'retrieval.add={"id": "z", "text": "omega"}', at=at)
    assert "omega" in answer(added)
    with pytest.raises(AuthorError, match="did not keep q: it kept a, b"):
        Patches.of(["retrieval.drop=q"]).result(_search_result(trace))


def _search_result(trace: Path):
    from agentbox.core.tape import Tape  # noqa: PLC0415 - beside its one use

    tape = Tape(read_trace(trace).events)
    return tape.result(next(e.at for e in tape.events if e.kind == "tool.result"))


# -- the world


def test_a_fork_without_a_change_asks_anew(play, trace) -> None:
    done = forked(play, trace, at="t1/s2")
    assert answer(done) == "blue"
    assert done.free_at == "c:paints/t1/s2"
    assert not done.divergence


def test_what_was_done_before_is_done_again_on_a_fresh_world(play, trace) -> None:
    """Only the store of the fork's own module can say `blue`: the call before was made again."""
    assert answer(forked(play, trace, "instruction=Be LOUD.", at="t1/s3")) == "BLUE"
    assert answer(forked(play, trace, at="t1/s3")) == "blue"


def test_a_world_that_is_no_longer_what_it_was_is_no_ground_for_a_fork(play, trace) -> None:
    play.write("mine.py", (play.host.root / "mine.py").read_text().replace('f"put', 'f"have put'))
    done = forked(play, trace, at="t1/s3")
    assert done.judged.verdict.outcome == "errored"
    (problem,) = done.judged.verdict.problems
    assert "the world cannot be rebuilt: put at c:paints/t1/s1/call1 gave" in problem.message


def test_a_tape_alone_refuses_what_it_does_not_hold(play, trace) -> None:
    done = forked(play, trace, "context.now=2026-03-20", then="tape")
    assert done.fidelity == "F0"
    assert done.judged.verdict.outcome == "errored"
    assert "fidelity F0: a tape cannot answer" in done.judged.verdict.problems[0].message
    done = forked(play, trace, "result.text=violet", at="t1/s2/call1", then="tape")
    assert done.judged.verdict.outcome == "errored", "the model read another result"
    done = forked(play, trace, "answer=green", at="t1/s3", then="tape")
    assert answer(done) == "green", "nobody need be asked after the last answer"


@pytest.mark.slow
def test_a_fork_across_a_write_ends_as_a_run_from_scratch_with_the_patch(tmp_path) -> None:
    for folder in ("scenarios", "servers", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "pyproject.toml").touch()
    host = Host(tmp_path, {})
    file = tmp_path / "scenarios" / "support_bot.yaml"
    text = file.read_text()
    name = "ticket_is_stamped_with_the_pinned_time"
    assert name in text
    scenario = next(s for s in load([str(file)], host, Selection()) if s.case.name == name)

    def tickets(events) -> list[str]:
        return [json.dumps(e.data.get("structured")) for e in events if e.kind == "tool.result"]

    (verdict,) = run_suite(Suite([scenario], host, Runs.of(tmp_path).new()), lambda _: None)
    wish = Wish("", Patches.of(["context.now=2026-05-01"]))
    done = fork(Path(verdict.trace), wish, host, Runs.of(tmp_path).new)
    file.write_text(text.replace("now: 2026-03-20T14:30:00Z", "now: 2026-05-01T14:30:00Z"))
    again = next(s for s in load([str(file)], host, Selection()) if s.case.name == name)
    (scratch,) = run_suite(Suite([again], host, Runs.of(tmp_path).new()), lambda _: None)
    assert tickets(done.judged.events) == tickets(read_trace(Path(scratch.trace)).events)
    assert "2026-05-01" in "".join(tickets(done.judged.events))


# -- what is refused


def test_a_wish_that_changes_nothing_or_nowhere_is_refused(play, trace) -> None:
    for changes, at, words in [
        ((), "", "this fork changes nothing"),
        (("answer=x",), "", "is changed at a place"),
        (("answer=x",), "t1/s9", "no model or tool call at `t1/s9`"),
        (("contxt.now=1",), "", "there is no `contxt`"),
        (("nothing",), "", "is no PATH=VALUE"),
        (("result.txt=1",), "t1/s1/call1", "of `result` can be changed"),
        (("result.status=bad",), "t1/s1/call1", "it is one of ok"),
        (("retrieval.x=1",), "t1/s1/call1", "of `retrieval` can be changed"),
        (("answer.calls=1",), "t1/s1", "calls are written"),
        (("args=1",), "t1/s1/call1", "does not say what of `args`"),
        (("agent.limits.steps=none",), "", "must be"),
        (("agent.system.x=1",), "", "leads nowhere"),
    ]:
        with pytest.raises(AuthorError) as caught:
            forked(play, trace, *changes, at=at)
        assert words in str(caught.value), changes
    assert len(Runs.of(play.host.root).all()) == 1, "nothing was played"


def test_a_trace_that_names_what_no_scenario_here_names_starts_nothing(play, trace) -> None:
    (play.host.root / "s.yaml").unlink()
    with pytest.raises(
        AuthorError, match=r"nothing is started, .* here does not name it: mine\.py, model"
    ):
        forked(play, trace, at="t1/s1")
    done = forked(play, trace, "answer=green", at="t1/s3", then="tape")
    assert answer(done) == "green"


def test_a_server_at_an_address_is_not_forked_across(play, trace) -> None:
    where = play.host.root / "s.yaml"
    text = where.read_text() + "servers: {far: {url: 'http://127.0.0.1:9/mcp'}}\n"
    where.write_text(text)
    scenario = load([str(where)], play.host, Selection())
    (verdict,) = run_suite(
        Suite(scenario, play.host, Runs.of(play.host.root).new()), lambda _: None
    )
    with pytest.raises(AuthorError, match="`far` cannot be rebuilt"):
        forked(play, Path(verdict.trace), "instruction=x")


def test_a_script_plays_on_where_it_stood_and_says_that_it_reads_nothing(play) -> None:
    head = "version: 1\nnow: 2026-03-20T14:30:00Z\nmodel: {provider: scripted}\ntools: [mine.py]\n"
    cases = """\
cases:
  - name: a
    turns:
      - user: Go
        script: [{call: look, args: {key: x}}, {say: done}]
"""
    (verdict,) = play(cases, head=head)
    done = forked(play, Path(verdict.trace), "result.text=other", at="t1/s1/call1")
    assert answer(done) == "done"
    assert done.fidelity == "F0"


# -- what is told


def test_a_fork_is_told_in_a_few_lines(play, trace) -> None:
    def told(done: Fork) -> str:
        story = ForkStory(
            done.before, done.judged.verdict, ["x=1"], done.wanted, done.free_at, done.divergence,
            FIDELITIES[done.fidelity], "parent", "child",
        )  # fmt: skip
        return plain(fork_lines(story, width=200))

    text = told(forked(play, trace, "context.now=2026-03-20"))
    assert "forked    at t1/s1: the model was shown something else (prompt)" in text
    assert "before    passed" in text
    assert "after     failed: says blue" in text
    assert "compare   agentbox diff parent child" in text
    text = told(forked(play, trace, "context.now=2026-03-20", at="t1/s3"))
    assert "(prompt), before t1/s3: there the change matters already" in text
    assert "nowhere: the run asked all as it is on the tape" in told(
        forked(play, trace, "agent.limits.steps=50")
    )


def test_a_run_at_the_real_time_is_forked_at_the_time_it_had(play, trace) -> None:
    def really(lines) -> None:
        scenario(lines)["now"] = "real"

    done = forked(play, resealed(trace, really), at="t1/s3")
    assert done.scenario.now == "2026-03-20T14:30:00Z"
    assert answer(done) == "blue"


def test_how_much_is_proven_is_told_by_who_answers(play, trace) -> None:
    assert forked(play, trace, at="t1/s3", then="live").fidelity == "F1"
    with pytest.raises(AuthorError, match="the model that would answer is a live one"):
        forked(play, trace, 'model={"provider": "openai", "model": "x"}')


def test_a_fork_is_a_trace_like_any_other_it_replays_and_differs_by_what_was_changed(
    play, trace
) -> None:
    for changes, at in [
        (["context.now=2026-03-20"], ""),
        (["result.text=violet"], "t1/s2/call1"),
        (["answer=green"], "t1/s3"),
        (["tools.put.description=Put it."], ""),
        (["args.value=black"], "t1/s1/call1"),
        (["agent.limits.steps=9", "instruction=Be LOUD."], ""),
    ]:
        child = Path(forked(play, trace, *changes, at=at).judged.verdict.trace)
        again = replay(child, play.host)
        assert (again.divergence, again.ended) == (None, ""), changes
        found = diff_traces(trace, child)
        assert all(root.what != "fork" for root in found.roots), changes
        assert found.roots, changes
