"""A stage for tests: a loop played over real effects, wrappers and a real trace, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentbox import Clock, ToolCall, ToolResult, ToolSpec
from agentbox.core.requests import End, Loop, LoopFunction
from agentbox.core.runtime import CallContext, Toolbox
from agentbox.core.scenario import Deadlines, Limits
from agentbox.core.trace import TraceEvent
from agentbox.loops import Briefing, Setting, conversation, react
from agentbox.models import FunctionModel
from agentbox.runtime import Budget, Driver, Effects, World, scripted_user, stacked
from agentbox.runtime.wall import elapsed
from agentbox.trace import Redactor, Trace, TraceWriter, parse_trace

NOW = "2026-03-20T14:30:00Z"
LOOK = ToolSpec(
    "look",
    "Look something up.",
    {
        "type": "object",
        "properties": {"key": {"type": "string"}},
        "required": ["key"],
        "additionalProperties": False,
    },
)


@dataclass
class Tools:
    """A toolbox of async functions from arguments to a result."""

    functions: Mapping[str, Callable[..., Any]]
    listed: Sequence[ToolSpec] = (LOOK,)

    def specs(self) -> Sequence[ToolSpec]:
        return self.listed

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        result = await self.functions[call.name](**call.args)
        return result if isinstance(result, ToolResult) else ToolResult(text=result)


@dataclass
class Stage:
    """What a played loop left behind."""

    lines: list[bytes] = field(default_factory=list)
    end: End | None = None
    error: BaseException | None = None
    clock: Clock = field(default_factory=lambda: Clock.at(NOW))

    @property
    def content(self) -> bytes:
        return b"".join(self.lines)

    @property
    def trace(self) -> Trace:
        return parse_trace(self.content, "stage")

    def events(self, kind: str) -> list[TraceEvent]:
        return [event for event in self.trace.events if event.kind == kind]


async def look(key: str) -> str:
    """Answer at once."""
    return f"found {key}"


async def play_on(
    stage: Stage,
    model: Callable[..., Any],
    tools: Toolbox | None = None,
    *,
    turns: Sequence[str] = ("Hello",),
    limits: Limits | None = None,
    deadlines: Deadlines | None = None,
    tick: float = 0,
    loop: Loop | None = None,
    agent: LoopFunction = react,
    secrets: Mapping[str, str] | None = None,
    slots: tuple[str, ...] = ("now",),
) -> Stage:
    """Play a conversation; an error is kept on the stage, except a cancellation."""
    writer = TraceWriter(stage.lines.append, stage.clock, elapsed, Redactor(secrets))
    box = tools or Tools({"look": look})
    world = World(
        {"agent": FunctionModel(model)},
        box,
        scripted_user(turns),
        stage.clock,
        deadlines or Deadlines(),
        tick=tick,
    )
    handler = stacked(Effects(world, writer), Budget(stage.clock, writer))
    specs = tuple(box.specs())
    setting = Setting(Briefing("Be kind.", slots), limits or Limits(), lambda _: specs)
    played = loop or conversation(agent, setting)
    try:
        stage.end = await Driver(handler, "case").drive(played)
    except Exception as error:  # noqa: BLE001 - the test looks at it
        stage.error = error
    finally:
        writer.seal()
    return stage


def staged(model: Callable[..., Any], tools: Toolbox | None = None, **rest: Any) -> Stage:
    """Play a conversation to its end."""
    return asyncio.run(play_on(Stage(), model, tools, **rest))
