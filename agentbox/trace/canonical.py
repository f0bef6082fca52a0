"""The canonical form: blobs first, events sorted by position, side fields dropped.

"Identical", hash and diff always mean this form. Events of one position keep the order they were
written in, which one flow of control decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from agentbox.core.errors import Mark, Problem
from agentbox.core.messages import is_object
from agentbox.core.trace import MAX_POSITION, SIDE_FIELDS, position_key
from agentbox.trace.encoding import decode, encode, event_hash, lines_of
from agentbox.trace.reader import Trace


def canonical_lines(content: bytes) -> Iterator[bytes]:
    """Yield the canonical lines of a trace; the seal and lines that are no events are left out."""
    events = [event for event in map(_event, lines_of(content)) if event]
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
    if not isinstance(data.get("at"), str) or len(data["at"]) > MAX_POSITION:
        return None
    return {key: value for key, value in data.items() if key not in SIDE_FIELDS}


def digest_of(content: bytes) -> tuple[str, int]:
    """Return what the seal of these lines should say: digest and number of events.

    The digest is the sum, modulo 2^64, of the events' hashes, so that it does not depend on the
    order in which concurrent calls finished. Each hash is computed anew from its line.

    Raises:
        ValueError: a line has no hash.
    """
    *hashes, _ = [_computed(line) for line in lines_of(content)]
    return _digest(hashes)


def edited(trace: Trace, content: bytes) -> list[Problem]:
    """Return a problem where a trace was changed after it was written: each line that was.

    Where no line was, lines were taken out, put in or written twice: then its seal tells.
    """
    name = PurePath(trace.path).name
    hashes: list[int] = []
    changed: list[Problem] = []
    for number, line in enumerate(lines_of(content), 1):
        told = _told(line)
        computed = _computed(line) if told else 0
        hashes.append(computed)
        if told and told != b"%016x" % computed:
            why = f"line {number} of {name} was changed after it was written: its hash does not fit"
            changed.append(Problem(why, Mark(trace.path, number, 1)))
    if changed or not trace.complete or trace.problems:
        return changed
    seal = trace.events[-1].data
    if 0 not in hashes and _digest(hashes[:-1]) == (seal.get("digest"), seal.get("events")):
        return []
    return [Problem(f"{name} was changed after it was written: its seal does not fit")]


_HASH = b',"h":"'


def _digest(hashes: Sequence[int]) -> tuple[str, int]:
    return f"{sum(hashes) & 0xFFFFFFFFFFFFFFFF:016x}", len(hashes)


def _computed(line: bytes) -> int:
    """Return the hash of a line's content: of what stands before its own."""
    return event_hash(line[: line.rindex(_HASH)] + b"}")


def _told(line: bytes) -> bytes:
    """Return the hash that a whole line tells; nothing where it tells none.

    A torn line is the reader's to tell.
    """
    at = line.rfind(_HASH) + len(_HASH)
    return line[at : at + 16] if at >= len(_HASH) and line.endswith(b"}\n") else b""
