"""What a model and its tools say to each other, and the append-only log it is kept in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeAlias, TypeGuard, overload

from agentbox.core.errors import nearest
from agentbox.core.window import ContextWindow, tokens_in

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict of these."""


def is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    """Return whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Json]]:
    """Return whether a JSON value is a list."""
    return isinstance(value, list)


_FENCED = re.compile(r"```\w*\s*(.*?)\s*```", re.DOTALL)


def json_in(text: str) -> Json:
    """Return the JSON that a model's text is, a code fence around it taken off.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deep to be read.
    """
    fenced = _FENCED.fullmatch(text.strip())
    return json.loads(fenced[1] if fenced else text, parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


Status: TypeAlias = Literal[
    "ok", "retryable", "failed", "denied", "timeout", "interrupted", "unknown"
]
"""How a tool call ended. Only `ok` is a success; `unknown` is a write whose answer was lost."""

Source: TypeAlias = Literal["tool", "protocol", "transport", "schema", "hook", "injected", "budget"]
"""Which layer decided the status."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool."""

    name: str
    args: Mapping[str, Json] = field(default_factory=dict[str, Json])
    id: str = ""
    """From the call's position (`t1/s3/call2`), never from a provider or a random source."""
    malformed: str = ""
    """The arguments as the model wrote them, where they were no JSON object."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation."""

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    """On a tool message: the id of the call it answers."""
    parts: tuple[Mapping[str, Json], ...] = ()
    """Content beside the text (images, resource links, embedded resources) as MCP blocks."""
    failed: bool = False
    """On a tool message: the call did not end `ok`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a prompt: the slot it fills, its state and where it came from."""

    slot: str
    state: SlotState
    text: str = ""
    origin: str = ""
    """What filled it: `clock`, `scenario context.customer`, or the position of an event."""


SlotState: TypeAlias = Literal["filled", "empty", "stale", "truncated", "absent"]

STANDARD_SLOTS = ("now", "system", "user", "policy", "memory", "docs", "tools", "history")
"""Slots every slot table lists, so that one nobody filled is a recorded fact: `absent`."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it. Schemas are kept verbatim."""

    name: str
    description: str = ""
    input_schema: Mapping[str, Json] = field(default_factory=lambda: {"type": "object"})
    output_schema: Mapping[str, Json] | None = None
    annotations: Mapping[str, Json] = field(default_factory=dict[str, Json])
    title: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a tool call."""

    status: Status = "ok"
    text: str = ""
    """What the model is shown."""
    source: Source = "tool"
    structured: Json = None
    """The result as data (MCP `structuredContent`), where the tool gave any."""
    parts: tuple[Mapping[str, Json], ...] = ()
    """Content blocks beside the text, verbatim."""
    meta: Mapping[str, Json] | None = None
    """MCP `_meta` of the result; `agentbox/retrieval` lies in it."""
    detail: str = ""
    """For people, not for the model: the end of a traceback, of a server's stderr."""


def unknown_tool(name: str, known: Sequence[str]) -> ToolResult:
    """Return the result of calling a tool that is not there."""
    close = nearest(name, known)
    meant = f" Did you mean `{close}`?" if close else ""
    listed = ", ".join(known) if known else "none"
    return ToolResult("failed", f"There is no tool `{name}`.{meant} Tools: {listed}.", "protocol")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and money of a model call. None means unknown, never zero."""

    input: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cached: int | None = None
    cost_usd: float | None = None


UNKNOWN_USAGE = Usage()


class Transcript:
    """An append-only log of messages. A model call sees a `View`; nothing is ever copied.

    Where there is a window, the oldest messages may be cut off: then the log goes on as a new one,
    of another name, and views of the old one stay as they are.
    """

    __slots__ = (
        "_measured",
        "_messages",
        "_tokens",
        "_tools",
        "_tools_tokens",
        "cut",
        "name",
        "segments",
        "window",
    )

    def __init__(
        self,
        name: str = "main",
        messages: Sequence[Message] = (),
        window: ContextWindow | None = None,
    ) -> None:
        self.name = name
        self._messages = list(messages)
        self.segments: tuple[Segment, ...] = ()
        """The slot table: what the prompt was assembled from, as of the present turn."""
        self.window = window
        self.cut = 0
        """Messages that were cut off so far."""
        self._measured = self._tokens = 0
        self._tools: tuple[ToolSpec, ...] = ()
        self._tools_tokens = 0

    def add(self, *messages: Message) -> None:
        """Append messages."""
        self._messages.extend(messages)

    def view(self) -> View:
        """Return the log as it stands now; later additions do not show in it."""
        return View(self.name, self._messages, len(self._messages), self.segments)

    def tokens(self, tools: tuple[ToolSpec, ...] = ()) -> int:
        """Return the estimated tokens of a prompt of this log and `tools`.

        Each message is walked once, however often this is asked.
        """
        for index in range(self._measured, len(self._messages)):
            self._tokens += message_tokens(self._messages[index])
        self._measured = len(self._messages)
        if tools is not self._tools:
            self._tools, self._tools_tokens = tools, sum(map(_tool_tokens, tools))
        return self._tokens + self._tools_tokens

    def go_on(self, name: str, messages: Sequence[Message], cut: int) -> None:
        """Go on as the log `name` of these messages, `cut` others left behind."""
        self.name = name
        self._messages = list(messages)
        self._measured = self._tokens = 0
        self.cut += cut

    def __len__(self) -> int:
        return len(self._messages)


def message_tokens(message: Message) -> int:
    """Return the estimated tokens of a message."""
    calls = "".join(
        f"{call.name}{call.malformed or _json(dict(call.args))}" for call in message.calls
    )
    parts = "".join(_json(dict(part)) for part in message.parts)
    return tokens_in(f"{message.text}{calls}{parts}")


def _tool_tokens(tool: ToolSpec) -> int:
    return tokens_in(f"{tool.name}{tool.description}{_json(dict(tool.input_schema))}")


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class View(Sequence[Message]):
    """The first `len` messages of a transcript, without a copy."""

    __slots__ = ("_length", "_messages", "name", "segments")

    def __init__(
        self,
        name: str,
        messages: list[Message],
        length: int,
        segments: tuple[Segment, ...] = (),
    ) -> None:
        self.name = name
        self._messages = messages
        self._length = length
        self.segments = segments

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        if isinstance(index, slice):
            return [self._messages[i] for i in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._messages[index if index >= 0 else self._length + index]

    def __iter__(self) -> Iterator[Message]:
        for index in range(self._length):
            yield self._messages[index]

    def since(self, index: int) -> list[Message]:
        """Return the messages from `index` on."""
        return self._messages[index : self._length]
