from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

# Fixtures come from conftest.py: a project in a folder of its own, run as a user runs it.


def test_a_run_prints_verdicts_leaves_traces_and_exits_by_the_worst(project) -> None:
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 1
    assert done.out == "", "data goes to stdout, and there is none"
    assert "PASS  adds" in done.err
    assert "FAIL  fails" in done.err
    assert "--> scenario.yaml:15:19" in done.err
    assert "1 failed, 1 passed in" in done.err
    assert "· 4 model calls · 2 tool calls · tokens and cost unknown" in done.err
    assert [path.name for path in project.traces] == [
        "scenario__adds.jsonl",
        "scenario__fails.jsonl",
    ]


def test_json_goes_to_stdout_alone(project) -> None:
    done = project.agentbox("run", "scenario.yaml", "--json")
    assert [(v["case"], v["outcome"]) for v in done.data["verdicts"]] == [
        ("adds", "passed"),
        ("fails", "failed"),
    ]
    assert done.data["exit"] == done.code == 1
    assert done.data["used"]["steps"] == 4
    assert done.data["used"]["unknown"] == {"tokens": 2, "reasoning_tokens": 2, "cost_usd": 2}


@pytest.mark.parametrize(
    ("words", "ran", "code"),
    [
        (["scenario.yaml::adds"], ["adds"], 0),
        (["scenario.yaml", "-k", "adds or nothing"], ["adds"], 0),
        (["scenario.yaml", "-k", "not adds"], ["fails"], 1),
        (["scenario.yaml", "--tag", "sums"], ["adds"], 0),
        (["."], ["adds", "fails"], 1),
        ([".", "scenario.yaml::adds"], ["adds", "fails"], 1),
        (["scenario.yaml", "-k", "nobody"], [], 5),
        (["scenario.yaml", "--tag", "none"], [], 5),
    ],
)
def test_cases_are_selected_as_in_pytest(project, words, ran, code) -> None:
    done = project.agentbox("run", *words, "--json")
    assert done.code == code
    assert [verdict["case"] for verdict in done.data["verdicts"]] == ran


def test_last_failed_runs_what_was_not_green_and_then_nothing(project) -> None:
    project.agentbox("run", "scenario.yaml")
    done = project.agentbox("run", "--last-failed", "--json")
    assert [verdict["case"] for verdict in done.data["verdicts"]] == ["fails"]
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace('says: "5"', 'says: "4"'))
    assert project.agentbox("run", "--last-failed").code == 0
    assert project.agentbox("run", "--last-failed").code == 5


def test_x_stops_at_the_first_red_case(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace('says: "3"', 'says: "9"'))
    done = project.agentbox("run", "scenario.yaml", "-x", "-j", "1", "--json")
    assert [verdict["case"] for verdict in done.data["verdicts"]] == ["adds"]


def test_x_forgets_no_failure_of_what_did_not_run(project) -> None:
    project.agentbox("run", "scenario.yaml")
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace('says: "3"', 'says: "9"'))
    project.agentbox("run", "scenario.yaml", "-x", "-j", "1")
    done = project.agentbox("run", "--last-failed", "--json")
    assert [verdict["case"] for verdict in done.data["verdicts"]] == ["adds", "fails"]


def test_another_time_and_seed_can_be_pinned(project) -> None:
    project.agentbox(
        "run", "scenario.yaml::adds", "--now", "2027-01-01T00:00:00+01:00", "--seed", "9"
    )
    header = json.loads(project.traces[0].read_text().splitlines()[0])
    assert (header["now"], header["seed"]) == ("2027-01-01T00:00:00+01:00", 9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--now", "soon"], "--now: 'soon' is no RFC 3339 time"),
        (["-k", "a and"], "-k 'a and' cannot be read at its end"),
        (["-k", "(a"], "-k '(a' cannot be read at its end"),
        (["-k", "a b"], "-k 'a b' cannot be read at `b`"),
        (["--jobs", "0"], "0 is not in the range x>=1"),
        (["--bogus"], "No such option"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_nothing_runs(project, words, message) -> None:
    done = project.agentbox("run", "scenario.yaml", *words)
    assert (done.code, project.traces) == (2, [])
    assert message in done.err


def test_what_is_not_there_is_named_with_what_is_near(project) -> None:
    missing = project.agentbox("run", "scenaro.yaml")
    assert missing.code == 2
    assert "no such file: scenaro.yaml" in missing.err
    case = project.agentbox("run", "scenario.yaml::add")
    assert case.code == 2
    assert "did you mean `scenario.yaml::adds`?" in case.err
    (project.root / "empty").mkdir()
    assert "there is no scenario (*.yaml) in empty" in project.agentbox("run", "empty").err


def test_without_a_path_the_folder_scenarios_runs(project) -> None:
    done = project.agentbox("run")
    assert done.code == 2
    assert "no scenario was named" in done.err
    (project.root / "scenario.yaml").rename(project.write("scenarios/a.yaml", ""))
    assert project.agentbox("run", "-k", "adds").code == 0


def test_every_error_of_every_file_is_shown_at_once(project) -> None:
    project.write("two.yaml", "version: 1\nnow: never\ncases: []\n")
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("says", "sayz", 1).replace("slots", "slot"))
    done = project.agentbox("run", ".")
    assert (done.code, project.traces) == (2, [])
    for said in ("did you mean `says`?", "did you mean `slots`?", "two.yaml:2:6", "in 2 files"):
        assert said in done.err


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("model.py", "def other(): ...", "`model.py` has no `reply`"),
        ("model.py", "def reply(:", "`model.py` is no Python"),
        ("model.py", "import nothing_like_it", "No module named 'nothing_like_it'"),
        ("mine.py", "def add(a, b): ...", "`add` in mine.py cannot be a tool"),
        ("mine.py", "raise SystemExit(3)", "`mine.py` cannot be imported: SystemExit: 3"),
    ],
)
def test_code_that_cannot_be_used_is_exit_2_with_its_place_and_nothing_runs(
    project, file, text, message
) -> None:
    project.write(file, text)
    for command in ("run", "check"):
        done = project.agentbox(command, "scenario.yaml")
        assert (done.code, project.traces) == (2, [])
        assert done.err.count("error: ") == 1
        assert done.err.count("-->") == 1
        assert message in done.err
    found = project.agentbox("run", "scenario.yaml", "--json").data
    assert (found["exit"], len(found["problems"])) == (2, 1)


def test_a_module_that_is_not_there_is_told_where_it_is_named(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    text = text.replace("{", "{loop: 'nothing.like_it:mine', ", 1)
    project.write("scenario.yaml", text)
    done = project.agentbox("check", "scenario.yaml")
    assert "error: there is no module `nothing.like_it`\n  --> scenario.yaml:3:16\n" in done.err


def test_all_that_cannot_be_loaded_is_told_at_once_and_the_servers_that_started_end(
    project, with_server
) -> None:
    pid = project.root / "pid"
    with_server(
        f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    text = (project.root / "scenario.yaml").read_text()
    project.write("model.py", f"while not __import__('os').path.exists({str(pid)!r}): pass\n")
    project.write("loops.py", "import nothing_like_it\n")
    project.write("scenario.yaml", text + "agent: {loop: 'loops.py:mine'}\n")
    project.write("two.yaml", text.replace("model.py:reply", "model.py:other"))
    done = project.agentbox("run", "scenario.yaml", "two.yaml")
    assert (done.code, project.traces) == (2, [])
    for said in ("has no `reply`", "No module named 'nothing_like_it'", "has no `other`"):
        assert said in done.err
    assert "--> scenario.yaml:3:38" in done.err
    assert "--> two.yaml:3:38" in done.err
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_a_model_that_raises_is_errored_and_the_line_is_shown(project) -> None:
    project.write("model.py", "def reply(messages, tools):\n    return {}['plan']\n")
    done = project.agentbox("run", "scenario.yaml::adds")
    assert done.code == 3
    assert "raised KeyError: 'plan' at c:adds/t1/s1" in done.err
    assert "return {}['plan']" in done.err


def test_a_known_failure_is_green_while_it_fails_and_red_when_it_passes(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    known = text.replace("name: fails", "name: fails\n    known_failure: the sum is wrong")
    project.write("scenario.yaml", known)
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 0
    assert "known failure: the sum is wrong" in done.err
    assert '"5" was not said' in done.err, "its failure text is printed all the same"
    project.write("scenario.yaml", known.replace('says: "5"', 'says: "4"'))
    passed = project.agentbox("run", "scenario.yaml")
    assert passed.code == 1
    assert "passes, but is a known failure" in passed.err


def test_a_limit_that_cannot_be_kept_is_told_once_for_all_cases(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("{system:", "{limits: {tokens: 9}, system:"))
    done = project.agentbox("run", "scenario.yaml")
    assert done.err.count("warning: the limit `tokens` is not kept") == 1


def test_an_errored_known_failure_is_no_known_failure(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("name: adds", "name: adds\n    known_failure: x"))
    project.write("model.py", "def reply(messages, tools): return {}['plan']")
    assert project.agentbox("run", "scenario.yaml::adds").code == 3


def test_case_names_with_slashes_become_one_safe_file_name(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("name: adds", "name: ../../etc/pass wd"))
    done = project.agentbox("run", "scenario.yaml::../../etc/pass wd")
    assert done.code == 0
    (trace,) = project.traces
    assert trace.name == "scenario__etc-pass-wd.jsonl"
    assert project.agentbox("show", "last::../../etc/pass wd").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_exit_2(project) -> None:  # pragma: no cover - as root
    project.root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert "cannot make the run folder" in project.agentbox("run", "scenario.yaml").err


def test_a_run_folder_that_cannot_be_made_is_exit_2_with_a_remedy(project) -> None:
    project.write(".agentbox", "a file where the folder should be")
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 2
    assert "cannot make the run folder" in done.err
    assert "--runs DIR puts runs elsewhere" in done.err
    assert project.agentbox("run", "scenario.yaml::adds", "--runs", "else/where").code == 0
    assert list(project.root.glob("else/where/*/*.jsonl"))


def test_a_full_disk_ends_the_case_and_not_the_sense(project) -> None:
    """/dev/full takes no byte: the trace cannot be written, and the run says so."""
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    from agentbox.core.errors import TraceError  # noqa: PLC0415 - beside its one use
    from agentbox.trace import TraceFile  # noqa: PLC0415 - as above

    file = TraceFile(project.root / "t.jsonl")
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, file._fd)
    os.close(full)
    with pytest.raises(TraceError, match="No space left"):
        file(b"x")
    file.close()


def test_real_time_needs_live(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("now: 2026-03-20T14:30:00Z", "now: real"))
    done = project.agentbox("run", "scenario.yaml::adds")
    assert (done.code, project.traces) == (2, [])
    assert "`now: real` is for live runs" in done.err
    assert project.agentbox("run", "scenario.yaml::adds", "--live").code == 0


def test_a_scenario_runs_from_any_folder_and_its_printed_address_too(project) -> None:
    Project = type(project)  # noqa: N806 - a class

    below = Project(project.root / "deep" / "er")
    below.root.mkdir(parents=True)
    assert below.agentbox("run", "../../scenario.yaml::adds").code == 0
    assert below.agentbox("run", "scenario.yaml::adds").code == 0, "as `again` prints it"
    elsewhere = Project(project.root.parent / f"{project.root.name}-other")
    elsewhere.write("pyproject.toml", "")
    done = elsewhere.agentbox("run", str(project.root / "scenario.yaml") + "::adds")
    assert done.code == 0, done.err
    assert len(project.traces) == 3, "runs are kept in the scenario's own project"


def test_of_very_many_mistakes_the_first_are_shown(project) -> None:
    for number in range(30):
        project.write(f"bad/{number}.yaml", "version: 2\n")
    done = project.agentbox("check", "bad")
    assert done.code == 2
    assert "more, not shown" in done.err
    assert done.err.count("-->") == 20


def test_what_a_model_may_not_do_is_errored_and_hurts_no_other_case(project) -> None:
    project.write(
        "model.py",
        "from agentbox import call, say\n"
        "def reply(messages, tools):\n"
        "    if '1' in messages[-1].text:\n"
        "        raise SystemExit(4)\n"
        "    return call('add', a=object(), b=1)\n",
    )
    done = project.agentbox("run", "scenario.yaml", "--json")
    assert done.code == 3
    said = [verdict["problems"][0]["message"] for verdict in done.data["verdicts"]]
    assert "raised SystemExit: 4" in said[0]
    assert "gave what is no JSON" in said[1]


def test_what_tools_and_models_print_is_kept_off_stdout(project) -> None:
    project.write("mine.py", "print('noise')\n" + (project.root / "mine.py").read_text())
    done = project.agentbox("run", "scenario.yaml", "--json")
    assert len(done.data["verdicts"]) == 2
    assert "noise" in done.err


def test_a_run_folder_that_cannot_be_made_is_told_as_json_too(project) -> None:
    project.write("taken", "")
    done = project.agentbox("run", "scenario.yaml", "--runs", "taken", "--json")
    assert (done.code, done.data["exit"]) == (2, 2)
    assert "cannot make the run folder" in done.data["problems"][0]["message"]


def test_a_tool_file_that_is_no_utf_8_is_named(project) -> None:
    (project.root / "odd.json").write_bytes(b"\xff")
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("tools: [mine.py]", "tools: [mine.py, odd.json]"))
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 2
    assert "odd.json cannot be read" in done.err


def test_a_server_in_this_process_logs_nothing_to_the_terminal(project, with_server) -> None:
    with_server(
        "from mcp.server import MCPServer\n"
        "server = MCPServer('box')\n"
        "@server.tool()\n"
        "def look() -> str:\n"
        "    import logging\n"
        "    logging.getLogger('mine').info('a line of the log')\n"
        "    return 'found'\n"
    )
    text = (project.root / "scenario.yaml").read_text()
    memory = text.replace("command: [python, server.py]", 'memory: "server.py:server"')
    project.write("scenario.yaml", memory)
    done = project.agentbox("run", "scenario.yaml")
    assert done.code == 0
    assert "a line of the log" not in done.err
    assert "request" not in done.err.lower()


def test_a_bug_of_our_own_is_exit_3_and_says_so() -> None:
    script = (
        "import sys\n"
        "from agentbox.cli import run_command\n"
        "from agentbox.cli.app import app\n"
        "@app.command()\n"
        "def broken(): raise KeyError('oh')\n"
        "sys.exit(run_command(['broken']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)  # noqa: PLW1510
    assert done.returncode == 3
    assert done.stderr.endswith("this is a bug in agentbox itself\n")
