"""Writes a trace: one event a line, flushed before the next effect begins, never rewritten.

After a kill at any byte the file opens: what was in flight is a request without a result, and at
most the last line is torn. A message is written once: where the event that brought it is on the
tape already, a later prompt refers to that event.

A request or a start is flushed at once, with all before it. Anything else waits for the next of
these, or for the event loop's next turn, whichever is first: nothing outside the run can happen in
between, and a step takes two writes instead of four.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.errors import Problem, TraceError
from agentbox.core.messages import Json, Message, Segment, ToolSpec
from agentbox.core.requests import Ask
from agentbox.core.trace import Position
from agentbox.trace.encoding import encode, event_hash, short_hash
from agentbox.trace.redaction import Redactor

BLOB_BYTES = 1024
"""A field of this size or more is written as a blob, once, before the event that uses it."""
REFERENCE = "$blob"
MAIN_LOG = "main"
_QUOTED_REFERENCE = b'"$blob"'
_AT_ONCE = (".request", ".start")
"""What stands behind these events happens next, or has happened: an effect, a server, a run."""
_64_BITS = 0xFFFF_FFFF_FFFF_FFFF

Sink: TypeAlias = Callable[[bytes], None]
Elapsed: TypeAlias = Callable[[], float]
Later: TypeAlias = Callable[[Callable[[], None]], object]


_Waiting: TypeAlias = tuple[bytes, float, bytes]
"""An event's content, when it was emitted, and what stands beside it."""


class TraceWriter:
    """A `Recorder` that writes lines to a sink."""

    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        elapsed: Elapsed,
        redactor: Redactor | None = None,
        later: Later | None = None,
    ) -> None:
        """Write to `sink`; without `later`, the event loop's `call_soon`, every event at once."""
        self._sink = sink
        self._later = later
        self._waiting: list[_Waiting] = []
        self._lines: list[bytes] = []
        self._scheduled = False
        self._clock = clock
        self._elapsed = elapsed
        self._started = elapsed()
        self._redactor = redactor or Redactor()
        self._suspect = self._redactor.suspect
        self._sum = 0
        self._events = 0
        self._blobs: dict[str, None] = {}
        self._tables: dict[int, tuple[object, str]] = {}
        self._logs: dict[str, _Log] = {}
        self._carried: dict[int, tuple[Message, Position]] = {}

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
    ) -> None:
        """Append one event; a request or a start is flushed before this returns.

        `side` is flat and has no key `h`: what stands before the last `h` of a line is hashed.
        """
        content = {**data, "at": at, "kind": kind, "clock": self._clock.offset or 0}
        body = encode(content)
        if len(body) >= BLOB_BYTES or _QUOTED_REFERENCE in body:
            content.update({key: self._slim(value) for key, value in data.items()})
            body = encode(content)
        beside = b',"side":' + self._redactor.line(encode(side)) if side is not None else b""
        self._waiting.append((body, self._elapsed(), beside))
        if self._later is None or kind.endswith(_AT_ONCE):
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            self._later(self._turn)

    def flush(self) -> None:
        """Hand every event so far to the sink: without its secrets, hashed, numbered."""
        waiting = self._waiting
        if waiting:
            self._waiting = []
            self._lines += self._finished(waiting)
        if self._lines:
            self._sink(b"".join(self._lines))
            self._lines.clear()

    def _finished(self, waiting: list[_Waiting]) -> Iterator[bytes]:
        suspect = self._suspect(b"".join([body for body, _, _ in waiting]))
        number, started = self._events, self._started
        for body, moment, beside in waiting:
            clean = self._redactor.line(body) if suspect else body
            digest = event_hash(clean)
            self._sum += digest
            wall = (moment - started) * 1e6
            yield b'%b,"h":"%016x","seq":%d%b,"wall":%d}\n' % (
                clean[:-1],
                digest,
                number,
                beside,
                wall,
            )
            number += 1
        self._events = number

    def blob(self, value: Json) -> str:
        """Return the content hash of `value`; write it once, before its first use."""
        content = self._redactor.line(encode(value))
        name = short_hash(content)
        if name not in self._blobs:
            self._blobs[name] = None
            line = b'{"at":"","clock":0,"data":%b,"id":"%b","kind":"blob"}'
            self._waiting.append((line % (content, name.encode()), self._elapsed(), b""))
        return name

    def prompt(self, at: Position, ask: Ask) -> dict[str, Json]:
        """Return a model request's payload: only what no earlier event holds is in it."""
        view = ask.messages
        log = self._logs.get(view.name)
        if log is None:
            log = self._logs[view.name] = _Log()
        run = at.partition("/")[0] + "/"
        data: dict[str, Json] = {
            "n": len(view),
            "new": [self._brought(message, log, run) for message in view.since(log.length)],
            "prompt": log.hash.hexdigest(),
            "tools": self._table(ask.tools, _tool_table),
            "slots": self._table(view.segments, _slot_table),
        }
        if ask.output is not None:
            data["output"] = self.blob(ask.output)
        if ask.aside:
            data["aside"] = ask.aside
        if view.name != MAIN_LOG:
            data["log"] = view.name
        return data

    def carried(self, at: Position, message: Message) -> None:
        """Say that the event at `at` holds this message."""
        self._carried[id(message)] = (message, at)

    def seal(self) -> None:
        """Write the last line: the digest of all before it."""
        self.flush()
        seal = {"digest": f"{self._sum & _64_BITS:016x}", "events": self._events}
        self._waiting.append((encode({"at": "", "kind": "seal", **seal}), self._elapsed(), b""))
        self.flush()

    def _turn(self) -> None:
        self._scheduled = False
        with suppress(TraceError):  # what cannot be written now waits for who can be told
            self.flush()

    def _slim(self, value: Json) -> Json:
        if value is None or isinstance(value, (int, float)):
            return value
        content = encode(value)
        if len(content) >= BLOB_BYTES or _QUOTED_REFERENCE in content:
            return {REFERENCE: self.blob(value)}
        return value

    def _brought(self, message: Message, log: _Log, run: str) -> Json:
        """Return the message, or the position of the event that holds it, without its run."""
        log.hash.update(_content(message))
        log.length += 1
        _, at = self._carried.pop(id(message), (None, ""))
        return at.removeprefix(run) or self._slim(message_data(message))

    def _table(self, table: tuple[Any, ...], render: Callable[[Any], Json]) -> str:
        known = self._tables.get(id(table))
        if known is None or known[0] is not table:
            known = self._tables[id(table)] = (table, self.blob(render(table)))
        return known[1]


class _Log:
    __slots__ = ("hash", "length")

    def __init__(self) -> None:
        self.hash = blake2b(digest_size=8)
        """Of all messages so far."""
        self.length = 0


def _content(message: Message) -> bytes:
    """Return what of a message a prompt is compared by: all but ids, which are positions."""
    calls = [(call.name, call.args, call.malformed) for call in message.calls]
    return encode((message.role, message.text, message.failed, calls, message.parts))


def message_data(message: Message) -> dict[str, Json]:
    """Return a message as JSON, defaults left out."""
    data: dict[str, Json] = {"role": message.role}
    if message.text:
        data["text"] = message.text
    if message.calls:
        data["calls"] = [
            {"tool": c.name, "args": c.args} | ({"malformed": c.malformed} if c.malformed else {})
            for c in message.calls
        ]
    if message.call_id:
        data["call_id"] = message.call_id
    if message.parts:
        data["parts"] = list(message.parts)
    if message.failed:
        data["failed"] = True
    return data


def _tool_table(tools: tuple[ToolSpec, ...]) -> Json:
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.input_schema,
            "output_schema": tool.output_schema,
            "annotations": tool.annotations,
        }
        for tool in tools
    ]


def _slot_table(segments: tuple[Segment, ...]) -> Json:
    return [
        {"slot": s.slot, "state": s.state, "origin": s.origin, "text": s.text} for s in segments
    ]


class TraceFile:
    """A sink that appends to a file of its own, in a folder that is there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o644)
        except OSError as error:
            raise _cannot(path, error) from error

    def __call__(self, line: bytes) -> None:
        """Append a line, whole."""
        try:
            written = os.write(self._fd, line)
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except OSError as error:
            raise _cannot(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _cannot(path: Path, error: OSError) -> TraceError:
    hint = "free or unlock the folder, or name another with --runs DIR"
    return TraceError(Problem(f"cannot write the trace {path}: {error.strerror}", hint=hint))
