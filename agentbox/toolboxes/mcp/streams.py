"""What the SDK reads from and writes to: streams that lead every frame past the wire.

Nothing is queued and no task stands between: a frame is written to the pipe by the task that sends
it, and read from it by the task that waits for it. Imports the SDK.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)

from agentbox.toolboxes.mcp.frames import ENDED, Frame, Wire
from agentbox.toolboxes.mcp.process import MAX_LINE, Process

Receive: TypeAlias = Callable[[], Awaitable[Any]]
"""Gives the next thing that came; raises `anyio.EndOfStream` after the last."""

Deliver: TypeAlias = Callable[[SessionMessage, Frame], Awaitable[None]]
"""Sends a frame; the message it was made from is given with it."""


class _Stream:
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Do nothing: whoever opened the connection closes it."""


class Incoming(_Stream):
    """The SDK's read stream."""

    def __init__(self, receive: Receive, wire: Wire) -> None:
        self._receive = receive
        self._wire = wire

    async def receive(self) -> SessionMessage:
        """Return the next frame that the SDK may see.

        Raises:
            anyio.EndOfStream: there are no more.
        """
        while True:
            try:
                frame = await self._receive()
            except (anyio.EndOfStream, anyio.ClosedResourceError):
                self._wire.lost = self._wire.lost or ENDED
                raise anyio.EndOfStream from None
            seen = self._wire.incoming(frame)
            if seen is not None:
                return SessionMessage(_message(seen))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None


class Outgoing(_Stream):
    """The SDK's write stream."""

    def __init__(self, deliver: Deliver, wire: Wire) -> None:
        self._deliver = deliver
        self._wire = wire

    async def send(self, item: SessionMessage, /) -> None:
        """Send a message.

        Raises:
            anyio.BrokenResourceError: nobody listens any more.
        """
        frame = item.message.model_dump(by_alias=True, mode="json", exclude_unset=True)
        self._wire.outgoing(frame)
        await self._deliver(item, frame)


class Notes(Protocol):
    """Who is told of flaws in a process's lines."""

    lost: str
    """Why there are no more."""

    def blemish(self, code: str, message: str, seen: Any = None) -> None:
        """Note a flaw that did not stop it."""
        ...

    def finding(self, code: str, message: str) -> None:
        """Note something wrong."""
        ...


class Lines:
    """Reads and writes frames as lines of a process."""

    def __init__(self, process: Process, wire: Notes) -> None:
        self._process = process
        self._wire = wire
        self._decoder = json.JSONDecoder(parse_constant=self._constant)

    async def receive(self) -> Any:
        """Return the next line's JSON; what is no JSON is recorded and passed over."""
        while True:
            text = self._text(await self._line())
            if not text.strip():
                continue
            try:
                return self._decoder.decode(text)
            except (ValueError, RecursionError):
                self._wire.blemish("not_mcp", "a line is no JSON", text.strip())

    async def deliver(self, _: SessionMessage, frame: Frame) -> None:
        """Write a frame straight to the pipe."""
        try:
            self.write(frame)
        except BrokenPipeError:
            raise anyio.BrokenResourceError from None

    def write(self, frame: Frame) -> None:
        """Write a frame.

        Raises:
            BrokenPipeError: the server does not listen any more.
        """
        line = json.dumps(frame, separators=(",", ":")).encode()  # exact, and ASCII for any locale
        self._process.write(self._process.masks.show(line) + b"\n")

    async def _line(self) -> bytes:
        try:
            return self._process.masks.hide(await self._process.stdout.readuntil(b"\n"))
        except asyncio.IncompleteReadError as end:
            if end.partial.strip() and not self._process.hung_up:
                self._wire.blemish("torn", "the last line is torn", self._text(end.partial))
        except asyncio.LimitOverrunError:
            self._wire.lost = f"it sent a line of more than {MAX_LINE // 2**20} MiB"
            self._wire.finding("long_line", self._wire.lost)
        raise anyio.EndOfStream

    def _text(self, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            self._wire.blemish("bad_utf8", "a line is no UTF-8; what was wrong is replaced")
            return line.decode(errors="replace")

    def _constant(self, name: str) -> None:
        self._wire.blemish("not_json", f"{name} is no JSON value; it was read as null")


def _message(frame: Frame) -> JSONRPCMessage:
    if "method" in frame:
        kind = JSONRPCRequest if "id" in frame else JSONRPCNotification
    else:
        kind = JSONRPCError if "error" in frame else JSONRPCResponse
    return kind.model_validate(frame)
