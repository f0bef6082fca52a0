"""Conversations with the lessons' models, played by the real loops over tools made in the test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentbox import Clock, Message, Said, Task, ToolCall, ToolResult, ToolSpec
from agentbox.core.messages import Transcript
from agentbox.core.requests import Ask, Call, Done, End, Note, answered
from agentbox.loops import react

MODELS = Path(__file__).parents[1] / "scenarios" / "models"
NOW = "2026-07-16T09:00:00Z"
"""A Thursday: last week is July 6 to 12."""


@dataclass
class Played:
    """A conversation, its calls and its ends."""

    reply: Callable[..., Any]
    tools: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    system: str = "You are the desk."
    now: str = NOW
    loop: Callable[..., Any] = react
    specs: tuple[ToolSpec, ...] = ()
    calls: list[tuple[str, dict]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tokens: int = 0

    def __post_init__(self) -> None:
        block = f"{Clock.at(self.now).block()}\n\n" if self.now else ""
        self.log = Transcript(messages=[Message("system", block + self.system)])
        self.specs = self.specs or tuple(ToolSpec(name) for name in self.tools)

    def user(self, words: str) -> End:
        self.log.add(Message("user", words))
        running = self.loop(Task(self.log, self.specs))
        answer = None
        while True:
            try:
                request = running.send(answer)
            except StopIteration as end:
                return end.value
            answer = self.answer(request)

    def answer(self, request: Any) -> Any:
        match request:
            case Ask():
                said = self.reply(request.messages, request.tools)
                return self.said(said if isinstance(said, Said) else Said(said))
            case Call():
                return tuple(answered(call, self.result(call)) for call in request.calls)
            case Note():
                self.notes.append(request.kind)
        return Done()

    def said(self, said: Said) -> Said:
        self.tokens += (said.usage.input or 0) + (said.usage.output or 0)
        calls = tuple(
            ToolCall(call.name, call.args, f"{len(self.log)}/{number}")
            for number, call in enumerate(said.message.calls)
        )
        return Said(Message("assistant", said.message.text, calls), said.usage)

    def result(self, call: ToolCall) -> ToolResult:
        self.calls.append((call.name, dict(call.args)))
        try:
            return ToolResult(text=json.dumps(self.tools[call.name](**call.args)))
        except (LookupError, TypeError, OSError) as error:
            return ToolResult("failed", str(error))

    @property
    def called(self) -> list[str]:
        return [name for name, _ in self.calls]
