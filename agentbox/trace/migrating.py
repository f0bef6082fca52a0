"""Brings an older trace up to this format: each version has a step to the next.

A step is given events as the reader has them, blobs put back, and returns those of the version
after it. There is none yet: the format is at its first version. What is here already is the door:
a trace of any version goes through it, and a newer one is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from agentbox.core.errors import Problem, UnreadableTrace
from agentbox.core.trace import FORMAT_VERSION, TraceEvent

Events: TypeAlias = Sequence[TraceEvent]
Step: TypeAlias = Callable[[Events], Events]

STEPS: Mapping[int, Step] = {}
"""By the version that a step starts from."""


def migrated(events: Events, path: str, steps: Mapping[int, Step]) -> tuple[TraceEvent, ...]:
    """Return the events of a trace as this format has them; without a header, as they are.

    Raises:
        UnreadableTrace: its format is newer than this agentbox, or none that it knows.
    """
    version = _version(events, path)
    if version > FORMAT_VERSION:
        told = f"{path} is a trace of format {version}; this agentbox reads up to {FORMAT_VERSION}"
        raise UnreadableTrace(Problem(told, hint="pip install --upgrade agentbox"))
    for each in range(version, FORMAT_VERSION):
        if each not in steps:
            raise UnreadableTrace(
                f"{path} is a trace of format {version}, which nothing here reads"
            )
        events = steps[each](events)
    return tuple(events)


def _version(events: Events, path: str) -> int:
    header = next((event.data for event in events if event.kind == "run.start"), None)
    version = header.get("format", FORMAT_VERSION) if header else FORMAT_VERSION
    if not isinstance(version, int) or isinstance(version, bool):
        raise UnreadableTrace(f"{path} says that its format is {version!r}, which is none")
    return version
