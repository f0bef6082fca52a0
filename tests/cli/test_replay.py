"""`agentbox replay`, as a user types it."""

from __future__ import annotations


def test_a_run_is_played_again_and_nobody_is_asked(project) -> None:
    assert project.agentbox("run", "scenario.yaml").code == 1
    project.write("model.py", "raise SystemExit('nobody is asked')")
    done = project.agentbox("replay")
    assert (done.code, done.out) == (0, "")
    first, *rows, last = done.err.splitlines()
    assert first == "replay  2 traces"
    assert rows == ["  same       adds  16 events, passed", "  same       fails  16 events, failed"]
    assert last.startswith("2 same in ")


def test_a_divergence_is_told_with_the_command_that_accepts_it(project) -> None:
    project.agentbox("run", "scenario.yaml::adds")
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("1 and 2?", "1 and 3?"))
    done = project.agentbox("replay", "last", "--scenario", "scenario.yaml")
    assert (done.code, done.out) == (4, "")
    assert done.err.splitlines()[1:-1] == [
        "  DIVERGED   adds  3 events are the same, and then",
        "  prompt at u:t1: the model was shown something else",
        "    $.text",
        "    - What is 1 and 2?",
        "    + What is 1 and 3?",
        "    comes from  the user's words in the scenario",
        "    accept      agentbox run scenario.yaml::adds",
    ]
    done = project.agentbox("replay", "last::adds", "--scenario", "scenario.yaml", "--json")
    assert done.code == done.data["exit"] == 4
    (told,) = done.data["replays"]
    assert (told["case"], told["same"], told["outcome"]) == ("scenario.yaml::adds", False, None)
    assert told["divergence"]["class"] == "prompt"
    assert told["divergence"]["changes"] == [
        {"path": "$.text", "recorded": "What is 1 and 2?", "now": "What is 1 and 3?"}
    ]
    assert told["divergence"]["accept"] == "agentbox run scenario.yaml::adds"


def test_what_cannot_be_played_is_told_beside_what_can(project) -> None:
    project.agentbox("run", "scenario.yaml")
    adds, fails = project.traces
    adds.write_bytes(adds.read_bytes().replace(b"It is 3.", b"It is 4.", 1))
    done = project.agentbox("replay", "--json")
    assert done.code == done.data["exit"] == 2
    spoilt, good = done.data["replays"]
    assert spoilt["trace"].endswith("scenario__adds.jsonl")
    assert "was changed after it was written" in spoilt["problems"][0]["message"]
    assert good["same"] is True
    assert "  UNPLAYABLE adds" in done.err
    assert "1 same · 1 unplayable in" in done.err
    fails.write_bytes(fails.read_bytes()[:-200])
    done = project.agentbox("replay", str(fails))
    assert done.code == 0
    assert "is torn: the run was killed" in done.err


def test_what_is_not_there_is_named(project) -> None:
    done = project.agentbox("replay", "last")
    assert done.code == 2
    assert "no run `last`" in done.err
    project.agentbox("run", "scenario.yaml::adds")
    done = project.agentbox("replay", "last::ads")
    assert done.code == 2
    assert "did you mean `last::adds`?" in done.err


def test_a_tape_that_broke_off_says_where(project) -> None:
    project.write("model.py", "def reply(messages, tools):\n    raise KeyError('oh')\n")
    assert project.agentbox("run", "scenario.yaml::adds").code == 3
    done = project.agentbox("replay")
    assert done.code == 0
    (row,) = [line for line in done.err.splitlines() if line.startswith("  same")]
    assert row.startswith("  same       adds  8 events, errored; the model function `reply` raised")


def test_what_a_loop_prints_is_no_data(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text.replace("{system", "{loop: 'f.py:loop', system"))
    project.write(
        "f.py",
        "from agentbox import End\nfrom agentbox.core.requests import Ask\n"
        "def loop(task):\n    print('LOUD')\n"
        "    yield Ask(task.log.view())\n    return End('answered', 'It is 3.')\n",
    )
    project.write("model.py", "def reply(messages, tools):\n    return 'It is 3.'\n")
    assert project.agentbox("run", "scenario.yaml::adds").code == 0
    done = project.agentbox("replay", "--json")
    assert done.data["replays"][0]["same"] is True
    assert "LOUD" in done.err
