"""The canonical form: blobs first, events sorted by position, side fields dropped.

"Identical", hash and diff always mean this form. Events of one position keep the order they were
written in, which one flow of control decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from agentbox.core.errors import Problem
from agentbox.core.messages import is_object
from agentbox.core.trace import SIDE_FIELDS, position_key
from agentbox.trace.encoding import decode, encode, event_hash
from agentbox.trace.reader import Trace


def canonical_lines(content: bytes) -> Iterator[bytes]:
    """Yield the canonical lines of a trace; the seal and lines that are no events are left out."""
    events = [event for event in map(_event, content.splitlines()) if event]
    blobs = sorted(encode(event) for event in events if event["kind"] == "blob")
    yield from blobs
    kept = [event for event in events if event["kind"] not in ("blob", "seal")]
    for event in sorted(kept, key=lambda event: position_key(event["at"])):
        yield encode(event)


def _event(line: bytes) -> dict[str, Any] | None:
    """Return a line's content; None where it is no event, as the reader reports."""
    try:
        data = decode(line)
    except ValueError:
        return None
    if not is_object(data) or not isinstance(data.get("kind"), str):
        return None
    if not isinstance(data.get("at"), str):
        return None
    return {key: value for key, value in data.items() if key not in SIDE_FIELDS}


def digest_of(content: bytes) -> tuple[str, int]:
    """Return what the seal of these lines should say: digest and number of events.

    The digest is the sum, modulo 2^64, of the events' hashes, so that it does not depend on the
    order in which concurrent calls finished. Each hash is computed anew from its line.
    """
    total = count = 0
    for line in content.splitlines():
        if decode(line)["kind"] == "seal":
            continue
        body = line[: line.rindex(b',"h":"')] + b"}"
        total += event_hash(body)
        count += 1
    return f"{total & 0xFFFFFFFFFFFFFFFF:016x}", count


def edited(trace: Trace, content: bytes) -> list[Problem]:
    """Return a problem where a trace is not what its seal says: it was changed after the run."""
    if not trace.complete or trace.problems:
        return []
    seal = trace.events[-1].data
    with suppress(ValueError):  # a line without its hash
        if digest_of(content) == (seal.get("digest"), seal.get("events")):
            return []
    name = PurePath(trace.path).name
    return [Problem(f"{name} was changed after it was written: its seal does not fit")]
