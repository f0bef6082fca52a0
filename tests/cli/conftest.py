from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "servers"

SCENARIO = """\
version: 1
now: 2026-03-20T14:30:00Z
agent: {system: Be kind., slots: [now]}
model: {provider: python, function: "model.py:reply"}
tools: [mine.py]
cases:
  - name: adds
    tags: [sums]
    turns:
      - user: What is 1 and 2?
        checks: [{says: "3"}]
  - name: fails
    turns:
      - user: What is 2 and 2?
        checks: [{says: "5"}]
"""

MODEL = """\
import re
from agentbox import call, say

def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(f"It is {last.text}.")
    a, b = map(int, re.findall("[0-9]+", last.text))
    return call("add", a=a, b=b)
"""

TOOLS = '''\
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b
'''


@dataclass
class Done:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder with a scenario, a model and a tool of its own."""

    root: Path

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "agentbox", *words],
            cwd=self.root,
            env={**os.environ, "COLUMNS": "100", **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def agentbox(self, *words: str, **environ: str) -> Done:
        running = self.start(*words, **environ)
        try:
            out, err = running.communicate(timeout=60)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
        return Done(running.returncode, out, err)

    @property
    def traces(self) -> list[Path]:
        return sorted(self.root.glob(".agentbox/runs/*/*.jsonl"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write("pyproject.toml", "")
    made.write("scenario.yaml", SCENARIO)
    made.write("model.py", MODEL)
    made.write("mine.py", TOOLS)
    return made


@pytest.fixture
def with_server(project: Project) -> Callable[..., None]:
    """Give the project one server, of the fixtures or of a text, and a model that calls `look`."""

    def give(server: str, *, model: str = "", extra: str = "") -> None:
        project.write("server.py", server)
        project.write(
            "model.py",
            model
            or "from agentbox import call, say\n"
            "def reply(messages, tools):\n"
            "    last = messages[-1]\n"
            "    return say(last.text) if last.role == 'tool' else call('box.look')\n",
        )
        project.write(
            "scenario.yaml",
            "version: 1\nnow: 2026-03-20T14:30:00Z\n"
            'model: {provider: python, function: "model.py:reply"}\n'
            f"servers: {{box: {{command: [python, server.py], era: legacy{extra}}}}}\n"
            "deadlines: {connect: 10, close: 1}\n"
            "cases: [{name: one, turns: [{user: Go}]}]\n",
        )

    return give
