"""The composer, in this process: loading, selecting, running, judging, remembering."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agentbox.core.errors import AgentboxError, AuthorError
from agentbox.session import (
    Host,
    Judged,
    Progress,
    Runs,
    Selection,
    Sources,
    Suite,
    exit_code,
    find_root,
    load,
    problems_of,
    run_suite,
)
from agentbox.session.keywords import matcher
from agentbox.session.loading import load_object
from agentbox.session.tooling import call_tool, list_tools
from agentbox.trace import read_trace

SCENARIO = """\
version: 1
now: 2026-03-20T14:30:00Z
agent: {system: Be kind., slots: [now]}
model: {provider: python, function: "model.py:reply"}
tools: [mine.py, defined.json]
deadlines: {run: 20}
secrets: [TOKEN]
cases:
  - name: echo
    tags: [smoke]
    turns:
      - user: Hello
        checks: [{says: Hello}]
  - name: wrong
    turns:
      - user: Hello
        checks: [{says: Goodbye}]
"""
MODEL = """\
import os
from agentbox import call, say
def reply(messages, tools):
    return say(f"{messages[-1].text} {os.environ.get('TOKEN', '')}")
async def hangs(messages, tools):
    import asyncio
    await asyncio.Event().wait()
def nested(messages, tools):
    raise ExceptionGroup("two", [KeyError("a"), ValueError("b")])
value = 3
def spoils(messages, tools):
    from pathlib import Path
    for trace in Path(__file__).parent.glob(".agentbox/runs/*/*.jsonl"):
        with trace.open("a") as file:
            file.write("no event\\n")
    return messages[-1].text
def loop(task):
    from agentbox import End
    yield from ()
    return End("answered", "from a loop of my own")
def odd(task):
    from agentbox import End
    yield from ()
    return End("answerd")
def plain_loop(task):
    return 5
def busy_loop(task):
    yield from ()
    while True:
        pass
def bad_loop(task):
    yield "nonsense"
"""
DEFINED = """\
[{"name": "shout", "inputSchema": {"type": "object"}, "implementation": "mine.py:_shout"},
 {"name": "wait", "inputSchema": {"type": "object"}, "implementation": "mine.py:_wait"}]
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "s.yaml").write_text(SCENARIO)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "mine.py").write_text(
        "from agentbox import Clock\n"
        "def add(a: int, b: int) -> int:\n    return a + b\n"
        "def _wait(clock: Clock) -> str:\n    clock.advance(60)\n    return clock.iso()\n"
        "def _shout(text: str = 'hey') -> str:\n    return text.upper()\n"
    )
    (tmp_path / "defined.json").write_text(DEFINED)
    return Host(tmp_path, {"TOKEN": "a-very-secret-token"})


def _load(host: Host, *, edit: tuple[str, str] = ("", ""), **selection):
    path = host.root / "s.yaml"
    path.write_text(SCENARIO.replace(*edit) if edit[0] else SCENARIO)
    return load([str(path)], host, Selection(**selection))


def _run(host: Host, scenarios, jobs: int = 2, *, stop_early: bool = False):
    heard: list[Progress] = []
    folder = Runs.of(host.root).new()
    verdicts = run_suite(Suite(scenarios, host, folder, jobs, stop_early), heard.append)
    return verdicts, [event.judged for event in heard if event.judged], folder


def test_a_suite_gives_its_verdicts_in_the_order_of_its_cases(host) -> None:
    verdicts, judged, folder = _run(host, _load(host))
    assert [(v.case, v.outcome) for v in verdicts] == [("echo", "passed"), ("wrong", "failed")]
    assert exit_code(verdicts) == 1
    assert all(isinstance(each, Judged) and each.events for each in judged)
    assert sorted(path.name for path in folder.iterdir()) == ["s__echo.jsonl", "s__wrong.jsonl"]


def test_a_trace_holds_header_tools_checks_and_end(host) -> None:
    (verdict,), _, _ = _run(host, _load(host, keywords="echo"))
    trace = read_trace(Path(verdict.trace))
    kinds = [event.kind for event in trace.events]
    assert kinds[:2] == ["run.start", "run.ready"]
    assert kinds[-3:] == ["check.result", "run.end", "seal"]
    start = trace.events[0].data
    assert start["scenario"]["cases"][0]["name"] == "echo"
    assert set(start["code"]) == {"model.py", "mine.py", "defined.json"}
    assert set(trace.events[1].data["tools"]) == {"add", "shout", "wait"}


def test_a_named_secret_is_in_no_trace(host, monkeypatch) -> None:
    monkeypatch.setenv("TOKEN", host.environ["TOKEN"])
    (verdict,), _, _ = _run(host, _load(host, keywords="echo"))
    content = Path(verdict.trace).read_bytes()
    assert b"a-very-secret-token" not in content
    assert "«secret:TOKEN»".encode() in content


@pytest.mark.parametrize("word", ["shout", "cases", "user", "echo"])
def test_a_secret_that_is_an_ordinary_word_changes_no_verdict_and_no_header(host, word) -> None:
    edit = ("[{says: Hello}]", "[{tool_not_called: shout}, {says: Hello}]")
    secret = replace(host, environ={"TOKEN": word})
    (verdict,), _, _ = _run(secret, _load(secret, edit=edit, keywords="echo"))
    assert verdict.outcome == "passed"
    start, ready = read_trace(Path(verdict.trace)).events[:2]
    assert start.data["scenario"]["cases"][0]["turns"][0]["user"] == "Hello"
    assert {"add", "shout"} <= set(ready.data["tools"])


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("model.py:reply", "model.py:nested"), "ExceptionGroup"),
        (("{run: 20}", "{run: 0.05, model: 30}"), "the case took more than 0.05 s"),
        (
            ("{system:", "{loop: 'model.py:odd', system:"),
            "`model.py:odd` returned End(reason='answerd', answer='', data={}) did you mean `answ",
        ),
        (
            ("{system:", "{loop: 'model.py:plain_loop', system:"),
            "the loop `model.py:plain_loop` returned 5",
        ),
        (
            ("{system:", "{loop: 'model.py:busy_loop', system:"),
            "the case took more than 0.3 s; it held the event loop at",
        ),
        (("{system:", "{loop: 'model.py:bad_loop', system:"), "a loop asked 'nonsense', which"),
    ],
)
def test_what_cannot_be_played_is_errored_and_its_trace_is_sealed(host, edit, said) -> None:
    text = SCENARIO if "0.05" not in edit[1] else SCENARIO.replace("py:reply", "py:hangs")
    text = text.replace("{run: 20}", "{run: 0.3}") if "busy" in edit[1] else text
    (host.root / "s.yaml").write_text(text.replace(*edit))
    scenarios = load([str(host.root / "s.yaml")], host, Selection(keywords="echo"))
    (verdict,), _, _ = _run(host, scenarios)
    assert verdict.outcome == "errored"
    shown = " ".join(f"{problem.message} {problem.note}" for problem in verdict.problems)
    assert said in shown
    assert exit_code([verdict]) == 3
    assert read_trace(Path(verdict.trace)).complete


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("model.py:reply", "model.py:reples"), "did you mean `reply`?"),
        (("model.py:reply", "model.py:value"), "the model `model.py:value` is no function"),
        (("{system:", "{loop: 'model.py:value', system:"), "the loop `model.py:value` is no fun"),
    ],
)
def test_what_does_not_load_is_told_where_it_is_named_and_nothing_is_played(
    host, edit, said
) -> None:
    with pytest.raises(AuthorError) as caught:
        _run(host, _load(host, edit=edit))
    (problem,) = caught.value.problems
    assert said in f"{problem.message} {problem.note}"
    assert str(problem.mark).startswith("s.yaml:")


def test_the_header_hashes_loops_and_servers_in_this_process_too(host, monkeypatch) -> None:
    pack = host.root / "pack"
    pack.mkdir()
    (pack / "__init__.py").touch()
    (pack / "loops.py").write_text("raise RuntimeError('it is hashed and not imported')\n")
    (host.root / "server.py").write_text("")
    monkeypatch.syspath_prepend(str(host.root))
    extra = "servers: {box: {memory: 'server.py:server'}}\nagent: {loop: 'pack.loops:mine', system:"
    (scenario,) = _load(host, edit=("agent: {system:", extra), keywords="echo")
    code = Sources(host).code(scenario)
    assert set(code) == {"model.py", "mine.py", "defined.json", "pack.loops", "server.py"}
    (pack / "loops.py").write_text("")
    changed = Sources(host).code(scenario)
    assert [name for name in code if changed[name] != code[name]] == ["pack.loops"]
    (absent,) = _load(
        host, edit=("agent: {system:", "agent: {loop: 'pack.none.x:y', system:"), keywords="echo"
    )
    assert set(Sources(host).code(absent)) == {"model.py", "mine.py", "defined.json"}


def test_a_loop_of_ones_own_has_the_same_rights(host) -> None:
    scenarios = _load(host, edit=("{system:", "{loop: 'model.py:loop', system:"), keywords="echo")
    (verdict,), _, _ = _run(host, scenarios)
    assert verdict.end == "answered"


def test_a_trace_that_cannot_be_read_whole_is_never_judged_a_pass(host) -> None:
    edit = ("model.py:reply", "model.py:spoils")
    (verdict,), _, _ = _run(host, _load(host, edit=edit, keywords="echo"))
    assert verdict.outcome == "errored"
    assert "is no JSON" in verdict.problems[0].message


def test_an_early_stop_begins_no_further_case(host) -> None:
    scenarios = _load(host, edit=("{says: Hello}", "{says: No}"))
    verdicts, _, _ = _run(host, scenarios, 1, stop_early=True)
    assert [verdict.case for verdict in verdicts] == ["echo"]


def test_a_trace_that_cannot_be_written_is_errored_and_the_others_go_on(host) -> None:
    folder = Runs.of(host.root).new()
    (folder / "s__echo.jsonl").touch()
    heard: list[Progress] = []
    echo, wrong = run_suite(Suite(_load(host), host, folder), heard.append)
    assert (echo.outcome, wrong.outcome) == ("errored", "failed")
    assert "cannot write the trace" in echo.problems[0].message
    assert [event.judged.verdict for event in heard if event.judged] == [echo, wrong]


def test_files_of_one_name_and_very_long_names_have_traces_of_their_own(host) -> None:
    for folder in ("x", "y"):
        (host.root / folder).mkdir()
        text = SCENARIO.replace("name: echo", f"name: {'e' * 300}")
        (host.root / folder / "s.yaml").write_text(text)
    scenarios = load([str(host.root / "x"), str(host.root / "y")], host, Selection())
    verdicts, _, folder = _run(host, scenarios)
    assert [v.outcome for v in verdicts] == ["passed", "failed"] * 2
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 4
    assert {"s__wrong.jsonl", "s-2__wrong.jsonl"} <= {*names}


def test_a_cancelled_case_is_closed_and_sealed(host) -> None:
    from agentbox.session import Sources, run_case  # noqa: PLC0415 - beside their one use

    (scenario,) = _load(host, edit=("py:reply", "py:hangs"), keywords="echo")
    path = Runs.of(host.root).new() / "s__echo.jsonl"

    async def interrupted() -> None:
        task = asyncio.create_task(run_case(scenario, Sources(host), path, lambda _: None))
        while not (path.exists() and b"model.request" in path.read_bytes()):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    trace = read_trace(path)
    assert trace.complete
    assert trace.in_flight() == []
    assert [e.data["end"] for e in trace.events if e.kind == "run.end"] == ["interrupted"]


def test_tools_are_listed_and_called_without_the_agent(host) -> None:
    (scenario,) = _load(host, keywords="echo")
    assert [spec.name for spec in list_tools(scenario, host).specs] == ["add", "shout", "wait"]
    result = call_tool(scenario, host, "shout", {}).result
    assert result is not None
    assert result.text == "HEY"


def test_a_tool_cannot_move_the_runs_time(host) -> None:
    (scenario,) = _load(host, keywords="echo")
    found = call_tool(scenario, host, "wait", {})
    assert found.result is not None
    assert (found.result.status, found.result.text) == (
        "failed",
        "TypeError: a tool reads the run's clock and cannot move it",
    )
    assert found.events[-1].clock == 0


def test_folders_and_addresses_are_loaded_and_each_case_once(host) -> None:
    path = str(host.root / "s.yaml")
    (host.root / ".hidden").mkdir()
    (host.root / ".hidden" / "x.yaml").write_text("no scenario")
    found = load([f"{path}::wrong", str(host.root), path], host, Selection(tags=()))
    assert [scenario.case.name for scenario in found] == ["wrong", "echo"]
    assert [s.case.name for s in load([path], host, Selection(tags=("smoke",)))] == ["echo"]
    nodes = frozenset({found[0].node})
    assert [s.case.name for s in load([path], host, Selection(nodes=nodes))] == ["wrong"]


def test_all_problems_of_all_paths_are_told_at_once(host) -> None:
    (host.root / "bad").mkdir()
    for name in ("a", "b"):
        (host.root / "bad" / f"{name}.yaml").write_text("version: 2\n")
    with pytest.raises(AuthorError) as caught:
        load([str(host.root / "bad"), str(host.root / "none")], host, Selection())
    files = {str(problem.mark).partition(":")[0] for problem in caught.value.problems}
    assert {"bad/a.yaml", "bad/b.yaml"} <= files
    assert any("none" in problem.message for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("expression", "text", "fits"),
    [
        ("", "anything", True),
        ("a", "xAx", True),
        ("a and b", "a b", True),
        ("a and b", "a", False),
        ("a or b and c", "a", True),
        ("(a or b) and c", "a", False),
        ("not a", "b", True),
        ("not (a or b)", "b", False),
        ("not not a", "a", True),
    ],
)
def test_keywords_are_read_as_pytest_reads_them(expression, text, fits) -> None:
    assert matcher(expression)(text) == fits


@pytest.mark.parametrize("expression", ["and", "a or", "(a", "a)", "a b", "not", "()"])
def test_keywords_that_cannot_be_read_say_where(expression) -> None:
    with pytest.raises(AuthorError, match="cannot be read at"):
        matcher(expression)


def test_runs_are_found_by_any_name_and_remembered(host) -> None:
    _run(host, _load(host))
    runs = Runs.of(host.root)
    (run,) = runs.all()
    for name in ("last::echo", f"{run.name}::echo", f"{run.name[:10]}::s__echo", f"{run}::echo"):
        assert runs.trace(name).name == "s__echo.jsonl"
    assert runs.trace(str(run / "s__echo.jsonl")).name == "s__echo.jsonl"
    assert runs.last_failed() is None
    runs.remember(["a", "b"], ["a", "b"])
    runs.remember([], ["b"])
    assert runs.last_failed() == ["a"]
    assert runs.clean(1) == []
    assert runs.clean(0) == [run]
    assert Runs(host.root / "none").all() == []


def test_a_project_is_found_from_any_folder_below_it(host) -> None:
    deep = host.root / "a" / "b"
    deep.mkdir(parents=True)
    assert find_root(deep) == find_root(host.root / "s.yaml") == host.root.resolve()


def test_objects_are_loaded_by_dotted_name_too(host) -> None:
    assert load_object("os.path:join", host.root) is os.path.join
    for reference, said in (
        ("nothing", "names no object"),
        ("no_such_module:x", "there is no module `no_such_module`"),
        ("modle.py:x", "there is no file modle.py"),
        ("os.path:joine", "has no `joine`"),
    ):
        with pytest.raises(AuthorError, match=said):
            load_object(reference, host.root)
    (host.root / "my").mkdir()
    (host.root / "my" / "loops.py").touch()
    with pytest.raises(AuthorError) as failed:
        load_object("my.loops:x", host.root)
    assert failed.value.problems[0].note == "did you mean `my/loops.py`?"


def test_problems_are_found_in_whatever_wraps_them() -> None:
    group = ExceptionGroup("x", [AgentboxError("one"), ExceptionGroup("y", [ValueError("two")])])
    assert [problem.message for problem in problems_of(group)] == ["one", "ValueError: two"]


def test_no_verdict_at_all_is_exit_5() -> None:
    assert exit_code([]) == 5


def test_without_a_marker_the_working_directory_is_the_root_of_what_lies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_root(shop) == tmp_path
    monkeypatch.chdir(shop)
    assert find_root(tmp_path) == tmp_path


def test_only_runs_are_listed_and_cleaned(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "out")
    ours = runs.new()
    other = tmp_path / "out" / "src"
    other.mkdir()
    (tmp_path / "out" / "20260101T000000.000Z-abcd").symlink_to(other)
    assert runs.all() == [ours]
    assert runs.clean(0) == [ours]
    assert other.is_dir()
    assert not (tmp_path / ".gitignore").exists()
    (runs.folder / "failed.json").write_text("1")
    assert runs.last_failed() is None


def test_names_in_other_scripts_are_told_apart_and_fit_a_file_name(host) -> None:
    first, second = "案例一" * 60, "案例二"
    text = SCENARIO.replace("name: echo", f"name: {first}").replace(
        "name: wrong", f"name: {second}"
    )
    (host.root / "s.yaml").write_text(text)
    _, _, folder = _run(host, load([str(host.root / "s.yaml")], host, Selection()))
    names = sorted(path.name for path in folder.iterdir())
    assert f"s__{second}.jsonl" in names
    assert len(names) == 2
    assert all(len(name.encode()) <= 255 for name in names)


def test_a_tick_is_heard_each_second_while_nothing_happens(host) -> None:
    (host.root / "model.py").write_text(
        "import asyncio\n"
        "from pathlib import Path\n"
        "async def reply(messages, tools):\n"
        "    while not Path(__file__).with_name('ticked').exists():\n"
        "        await asyncio.sleep(0.01)\n"
        "    return messages[-1].text\n"
    )
    suite = Suite(_load(host), host, Runs.of(host.root).new())
    echo, _ = run_suite(suite, lambda _: None, (host.root / "ticked").touch)
    assert echo.outcome == "passed"
