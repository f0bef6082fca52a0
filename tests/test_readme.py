"""Every example of the README is run; what it shows is what is printed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from agentbox.session import KINDS, Host
from agentbox.spec import read_scenarios
from agentbox.toolboxes import read_definitions
from agentbox.toolboxes.network import Network

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MARKED = re.compile(r"<!-- (\S+?)(?:: (\S+))? -->\n```\w+\n(.*?)```", re.DOTALL)
BLOCKS = [(kind, name, text) for kind, name, text in MARKED.findall(README)]


def _run(words: list[str], cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def written(tmp_path: Path) -> Path:
    for kind, name, text in BLOCKS:
        if kind == "file":
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


@pytest.mark.parametrize("block", [text for kind, _, text in BLOCKS if kind == "run"])
def test_commands_print_what_the_readme_shows(written: Path, block: str) -> None:
    _follow(block, written)


def _follow(block: str, folder: Path) -> None:
    said = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            said = _run(shlex.split(line[2:]), folder)
        else:
            assert line.strip() in said, f"{line!r} is not in:\n{said}"


@pytest.mark.parametrize("block", [text for kind, _, text in BLOCKS if kind == "story"])
def test_the_story_is_told_by_commands_alone(tmp_path: Path, block: str) -> None:
    for folder in ("scenarios", "servers", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "pyproject.toml").touch()
    _follow(block, tmp_path)


def test_quoted_code_is_the_files_own() -> None:
    quoted = [(name, text) for kind, name, text in BLOCKS if kind == "from"]
    assert quoted
    for name, text in quoted:
        assert text in (ROOT / name).read_text()


def test_the_transcript_is_what_the_scenario_prints() -> None:
    block = README.split("```console\n")[1].split("```")[0]
    command, *shown = block.splitlines()
    said = _run(shlex.split(command[2:]), ROOT)
    for line in shown:
        without_time = line.split("0.68s")[0].rstrip()
        if line.strip() != "…":
            assert without_time in said, f"{line!r} is not in:\n{said}"


def test_every_check_of_the_readme_is_there_and_every_check_is_in_the_readme(
    tmp_path: Path,
) -> None:
    table = README.split("## Checks")[1].split("\n## ")[0]
    examples = re.findall(r"^\| `(\w+:[^`]*)`", table, re.MULTILINE)
    assert {each.partition(":")[0] for each in examples} == set(KINDS.checks)
    lines = "".join(f"      - {example}\n".replace("{...}", "{a: 1}") for example in examples)
    (tmp_path / "m.py").touch()
    path = tmp_path / "s.yaml"
    path.write_text(
        "version: 1\nnow: 2026-01-15T09:00:00Z\nmodel: {function: 'm.py:reply'}\n"
        f"cases:\n  - name: a\n    turns: [{{user: b}}]\n    checks:\n{lines}"
    )
    (scenario,) = read_scenarios(path, KINDS, tmp_path, {})
    assert len(scenario.case.checks) == len(examples)


def test_every_scenario_is_a_lesson_that_the_readme_names() -> None:
    table = README.split("## Lessons")[1].split("\n## ")[0]
    named = re.findall(r"\[`(\w+)`\]\(scenarios/\1\.yaml\)", table)
    assert sorted(named) == sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))


def test_the_server_and_tool_examples_are_read(tmp_path: Path) -> None:
    servers = next(
        block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "memory:" in block
    )
    (tmp_path / ".mcp.json").write_text('{"mcpServers": {}}')
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "notes.py").touch()
    (tmp_path / "m.py").touch()
    (tmp_path / "s.yaml").write_text(
        "version: 1\nnow: 2026-01-15T09:00:00Z\n"
        'model: {provider: python, function: "m.py:reply"}\n'
        f"{servers}cases: [{{name: a, turns: [{{user: b}}]}}]\n"
    )
    host = Host(tmp_path, {})
    (scenario,) = read_scenarios(tmp_path / "s.yaml", KINDS, host.root, host.environ)
    assert list(scenario.servers) == ["accounts", "search", "notes"]
    blocks = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    tool = next(block for block in blocks if "implementation" in block)
    box = read_definitions(tool, "t.json", json.loads, Network({"RATES_KEY": "x"}))
    assert [spec.name for spec in box.specs()] == ["quote"]


def test_every_option_that_the_readme_names_exists() -> None:
    """`-k`, `--tag` … in the table of commands, by the command they stand with."""
    helps = {
        name: _run(["agentbox", name, "--help"], ROOT)
        for name in ("run", "show", "view", "clean", "check")
    }
    table = README.split("## I want to …")[1].split("\n## ")[0]
    for command, rest in re.findall(r"agentbox (\w+) ([^`]*)`", table):
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest):
            if command in helps:
                assert option in helps[command], f"agentbox {command} {option}"


def test_the_lock_file_of_the_test_command_holds_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = (ROOT / "tests" / "requirements.lock").read_text()
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line[:60]}
    assert {re.split(r"[<>=\[]", one)[0].replace(".", "-") for one in wanted} <= locked
