"""`agentbox show` and `agentbox clean`."""

from __future__ import annotations

import sys
from pathlib import Path

from agentbox.cli.output import print_json, put, say, width
from agentbox.report import brief, find_step, show, show_json, show_step, step_json
from agentbox.session import Runs, addresses, find_root
from agentbox.trace import canonical_lines, edited, prompt_at, read_trace


def show_trace(name: str, step: str, runs: str, *, canonical: bool, as_json: bool) -> int:
    """Show a trace on stdout; return the exit code."""
    kept = runs_in(runs)
    found = kept.traces(name)
    if len(found) > 1 and not (step or canonical or as_json):
        return _overview(found, name, runs)
    path = kept.trace(name)
    if canonical:
        for line in canonical_lines(path.read_bytes()):
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()
        return 0
    trace = read_trace(path)
    problems = [*trace.problems, *edited(trace, path.read_bytes())]
    if step:
        at = find_step(trace.events, step)
        messages = prompt_at(trace, at).messages
        if as_json:
            print_json(step_json(trace.events, at, messages))
        else:
            put(show_step(trace.events, at, messages, width=width()))
    elif as_json:
        print_json(show_json(trace.events, problems, trace.in_flight()))
    else:
        put(show(trace.events, problems, trace.in_flight(), width=width()))
    return 0


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
