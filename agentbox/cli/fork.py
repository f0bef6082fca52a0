"""`agentbox fork`."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, cast

from agentbox.cli.output import print_json, say, width
from agentbox.cli.run import relative
from agentbox.core.errors import AuthorError
from agentbox.report import failure, verdict_json
from agentbox.report.forks import ForkStory, fork_lines
from agentbox.session import FIDELITIES, Fork, Host, Patches, Runs, Then, Wish, exit_code, find_root
from agentbox.session import fork as forked


def fork_trace(
    name: str, at: str, changes: tuple[str, ...], then: str, runs: str, *, as_json: bool
) -> int:
    """Fork a trace; return the exit code, which is that of the child's verdict."""
    root = find_root(Path.cwd())
    kept = Runs(Path(runs)) if runs else Runs.of(root)
    path = kept.trace(name)
    wish = Wish(at, Patches.of(changes), cast("Then", then))
    host = Host(root, dict(os.environ), live=then == "live")
    made: list[Path] = []

    def folder() -> Path:
        made.append(kept.new())
        return made[-1]

    try:
        with redirect_stdout(sys.stderr):  # what tools print is no data of ours
            done = forked(path, wish, host, folder)
    except AuthorError:
        for each in made:
            kept.discard(each)
        raise
    verdict = done.judged.verdict
    child = relative(Path(verdict.trace))
    if as_json:
        print_json(_json(done, relative(path), child))
    told = ForkStory(
        done.before,
        verdict,
        [str(patch) for patch in wish.patches.all],
        done.wanted,
        done.free_at,
        done.divergence,
        f"{done.fidelity}: {FIDELITIES[done.fidelity]}",
        relative(path),
        child,
    )
    say(fork_lines(told, width=width()))
    say(failure(verdict, done.judged.events, width=width()))
    return exit_code([verdict])


def _json(done: Fork, parent: str, child: str) -> dict[str, Any]:
    return {
        "parent": parent,
        "child": child,
        "before": done.before.outcome,
        "wanted_at": done.wanted,
        "free_at": done.free_at,
        "divergence": done.divergence.kind if done.divergence else None,
        "fidelity": done.fidelity,
        "verdict": verdict_json(done.judged.verdict),
    }
