"""`agentbox judge`."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

from agentbox.cli.output import print_json, say
from agentbox.cli.run import Screen, refused, relative
from agentbox.core.errors import AuthorError
from agentbox.session import Host, Progress, Runs, exit_code, find_root, judge_again, root_of


def judge_runs(name: str, file: str, runs: str, *, as_json: bool) -> int:
    """Judge a run's traces again and show the verdicts; return the exit code."""
    kept = Runs(Path(runs)) if runs else Runs.of(find_root(Path.cwd()))
    try:
        traces = kept.traces(name)
        root = root_of([file]) if file else find_root(Path.cwd())
        with redirect_stdout(sys.stderr):  # what a function that judges prints is no data of ours
            judged = judge_again(traces, file, Host(root, dict(os.environ), live=True))
    except AuthorError as error:
        return refused(error, as_json=as_json)
    screen = Screen([one.scenario for one in judged], relative(traces[0].parent))
    screen.open("judged again")
    for one in judged:
        for told in (None, one.judged):
            say(screen.heard(Progress(one.scenario, told)))
    screen.close()
    code = exit_code(screen.verdicts)
    if as_json:
        print_json(screen.data(code))
    return code
