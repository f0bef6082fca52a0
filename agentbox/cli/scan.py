"""`agentbox scan`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from agentbox.cli.output import complain, print_json, put, say
from agentbox.cli.run import relative
from agentbox.core.errors import AuthorError
from agentbox.report import problem_json
from agentbox.report.scan import leak_line, scan_summary
from agentbox.session import USAGE, Host, Runs, find_root, scan_for_secrets


def scan_paths(names: Sequence[str], secrets: Sequence[str], runs: str, *, as_json: bool) -> int:
    """Scan for secrets; return the exit code."""
    root = find_root(Path.cwd())
    kept = Runs(Path(runs)) if runs else Runs.of(root)
    scanned = scan_for_secrets(names, secrets, Host(root, dict(os.environ)), kept)
    leaks, problems = scanned.leaks, scanned.problems
    code = USAGE if problems else int(bool(leaks))
    if as_json:
        found = [{"file": relative(path), **asdict(leak)} for path, leak in leaks]
        told = [problem_json(each) for each in problems]
        print_json({"exit": code, "files": scanned.files, "leaks": found, "problems": told})
    else:
        put(leak_line(relative(path), leak) for path, leak in leaks)
    if problems:
        complain(AuthorError(*problems))
    say(scan_summary(scanned.files, [leak for _, leak in leaks], len(problems)))
    return code
