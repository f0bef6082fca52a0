"""One owner task around one SDK session: it enters, negotiates, lists, waits, leaves.

The SDK's scopes must be entered and left by one task; calls may come from any. No deadline of the
SDK's is relied on: it has none by default, and those it has are fixed. Imports the SDK.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any, Literal, cast

from mcp import ClientSession, MCPError
from mcp.client.session import ClientRequestContext
from mcp_types import (
    INVALID_REQUEST,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ClientCapabilities,
    CreateMessageResult,
    ElicitationCapability,
    ElicitResult,
    EmptyResult,
    ErrorData,
    FormElicitationCapability,
    Implementation,
    ListRootsResult,
    PaginatedRequestParams,
    ReadResourceRequest,
    ReadResourceRequestParams,
    ReadResourceResult,
    Result,
    RootsCapability,
    SubscriptionFilter,
    SubscriptionsListenRequest,
    SubscriptionsListenRequestParams,
)
from pydantic import ValidationError

from agentbox.core.errors import AgentboxError
from agentbox.core.messages import Json
from agentbox.core.scenario import Deadlines
from agentbox.core.version import VERSION
from agentbox.toolboxes.mcp.answers import ELICIT, ROOTS, SAMPLE, Answers
from agentbox.toolboxes.mcp.frames import Exchange, Frame, Wire, asking, is_headed, tools_in
from agentbox.toolboxes.mcp.links import Streams
from agentbox.toolboxes.mcp.streams import Incoming, Outgoing

MAX_PAGES = 100
_PROBE_SECONDS = 5.0
"""How long `era: auto` waits for an answer to `server/discover`, before it tries `initialize`. The
SDK's own wait is 10 s, and a server that ignores what it does not know would cost it each time."""
_CANCEL_SECONDS = 1.0

for _name in ("mcp", "client"):  # the SDK's loggers; unhandled, they would print to the terminal
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Unreachable(Exception):
    """The server cannot be talked to; the message says why, in a sentence without a subject."""


class _Session(ClientSession):
    """An SDK session that advertises what it does: forms, but no addresses to open."""

    def _build_capabilities(self, version: str) -> ClientCapabilities:
        built = super()._build_capabilities(version)
        if built.elicitation:
            built.elicitation = ElicitationCapability(form=FormElicitationCapability())
        if built.roots:
            built.roots = RootsCapability()
        return built


class Connection:
    """A connection to a server."""

    def __init__(
        self,
        link: AbstractAsyncContextManager[Streams],
        wire: Wire,
        era: Literal["auto", "legacy", "modern"],
        deadlines: Deadlines,
        answers: Answers,
    ) -> None:
        self.tools: list[Json] = []
        """What the server lists, as it came."""
        self._link = link
        self._wire = wire
        self._era = era
        self._deadlines = deadlines
        self._answers = answers
        self._over = asyncio.Event()
        self._settled = asyncio.Event()
        self._error: Exception | None = None
        self._session: ClientSession | None = None
        self._owner: asyncio.Task[None] | None = None

    # -- the owner

    async def open(self) -> ClientSession:
        """Connect and list the tools.

        Raises:
            Unreachable: the server did not connect, or not in time.
            AgentboxError: there is no such server.
        """
        self._owner = asyncio.create_task(self._own())
        await self._settled.wait()
        if self._session is None:
            error = self._error
            raise error if isinstance(error, AgentboxError) else Unreachable(self._reason(error))
        return self._session

    async def _own(self) -> None:
        try:
            await self._live()
        except Exception as error:  # noqa: BLE001 - whatever it is, the connection is over
            self._error = _leaf(error)
        finally:
            self._wire.lost = self._wire.lost or self._reason(self._error)
            self._settled.set()

    async def _live(self) -> None:
        async with (
            asyncio.timeout(self._deadlines.connect) as limit,
            self._link as (reads, writes),
            self._spoken(reads, writes) as session,
        ):
            await self._negotiate(session)
            self.tools = await self._listed(session)
            self._session = session
            limit.reschedule(None)
            self._settled.set()
            watch = asyncio.create_task(self._watch(session))
            try:
                await self._over.wait()
            finally:
                watch.cancel()

    def _spoken(self, reads: Incoming, writes: Outgoing) -> ClientSession:
        """Return a session that tells the server of what is answered here, and of nothing else."""
        answers = {
            ELICIT: {"elicitation_callback": self._answering(ElicitResult)},
            SAMPLE: {"sampling_callback": self._answering(CreateMessageResult)},
            ROOTS: {"list_roots_callback": self._answering(ListRootsResult)},
        }
        callbacks: dict[str, Any] = {}
        for method in self._answers.methods:
            callbacks |= answers[method]
        info = Implementation(name="agentbox", version=VERSION)
        return _Session(reads, writes, client_info=info, log_level="info", **callbacks)

    def _answering(self, kind: type[Result]) -> Callable[..., Awaitable[Result | ErrorData]]:
        async def answer(context: ClientRequestContext, *_: object) -> Result | ErrorData:
            result = await self._answers.answer(self._wire.asked(context.request_id))
            if result is None:
                return ErrorData(code=INVALID_REQUEST, message="Declined")
            return kind.model_validate(result)

        return answer

    def _reason(self, error: Exception | None) -> str:
        if self._wire.lost:
            return self._wire.lost
        if isinstance(error, TimeoutError):
            return f"it gave no answer within {self._deadlines.connect:g} s"
        if isinstance(error, MCPError):
            return f"it answered with error {error.code}: {error.message}"
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            return f"its answer is malformed: {where}: {first['msg']}"
        return str(error) or type(error).__name__ if error else "the connection is closed"

    def hang_up(self) -> None:
        """Tell the owner that nothing more is wanted, and do not wait."""
        self._over.set()

    async def close(self) -> None:
        """Leave the session; give up on it when it takes too long."""
        self.hang_up()
        owner = self._owner
        if owner is None:
            return
        if not self._settled.is_set():
            owner.cancel()
        done, _ = await asyncio.wait([owner], timeout=self._deadlines.close)
        if not done:
            owner.cancel()
            await asyncio.wait([owner], timeout=_CANCEL_SECONDS)

    # -- the era

    async def _negotiate(self, session: ClientSession) -> None:
        if self._era != "legacy" and await self._discovered(session):
            return
        try:
            await session.initialize()
        except MCPError as error:
            if error.code != UNSUPPORTED_PROTOCOL_VERSION or self._era == "legacy":
                raise
            await session.discover()  # slow to start, it has settled on the modern era meanwhile

    async def _discovered(self, session: ClientSession) -> bool:
        connect = self._deadlines.connect
        patience = connect if self._era == "modern" else min(_PROBE_SECONDS, connect / 3)
        try:
            async with asyncio.timeout(patience):
                await _discover(session)
        except (TimeoutError, MCPError, RuntimeError, ValidationError) as error:
            if self._era == "modern":
                why = self._reason(error)
                raise Unreachable(f"`era: modern` is pinned, and to discover {why}") from error
            if isinstance(error, TimeoutError):
                text = f"no answer to server/discover within {patience:g} s; pin `era: legacy`"
                self._wire.finding("no_discover", text)
            return False
        return True

    # -- its tools

    async def _watch(self, session: ClientSession) -> None:
        """In the modern era, ask to be told of a changed tool list; an older server just tells."""
        found = session.discover_result
        if found is None or not (
            found.capabilities.tools and found.capabilities.tools.list_changed
        ):
            return
        wanted = SubscriptionFilter(tools_list_changed=True)
        params = SubscriptionsListenRequestParams(notifications=wanted)
        request = SubscriptionsListenRequest(params=params)
        with _asking(Exchange(self._wire.at)), suppress(Exception):  # it tells nothing, no more
            await session.send_request(request, EmptyResult)  # its answer comes at the end

    async def list_anew(self) -> bool:
        """List the tools once more; say whether that went well."""
        if self._session is None:
            return False
        try:
            self.tools = await self._listed(self._session)
        except (Unreachable, MCPError) as error:
            self._wire.finding("not_listed", f"its changed tool list could not be had: {error}")
            return False
        return True

    async def _listed(self, session: ClientSession) -> list[Json]:
        tools: list[Json] = []
        cursor: Json = None
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            page = await self._page(session, cursor)
            tools += page["tools"]
            cursor = page.get("nextCursor")
            if not cursor or not isinstance(cursor, str):
                return tools
            if cursor in seen:
                self._wire.finding("page_loop", f"the tool list comes to page {cursor!r} again")
                return tools
            seen.add(cursor)
        raise Unreachable(f"its tool list has more than {MAX_PAGES} pages")

    async def _page(self, session: ClientSession, cursor: Json) -> Frame:
        exchange = Exchange(self._wire.at)
        params = PaginatedRequestParams(cursor=cursor) if cursor else None
        try:
            with _asking(exchange):
                async with asyncio.timeout(self._deadlines.list):
                    listed = await session.list_tools(params=params)
        except TimeoutError:
            late = f"it gave no tool list within {self._deadlines.list:g} s"
            raise Unreachable(late) from None
        reply = exchange.reply or {}
        if "error" in reply and not _promises_tools(session):
            return {"tools": []}
        tools = tools_in(reply.get("result"))
        if tools is None:
            raise Unreachable(f"its tool list is none: {_short(reply)}")
        kept = {tool.name for tool in listed.tools}
        return {**reply["result"], "tools": [t for t in tools if self._is_heard(t, kept)]}

    def _is_heard(self, tool: Json, kept: set[str]) -> bool:
        """Return whether the SDK can call a tool: it must drop those with unfit header marks."""
        if not is_headed(tool) or tool["name"] in kept:
            return True
        self._wire.finding("bad_header", "dropped: an x-mcp-header mark is unfit", tool["name"])
        return False

    # -- calls

    async def call(self, exchange: Exchange, params: Mapping[str, Json], seconds: float) -> None:
        """Send a `tools/call`; its answer is in `exchange` afterwards, if one came.

        Raises:
            TimeoutError: no answer in time; the server has been told that it is not awaited.
        """
        if self._session is None:
            return
        request = CallToolRequest(params=CallToolRequestParams.model_validate(params))
        with _asking(exchange), suppress(MCPError):  # which the connection's end alone raises
            async with asyncio.timeout(seconds):
                await self._session.send_request(request, CallToolResult)

    async def read(
        self, exchange: Exchange, uri: str, meta: Mapping[str, Json], seconds: float
    ) -> None:
        """Send a `resources/read`; its answer is in `exchange` afterwards, if one came.

        Raises:
            TimeoutError: no answer in time.
        """
        if self._session is None:
            return
        params = ReadResourceRequestParams.model_validate({"uri": uri, "_meta": dict(meta)})
        request = ReadResourceRequest(params=params)
        with _asking(exchange), suppress(MCPError):  # as above
            async with asyncio.timeout(seconds):
                await self._session.send_request(request, ReadResourceResult)


@contextmanager
def _asking(exchange: Exchange) -> Generator[None]:
    token = asking.set(exchange)
    try:
        yield
    finally:
        asking.reset(token)


async def _discover(session: ClientSession) -> None:
    """Ask until there is an answer: the SDK gives up after 10 s, which a busy machine can take."""
    while True:
        try:
            await session.discover()
        except MCPError as error:
            if error.code != REQUEST_TIMEOUT:
                raise
        else:
            return


def _promises_tools(session: ClientSession) -> bool:
    capabilities = session.server_capabilities
    return capabilities is not None and capabilities.tools is not None


def _leaf(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"  # noqa: PLR2004 - a line's worth
