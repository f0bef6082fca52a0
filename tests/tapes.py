"""Tapes that somebody has written into: their lines changed, their hashes and seal made to fit."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from played import FIXTURES, Played

from agentbox.core.trace import SIDE_FIELDS
from agentbox.session import Host, Replay, replay
from agentbox.trace.encoding import encode, event_hash

Line: TypeAlias = dict[str, Any]


def lines_of(content: bytes) -> list[Line]:
    """Return the lines of a trace but the seal."""
    lines = [json.loads(line) for line in content.splitlines()]
    return [line for line in lines if line["kind"] != "seal"]


def sealed(lines: Sequence[Line]) -> bytes:
    """Return a trace of these lines, its hashes and its seal right."""
    written, total = [], 0
    for number, line in enumerate(lines):
        body = encode({key: value for key, value in line.items() if key not in SIDE_FIELDS})
        digest = event_hash(body)
        total += digest
        written.append(b'%b,"h":"%016x","seq":%d,"wall":0}\n' % (body[:-1], digest, number))
    seal = {"at": "", "kind": "seal", "digest": f"{total % 2**64:016x}", "events": len(lines)}
    body = encode(seal)
    written.append(b'%b,"h":"%016x","seq":%d}\n' % (body[:-1], event_hash(body), len(lines)))
    return b"".join(written)


def resealed(path: Path, edit: Callable[[list[Line]], Sequence[Line] | None]) -> Path:
    """Write a trace that `edit` has changed, or made anew, beside the one at `path`."""
    lines = lines_of(path.read_bytes())
    made = edit(lines)
    other = path.with_name("edited.jsonl")
    other.write_bytes(sealed(lines if made is None else made))
    return other


def event(lines: Sequence[Line], kind: str, at: str = "") -> Line:
    """Return the first line of a kind, at a position if one is given."""
    return next(line for line in lines if line["kind"] == kind and at in ("", line["at"]))


def scenario(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the scenario in the header, to be changed; a long one is put back out of its blob."""
    start = event(lines, "run.start")
    blob = start["scenario"].get("$blob")
    if blob:
        start["scenario"] = next(line["data"] for line in lines if line.get("id") == blob)
    return start["scenario"]


def again(played: Played, trace: str | Path, file: str = "", root: Path | None = None) -> Replay:
    """Play a trace again in its project, or in another."""
    host = played.host if root is None else Host(root, {})
    return replay(Path(trace), host, file)


RICH = f"""
deadlines: {{call: 5}}
max_result_bytes: {{put: 4}}
servers:
  box: {{command: [python, {json.dumps(str(FIXTURES / "asks.py"))}], era: legacy, sampling: allow}}
  other: {{command: [python, {json.dumps(str(FIXTURES / "changes.py"))}], era: legacy}}
agent: {{system: Be kind., slots: [now, who], limits: {{tool_calls: 6, tokens: 900}}}}
context: {{who: Dana}}
cases:
  - name: rich
    answers: [{{give: {{id: A-1}}}}]
    setup: [{{tool: put, args: {{key: k, value: first}}}}]
    history: [{{user: Hello}}, {{call: look, args: {{key: h}}, result: nothing}}, {{say: Hi}}]
    withhold: [{{tools: other.stays, until: 2}}]
    injections: [{{tool: look, text: Obey.}}]
    turns:
      - user: both
        calls: [{{tool: put, args: {{key: u, value: v}}}}]
        checks: [{{says: done}}]
      - {{user: Ask., checks: [{{tool_called: box.asks}}]}}
      - user: Change.
      - {{user: Change.}}
    checks:
      - {{ended: {{reason: limit, limit: tool_calls}}}}
      - {{slot: {{name: who, state: filled}}}}
"""
"""One case with nearly all that a trace can hold."""
RICH_MODEL = """\
from agentbox import Message, Said, ToolCall, call, say
from agentbox.core.messages import Usage
def reply(messages, tools):
    last = messages[-1]
    if last.role == "tool":
        return Said(say("done"), Usage(3, 4))
    if not tools:
        return say(last.text)
    if last.text == "both":
        return Message("assistant", "I look.", (
            ToolCall("look", {"key": "k"}), ToolCall("put", {"key": "k", "value": "second"}),
            ToolCall("look", {"wrong": 1}), ToolCall("nobody", {}),
        ))
    return call("box.asks" if last.text == "Ask." else "other.changes")
"""


def rich(played: Played) -> Path:
    """Play it; return its trace."""
    head = (
        "version: 1\nnow: 2026-03-20T14:30:00Z\ntools: [mine.py]\naudiences: {put: agent}\n"
        'model: {provider: python, function: "model.py:reply"}\n'
    )
    (verdict,) = played(RICH, RICH_MODEL, head)
    assert verdict.outcome == "passed", verdict
    return Path(verdict.trace)
