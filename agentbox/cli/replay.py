"""`agentbox replay`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agentbox.cli.output import complain, print_json, say, warn, width
from agentbox.cli.run import relative
from agentbox.core.errors import AgentboxError, AuthorError, Problem
from agentbox.core.verdict import Verdict
from agentbox.report import Line, failure, problem_json, verdict_json
from agentbox.report.divergence import (
    divergence,
    divergence_json,
    drift_json,
    drift_lines,
    replay_line,
    replay_summary,
)
from agentbox.runtime.wall import elapsed
from agentbox.session import (
    DIVERGED,
    Drift,
    Host,
    Live,
    Replay,
    Runs,
    drifted,
    exit_code,
    find_root,
    half_live,
    replay,
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A trace, and what came of playing it, or why it could not be played."""

    name: str
    replay: Replay | None = None
    drifts: Sequence[Drift] = ()
    """Calls that a tool answers otherwise by now."""
    error: AgentboxError | None = None

    @property
    def same(self) -> bool:
        """Whether all was as on the tape."""
        return self.replay is not None and self.replay.same and not self.drifts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line of `agentbox replay` asks for."""

    name: str
    file: str
    live: str
    drift: tuple[str, ...]
    runs: str
    as_json: bool


def replay_traces(wanted: Wanted) -> int:
    """Play traces again and compare; return the exit code."""
    root = find_root(Path.cwd())
    kept = Runs(Path(wanted.runs)) if wanted.runs else Runs.of(root)
    paths = kept.traces(wanted.name)
    given = [name for name in ("file", "live", "drift") if getattr(wanted, name)]
    if len(given) > 1:
        hint = "give one of --scenario, --live, --drift"
        raise AuthorError(Problem("a tape is played in one way at a time", hint=hint))
    if wanted.live:
        return _half_live(paths, wanted, kept, root)
    return _compared(paths, wanted, root)


def _half_live(paths: Sequence[Path], wanted: Wanted, kept: Runs, root: Path) -> int:
    """Play traces with one half real; return the exit code of their verdicts."""
    live = cast("Live", wanted.live)
    host, verdicts = Host(root, dict(os.environ), live=True), list[Verdict]()
    told: list[dict[str, Any]] = []
    for path in paths:
        with redirect_stdout(sys.stderr):
            done = half_live(path, live, host, kept.new)
        verdict, found = done.judged.verdict, done.divergence
        verdicts.append(verdict)
        word = "same" if found is None else "differs"
        said = f"{verdict.outcome}, trace {relative(Path(verdict.trace))}"
        say([replay_line(verdict.case, word, said, width=width())])
        accept = f"agentbox diff {relative(path)} {relative(Path(verdict.trace))}"
        if found:
            say(divergence(found, accept, width=width()))
        say(failure(verdict, done.judged.events, width=width()))
        about = divergence_json(found, accept) if found else None
        told.append({"trace": relative(path), "first": about, "verdict": verdict_json(verdict)})
    code = exit_code(verdicts)
    if wanted.as_json:
        print_json({"exit": code, "live": live, "replays": told})
    return code


def _compared(paths: Sequence[Path], wanted: Wanted, root: Path) -> int:
    """Play traces and compare all that happens; return the exit code."""
    host, started = Host(root, dict(os.environ)), elapsed()
    done: list[Replayed] = []
    say([((f"replay  {len(paths)} trace{'s' * (len(paths) != 1)}", "bold"),)])
    with redirect_stdout(sys.stderr):  # what a loop of the project prints is no data of ours
        for path in paths:
            one = _one(path, host, wanted)
            done.append(one)
            _tell(one)
    counts = _counts(done)
    say([replay_summary(counts, elapsed() - started)])
    code = _code(counts)
    if wanted.as_json:
        print_json({"exit": code, "replays": [_json(one) for one in done]})
    return code


def _one(path: Path, host: Host, wanted: Wanted) -> Replayed:
    name = relative(path)
    try:
        if wanted.drift:
            return Replayed(name, *drifted(path, wanted.drift, host))
        return Replayed(name, replay(path, host, wanted.file))
    except AgentboxError as error:
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
    word = "same" if one.same else "DRIFTED" if played.same else "DIVERGED"
    lines: list[Line] = [replay_line(played.scenario.case.label, word, told, width=width())]
    if played.divergence:
        lines += divergence(played.divergence, _accept(played), width=width())
    for drift in one.drifts:
        lines += drift_lines(drift.at, drift.tool, drift.changes, width=width())
    say(lines)
    warn(played.problems)


def _accept(played: Replay) -> str:
    """Return the command that records the run as it is now."""
    return f"agentbox run {played.scenario.node}"


def _stem(one: Replayed) -> str:
    return Path(one.name).stem.partition("__")[2] or one.name


def _counts(done: Sequence[Replayed]) -> dict[str, int]:
    played = [one for one in done if one.replay]
    counts = {
        "same": sum(one.same for one in played),
        "drifted": sum(bool(one.drifts) for one in played),
        "diverged": sum(one.replay is not None and not one.replay.same for one in played),
        "unplayable": len(done) - len(played),
    }
    return {word: number for word, number in counts.items() if number}


def _code(counts: dict[str, int]) -> int:
    if "unplayable" in counts:
        return 2
    return DIVERGED if counts.keys() & {"diverged", "drifted"} else 0


def _json(one: Replayed) -> dict[str, Any]:
    if one.replay is None:
        problems = one.error.problems if one.error else ()
        return {"trace": one.name, "problems": [problem_json(each) for each in problems]}
    played = one.replay
    found = played.divergence
    return {
        "trace": one.name,
        "case": played.scenario.node,
        "same": one.same,
        "drifts": [drift_json(each.at, each.tool, each.changes) for each in one.drifts],
        "compared": played.compared,
        "ended": played.ended,
        "divergence": divergence_json(found, _accept(played)) if found else None,
        "outcome": played.verdict.outcome if played.verdict else None,
        "problems": [problem_json(each) for each in played.problems],
    }
