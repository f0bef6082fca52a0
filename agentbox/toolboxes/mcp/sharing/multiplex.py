"""One process whose frames are parted among the cases that share it.

- A request goes out under a number of ours, its progress token with it; what comes back under that
  number goes to the case that sent it, with its own id and token.
- Requests are made in turns: while a case waits for an answer, no other asks. So what names no
  request of ours (a form, a log message, a line that is no MCP) comes to the case whose turn it is.
  That holds for both eras: a modern log message names no request either. And many a server reads
  the answer to what it asks in a call from the very next line.
- What comes before the first call or read is said to everybody, also to those who come later. What
  comes between turns is nobody's, and dropped.
- The handshake is made once.
- A process in which a case gave up on a request may hang in it: it is left to that case alone.

No case sees another's frames, so its trace is what it would be at a process of its own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from agentbox.core.messages import Json
from agentbox.toolboxes.mcp.frames import (
    CALL,
    CANCELLED,
    CHANGED,
    READ,
    Frame,
    Wire,
    is_frame,
    key_of,
)
from agentbox.toolboxes.mcp.plans import Plan, Site
from agentbox.toolboxes.mcp.process import Process
from agentbox.toolboxes.mcp.sharing.handshake import Handshake
from agentbox.toolboxes.mcp.sharing.inbox import (
    END,
    GREETED,
    GREETINGS,
    LISTEN,
    Inbox,
    Note,
    Place,
    Sent,
    in_turn,
)
from agentbox.toolboxes.mcp.sharing.renaming import news, numbered, returned, subscription

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp.streams import Lines

_BEGIN = frozenset({CALL, READ})
"""What ends the time in which all is said to everybody."""
_NOBODY = {"code": -32600, "message": "No call is open"}


class Multiplex:
    """A process and who shares it."""

    def __init__(self, plan: Plan, site: Site, freed: Callable[[], None]) -> None:
        """Start the process; `freed` hears of each end of a turn.

        Raises:
            WorldError: it cannot be started.
        """
        self.process = Process(plan, site, self._died)
        self.lost = ""
        self.ended = False
        self.only: Inbox | None = None
        """Whose alone it is, for it may hang in a request of theirs."""
        self.holder: Inbox | None = None
        """Whose turn it is."""
        self._patience = site.deadlines.close
        self._freed = freed
        self._held = 0
        self._numbers = itertools.count(1)
        self._sent: dict[int | str, Sent] = {}
        self._handshake = Handshake()
        self._greeted = False
        self._begun = False
        self._early: list[Frame] = []
        self._early_notes: list[Note] = []
        self._places: dict[Inbox, Place] = {}
        self._asked: list[int | str] = []
        self._unanswered: dict[int | str, Inbox | None] = {}
        self._bereft: tuple[Inbox, ...] = ()
        self._lines: Lines | None = None
        self._attached = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    # -- who is here

    def fits(self, inbox: Inbox | None) -> bool:
        """Return whether a case may use it; None for one that comes."""
        return not self.ended and self.only in (None, inbox)

    def open(self, inbox: Inbox) -> None:
        """Let a case in. One that comes from another process was told there what comes first."""
        moved = inbox.hello is not None
        self._places[inbox] = Place(listens=moved, ready=moved)
        for early in self._early if inbox.hello else ():
            if self._unanswered.get(early.get("id", ""), END) is None:
                self._hand(inbox, early)

    def leave(self, inbox: Inbox) -> list[Frame]:
        """Let a case go, and give up on what it asked; return what it wanted news of."""
        self._places.pop(inbox, None)
        mine = [sent for sent in self._open() if sent.inbox is inbox]
        for sent in mine:
            self._give_up(sent)
        if self._handshake.forget(inbox):
            self.only = inbox
        return [sent.frame for sent in mine if sent.method == LISTEN]

    def claim(self, inbox: Inbox) -> None:
        """Begin a turn of a case's, or one more call in it."""
        self.holder = inbox
        self._held += 1

    def release(self) -> None:
        """End a call; after the last, the turn."""
        self._held -= 1
        if not self._held:
            self.holder = None
            self._freed()

    # -- out

    def send(self, inbox: Inbox, frame: Frame) -> None:
        """Send a case's frame.

        Raises:
            BrokenPipeError: the server does not listen any more.
        """
        if "method" not in frame:
            self._reply(inbox, frame)
        elif "id" not in frame:
            self._notify(inbox, frame)
        elif frame["method"] in GREETINGS:
            self._greet(Sent(inbox, frame))
        else:
            self._begun = self._begun or frame["method"] in _BEGIN
            number = next(self._numbers)
            self._write(numbered(frame, number))
            self._sent[number] = Sent(inbox, frame)

    def _write(self, frame: Frame) -> None:
        if self._lines is None or self.ended:
            raise BrokenPipeError
        self._lines.write(frame)

    def _greet(self, sent: Sent) -> None:
        self._listens(sent.inbox)
        number = next(self._numbers)
        if self._handshake.greet(sent, number):
            self._write({**sent.frame, "id": number})

    def _listens(self, inbox: Inbox) -> None:
        """Tell a case that has begun to speak what was noted so far: no sooner, as it is alone."""
        place = self._places.get(inbox)
        if place and not place.listens:
            place.listens = True
            for note in self._early_notes:
                inbox.items.put_nowait(note)

    def _notify(self, inbox: Inbox, frame: Frame) -> None:
        if frame["method"] == CANCELLED:
            self._cancel(inbox, frame["params"]["requestId"])
        elif frame["method"] != GREETED:
            self._write(frame)
        else:
            if not self._greeted:
                self._greeted = True
                self._write(frame)
            self._welcomed(inbox)

    def _welcomed(self, inbox: Inbox) -> None:
        """Let a case be asked what everybody was asked."""
        place = self._places.get(inbox)
        if place and not place.ready:
            place.ready = True
            for early in self._early:
                self._hand(inbox, early)

    def _cancel(self, inbox: Inbox, key: int | str) -> None:
        for sent in self._open():
            if sent.inbox is inbox and sent.frame["id"] == key:
                self._give_up(sent)
        self._handshake.forget(inbox, key)

    def _give_up(self, sent: Sent) -> None:
        if sent.waits:
            self.only = sent.inbox
        number = next(number for number, each in self._sent.items() if each is sent)
        self._settle(sent)
        with suppress(BrokenPipeError):
            self._write({"jsonrpc": "2.0", "method": CANCELLED, "params": {"requestId": number}})

    def _settle(self, sent: Sent) -> None:
        if not sent.over:
            sent.over = True
            if in_turn(sent.method):
                self.release()

    def _reply(self, inbox: Inbox, frame: Frame) -> None:
        """Send a case's answer, unless another has answered that already."""
        place = self._places.get(inbox)
        key = place.ids.get(frame["id"]) if place else None
        if key is not None and self._unanswered.get(key, END) in (None, inbox):
            del self._unanswered[key]
            self._write({**frame, "id": key})

    def _open(self) -> list[Sent]:
        return [sent for sent in self._sent.values() if not sent.over]

    # -- in

    async def attach(self) -> None:
        """Begin to read, if nobody has."""
        if self._reader is None:
            self._reader = asyncio.create_task(self._read())
        await self._attached.wait()

    async def _read(self) -> None:
        import anyio  # noqa: PLC0415 - servers are started first

        from agentbox.toolboxes.mcp.streams import Lines  # noqa: PLC0415 - the SDK, servers running

        lines = Lines(self.process, self)
        try:
            await self.process.attach()
            self._lines = lines
            self._attached.set()
            while True:
                self._came(await lines.receive())
        except anyio.EndOfStream:
            pass
        finally:
            self._end()
            self._attached.set()
            for inbox in self._bereft:
                if self.lost:
                    inbox.items.put_nowait(partial(_lose, why=self.lost))
                inbox.items.put_nowait(END)

    def _came(self, frame: Any) -> None:
        if not is_frame(frame):
            self._note(lambda wire: wire.blemish("not_mcp", "a line is no message of MCP", frame))
        elif "method" not in frame:
            self._answered(frame)
        elif "id" in frame:
            self._requested(frame)
        elif frame["method"] == CHANGED and not subscription(frame):
            for inbox in self._places:
                inbox.items.put_nowait(frame)
        else:
            self._told(frame)

    def _answered(self, frame: Frame) -> None:
        number = key_of(frame["id"])
        if self._handshake.answered(number, frame):
            return
        sent = self._sent.pop(number, None)
        if sent:
            self._settle(sent)
            sent.inbox.items.put_nowait(returned(frame, sent.frame))

    def _requested(self, frame: Frame) -> None:
        """Hand on what the server asks; what nobody is there for is answered here."""
        key, holder = frame["id"], self._speaker()
        if holder is None and self._begun:
            answer: Frame = {"result": {}} if frame["method"] == "ping" else {"error": _NOBODY}
            with suppress(BrokenPipeError):
                self._write({"jsonrpc": "2.0", "id": key, **answer})
            return
        self._asked.append(key)
        self._unanswered[key] = holder
        self._say(frame)

    def _told(self, frame: Frame) -> None:
        """Hand on news to the case whose request it names, or which it must be of."""
        params = frame.get("params", {})
        if frame["method"] == CANCELLED:
            self._withdrawn(frame, params.get("requestId"))
            return
        number = subscription(frame) or params.get("progressToken")
        if sent := self._named(number):
            sent.inbox.items.put_nowait(news(frame, sent.frame))
        elif not isinstance(number, int):  # a number is of a request that is over
            self._say(frame)

    def _withdrawn(self, frame: Frame, number: Json) -> None:
        """Tell who was asked that the server wants no answer any more, or ends what it told."""
        sent = self._named(number)
        whom = [(sent.inbox, sent.frame["id"])] if sent else self._asked_under(number)
        for inbox, key in whom:
            params = {**frame["params"], "requestId": key}
            inbox.items.put_nowait({**frame, "params": params})

    def _asked_under(self, number: Json) -> list[tuple[Inbox, int | str]]:
        """Return whom the server asked under an id of its own, with the id they know."""
        speaker = self._speaker()
        return [
            (inbox, own)
            for inbox, place in self._places.items()
            for own, key in place.ids.items()
            if key == number and (inbox is speaker or not self._begun)
        ]

    def _named(self, number: Json) -> Sent | None:
        return self._sent.get(number) if isinstance(number, (int, str)) else None

    # -- what names no request

    def blemish(self, code: str, message: str, seen: Any = None) -> None:
        """Note a flaw of the process's output."""
        self._note(lambda wire: wire.blemish(code, message, seen))

    def finding(self, code: str, message: str) -> None:
        """Note something wrong."""
        self._note(lambda wire: wire.finding(code, message))

    def _speaker(self) -> Inbox | None:
        """Return whom the server speaks to, by what it says now."""
        there = self._begun and self.holder in self._places  # not while it moves here
        return self.holder if there else None

    def _note(self, note: Note) -> None:
        speaker = self._speaker()
        if speaker:
            speaker.items.put_nowait(note)
        elif not self._begun:
            self._early_notes.append(note)
            for inbox, place in self._places.items():
                if place.listens:
                    inbox.items.put_nowait(note)

    def _say(self, frame: Frame) -> None:
        speaker = self._speaker()
        if speaker:
            self._hand(speaker, frame)
        elif not self._begun:
            self._early.append(frame)
            for inbox, place in self._places.items():
                if place.ready:
                    self._hand(inbox, frame)

    def _hand(self, inbox: Inbox, frame: Frame) -> None:
        """Hand a case a frame; it is asked under the ids that it would be asked under alone."""
        if "id" in frame:
            place = self._places[inbox]
            own = self._asked[place.count]
            place.count += 1
            place.ids[own] = frame["id"]
            frame = {**frame, "id": own}
        inbox.items.put_nowait(frame)

    # -- its end

    def _end(self) -> None:
        """Note, once, who had asked something when it ended."""
        if not self.ended:
            self.ended = True
            asking = [
                sent.inbox for sent in (*self._open(), *self._handshake.waiting) if sent.waits
            ]
            self._bereft = tuple(dict.fromkeys(asking))
            self._freed()

    def _died(self) -> None:
        self._end()
        for inbox in self._bereft:
            inbox.died()

    async def stop(self) -> None:
        """End the process."""
        self._end()
        try:
            await self.process.end(self._patience)
        finally:
            if self._reader:
                self._reader.cancel()
                await asyncio.wait([self._reader])

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()


def _lose(wire: Wire, why: str) -> None:
    wire.lost = wire.lost or why
