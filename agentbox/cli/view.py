"""`agentbox view`."""

from __future__ import annotations

import sys
from pathlib import Path

from agentbox.cli.output import put
from agentbox.core.errors import AuthorError, Problem
from agentbox.judge import stats_of
from agentbox.report import styled
from agentbox.report.viewer import Opened, page
from agentbox.session import Runs, find_root
from agentbox.session.tapes.differing import diff_traces
from agentbox.trace import edited, read_trace


def view_traces(name: str, against: str, output: str, runs: str) -> int:
    """Write a page of the traces that `name` means; print where it is, and return the exit code."""
    kept = Runs(Path(runs)) if runs else Runs.of(find_root(Path.cwd()))
    traces = [kept.trace(name), kept.trace(against)] if against else kept.traces(name)
    diff = diff_traces(traces[0], traces[1]) if against else None
    text = page([_opened(path, whole=bool(against)) for path in traces], diff)
    if output == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
        return 0
    path = Path(output) if output else _beside(traces[:1] if against else traces)
    _write(path, text)
    put([styled(str(path))])
    return 0


def _beside(traces: list[Path]) -> Path:
    return traces[0].with_suffix(".html") if len(traces) == 1 else traces[0].parent / "index.html"


def _opened(path: Path, *, whole: bool) -> Opened:
    """Return a trace by its name; two of different runs are named with their runs."""
    trace = read_trace(path)
    name = f"{path.stem}@{path.parent.name}" if whole else path.stem
    problems = [*trace.problems, *edited(trace, path.read_bytes())]
    return Opened(name, trace.events, stats_of(trace.events), problems)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        raise AuthorError(
            Problem(message, hint="-o FILE writes elsewhere, `-o -` on stdout")
        ) from error
