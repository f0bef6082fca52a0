"""agentbox: the flight recorder and crash-test lab for agents that use tools.

What users of the library need; everything is imported when it is first asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs 6 ms, and only a type checker wants it here
if TYPE_CHECKING:
    from typing import Any

    from agentbox.core.clock import Clock
    from agentbox.core.messages import Message, ToolCall, ToolResult, ToolSpec, Usage
    from agentbox.core.requests import End, Loop, Said, Task
    from agentbox.core.version import VERSION as __version__  # noqa: N811 - the name every package has
    from agentbox.models.function import call, say

_HOMES = {
    "Clock": "agentbox.core.clock",
    "End": "agentbox.core.requests",
    "Loop": "agentbox.core.requests",
    "Message": "agentbox.core.messages",
    "Said": "agentbox.core.requests",
    "Task": "agentbox.core.requests",
    "ToolCall": "agentbox.core.messages",
    "ToolResult": "agentbox.core.messages",
    "ToolSpec": "agentbox.core.messages",
    "Usage": "agentbox.core.messages",
    "call": "agentbox.models.function",
    "say": "agentbox.models.function",
}

__all__ = [
    "Clock",
    "End",
    "Loop",
    "Message",
    "Said",
    "Task",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Usage",
    "__version__",
    "call",
    "say",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - 1 ms, wanted when a name is

    if name == "__version__":
        return import_module("agentbox.core.version").VERSION
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'agentbox' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
