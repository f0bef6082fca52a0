"""A project for tests: a folder to write a scenario into, and to play it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentbox.core.verdict import Verdict
from agentbox.session import Host, Runs, Selection, Suite, load, run_suite
from agentbox.trace import read_trace

FIXTURES = Path(__file__).parent / "fixtures" / "servers"

HEAD = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: python, function: "model.py:reply"}
tools: [mine.py]
"""
TOOLS = '''\
STORE = {}

def look(key: str) -> str:
    """Look a key up."""
    return STORE.get(key, f"nothing at {key}")

def put(key: str, value: str) -> str:
    """Put a value at a key."""
    STORE[key] = value
    return f"put {key}"
'''
ECHO = """\
from agentbox import call, say
def reply(messages, tools):
    return say(" | ".join(f"{m.role}:{m.text}" for m in messages if m.role != "system"))
"""
CALLS = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return say(last.text)
    name, _, key = last.text.partition(" ")
    return call(name, key=key)
"""


class Played:
    """A folder to write a scenario into, and to play it in."""

    def __init__(self, root: Path) -> None:
        self.host = Host(root, {})
        (root / "pyproject.toml").touch()
        self.write("mine.py", TOOLS)

    def write(self, name: str, text: str) -> None:
        (self.host.root / name).write_text(text)

    def __call__(
        self, cases: str, model: str = ECHO, head: str = HEAD, **more: Any
    ) -> list[Verdict]:
        self.write("model.py", model)
        self.write("s.yaml", head + cases)
        scenarios = load([str(self.host.root / "s.yaml")], self.host, Selection())
        folder = Runs.of(self.host.root).new()
        return run_suite(Suite(scenarios, self.host, folder), lambda _: None)

    def events(self, verdict: Verdict, kind: str) -> list[Any]:
        trace = read_trace(Path(verdict.trace))
        return [event for event in trace.events if event.kind == kind]

    def answers(self, verdict: Verdict) -> list[str]:
        results = self.events(verdict, "model.result")
        return [event.data["text"] for event in results if "text" in event.data]
