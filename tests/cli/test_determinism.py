"""Two runs are one: on two days, in two zones, at once and in turn."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parents[1] / "fixtures" / "servers"


def _forget(project) -> None:
    shutil.rmtree(project.root / ".agentbox")


def test_every_scenario_gives_the_same_trace_in_another_zone_and_on_another_day(
    lessons, project
) -> None:
    first = _contents(lessons.glob(".agentbox/runs/*/*.jsonl"))
    assert len(first) >= 20
    for folder in ("scenarios", "servers", "tools"):
        shutil.copytree(ROOT / folder, project.root / folder)
    elsewhere = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", **_another_day()}
    assert project.agentbox("run", "scenarios", "-j", "2", **elsewhere).code == 0
    assert _contents(project.traces) == first
    replayed = project.agentbox("replay", "last", "--json", TZ="America/New_York")
    assert replayed.code == 0, replayed.err
    told = [(each["same"], each["ended"], each["problems"]) for each in replayed.data["replays"]]
    assert told == [(True, "", [])] * len(first)
    if "FAKETIME" not in elsewhere:
        pytest.skip("faketime is not installed: another zone alone was tried")
    assert next(iter(project.traces)).parent.name.startswith("20310704"), "the host's date is fake"


def _another_day() -> dict[str, str]:
    found = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        return {}
    return {
        "LD_PRELOAD": str(found[0]),
        "FAKETIME": "@2031-07-04 12:00:00",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


CASES = "\n".join(
    f"  - {{name: case {n}, turns: "
    f"[{{user: 'What is {n} and {n}?', checks: [{{says: '{n + n}'}}]}}]}}"
    for n in range(1, 51)
)


def test_fifty_in_parallel_equal_fifty_in_turn(project) -> None:
    text = (project.root / "scenario.yaml").read_text()
    project.write("scenario.yaml", text[: text.index("  - name: adds")] + CASES + "\n")
    assert project.agentbox("run", "scenario.yaml", "-j", "1").code == 0
    one_by_one = _contents(project.traces)
    _forget(project)
    assert project.agentbox("run", "scenario.yaml", "-j", "50").code == 0
    assert _contents(project.traces) == one_by_one
    assert len(one_by_one) == 50


@pytest.mark.slow
def test_fifty_stdio_servers_in_parallel_equal_fifty_in_turn(project, with_server) -> None:
    server = (
        f"import sys; sys.path.insert(0, {str(FIXTURES)!r})\n"
        "import os\n"
        "from raw import legacy, serve, text, tool\n"
        "def call(params):\n"
        "    return text(f\"{os.environ['AGENTBOX_NOW']} {os.getcwd()} {params['arguments']}\")\n"
        "serve(legacy([tool('look')], call))\n"
    )
    with_server(server)
    text = (project.root / "scenario.yaml").read_text()
    names = ", ".join(f"{{name: case {n}, turns: [{{user: Go}}]}}" for n in range(50))
    project.write("scenario.yaml", text[: text.index("cases:")] + f"cases: [{names}]\n")
    assert project.agentbox("run", "scenario.yaml", "-j", "1").code == 0
    one_by_one = _contents(project.traces)
    _forget(project)
    assert project.agentbox("run", "scenario.yaml", "-j", "16").code == 0
    assert _contents(project.traces) == one_by_one
    assert "«cwd»".encode() in b"".join(one_by_one["scenario__case-7.jsonl"])


def _contents(traces) -> dict[str, list[bytes]]:
    from agentbox.trace import canonical_lines  # noqa: PLC0415 - beside its one use

    return {path.name: list(canonical_lines(path.read_bytes())) for path in traces}
