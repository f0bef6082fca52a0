"""One tree of errors, by who can mend it.

    AgentboxError
    |-- AuthorError    the scenario, a tool file or a command line is wrong; nothing ran
    |-- WorldError     a server, a folder or a model could not do its part
    |   `-- ModelFailed    a model was asked and gave no answer: the case goes on, and is judged
    `-- TraceError     a trace cannot be read or written
        `-- UnreadableTrace    what was named is no trace, or not one that this agentbox can read

Every error carries `problems`: all of them at once, each with its place and its remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file: 1-based line and column, and how many characters it spans."""

    file: str
    line: int = 0
    column: int = 0
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, the nearest remedy."""

    message: str
    mark: Mark | None = None
    note: str = ""
    """Stands beside the caret, under the source line: `did you mean 'tool_called'?`."""
    source: str = ""
    """The source line, where there is one."""
    hint: str = ""
    """What to do about it: the next command to type, or the change to make."""


class AgentboxError(Exception):
    """The root. `str()` is the first problem's message."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(p) if isinstance(p, str) else p for p in problems
        )
        super().__init__("; ".join(p.message for p in self.problems))


class AuthorError(AgentboxError):
    """Something a person wrote is wrong. Exit code 2; nothing ran."""


class WorldError(AgentboxError):
    """Something outside could not do its part. The case is errored; exit code 3."""


FailedStatus: TypeAlias = Literal["retryable", "failed", "timeout"]
"""Whether what failed may pass by itself."""


class ModelFailed(WorldError):
    """A model was asked and gave no answer: recorded, answered as `Failed`, and judged."""

    def __init__(
        self,
        problem: Problem | str,
        status: FailedStatus = "failed",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem)
        self.status: FailedStatus = status
        self.retry_after = retry_after
        """Seconds that the server asked to wait before it is asked again, where it did."""


class TraceError(AgentboxError):
    """A trace cannot be read or written."""


class UnreadableTrace(TraceError):
    """What was named cannot be read as a trace. Exit code 2; nothing was done."""


def place_of(error: BaseException) -> tuple[Mark, str]:
    """Return where in the code an error was raised, and the source line."""
    import traceback  # noqa: PLC0415 - only on an error
    from linecache import getline  # noqa: PLC0415 - as above

    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen")
    ]
    if not frames:
        return Mark("an unknown place"), ""
    frame = frames[-1]
    line = getline(frame.filename, frame.lineno or 0).rstrip("\n")
    start, end = (_characters(line, n or 0) for n in (frame.colno, frame.end_colno))
    width = end - start if frame.end_lineno == frame.lineno else 1
    return Mark(frame.filename, frame.lineno or 1, start + 1, max(1, width)), line


def _characters(line: str, count: int) -> int:
    """Return how many characters the first `count` bytes of a line are."""
    return len(line.encode()[:count].decode(errors="ignore"))


def nearest(name: str, valid: Sequence[str]) -> str:
    """Return the valid name most like `name`, or an empty string."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms, wanted only on an error

    found = get_close_matches(name, valid, n=1, cutoff=0.6)
    return found[0] if found else ""
