"""Models behind a server, played whole: the real SDK, a real socket, a file in, a verdict out."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.openai_server import Answer, OpenAIServer, chat, output_text, response

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.verdict import Stats, Verdict
from agentbox.session import Host, Runs, Selection, Sources, Suite, admit, load, resolve, run_suite
from agentbox.session.keys import key_of
from agentbox.trace import read_trace

KEY = "sk-test-0123456789abcdef"
TOOLS = '''\
def look(key: str) -> str:
    """Look a key up."""
    return f"found {key}"
'''
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "completion_tokens_details": {"reasoning_tokens": 12},
    "prompt_tokens_details": {"cached_tokens": 64},
}
CASE = "cases: [{name: a, turns: [{user: Look a up, checks: [{says: found a}]}]}]"
pytestmark = pytest.mark.loopback


class Project:
    """A folder with one scenario, whose model is a server."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "pyproject.toml").touch()
        (root / "tools.py").write_text(TOOLS)

    def write(self, url: str = "", cases: str = CASE, **more: str) -> None:
        given = {"provider": "openai", "model": "gpt-4o-mini", **more}
        given |= {"base_url": url} if url else {}
        model = ", ".join(f"{key}: {value}" for key, value in given.items())
        head = f"version: 1\nnow: 2026-03-20T14:30:00Z\nmodel: {{{model}}}\ntools: [tools.py]\n"
        (self.root / "s.yaml").write_text(head + cases)

    def play(self, *, live: bool = False, **environ: str) -> Verdict:
        host = Host(self.root, environ, live)
        scenarios = load([str(self.root / "s.yaml")], host, Selection())
        folder = Runs.of(self.root).new()
        (verdict,) = run_suite(Suite(scenarios, host, folder), lambda _: None)
        return verdict

    def refused(self, *, live: bool = False, **environ: str) -> tuple[Problem, ...]:
        host = Host(self.root, environ, live)
        scenarios = load([str(self.root / "s.yaml")], host, Selection())
        with pytest.raises(AuthorError) as caught:
            admit(scenarios, host)
        return caught.value.problems


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _looks(**more) -> tuple[Answer, Answer]:
    called = chat(None, [("look", '{"key": "a"}')], usage=USAGE, **more)
    return called, chat("It is found a.", usage=USAGE)


# -- offline, on this machine


def test_a_server_on_this_machine_is_asked_offline_without_a_key_and_hung_up_on(project) -> None:
    with OpenAIServer(*_looks()) as server:
        project.write(server.url)
        verdict = project.play(OPENAI_API_KEY=KEY)
        assert server.closed.wait(20)
    assert verdict.outcome == "passed", verdict
    assert verdict.stats == Stats(1, 2, 1, tokens=240, reasoning=24)
    assert "authorization" not in server.requests[0].headers
    events = read_trace(Path(verdict.trace)).events
    first = next(event for event in events if event.kind == "model.result")
    assert first.data["usage"] == {"input": 100, "output": 20, "reasoning": 12, "cached": 64}
    assert events[0].data["scenario"]["model"]["base_url"] == server.url


def test_a_user_may_be_behind_a_server_too(project) -> None:
    cases = (
        "cases: [{name: a, user: {prompt: Be Dana., model: "
        "{provider: openai, model: m, api: responses, base_url: %s}}}]"
    )
    answers = response(output_text("Hi")), response(output_text("###STOP###"))
    with OpenAIServer(chat("Hello")) as agent, OpenAIServer(*answers) as user:
        project.write(agent.url, cases % user.url)
        verdict = project.play()
    assert (verdict.outcome, len(user.requests)) == ("passed", 2)
    assert agent.body["messages"][-1] == {"role": "user", "content": "Hi"}


def test_a_model_without_function_calling_is_asked_in_text(project) -> None:
    acts = 'Thought: I look.\nAction: look\nAction Input: {"key": "a"}'
    with OpenAIServer(chat(acts), chat("Final Answer: found a")) as server:
        project.write(server.url, calls="text")
        assert project.play().outcome == "passed"
    assert "tools" not in server.body
    assert server.body["messages"][-1]["content"] == "Observation: found a"


def test_a_run_without_such_a_model_imports_neither_the_sdk_nor_its_prices(project) -> None:
    (project.root / "m.py").write_text("def reply(messages, tools):\n    return 'found a'\n")
    project.write()
    text = (project.root / "s.yaml").read_text()
    model = "{provider: openai, model: gpt-4o-mini}"
    (project.root / "s.yaml").write_text(text.replace(model, '{function: "m.py:reply"}'))
    code = (
        "import sys; from agentbox.cli.run import Wanted, run_scenarios\n"
        "from agentbox.session import Selection\n"
        "code = run_scenarios(Wanted(['s.yaml'], Selection(), 1, False, False, False, '', False))\n"
        "print(code, sorted({'openai', 'httpx2', 'genai_prices'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 []\n", done.stderr


# -- failing


def test_a_model_that_gives_no_answer_is_judged(project) -> None:
    with OpenAIServer(Answer({"error": {"message": "Overloaded"}}, 503)) as server:
        project.write(server.url)
        verdict = project.play()
    assert (verdict.outcome, verdict.end) == ("failed", "failed")
    assert verdict.stats.tokens is None
    (result,) = [
        event.data
        for event in read_trace(Path(verdict.trace)).events
        if event.kind == "model.result"
    ]
    assert result["error"] == f"{server.url} answered 503: Overloaded"
    assert result["status"] == "retryable"


def test_a_user_whose_model_gives_no_answer_breaks_the_case_and_passes_nothing(project) -> None:
    user = "{prompt: x, opening: Hi, model: {provider: openai, model: m, base_url: %s}}"
    with OpenAIServer(chat("Hello")) as agent, OpenAIServer(Answer({}, 503)) as server:
        project.write(agent.url, f"cases: [{{name: a, user: {user % server.url}}}]")
        verdict = project.play()
    assert verdict.outcome == "errored"
    assert verdict.problems[0].message == (
        f"the user's model failed in turn 2: {server.url} answered 503: nothing more"
    )


def test_a_check_may_expect_that_a_model_fails(project) -> None:
    expects = "cases: [{name: a, turns: [{user: x}], checks: [{ended: failed}]}]"
    with OpenAIServer(Answer({}, 503)) as server:
        project.write(server.url, expects)
        assert project.play().outcome == "passed"


def test_a_server_that_cannot_be_asked_makes_the_case_errored(project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    project.write(f"http://127.0.0.1:{port}/v1")
    verdict = project.play()
    assert verdict.outcome == "errored"
    assert verdict.problems[0].hint == "is it running? check `base_url`"
    with OpenAIServer(Answer({"error": {"message": "Wrong key"}}, 401)) as server:
        project.write(server.url)
        assert project.play().outcome == "errored"


# -- keys


def test_a_key_is_sent_in_live_runs_and_is_in_no_trace_and_no_message(project) -> None:
    (project.root / ".env").write_text(f"# keys\nexport OPENAI_API_KEY='{KEY}'  # mine\n")
    with OpenAIServer(chat(f"found a with {KEY}"), Answer({}, 418)) as server:
        project.write(server.url)
        verdict = project.play(live=True)
        text = Path(verdict.trace).read_text()
    assert verdict.outcome == "passed"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in text
    assert "«secret:OPENAI_API_KEY»" in text


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("K=abc", "abc"),
        ("K = abc ", "abc"),
        ('K="a b#c"', "a b#c"),
        ("K='abc' # why", "abc"),
        ("K=abc # why", "abc"),
        ("K=a#b", "a#b"),
        ("K=one\nOTHER=x\nK=two", "two"),
        ("#K=abc\nKK=d", ""),
        ("K=", ""),
        ("K", ""),
        ('K=""', ""),
    ],
)
def test_a_key_may_stand_in_a_file(project, written: str, key: str) -> None:
    (project.root / ".env").write_text(written)
    project.write(key="K")
    (scenario,) = load([str(project.root / "s.yaml")], Host(project.root, {}), Selection())
    assert key_of(scenario.model, Host(project.root, {}, live=True)) == key
    assert key_of(scenario.model, Host(project.root, {"K": " e\n"}, live=True)) == "e"
    assert key_of(scenario.model, Host(project.root, {"K": "e"})) == "", "offline there is none"


def test_a_file_that_cannot_be_read_holds_no_key(project) -> None:
    (project.root / ".env").write_bytes(b"OPENAI_API_KEY=\xff")
    project.write()
    (problem,) = project.refused(live=True)
    assert problem.message == "`OPENAI_API_KEY` is not set, and `gpt-4o-mini` needs a key"


# -- what may not run


def test_a_model_elsewhere_is_refused_offline_where_it_is_named(project) -> None:
    project.write()
    (problem,) = project.refused(OPENAI_API_KEY=KEY)
    assert problem.message == "the model `gpt-4o-mini` is asked over the network"
    assert problem.hint == "run with --live, or give it a `base_url` on this machine"
    assert (problem.mark.line, problem.mark.column) == (3, 34)
    host = Host(project.root, {"OPENAI_API_KEY": KEY}, live=True)
    admit(load([str(project.root / "s.yaml")], host, Selection()), host)
    calm = Sources(Host(project.root, {}))
    resolve(load([str(project.root / "s.yaml")], host, Selection()), calm)


def test_a_key_that_is_none_is_refused_and_not_shown(project) -> None:
    project.write()
    (problem,) = project.refused(live=True, OPENAI_API_KEY="two words")
    assert problem.message == "what `OPENAI_API_KEY` holds is no key"
    assert "two" not in f"{problem.hint}{problem.note}"


def test_whoever_runs_it_without_asking_first_gets_an_errored_case(project) -> None:
    project.write()
    verdict = project.play()
    assert verdict.outcome == "errored"
    assert verdict.problems[0].message == "the model `gpt-4o-mini` is asked over the network"


def test_every_live_thing_is_refused_at_once_and_a_users_function_is_looked_up(project) -> None:
    user = "{prompt: x, model: {provider: openai, model: m9}}"
    project.write(cases=f"cases: [{{name: a, user: {user}}}]")
    text = (project.root / "s.yaml").read_text()
    (project.root / "s.yaml").write_text(text.replace("2026-03-20T14:30:00Z", "real"))
    assert [problem.message for problem in project.refused()] == [
        "the model `gpt-4o-mini` is asked over the network",
        "the model `m9` is asked over the network",
        "`now: real` is for live runs",
    ]
    user = "{prompt: x, model: {function: 'tools.py:nope'}}"
    project.write(cases=f"cases: [{{name: a, user: {user}}}]")
    host = Host(project.root, {})
    with pytest.raises(AuthorError, match="has no `nope`"):
        resolve(load([str(project.root / "s.yaml")], host, Selection()), Sources(host))
