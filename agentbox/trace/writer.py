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
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.errors import Problem, TraceError
from agentbox.core.messages import Json, Message, Segment, ToolSpec
from agentbox.core.prompts import MAIN_LOG
from agentbox.core.requests import Ask
from agentbox.core.trace import Position
from agentbox.trace.encoding import encode, encode_in_order, event_hash, short_hash
from agentbox.trace.redaction import Redactor
from agentbox.trace.tables import message_data, prompt_content, slot_table, tool_table

BLOB_BYTES = 1024
"""A field of this size or more is written as a blob, once, before the event that uses it."""
REFERENCE = "$blob"
_QUOTED_REFERENCE = b'"$blob"'
_AT_ONCE = frozenset(
    [
        "run.start",
        "server.start",
        "model.request",
        "tool.request",
        "user.request",
        "observe.request",
        "server.request",
    ]
)
"""What stands behind these events happens next, or has happened: an effect, a server, a run."""
_64_BITS = 0xFFFF_FFFF_FFFF_FFFF

_START = "run.start"
_NOWHERE = (None, "", False)

Sink: TypeAlias = Callable[[bytes], None]
Elapsed: TypeAlias = Callable[[], float]
Write: TypeAlias = Callable[[Json], bytes]
Later: TypeAlias = Callable[[Callable[[], None]], object]


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
        self._logs: dict[str, _Log] = {}
        self._carried: dict[int, tuple[Message, Position, bool]] = {}
        """What events hold of messages that no prompt has shown yet, and whether it is clean."""

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
        holds: Message | None = None,
    ) -> None:
        """Append one event; a request or a start is flushed before this returns.

        `side` is flat and has no key `h`: what stands before the last `h` of a line is hashed.
        """
        content = {"at": at, "kind": kind, "clock": self._clock.offset or 0, **data}
        body = encode(content)
        found = self._suspect(body)
        if kind == _START:  # of a scenario's mappings, the order may matter
            body = self._slimmed(content, encode_in_order(content), encode_in_order)
        elif found or len(body) >= BLOB_BYTES:
            body = self._slimmed(content, body)
        if holds is not None:
            self._carried[id(holds)] = (holds, at, not found)
        beside = b',"side":' + self._redactor.line(encode(side)) if side else b""
        self._append(body, beside, at_once=kind in _AT_ONCE)

    def _slimmed(self, content: dict[str, Json], body: bytes, write: Write = encode) -> bytes:
        """Return an event's content without its secrets, long values as references."""
        if len(body) >= BLOB_BYTES or _QUOTED_REFERENCE in body:
            slim = {key: self._slim(v, write) for key, v in content.items() if key != "at"}
            body = write({"at": content["at"], **slim})
        return self._redactor.line(body, write)

    def _append(self, body: bytes, side: bytes = b"", *, at_once: bool = False) -> None:
        """Finish a line whose content is clean: hashed, numbered, timed."""
        digest = event_hash(body)
        wall = (self._elapsed() - self._started) * 1e6
        line = b'%b,"h":"%016x","seq":%d%b,"wall":%d}\n'
        self._lines.append(line % (body[:-1], digest, self._events, side, wall))
        self._sum += digest
        self._events += 1
        if at_once or self._later is None:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            self._later(self._turn)

    def flush(self) -> None:
        """Hand every event so far to the sink."""
        if self._lines:
            self._sink(b"".join(self._lines))
            self._lines.clear()

    def blob(self, value: Json, write: Write = encode) -> str:
        """Return the content hash of `value`; write it once, before its first use."""
        content = self._redactor.line(write(value), write)
        name = short_hash(content)
        if name not in self._blobs:
            self._blobs[name] = None
            line = b'{"at":"","clock":0,"data":%b,"id":"%b","kind":"blob"}'
            self._append(line % (content, name.encode()))
        return name

    def ask(self, at: Position, ask: Ask) -> None:
        """Append a model request: of its messages, those that no earlier event holds."""
        view = ask.messages
        log = self._logs.get(view.name)
        if log is None:
            log = self._logs[view.name] = _Log(at.partition("/")[0] + "/")
        if ask.tools is not log.tools:
            log.tools, log.tool_table = ask.tools, self.blob(tool_table(ask.tools))
        if view.segments is not log.segments:
            log.segments, log.slot_table = view.segments, self.blob(slot_table(view.segments))
        log.inline = False
        new = [self._brought(message, log) for message in view.since(log.length)]
        log.length += len(new)
        content: dict[str, Json] = {
            "at": at,
            "kind": "model.request",
            "clock": self._clock.offset or 0,
            "n": log.length,
            "new": new,
            "prompt": f"{log.hash:016x}",
            "tools": log.tool_table,
            "slots": log.slot_table,
        }
        if ask.output is not None:
            content["output"] = self.blob(ask.output)
        if ask.aside:
            content["aside"] = ask.aside
        if view.name != MAIN_LOG:
            content["log"] = view.name
        body = encode(content)
        self._append(self._slimmed(content, body) if log.inline else body, at_once=True)

    def seal(self) -> None:
        """Write the last line: the digest of all before it."""
        seal = {"digest": f"{self._sum & _64_BITS:016x}", "events": self._events}
        self._append(encode({"at": "", "kind": "seal", **seal}))
        self.flush()

    def _turn(self) -> None:
        self._scheduled = False
        with suppress(TraceError):  # what cannot be written now waits for who can be told
            self.flush()

    def _slim(self, value: Json, write: Write = encode) -> Json:
        if value is None or isinstance(value, (int, float)):
            return value
        content = write(value)
        if len(content) >= BLOB_BYTES or _QUOTED_REFERENCE in content:
            return {REFERENCE: self.blob(value, write)}
        return value

    def _brought(self, message: Message, log: _Log) -> Json:
        """Return the position of the event that holds the message, without its run; or itself."""
        _, at, clean = self._carried.pop(id(message), _NOWHERE)
        content = prompt_content(message)
        log.hash = event_hash(content if clean else self._redactor.line(content), log.hash)
        if at:
            return at.removeprefix(log.run)
        log.inline = True
        return self._slim(message_data(message))


class _Log:
    __slots__ = ("hash", "inline", "length", "run", "segments", "slot_table", "tool_table", "tools")

    def __init__(self, run: str) -> None:
        self.run = run
        """What its positions begin with."""
        self.hash = 0
        """Of all messages so far: each one's hash seeds the next one's."""
        self.length = 0
        self.inline = False
        """Whether the present request holds a message that no event does."""
        self.tools: tuple[ToolSpec, ...] | None = None
        self.tool_table = ""
        self.segments: tuple[Segment, ...] | None = None
        self.slot_table = ""


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
