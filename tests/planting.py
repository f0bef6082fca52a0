"""Plants what no trace should hold: in a stored trace, past the redactor, and sealed again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentbox.trace import digest_of
from agentbox.trace.encoding import decode, encode, event_hash

SAMPLE = Path(__file__).parent / "trace" / "samples" / "v1" / "parallel.jsonl"
RESULT = "tool.result"


def resealed(change: Callable[[dict[str, Any]], None], content: bytes = b"") -> bytes:
    """Return a trace whose events were changed, with hashes and a seal that fit."""
    lines = [decode(line) for line in (content or SAMPLE.read_bytes()).splitlines()]
    for event in lines[:-1]:
        change(event)
    body = b"".join(map(_line, lines[:-1]))
    digest, events = digest_of(body + b'the seal\'s line,"h":"\n')
    return body + _line(lines[-1] | {"digest": digest, "events": events})


def planted(value: Any, field: str = "text", kind: str = RESULT) -> bytes:
    """Return a trace with a value in a field of the first event of a kind."""
    places = [field]

    def change(event: dict[str, Any]) -> None:
        if places and event["kind"] == kind:
            event[places.pop()] = value

    return resealed(change)


def _line(event: dict[str, Any]) -> bytes:
    side = {key: event[key] for key in ("seq", "side", "wall") if key in event}
    content = {key: event[key] for key in event if key not in (*side, "h")}
    body = encode(content)
    return b'%b,"h":"%016x",%b\n' % (body[:-1], event_hash(body), encode(side)[1:])
