"""A recorder that writes nothing: it holds what happens against what is on a tape.

Each event is compared with the next one that the tape has at its position, by canonical content.
The first that does not fit is the divergence; with it the run ends. Events that only a world makes
are not compared (servers, frames, looks): of a tape, nobody makes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.divergence import Divergence
from agentbox.core.errors import WorldError
from agentbox.core.messages import Json, Message
from agentbox.core.prompts import MAIN_LOG
from agentbox.core.requests import Ask
from agentbox.core.tape import TapeEnded
from agentbox.core.trace import Position, TraceEvent
from agentbox.trace.diverging import (
    Unplayed,
    body_of,
    differing,
    off_the_tape,
    other_prompt,
    unlike,
    unused,
)
from agentbox.trace.encoding import decode, encode, event_hash
from agentbox.trace.reader import Trace
from agentbox.trace.redaction import Redactor
from agentbox.trace.tables import prompt_content, slot_table, tool_table

REQUEST = "model.request"
_WORLDS = re.compile(
    r"server\.\w+|mcp\.frame|tools\.changed|injection|run\.start|run\.end|check\.result"
    r"|fork|seal|blob"
)
"""Kinds of events that are not compared: a world makes them, or whoever judges or forks."""
_INSIDE = re.compile(r"^h:[^/]*/server-|/look\d+/")
"""Positions of what servers and looks do by themselves."""
_INTERRUPTED = "interrupted"

_Expected: TypeAlias = list[tuple[TraceEvent, bytes]]


class Diverged(WorldError):
    """The run is not the one on the tape."""

    def __init__(self, divergence: Divergence) -> None:
        super().__init__(f"{divergence.kind} at {divergence.at}")
        self.divergence = divergence


class Comparing:
    """Compares a run with a tape."""

    def __init__(
        self,
        trace: Trace,
        clock: Clock,
        redactor: Redactor,
        beyond: frozenset[str] = frozenset(),
    ) -> None:
        """Compare with `trace`; events of kinds `beyond` are not held to it."""
        self.compared = 0
        """Events that are the same."""
        self.divergence: Divergence | None = None
        self.over = False
        """Nothing is compared any more: the run has diverged, or the tape has ended."""
        self._trace = trace
        self._clock = clock
        self._redactor = redactor
        self._left = 0
        self._expected: dict[Position, _Expected] = {}
        """What the tape has at each position, the next last."""
        self._logs: dict[str, _Log] = {}
        self._unlike: dict[str, Divergence] = {}
        """What the scenario that is played gives otherwise, and no other event shows."""
        for event in reversed(trace.events):
            if _is_held(event) and event.kind not in beyond:
                body = b"" if event.kind == REQUEST else body_of(event)
                self._expected.setdefault(event.at, []).append((event, body))
                self._left += 1

    def expect(self, played: Mapping[str, Json]) -> None:
        """Hold the scenario that is played, as a header would have it, to that of the tape."""
        self._unlike = unlike(self._trace, decode(self._redactor.line(encode(played))))

    def emit(
        self,
        at: Position,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,  # noqa: ARG002 - no content
        holds: Message | None = None,  # noqa: ARG002 - a prompt is compared as a whole
    ) -> None:
        """Compare one event.

        Raises:
            Diverged: it is not what the tape has.
            TapeEnded: the tape has nothing more, for its run broke off here.
        """
        expected = self._expected.get(at)
        if not expected or self.over:
            self._off(at, kind, data)
        event, body = expected[-1]
        now = encode(data)
        same = now == body or self._redactor.line(now) == body
        if same and event.kind == kind and event.clock == self._clock.offset:
            expected.pop()
            self._left -= 1
            self.compared += 1
            return
        self._end_here(at, kind)
        self._diverge(differing(event, kind, data, self._clock.offset, self._unplayed()))

    def ask(self, at: Position, ask: Ask) -> None:
        """Compare a model request: the whole prompt, the tools, how it is asked.

        Raises:
            Diverged: it is not what the tape has.
            TapeEnded: as above.
        """
        expected = self._expected.get(at)
        if not expected or self.over:
            self._off(at, REQUEST, {})
        event, view = expected[-1][0], ask.messages
        log = self._logs.get(view.name)
        if log is None:
            log = self._logs[view.name] = _Log(self._redactor)
        log.take(view.since(log.length))
        if (
            event.kind == REQUEST
            and event.clock == self._clock.offset
            and _asked(event.data) == (f"{log.hash:016x}", log.length, ask.aside, view.name)
            and log.tools.fits(ask.tools, event.data.get("tools"))
            and log.slots.fits(view.segments, event.data.get("slots"))
            and _fits(ask.output, event.data.get("output"))
        ):
            expected.pop()
            self._left -= 1
            self.compared += 1
            if self._unlike and at[0] in self._unlike:
                self._diverge(replace(self._unlike[at[0]], at=at, line=event.line))
            return
        if event.kind != REQUEST:
            self._diverge(differing(event, REQUEST, {}, self._clock.offset, self._unplayed()))
        self._diverge(other_prompt(self._trace, event, ask, self._clock.offset))

    def blob(self, value: Json) -> str:
        """Return the hash of `value`; nothing is written."""
        return f"{event_hash(encode(value)):016x}"

    def finish(self, broke: str = "") -> None:
        """Say that the run is over, and what broke it, if anything did.

        Raises:
            Diverged: the tape has more, or the world was given something else.
        """
        if self._left and not self.over:
            whole = [event for event in self._trace.events if _is_held(event)]
            self._diverge(unused(whole, self._unplayed(), broke))
        if "run" in self._unlike and not self.over:
            self._diverge(self._unlike["run"])

    def _unplayed(self) -> Unplayed:
        return [event for left in self._expected.values() for event, _ in left]

    def _off(self, at: Position, kind: str, data: Mapping[str, Json]) -> NoReturn:
        """Say what is wrong where the tape has nothing at a position."""
        self._end_here(at, kind)
        self._diverge(off_the_tape(at, kind, data, self._unplayed()))

    def _end_here(self, at: Position, kind: str) -> None:
        """End where the run on the tape broke off: everything is played, or this has no answer.

        Raises:
            TapeEnded: it did.
        """
        if not self.over and _broke_off(self._trace):
            in_flight = {event.at for event in self._trace.in_flight()}
            self.over = not self._left or (kind.endswith(".result") and at in in_flight)
        if self.over:
            answer = "the answer at " if kind.endswith(".result") else ""
            raise TapeEnded(f"the tape ends before {answer}{at}")

    def _diverge(self, divergence: Divergence) -> NoReturn:
        self.over = True
        self.divergence = divergence
        raise Diverged(divergence)


class _Log:
    """One log of messages, as far as it was compared."""

    __slots__ = ("_redactor", "hash", "length", "slots", "tools")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.hash = 0
        self.length = 0
        self.tools = _Table(tool_table, redactor)
        self.slots = _Table(slot_table, redactor)

    def take(self, new: Sequence[Message]) -> None:
        """Take in the messages that are new in a prompt."""
        for message in new:
            self.hash = event_hash(self._redactor.line(prompt_content(message)), self.hash)
        self.length += len(new)


class _Table:
    """A table that is the tape's: shown again, the same objects are the same."""

    __slots__ = ("_as_json", "_now", "_recorded", "_redactor")

    def __init__(self, as_json: Callable[[Any], Json], redactor: Redactor) -> None:
        self._as_json = as_json
        self._redactor = redactor
        self._now: object = None
        self._recorded: object = None

    def fits(self, now: object, recorded: Json) -> bool:
        """Whether a table of now is the one recorded."""
        if now is self._now and recorded is self._recorded:
            return True
        content, wanted = encode(self._as_json(now)), encode(recorded)
        if content != wanted and self._redactor.line(content) != wanted:
            return False
        self._now, self._recorded = now, recorded
        return True


def _asked(data: Mapping[str, Json]) -> tuple[Json, ...]:
    return data.get("prompt"), data.get("n"), data.get("aside", ""), data.get("log", MAIN_LOG)


def _fits(output: Mapping[str, Json] | None, recorded: Json) -> bool:
    return output is recorded or encode(output) == encode(recorded)


def is_compared(at: Position, kind: str) -> bool:
    """Return whether an event says what a loop or a wrapper did, and no world by itself."""
    return not (_WORLDS.fullmatch(kind) or _INSIDE.search(at))


def _is_held(event: TraceEvent) -> bool:
    """Return whether a run is held to an event of the tape."""
    if not is_compared(event.at, event.kind):
        return False
    return _INTERRUPTED not in (event.data.get("status"), event.data.get("error"))


def _broke_off(trace: Trace) -> bool:
    """Return whether the run on the tape ended before its time: killed, or errored."""
    ends = [event for event in trace.events if event.kind == "run.end"]
    return not trace.complete or not ends or ends[-1].data.get("outcome") == "errored"
