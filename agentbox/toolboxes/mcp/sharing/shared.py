"""Processes that the cases of a suite share: `share: true`.

A server is shared by the cases that would have started the same process. One process serves them
all, in turns; a case that would wait long for its turn gets another, which from then on serves the
others too. Where a process has ended, or may hang in a request that another case gave up on, who
asks next moves to another; the handshake is made there in its name. A shared process ends with the
suite.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentbox.toolboxes.mcp.environment import contract
from agentbox.toolboxes.mcp.frames import Frame
from agentbox.toolboxes.mcp.masks import Masks
from agentbox.toolboxes.mcp.plans import Plan, Site
from agentbox.toolboxes.mcp.sharing.inbox import END, GREETED, INITIALIZE, Inbox, in_turn
from agentbox.toolboxes.mcp.sharing.multiplex import Multiplex

_PATIENCE = 2.0
"""How long a case waits for its turn, in seconds: what a start-up may take."""
_PATIENCE_SHARE = 0.25
"""The part of a call's deadline that may go by in that wait."""


class Shares:
    """What the cases of a suite share."""

    def __init__(self) -> None:
        self._shared: dict[str, Shared] = {}

    def seat(self, plan: Plan, site: Site, died: Callable[[], None]) -> Seat:
        """Return a case's place at a server; `died` hears when it ends with a request in it.

        Raises:
            WorldError: the server had to be started, and cannot be.
        """
        shared = self._shared.setdefault(_key(plan, site), Shared())
        return Seat(shared, plan, site, died)

    @property
    def running(self) -> Sequence[Multiplex]:
        """All processes there are."""
        return [each for shared in self._shared.values() for each in shared.running]


def _key(plan: Plan, site: Site) -> str:
    """Return all that a process is started with, and what its client tells it of itself."""
    server = plan.server
    started = [plan.argv, plan.env, server.files, server.sandbox, contract(site.clock, site.seed)]
    told = [server.roots, server.sampling, server.era, site.forms]
    return json.dumps([*started, *told, str(site.root), asdict(site.deadlines)], sort_keys=True)


class Shared:
    """The processes of one server, most often one."""

    def __init__(self) -> None:
        self.running: list[Multiplex] = []
        self._freed = asyncio.Event()

    def any(self, plan: Plan, site: Site) -> Multiplex:
        """Return a process for a case that comes."""
        return next((each for each in self.running if each.fits(None)), None) or self._start(
            plan, site
        )

    async def place(self, seat: Seat, *, turn: bool) -> Multiplex:
        """Return where a case's next request goes; where a turn is wanted, it has begun.

        Raises:
            WorldError: another process had to be started, and cannot be.
        """
        found = await self._free(seat, turn=turn) or self._start(seat.plan, seat.site)
        if turn:
            found.claim(seat.inbox)
        return found

    async def _free(self, seat: Seat, *, turn: bool) -> Multiplex | None:
        """Return a process where nobody stands in a case's way, if there soon is one."""
        patience = min(_PATIENCE, seat.site.deadlines.call * _PATIENCE_SHARE)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while any(each.fits(seat.inbox) for each in self.running):
                    if found := self._best(seat, turn=turn):
                        return found
                    await self._freed.wait()
        return None

    def _best(self, seat: Seat, *, turn: bool) -> Multiplex | None:
        """Return a process that a case can use now: if it can be, where it is."""
        free = [
            each
            for each in self.running
            if each.fits(seat.inbox) and (not turn or each.holder in (None, seat.inbox))
        ]
        mine = sorted(free, key=lambda each: each is not seat.at)
        return next((e for e in free if e.holder is seat.inbox), mine[0] if mine else None)

    def _start(self, plan: Plan, site: Site) -> Multiplex:
        started = Multiplex(plan, site, self._tell)
        self.running.append(started)
        return started

    async def drop(self, process: Multiplex) -> None:
        """Clear a process away, or what is left of it."""
        if process in self.running:
            self.running.remove(process)
            await process.stop()

    def _tell(self) -> None:
        """Wake all who wait; who waits from now on waits for the next time."""
        self._freed.set()
        self._freed = asyncio.Event()


class Seat:
    """A case's place at a shared process; its end is not the process's."""

    def __init__(self, shared: Shared, plan: Plan, site: Site, died: Callable[[], None]) -> None:
        self.plan = plan
        self.site = site
        self.inbox = Inbox(died)
        self.at = shared.any(plan, site)
        """The process it is at."""
        self.at.open(self.inbox)
        self._shared = shared

    # -- its frames

    async def attach(self) -> None:
        """See that the process is read."""
        await self.at.attach()

    async def receive(self) -> Any:
        """Return the next frame or note, at last `END`."""
        return await self.inbox.items.get()

    async def send(self, frame: Frame) -> None:
        """Send a frame; a request when it is this case's turn.

        Raises:
            BrokenPipeError: the server does not listen any more.
            WorldError: another process had to be started, and cannot be.
        """
        if "method" not in frame or "id" not in frame:
            with suppress(BrokenPipeError):  # it has ended: who asks next is told, or moves
                self.at.send(self.inbox, frame)
            return
        turn = in_turn(frame["method"])
        place = await self._shared.place(self, turn=turn)
        try:
            if place is not self.at:
                await self._move(place)
            place.send(self.inbox, frame)
        except BaseException as error:
            if turn:
                place.release()
            if isinstance(error, BrokenPipeError):
                self.at = place  # whose fate is asked next
            raise

    async def _move(self, place: Multiplex) -> None:
        await place.attach()
        if self.inbox.hello:
            await _greet(place, self.inbox.hello)
        if place is self.at:  # another of its calls has moved it meanwhile
            return
        wanted = self.at.leave(self.inbox)
        place.open(self.inbox)
        self.at = place
        for frame in wanted:
            place.send(self.inbox, frame)

    # -- as a process

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.at.process.pid

    @property
    def folder(self) -> Path:
        """The process's folder."""
        return self.at.process.folder

    @property
    def masks(self) -> Masks:
        """The words for the process's paths."""
        return self.at.process.masks

    @property
    def code(self) -> int | None:
        """How the process ended, if it has."""
        return self.at.process.code

    @property
    def killed(self) -> bool:
        """The process had to be killed."""
        return self.at.process.killed

    def hang_up(self) -> None:
        """Leave; the process goes on."""
        self.inbox.died = _nothing
        self.at.leave(self.inbox)
        self.inbox.items.put_nowait(END)

    def kill(self) -> None:
        """Leave at once."""
        self.hang_up()

    async def end(self, _: float) -> None:
        """Leave. A process that has ended, or is this case's alone, is cleared away."""
        self.hang_up()
        if self.at.ended or self.at.only is self.inbox:
            await self._shared.drop(self.at)

    async def fate(self) -> str:
        """Return how the process ended."""
        return await self.at.process.fate()

    def tail(self) -> str:
        """Return the last lines of the process's stderr."""
        return self.at.process.tail()


async def _greet(place: Multiplex, hello: Frame) -> None:
    """Shake hands with a process in a case's name, if nobody has."""
    greeter = Inbox(_nothing)
    place.send(greeter, hello)
    try:
        answer = await greeter.items.get()
    finally:
        place.leave(greeter)
    if answer is END:
        raise BrokenPipeError
    if hello["method"] == INITIALIZE:
        place.send(greeter, {"jsonrpc": "2.0", "method": GREETED})


def _nothing() -> None:
    """Mourn for nobody."""
