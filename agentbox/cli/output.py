"""Where text goes: data to stdout, words for people to stderr."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from agentbox.core.errors import AgentboxError, Problem
from agentbox.report import (
    Line,
    Painter,
    Progress,
    problems,
    styled,
    wants_color,
    wants_redraw,
)

MOST = 20
"""How many problems are shown at once."""


def width() -> int:
    """Return the terminal's width, COLUMNS honoured; 100 where there is none."""
    return max(40, shutil.get_terminal_size((100, 24)).columns)


def painter_of(stream: Any) -> Painter:
    """Return a painter that colours where the stream and the environment want it."""
    return Painter(stream, color=wants_color(stream, os.environ))


def say(lines: Iterable[Line]) -> None:
    """Tell people."""
    painter_of(sys.stderr).write(lines)


def put(lines: Iterable[Line]) -> None:
    """Print what was asked for."""
    painter_of(sys.stdout).write(lines)


def progress() -> Progress:
    """Return the live line under what is told to people."""
    live = wants_redraw(sys.stderr, os.environ)
    return Progress(painter_of(sys.stderr), live=live, width=width())


def complain(error: AgentboxError) -> None:
    """Tell people what is wrong: all of it, or of very much the first part."""
    found = error.problems
    say(problems(found[:MOST], width=width()))
    if len(found) > MOST:
        say([styled(f"and {len(found) - MOST} more, not shown", "dim")])


def warn(found: Sequence[Problem]) -> None:
    """Tell people what is odd and stopped nothing."""
    if found:
        say(problems(found, width=width(), word="warning"))


def print_json(value: Any) -> None:
    """Print one JSON value."""
    import json  # noqa: PLC0415 - only where JSON is asked for

    print(json.dumps(value, indent=2), flush=True)  # noqa: T201 - it is what was asked for
