"""The one place that every frame of every transport passes, both ways.

Here frames are recorded, answers are joined to what was asked, and the SDK is spared what it cannot
bear. It reads no tool and no result: it is handed an empty one in place of each, so that a bad
tool, an unknown content block, an invalid structured result, an absent `resultType` or a megabyte
never meets its models. We read what came.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard, cast

from agentbox.core.errors import AgentboxError
from agentbox.core.messages import Json
from agentbox.core.runtime import Reenter
from agentbox.core.trace import Position, Recorder
from agentbox.toolboxes.mcp.plans import Plan

Frame: TypeAlias = dict[str, Any]
"""A JSON-RPC message as JSON."""

CALL = "tools/call"
LIST = "tools/list"
READ = "resources/read"
CANCELLED = "notifications/cancelled"
CHANGED = "notifications/tools/list_changed"
HEADER = "x-mcp-header"
"""Marks an argument that Streamable HTTP mirrors into a header; the SDK must know of these."""
ENDED = "it closed the connection"
"""Why a connection is lost, when there is no better reason than that it ended."""
_NEWS: Mapping[str, str] = {
    "notifications/progress": "server.progress",
    "notifications/message": "server.log",
}
"""Notifications that are recorded, and the kinds of their events."""
_TELLING = frozenset({"data", "level", "logger", "message", "progress", "total"})
_MAX_BLEMISHES = 10
_QUOTED = 200
_INVALID_REQUEST = -32600


@dataclass(slots=True)
class Exchange:
    """One request of ours and its answer, as it came."""

    at: Position
    method: str = ""
    reply: Frame | None = None
    """The answer's whole frame; None while, or if, there is none."""
    children: int = 0
    """What the server asked of us on account of it."""
    reenter: Reenter | None = None
    """Who answers that, where anybody does."""
    error: AgentboxError | None = None
    """What broke the run while that was answered."""


@dataclass(slots=True)
class Asked:
    """What a server asks of us, and the exchange that made it ask."""

    exchange: Exchange
    at: Position
    method: str
    params: Json
    settled: bool = False


asking: ContextVar[Exchange | None] = ContextVar("asking", default=None)
"""The exchange whose request is being sent. The SDK writes in its caller's context, so this joins
request and answer without a trip over the wire."""


class Wire:
    """A connection's frames."""

    def __init__(self, plan: Plan, at: Position, recorder: Recorder, *, frames: bool) -> None:
        self.name = plan.name
        self.remote = plan.transport == "http"
        self.at = at
        self.lost = ""
        """Why no frame can come any more; empty while one can."""
        self.stale = False
        """The server said that its tools have changed, and nobody has listed them since."""
        self.junk = ""
        """The first line that was no MCP."""
        self._recorder = recorder
        self._frames = frames
        self._open: dict[int | str, Exchange] = {}
        self._asked: dict[int | str, Asked] = {}
        self._own = Exchange(at)
        """What no call of ours made the server do is on account of this."""
        self._blemishes = 0

    # -- out

    def outgoing(self, frame: Frame) -> None:
        """Note a frame that is about to be sent."""
        method, key = frame.get("method"), frame.get("id")
        at = self.at
        if method and key is not None:
            exchange = asking.get() or Exchange(self.at)
            exchange.method = method
            self._open[key] = exchange
            at = exchange.at
        elif method == CANCELLED:
            abandoned = self._open.pop(frame["params"]["requestId"], None)
            at = abandoned.at if abandoned else self.at
        elif key is not None and key in self._asked:
            asked = self._asked.pop(key)
            at = asked.at
            self._refused(asked, frame)
        self._record(at, "out", frame)

    # -- in

    def incoming(self, frame: Any) -> Frame | None:
        """Return what the SDK may see of a frame that came; None for nothing."""
        if not is_frame(frame):
            self.blemish("not_mcp", "a line is no message of MCP", frame)
            return None
        if "method" not in frame:
            return self._answered(frame)
        if "id" in frame:
            return self._requested(frame)
        self._record(self._told(frame), "in", frame)
        return frame if frame["method"] == CANCELLED else None  # the SDK needs no other news

    def _answered(self, frame: Frame) -> Frame | None:
        exchange = self._open.pop(key_of(frame["id"]), None)
        self._record(exchange.at if exchange else self.at, "in", frame)
        if exchange is None:
            return None  # late, or to nothing we asked
        exchange.reply = frame
        stand_in = _STAND_INS.get(exchange.method)
        if stand_in:
            return {"jsonrpc": "2.0", "id": frame["id"], "result": stand_in(frame.get("result"))}
        return frame if _is_sound(frame) else _unsound(frame)

    # -- what it tells us

    def _told(self, frame: Frame) -> Position:
        """Record a notification that says something of a call; return where it belongs."""
        method, params = frame["method"], frame.get("params", {})
        self.stale = self.stale or method == CHANGED
        kind = _NEWS.get(method)
        if kind is None:
            return self.at
        token = params.get("progressToken")
        of_call = [each for each in self._open.values() if each.at == token]
        at = (of_call[0] if of_call else self._cause()).at
        news = {key: value for key, value in params.items() if key in _TELLING}
        self._recorder.emit(at, kind, {"server": self.name, **news})
        return at

    def _cause(self) -> Exchange:
        """Return the call that makes the server speak, where only one can be it; else its own.

        Of several calls any one leads to who answers; of none, nobody does.
        """
        calls = [exchange for exchange in self._open.values() if exchange.method == CALL]
        if len(calls) == 1:
            return calls[0]
        self._own.reenter = calls[0].reenter if calls else None
        return self._own

    # -- what it asks of us

    def _requested(self, frame: Frame) -> Frame:
        at = self._cause().at
        if frame["method"] != "ping":
            asked = self.asks(self._cause(), frame["method"], frame.get("params"))
            self._asked[frame["id"]] = asked
            at = asked.at
        self._record(at, "in", frame)
        return frame

    def asks(self, exchange: Exchange, method: str, params: Json) -> Asked:
        """Record what the server asks of us, as a child of the exchange that makes it ask."""
        exchange.children += 1
        asked = Asked(exchange, f"{exchange.at}/child{exchange.children}", method, params)
        data = {"server": self.name, "method": method, "params": params}
        self._recorder.emit(asked.at, "server.request", data)
        return asked

    def asked(self, key: int | str) -> Asked:
        """Return what the server asked under an id."""
        return self._asked[key]

    def settle(self, asked: Asked, answer: Frame) -> None:
        """Record what came of it: a `result`, or why it was `declined`."""
        asked.settled = True
        self._recorder.emit(asked.at, "server.result", {"server": self.name, **answer})

    def raise_broken(self, exchange: Exchange) -> None:
        """Raise what broke the run while this exchange, or one that cannot be told, was answered.

        Raises:
            AgentboxError: it ends the case.
        """
        error = exchange.error or self._own.error
        if error:
            raise error

    def _refused(self, asked: Asked, reply: Frame) -> None:
        """Record what the SDK refused without asking us."""
        if not asked.settled:
            self.settle(asked, {"declined": reply.get("error", {}).get("message", "")})

    # -- findings

    def blemish(self, code: str, message: str, seen: Any = None) -> None:
        """Record a flaw of the server's output that did not stop it; of many, the first ones."""
        quoted = _quoted(seen)
        if code == "not_mcp":
            self.junk = self.junk or quoted
        self._blemishes += 1
        if self._blemishes <= _MAX_BLEMISHES:
            self.finding(code, message if seen is None else f"{message}: {quoted}")
        elif self._blemishes == _MAX_BLEMISHES + 1:
            self.finding("more", "there are more such flaws, not recorded")

    def finding(self, code: str, message: str, tool: str = "") -> None:
        """Record something wrong with the server that did not stop it."""
        data = {"server": self.name, "tool": tool, "code": code, "message": message}
        self._recorder.emit(self.at, "finding", data)

    def _record(self, at: Position, direction: str, frame: Frame) -> None:
        if self._frames:
            data = {"server": self.name, "dir": direction, "frame": frame}
            self._recorder.emit(at, "mcp.frame", data)


def key_of(key: int | str) -> int | str:
    """Return an answer's id as ids are counted: some servers send them back as strings."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key


def _quoted(seen: Any) -> str:
    try:
        text = seen if isinstance(seen, str) else json.dumps(seen)
    except RecursionError:
        text = "nested too deeply"
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


# -- what is a frame


def is_frame(value: Any) -> TypeGuard[Frame]:
    """Return whether JSON is a message of JSON-RPC, as far as we read it."""
    if not isinstance(value, dict):
        return False
    frame = cast("Frame", value)
    if frame.get("jsonrpc") != "2.0":
        return False
    if "method" not in frame:
        return _is_id(frame.get("id")) and ("result" in frame or "error" in frame)
    well = isinstance(frame["method"], str) and isinstance(frame.get("params", {}), dict)
    return well and ("id" not in frame or _is_id(frame["id"]))


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def _is_sound(answer: Frame) -> bool:
    match answer:
        case {"error": {"code": int(), "message": str()}} | {"result": dict()}:
            return True
        case _:
            return False


def _unsound(answer: Frame) -> Frame:
    error = {"code": _INVALID_REQUEST, "message": "the answer holds no result and no error"}
    return {"jsonrpc": "2.0", "id": answer["id"], "error": error}


# -- what the SDK sees in place of what came


def _empty_result(_: Json) -> Frame:
    return {"content": [], "resultType": "complete"}


def _empty_page(result: Json) -> Frame:
    headed = [tool for tool in tools_in(result) or () if is_headed(tool)]
    return {
        "tools": [{key: tool[key] for key in ("name", "inputSchema")} for tool in headed],
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
    }


def tools_in(result: Json) -> list[Any] | None:
    """Return the tools of one page of a tool list; None where it holds none."""
    tools: Any = cast("Frame", result).get("tools") if isinstance(result, dict) else None
    return cast("list[Any]", tools) if isinstance(tools, list) else None


def is_headed(tool: Any) -> bool:
    """Return whether a tool marks an argument as a header."""
    match tool:
        case {"name": str(), "inputSchema": {"type": "object"} as schema}:
            return HEADER in repr(schema)
        case _:
            return False


def _empty_resource(_: Json) -> Frame:
    return {"contents": [], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


_STAND_INS: Mapping[str, Callable[[Json], Frame]] = {
    CALL: _empty_result,
    LIST: _empty_page,
    READ: _empty_resource,
}
