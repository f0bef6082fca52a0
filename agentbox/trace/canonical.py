"""The canonical form: blobs first, events sorted by position, side fields dropped.

"Identical", hash and diff always mean this form. Events of one position keep the order they were
written in, which one flow of control decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from agentbox.core.errors import Mark, Problem
from agentbox.core.messages import is_object
from agentbox.core.trace import MAX_POSITION, SIDE_FIELDS, position_key
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
    lines = _unsealed(content)
    total = sum(event_hash(_hashed(line)) for line in lines)
    return f"{total & 0xFFFFFFFFFFFFFFFF:016x}", len(lines)


def edited(trace: Trace, content: bytes) -> list[Problem]:
    """Return a problem where a trace was changed after it was written: each line that was.

    Where no line was, lines were taken out, put in or written twice: then its seal tells.
    """
    name = PurePath(trace.path).name
    changed = [
        Problem(
            f"line {number} of {name} was changed after it was written: its hash does not fit",
            Mark(trace.path, number, 1),
        )
        for number, line in enumerate(content.splitlines(keepends=True), 1)
        if _is_changed(line)
    ]
    if changed or not trace.complete or trace.problems:
        return changed
    seal = trace.events[-1].data
    with suppress(ValueError):  # a line without its hash
        if digest_of(content) == (seal.get("digest"), seal.get("events")):
            return []
    return [Problem(f"{name} was changed after it was written: its seal does not fit")]


_HASH = b',"h":"'


def _unsealed(content: bytes) -> list[bytes]:
    """Return the lines of a sealed trace but the last."""
    return content.splitlines()[:-1]


def _hashed(line: bytes) -> bytes:
    """Return what of a line its hash is of."""
    return line[: line.rindex(_HASH)] + b"}"


def _is_changed(line: bytes) -> bool:
    """Return whether a whole line is not what its hash says; a torn one is the reader's to tell."""
    at = line.rfind(_HASH)
    if at < 0 or not line.endswith(b"}\n"):
        return False
    told = line[at + len(_HASH) : at + len(_HASH) + 16]
    return told != b"%016x" % event_hash(line[:at] + b"}")
