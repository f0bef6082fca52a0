"""`agentbox replay`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentbox.cli.output import complain, print_json, say, warn, width
from agentbox.cli.run import relative
from agentbox.core.errors import AgentboxError, AuthorError, TraceError
from agentbox.report import (
    Line,
    divergence,
    divergence_json,
    problem_json,
    replay_line,
    replay_summary,
)
from agentbox.runtime.wall import elapsed
from agentbox.session import DIVERGED, Host, Replay, Runs, find_root, replay


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace, and what came of playing it, or why it could not be played."""

    name: str
    replay: Replay | None = None
    error: AgentboxError | None = None


def replay_traces(name: str, file: str, runs: str, *, as_json: bool) -> int:
    """Play traces again and compare; return the exit code."""
    root = find_root(Path.cwd())
    kept = Runs(Path(runs)) if runs else Runs.of(root)
    paths = kept.traces(name)
    host, started = Host(root, dict(os.environ)), elapsed()
    done: list[Replayed] = []
    say([((f"replay  {len(paths)} trace{'s' * (len(paths) != 1)}", "bold"),)])
    with redirect_stdout(sys.stderr):  # what a loop of the project prints is no data of ours
        for path in paths:
            one = _one(path, host, file)
            done.append(one)
            _tell(one)
    counts = _counts(done)
    say([replay_summary(counts, elapsed() - started)])
    code = _code(counts)
    if as_json:
        print_json({"exit": code, "replays": [_json(one) for one in done]})
    return code


def _one(path: Path, host: Host, file: str) -> Replayed:
    name = relative(path)
    try:
        return Replayed(name, replay(path, host, file))
    except (TraceError, AuthorError) as error:
        return Replayed(name, error=error)


def _tell(one: Replayed) -> None:
    played = one.replay
    if played is None:
        say([replay_line(_stem(one), "UNPLAYABLE", "", width=width())])
        if one.error:
            complain(one.error)
        return
    verdict, events = played.verdict, f"{played.compared} events"
    told = f"{events}, {verdict.outcome}" if verdict else f"{events} are the same, and then"
    if played.ended:
        told += f"; {played.ended}"
    word = "same" if played.same else "DIVERGED"
    lines: list[Line] = [replay_line(played.scenario.case.label, word, told, width=width())]
    if played.divergence:
        lines += divergence(played.divergence, _accept(played), width=width())
    say(lines)
    warn(played.problems)


def _accept(played: Replay) -> str:
    """Return the command that records the run as it is now."""
    return f"agentbox run {played.scenario.node}"


def _stem(one: Replayed) -> str:
    return Path(one.name).stem.partition("__")[2] or one.name


def _counts(done: Sequence[Replayed]) -> dict[str, int]:
    played = [one.replay for one in done if one.replay]
    same = sum(each.same for each in played)
    counts = {"same": same, "diverged": len(played) - same, "unplayable": len(done) - len(played)}
    return {word: number for word, number in counts.items() if number}


def _code(counts: dict[str, int]) -> int:
    if "unplayable" in counts:
        return 2
    return DIVERGED if "diverged" in counts else 0


def _json(one: Replayed) -> dict[str, Any]:
    if one.replay is None:
        problems = one.error.problems if one.error else ()
        return {"trace": one.name, "problems": [problem_json(each) for each in problems]}
    played = one.replay
    found = played.divergence
    return {
        "trace": one.name,
        "case": played.scenario.node,
        "same": played.same,
        "compared": played.compared,
        "ended": played.ended,
        "divergence": divergence_json(found, _accept(played)) if found else None,
        "outcome": played.verdict.outcome if played.verdict else None,
        "problems": [problem_json(each) for each in played.problems],
    }
