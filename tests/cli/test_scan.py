from __future__ import annotations

import pytest
from planting import planted

from agentbox.core.trace import FORMAT_VERSION

VALUE = "Zk3v9QmX2LbT7w"
NEWER = FORMAT_VERSION + 1


def test_a_clean_run_is_clean(project) -> None:
    project.agentbox("run", "scenario.yaml")
    done = project.agentbox("scan", API_TOKEN=VALUE)
    assert (done.code, done.out) == (0, "")
    assert done.err == "2 files scanned: nothing found\n"


def test_a_leak_is_told_by_its_place_and_never_by_itself(project) -> None:
    (project.root / "t.jsonl").write_bytes(planted(f"it is {VALUE}"))
    done = project.agentbox("scan", "t.jsonl", API_TOKEN=VALUE)
    assert done.code == 1
    assert done.out == "t.jsonl:15: t1/s1/call3 $.text: value of API_TOKEN  Zk…, 14 characters\n"
    as_json = project.agentbox("scan", "t.jsonl", "--secret", "WORD", "--json", WORD=VALUE)
    (leak,) = as_json.data["leaks"]
    assert (as_json.code, as_json.data["exit"], as_json.data["problems"]) == (1, 1, [])
    assert leak == {
        "file": "t.jsonl", "line": 15, "at": "c:parallel/t1/s1/call3", "path": "$.text",
        "kind": "value of WORD", "head": "Zk", "length": 14,
    }  # fmt: skip
    for said in (done, as_json):
        assert VALUE not in said.out + said.err


@pytest.mark.parametrize("words", [("nothing",), ("t.jsonl", "--secret", "GONE"), ("--odd",)])
def test_what_is_not_there_is_exit_code_2(project, words) -> None:
    (project.root / "t.jsonl").write_bytes(planted("x"))
    assert project.agentbox("scan", *words).code == 2


@pytest.mark.parametrize("command", ["show", "judge", "replay", "fork", "scan"])
def test_a_newer_format_is_refused_by_every_command_that_reads_traces(project, command) -> None:
    (project.root / "t.jsonl").write_bytes(planted(NEWER, "format", "run.start"))
    done = project.agentbox(command, "t.jsonl")
    assert done.code == 2
    assert f"t.jsonl is a trace of format {NEWER}; this agentbox reads up to" in done.err
    assert "pip install --upgrade agentbox" in done.err
