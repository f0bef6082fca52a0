"""A server's tools as a toolbox: calls become requests, answers become `ToolResult`s.

Answers are read as they came; a failure is a result, never an exception.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from agentbox.core.clock import Clock
from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec, is_object
from agentbox.core.runtime import CallContext
from agentbox.core.trace import Position
from agentbox.toolboxes.mcp.answers import Answers
from agentbox.toolboxes.mcp.frames import Exchange, Frame, Wire

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp.connection import Connection

MAX_ROUNDS = 10
"""How often a tool may ask for more before it gives a result."""
_CONNECTION_CLOSED = -32000
_MAX_DATA = 500


class _Refused(Exception):
    """A tool asks for what it does not get; the message says so."""


class ServerToolbox:
    """The tools of one server."""

    def __init__(
        self,
        specs: Sequence[ToolSpec],
        connection: Connection,
        wire: Wire,
        answers: Answers,
        fate: Callable[[], Awaitable[tuple[str, str]]],
    ) -> None:
        """Offer `specs`; `fate` says how a server was lost, and its last words."""
        self._specs = {spec.name: spec for spec in specs}
        self._connection = connection
        self._wire = wire
        self._answers = answers
        self._fate = fate

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools, as listed."""
        return tuple(self._specs.values())

    def offer(self, specs: Sequence[ToolSpec]) -> None:
        """Offer these from now on."""
        self._specs = {spec.name: spec for spec in specs}

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Call a tool. `unknown` says that the server was lost in the call: it may have acted."""
        server = self._wire.name
        if call.name not in self._specs:
            text = f"The server `{server}` has no tool `{call.name}`."
            return _broken(text)
        if self._wire.lost:
            text = f"Not called: the server `{server}` is gone: {self._wire.lost}."
            return ToolResult("failed", text, "transport")
        exchange = Exchange(context.at, reenter=context.reenter)
        try:
            await self._answered(exchange, _params(call, context), context.deadline)
        except TimeoutError:
            text = f"No answer within {context.deadline:g} s."
            return ToolResult("timeout", text, "transport")
        except _Refused as refused:
            return _broken(str(refused))
        self._wire.raise_broken(exchange)
        try:
            return await self._read(exchange)
        except RecursionError:
            return _broken("The result is nested too deeply.")

    async def _answered(self, exchange: Exchange, params: Frame, seconds: float) -> None:
        """Call, and answer what the tool needs to know first, round by round."""
        for _ in range(MAX_ROUNDS):
            await self._connection.call(exchange, params, seconds)
            wanted = _wanted(exchange)
            if wanted is None:
                return
            params = {**params, **await self._round(exchange, wanted)}
            exchange.reply = None
        raise _Refused(f"The tool asks for more after {MAX_ROUNDS} rounds of answers.")

    async def _round(self, exchange: Exchange, result: Frame) -> Frame:
        """Return what a call is made with again; every question is asked, one after another."""
        answers: Frame = {}
        methods: list[str] = []
        requests = result.get("inputRequests")
        for key, request in requests.items() if is_object(requests) else ():
            method, params = _request(request)
            methods.append(method)
            answers[key] = await self._answers.answer(self._wire.asks(exchange, method, params))
            self._wire.raise_broken(exchange)
        if None in answers.values():
            asked = ", ".join(methods)
            raise _Refused(f"The tool asks for {asked} to go on. Nobody here answers that.")
        if not answers and "requestState" not in result:
            raise _Refused("The tool asks for more to go on, and does not say for what.")
        state = {key: result[key] for key in ("requestState",) if key in result}
        return {"inputResponses": answers, **state}

    async def _read(self, exchange: Exchange) -> ToolResult:
        match exchange.reply:
            case None:
                return await self._lost("")
            case {"error": {"code": code, "message": text}} if self._is_transport(code):
                return await self._lost(str(text))
            case {"error": error}:
                return _broken(_error_text(error))
            case {"result": {**result}}:
                return _result(cast("Frame", result))
            case _:
                return _broken("The answer holds no result and no error.")

    def _is_transport(self, code: Json) -> bool:
        """Over HTTP the SDK itself answers so for a stream that ended; elsewhere the server did."""
        return self._wire.remote and code == _CONNECTION_CLOSED

    async def _lost(self, why: str) -> ToolResult:
        fate, last_words = (why, "") if why else await self._fate()
        text = f"The server `{self._wire.name}` was lost in this call, which may have taken effect"
        return ToolResult("unknown", f"{text}: {fate}.", "transport", detail=last_words)


def _broken(text: str) -> ToolResult:
    return ToolResult("failed", text, "protocol")


def _wanted(exchange: Exchange) -> Frame | None:
    """Return what a tool needs before it gives a result; None where it has given one."""
    match exchange.reply:
        case {"result": {"resultType": "input_required", **wanted}}:
            return cast("Frame", wanted)
        case _:
            return None


def _result(result: Frame) -> ToolResult:
    kind = result.get("resultType", "complete")  # absent, it is complete: SDK 2.3 trips here
    return (
        result_of(result)
        if kind == "complete"
        else _broken(f"The result is of no known type: {kind}.")
    )


def _request(request: Json) -> tuple[str, Json]:
    match request:
        case {"method": str(method), "params": params}:
            return method, params
        case {"method": str(method)}:
            return method, None
        case _:
            return "something malformed", request


def _params(call: ToolCall, context: CallContext) -> dict[str, Json]:
    meta = {
        "progressToken": context.at,
        **run_meta(context.at, context.clock, context.seed),
    }
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
