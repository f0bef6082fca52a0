"""The same work by agentbox's own parts: full trace in a file, redactor and deadlines on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from work import SCHEMA, lookup

from agentbox import Clock, ToolCall, ToolResult, ToolSpec, call, say
from agentbox.core.messages import Json, Message
from agentbox.core.requests import Ask
from agentbox.core.runtime import CallContext
from agentbox.core.scenario import Deadlines, Limits
from agentbox.core.trace import Recorder
from agentbox.loops import Briefing, Setting, conversation, react
from agentbox.models import FunctionModel
from agentbox.runtime import Budget, Driver, Effects, World, scripted_user, stacked
from agentbox.runtime.wall import elapsed
from agentbox.trace import Redactor, TraceFile, TraceWriter

SPEC = ToolSpec("lookup", "Look a value up.", SCHEMA)
TOOLS = (SPEC,)
SECRETS = {"TOKEN": "a-secret-of-some-length"}
UNLIMITED = Limits(steps=None, tool_calls=None)


class Lookup:
    """A toolbox of one async function."""

    def specs(self) -> list[ToolSpec]:
        return [SPEC]

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        return ToolResult(text=await lookup(**call.args))


class Nowhere:
    """A recorder that keeps nothing: what is left is the cost without a trace."""

    def emit(
        self,
        at: str,
        kind: str,
        data: Mapping[str, Json],
        side: Mapping[str, Json] | None = None,
        holds: Message | None = None,
    ) -> None: ...

    def ask(self, at: str, ask: Ask) -> None: ...

    def blob(self, value: Json) -> str:
        return ""


def model(steps: int, pause: float = 0) -> Any:
    """Return the floor's model."""

    def reply(messages: Any, tools: Any) -> Any:
        n = (len(messages) - 2) // 2
        if n and not messages[-1].text.startswith("value"):
            raise ValueError(messages[-1])
        return call("lookup", key="k", n=n) if n < steps else say("done")

    async def late(messages: Any, tools: Any) -> Any:
        await asyncio.sleep(pause)
        return reply(messages, tools)

    return late if pause else reply


async def run(steps: int, path: Path | None, pause: float = 0) -> None:
    """Run once, with a trace at `path` if there is one."""
    clock = Clock.at("2026-03-20T14:30:00Z")
    file = TraceFile(path) if path else None
    later = asyncio.get_running_loop().call_soon
    writer = TraceWriter(file, clock, elapsed, Redactor(SECRETS), later) if file else None
    recorder: Recorder = writer or Nowhere()
    world = World(
        {"agent": FunctionModel(model(steps, pause))},
        Lookup(),
        scripted_user(["Hello"]),
        clock,
        Deadlines(),
    )
    handler = stacked(Effects(world, recorder), Budget(clock, recorder))
    setting = Setting(Briefing("Be kind.", ("now",)), UNLIMITED, lambda _: TOOLS)
    loop = conversation(react, setting)
    end = await Driver(handler, "case").drive(loop)
    if end.answer != "done":
        raise ValueError(end)
    if writer and file:
        writer.seal()
        file.close()
