"""What a run leaves behind: a readable trace, and no process, whatever ended it."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

from agentbox.trace import read_trace

FIXTURES = Path(__file__).parents[1] / "fixtures" / "servers"
HEAD = f"import sys; sys.path.insert(0, {str(FIXTURES)!r})\n"

HANGS = """
import json, os, subprocess, sys, time
from pathlib import Path
from raw import legacy, serve, text, tool

def call(params):
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    child = subprocess.Popen(sleeps)
    hidden = subprocess.Popen(sleeps, env={}, start_new_session=True)
    Path("made here").touch()
    Path(os.environ["PIDS"] + ".box").write_text(str(Path.cwd().parent))
    Path(os.environ["PIDS"]).write_text(json.dumps([os.getpid(), child.pid, hidden.pid]))
    print("about to hang", file=sys.stderr, flush=True)
    time.sleep(600)

serve(legacy([tool("look")], call))
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait(condition, seconds: float = 20) -> None:
    """Wait until a condition holds; polling is how one process watches another."""
    import time  # noqa: PLC0415 - beside its one use

    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.01)


@pytest.fixture
def heard():
    """Signals end who is started here, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(params=["false", "true"], ids=["its own", "shared"])
def hang(request, project, with_server, heard):
    """Starts a command that hangs in a call of a server with a child; gives it and their pids."""
    pids = project.root / "pids.json"
    with_server(HEAD + HANGS, extra=f', share: {request.param}, env: {{PIDS: "{pids}"}}')
    started = []

    def start(*words: str):
        running = project.start(*words)
        started.append(running)
        _wait(lambda: pids.exists() and pids.read_text().endswith("]"))
        found = [int(pid) for pid in pids.read_text().strip("[]").split(",")]
        assert all(map(_alive, found))
        return running, found

    yield start
    for running in started:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()


@pytest.fixture
def hanging(hang):
    """A run that hangs."""
    return hang("run", "scenario.yaml")


pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are watched through /proc"
)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_closes_everything_and_exits_130(project, hanging, sent) -> None:
    running, pids = hanging
    running.send_signal(sent)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted: 1 of 1 not judged" in err
    assert "Traceback" not in err
    assert not any(map(_alive, pids))
    (path,) = project.traces
    trace = read_trace(path)
    assert trace.complete
    assert trace.in_flight() == []
    (result,) = [event for event in trace.events if event.kind == "tool.result"]
    assert result.data["status"] == "interrupted"


def test_sigterm_ends_a_run_in_the_background_where_sigint_is_ignored(project, hang) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running, pids = hang("run", "scenario.yaml")
    finally:
        signal.signal(signal.SIGINT, before)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert not any(map(_alive, pids))


def test_a_single_call_that_is_ended_leaves_no_process(project, hang) -> None:
    running, pids = hang("tools", "call", "scenario.yaml", "box.look")
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert not any(map(_alive, pids))


def test_a_killed_run_leaves_a_readable_trace_no_process_and_no_folder(project, hanging) -> None:
    running, pids = hanging
    running.kill()
    running.communicate()
    _wait(lambda: not any(map(_alive, pids)))
    box = Path((project.root / "pids.json.box").read_text())
    _wait(lambda: not box.exists())
    (path,) = project.traces
    done = project.agentbox("show", str(path))
    assert done.code == 0
    assert "in flight" in done.out
    assert "box.look" in done.out


BUSY = """
from agentbox import say
def reply(messages, tools):
    if "2 and 2" not in messages[-1].text:
        return say("3")
    (OPEN := __import__("pathlib").Path("held")).touch()
    while OPEN.exists():
        try:
            sum(range(1000))
        except Exception:
            pass
"""


def test_a_busy_model_is_errored_at_its_deadline_and_the_other_cases_are_judged(project) -> None:
    project.write("model.py", BUSY)
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text + "deadlines: {model: 0.5}\n")
    done = project.agentbox("run", "scenario.yaml", "--json")
    assert [(v["case"], v["outcome"]) for v in done.data["verdicts"]] == [
        ("adds", "passed"),
        ("fails", "errored"),
    ]
    assert done.code == 3
    assert done.data["verdicts"][1]["wall_seconds"] < 10
    assert "gave no answer in 0.5 s at t1/s1: raise `deadlines: {model: ...}`" in done.err
    assert "it held the event loop at" in done.err
    trace = read_trace(next(path for path in project.traces if "fails" in path.name))
    (result,) = [event for event in trace.events if event.kind == "model.result"]
    assert f"at {project.root}/model.py:" in result.data["side"]["detail"]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_busy_model_keeps_nobody_from_ending_the_run(project, sent) -> None:
    project.write("model.py", BUSY)
    running = project.start("run", "scenario.yaml")
    _wait((project.root / "held").exists)
    running.send_signal(sent)
    _, err = running.communicate(timeout=10)
    assert running.returncode == 130
    assert "Traceback" not in err
    trace = read_trace(next(path for path in project.traces if "fails" in path.name))
    assert trace.complete
    assert trace.in_flight() == []


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("import sys; print('no database', file=sys.stderr); sys.exit(3)", "no database"),
        ("import time; time.sleep(600)", "it gave no answer within 1 s"),
        ("print('hello', flush=True); import time; time.sleep(600)", "hello"),
    ],
    ids=["dies", "is silent", "prints rubbish"],
)
def test_a_server_that_does_not_start_is_errored_with_what_it_said(
    project, with_server, server, said
) -> None:
    with_server(server)
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("connect: 10", "connect: 1"))
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 3
    assert "ERROR one" in done.err
    assert "`box`" in done.err
    assert "server.py" in done.err
    assert said in done.err
    assert read_trace(project.traces[0]).complete


def test_a_server_command_that_is_not_there_is_named(project, with_server) -> None:
    with_server("")
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("[python, server.py]", "[no-such-program]"))
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 3
    assert "no-such-program" in done.err


def test_a_server_that_dies_in_a_call_is_unknown_and_the_run_goes_on(project, with_server) -> None:
    with_server(
        HEAD + "import os, sys\n"
        "from raw import legacy, serve, tool\n"
        "def call(params):\n"
        "    print('out of memory', file=sys.stderr, flush=True)\n"
        "    os._exit(9)\n"
        "serve(legacy([tool('look')], call))\n"
    )
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 0
    (result,) = [
        event for event in read_trace(project.traces[0]).events if event.kind == "tool.result"
    ]
    assert result.data["status"] == "unknown"
    assert "exit code 9" in result.data["text"]
    assert "out of memory" in result.data["side"]["detail"], "for people, not for the model"


def test_a_tool_with_a_separator_in_its_name_is_an_error_at_start(project, with_server) -> None:
    with_server(
        HEAD + "from raw import legacy, serve, text, tool\n"
        "serve(legacy([tool('a.b')], lambda params: text('x')))\n"
    )
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 3
    assert "the tool `a.b` of the server `box` has a `.` in its name" in done.err


def test_one_bad_tool_is_a_warning_and_the_others_work(project, with_server) -> None:
    with_server(
        HEAD + "from raw import legacy, serve, text, tool\n"
        "bad = {'name': 'bad', 'inputSchema': {}}\n"
        "serve(legacy([bad, tool('look')], lambda params: text('found')))\n"
    )
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 0
    assert "warning: box.bad" in done.err


def test_an_unset_variable_is_refused_before_anything_runs(project, with_server) -> None:
    with_server("", extra=", env: {TOKEN: '${SERVER_TOKEN}'}")
    done = project.agentbox("run", "scenario.yaml")
    assert (done.code, project.traces) == (2, [])
    assert "SERVER_TOKEN" in done.err


def test_a_variables_value_never_reaches_a_trace(project, with_server) -> None:
    with_server(
        HEAD + "import os\n"
        "from raw import legacy, serve, text, tool\n"
        "serve(legacy([tool('look')], lambda params: text('it is ' + os.environ['TOKEN'])))\n",
        extra=", env: {TOKEN: '${SERVER_TOKEN}'}",
    )
    done = project.agentbox("run", "scenario.yaml", SERVER_TOKEN="hunter2-hunter2")  # noqa: S106 - a test's own
    assert done.code == 0
    content = project.traces[0].read_bytes()
    assert b"hunter2" not in content
    assert "it is «secret:SERVER_TOKEN»".encode() in content


JUDGES = """
import fcntl, subprocess, sys, time
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_SH)
wait = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen(wait, pass_fds=[lock.fileno()])
open("ready", "w").close()
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_command_that_judges_ends_with_the_run_whatever_ends_that(project, number) -> None:
    project.write("judge.py", JUDGES)
    text = (project.root / "scenario.yaml").read_text()
    check = "checks: [{command: [python, judge.py]}]"
    project.write("scenario.yaml", text.replace('checks: [{says: "3"}]', check))
    running = project.start("run", "scenario.yaml::adds")
    _wait((project.root / "ready").exists)
    running.send_signal(number)
    running.communicate(timeout=60)
    with (project.root / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for all who hold it, 600 s if they live
    trace = read_trace(project.traces[0])
    if number == signal.SIGKILL:
        (open_look,) = trace.in_flight()
        assert (open_look.at, open_look.kind) == ("h:adds/t1/look1", "observe.request")
    else:
        assert running.returncode == 130
        assert trace.in_flight() == []
        assert trace.complete
