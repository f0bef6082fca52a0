"""`agentbox show` and `agentbox clean`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentbox.cli.output import print_json, put, say, width
from agentbox.core.errors import Problem
from agentbox.report import Line, brief, find_step, show, show_json, show_step, step_json
from agentbox.report.context import context_json, context_lines, prompts_at
from agentbox.report.why import why, why_json, why_lines
from agentbox.report.wrong import wrongs, wrongs_json, wrongs_lines
from agentbox.session import Runs, addresses, find_root
from agentbox.trace import Trace, canonical_lines, edited, prompt_at, read_trace


@dataclass(frozen=True, slots=True)
class View:
    """What of a trace is shown: all of it, or what an option names."""

    name: str = ""
    of: str = ""
    """The step, or the value."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A trace, what is wrong with it, and what to call it in a command."""

    trace: Trace
    problems: Sequence[Problem]
    called: str


def show_trace(name: str, view: View, runs: str, *, as_json: bool) -> int:
    """Show a trace on stdout; return the exit code."""
    kept = runs_in(runs)
    found = kept.traces(name)
    if len(found) > 1 and not (view.name or as_json):
        return _overview(found, name, runs)
    path = kept.trace(name)
    if view.name == "canonical":
        for line in canonical_lines(path.read_bytes()):
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()
        return 0
    trace = read_trace(path)
    problems = [*trace.problems, *edited(trace, path.read_bytes())]
    opened = Opened(trace, problems, f"{name} --runs {runs}" if runs else name)
    data, lines = _VIEWS[view.name](opened, view.of)
    if as_json:
        print_json(data())
    else:
        put(lines())
    return 0


Told = tuple[Callable[[], Any], Callable[[], list[Line]]]
"""What is shown, as JSON values and as lines; either is made only where it is wanted."""


def _whole(opened: Opened, _: str) -> Told:
    events, problems, open_ = opened.trace.events, opened.problems, opened.trace.in_flight()
    return (
        lambda: show_json(events, problems, open_),
        lambda: show(events, problems, open_, width=width()),
    )


def _step(opened: Opened, step: str) -> Told:
    events = opened.trace.events
    at = find_step(events, step)
    messages = prompt_at(opened.trace, at).messages
    return (
        lambda: step_json(events, at, messages),
        lambda: show_step(events, at, messages, width=width()),
    )


def _context(opened: Opened, step: str) -> Told:
    prompt, before = prompts_at(opened.trace.events, find_step(opened.trace.events, step))
    return (
        lambda: context_json(prompt, before),
        lambda: context_lines(prompt, before, width=width()),
    )


def _why(opened: Opened, value: str) -> Told:
    found = why(opened.trace.events, value)
    return lambda: why_json(found), lambda: why_lines(found, width=width())


def _errors(opened: Opened, _: str) -> Told:
    found = wrongs(opened.trace.events, opened.problems, opened.trace.in_flight())
    return (
        lambda: wrongs_json(found, opened.called),
        lambda: wrongs_lines(found, opened.called, width=width()),
    )


_VIEWS: Mapping[str, Callable[[Opened, str], Told]] = {
    "": _whole,
    "step": _step,
    "ctx": _context,
    "why": _why,
    "errors": _errors,
}


def _overview(traces: list[Path], name: str, runs: str) -> int:
    """Show a line for each trace of a run."""
    elsewhere = f" --runs {runs}" if runs else ""
    names = addresses(name.partition("::")[0], traces)
    for path, address in zip(traces, names, strict=True):
        command = f"agentbox show {address}{elsewhere}"
        put([brief(read_trace(path).events, command, width=width())])
    return 0


def clean_runs(keep: int, runs: str, *, as_json: bool) -> int:
    """Remove old runs; return the exit code."""
    removed = [path.name for path in runs_in(runs).clean(keep)]
    if as_json:
        print_json({"removed": removed})
    say([((f"removed {len(removed)} run{'s' * (len(removed) != 1)}, kept {keep}", "plain"),)])
    return 0


def runs_in(folder: str) -> Runs:
    """Return the runs kept in a folder; without one, in that of the project here."""
    return Runs(Path(folder)) if folder else Runs.of(find_root(Path.cwd()))
