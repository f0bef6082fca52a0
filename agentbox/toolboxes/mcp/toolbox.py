"""A server's tools as a toolbox: calls become requests, answers become `ToolResult`s.

Answers are read as they came; a failure is a result, never an exception.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from agentbox.core.clock import Clock
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec
from agentbox.core.runtime import CallContext
from agentbox.core.trace import Position
from agentbox.toolboxes.mcp.frames import Exchange, Frame, Wire

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp.connection import Connection

_CONNECTION_CLOSED = -32000
_MAX_DATA = 500


class ServerToolbox:
    """The tools of one server."""

    def __init__(
        self,
        specs: Sequence[ToolSpec],
        connection: Connection,
        wire: Wire,
        fate: Callable[[], Awaitable[tuple[str, str]]],
    ) -> None:
        """Offer `specs`; `fate` says how a server was lost, and its last words."""
        self._specs = {spec.name: spec for spec in specs}
        self._connection = connection
        self._wire = wire
        self._fate = fate

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as listed."""
        return tuple(self._specs.values())

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Call a tool. `unknown` says that the server was lost in the call: it may have acted."""
        server = self._wire.name
        if call.name not in self._specs:
            text = f"The server `{server}` has no tool `{call.name}`."
            return _broken(text)
        if self._wire.lost:
            text = f"Not called: the server `{server}` is gone: {self._wire.lost}."
            return ToolResult("failed", text, "transport")
        exchange = Exchange(context.at)
        try:
            await self._connection.call(exchange, _params(call, context), context.deadline)
        except TimeoutError:
            text = f"No answer within {context.deadline:g} s."
            return ToolResult("timeout", text, "transport")
        try:
            return await self._read(exchange)
        except RecursionError:
            return _broken("The result is nested too deeply.")

    async def _read(self, exchange: Exchange) -> ToolResult:
        match exchange.reply:
            case None:
                return await self._lost("")
            case {"error": {"code": code, "message": text}} if self._is_transport(code):
                return await self._lost(str(text))
            case {"error": error}:
                return _broken(_error_text(error))
            case {"result": {**result}}:
                return self._result(exchange, cast("Frame", result))
            case _:
                return _broken("The answer holds no result and no error.")

    def _result(self, exchange: Exchange, result: Frame) -> ToolResult:
        kind = result.get("resultType", "complete")  # absent, it is complete: SDK 2.3 trips here
        if kind == "input_required":
            return self._asked(exchange, result.get("inputRequests"))
        if kind != "complete":
            return _broken(f"The result is of no known type: {kind}.")
        return result_of(result)

    def _is_transport(self, code: Json) -> bool:
        """Over HTTP the SDK itself answers so for a stream that ended; elsewhere the server did."""
        return self._wire.remote and code == _CONNECTION_CLOSED

    async def _lost(self, why: str) -> ToolResult:
        fate, last_words = (why, "") if why else await self._fate()
        text = f"The server `{self._wire.name}` was lost in this call, which may have taken effect"
        return ToolResult("unknown", f"{text}: {fate}.", "transport", detail=last_words)

    def _asked(self, exchange: Exchange, requests: Json) -> ToolResult:
        """Decline what a tool needs to know from a user, a model or a host, and say so."""
        asked: list[str] = []
        for request in cast("Frame", requests).values() if isinstance(requests, dict) else ():
            method, params = _request(request)
            self._wire.declined(exchange, method, params)
            asked.append(method)
        text = f"The tool asks for {', '.join(asked) or 'more'} to go on. Nobody here answers that."
        return _broken(text)


def _broken(text: str) -> ToolResult:
    return ToolResult("failed", text, "protocol")


def _request(request: Json) -> tuple[str, Json]:
    match request:
        case {"method": str(method), "params": params}:
            return method, params
        case {"method": str(method)}:
            return method, None
        case _:
            return "something malformed", request


def _params(call: ToolCall, context: CallContext) -> dict[str, Json]:
    meta = run_meta(context.at, context.clock, context.seed)
    return {"name": call.name, "arguments": dict(call.args), "_meta": meta}


def run_meta(at: Position, clock: Clock, seed: int) -> dict[str, Json]:
    """Return the `_meta` of a request: what time it is in the run, its seed, and which this is."""
    return {"agentbox/now": clock.iso(), "agentbox/seed": seed, "agentbox/at": at}


def result_of(result: Mapping[str, Json]) -> ToolResult:
    """Return the result of a call as it came: text blocks joined, every other block verbatim."""
    blocks = result.get("content", [])
    if not isinstance(blocks, list) or not all(
        isinstance(block, dict) for block in cast("list[Any]", blocks)
    ):
        return _broken("The result's content is no list of blocks.")
    texts: list[str] = []
    parts: list[Mapping[str, Json]] = []
    for block in cast("list[Frame]", blocks):
        match block:
            case {"type": "text", "text": str(text)}:
                texts.append(text)
            case _:
                parts.append(block)
    structured = result.get("structuredContent")
    if not texts and structured is not None:
        texts.append(json.dumps(structured, ensure_ascii=False))
    meta = result.get("_meta")
    return ToolResult(
        "failed" if result.get("isError") is True else "ok",
        "\n".join(texts),
        structured=structured,
        parts=tuple(parts),
        meta=cast("Frame", meta) if isinstance(meta, dict) else None,
    )


def _error_text(error: Json) -> str:
    match error:
        case {"code": code, "message": message, **rest}:
            text = f"{message} (error {code})"
            data = json.dumps(rest["data"], ensure_ascii=False) if rest.get("data") else ""
            return f"{text}: {data[:_MAX_DATA]}" if data else text
        case _:
            return f"The server answered with a malformed error: {json.dumps(error)[:_MAX_DATA]}"
