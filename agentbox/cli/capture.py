"""`agentbox capture`."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from agentbox.cli.output import print_json, say
from agentbox.cli.run import refused, relative
from agentbox.core.errors import AuthorError, Problem, TraceError
from agentbox.report import Line, styled
from agentbox.session import Captured, Held, Host, Runs, capture, find_root, held, text_of

_STDOUT = "-"


def capture_trace(name: str, output: str, runs: str, *, force: bool, as_json: bool) -> int:
    """Write the scenario that comes to what a trace came to; return the exit code."""
    root = find_root(Path.cwd())
    kept = Runs(Path(runs)) if runs else Runs.of(root)
    host, file = Host(root, dict(os.environ)), Path(output)
    try:
        _refuse_existing(file, force=force)
        trace = kept.trace(name)
        with redirect_stdout(sys.stderr):  # what code of the project prints is no data of ours
            captured = capture(trace, host)
            text = text_of(captured, file, host)
            played = held(captured, text, host)
        _write(file, text, as_json=as_json)
    except (AuthorError, TraceError) as error:
        return refused(error, as_json=as_json)
    say(_told(captured, played, file))
    code = 1 if played.differs else 0
    if as_json:
        print_json(_json(captured, played, file, code) | ({} if _kept(file) else {"text": text}))
    return code


def _kept(file: Path) -> bool:
    return str(file) != _STDOUT


def _refuse_existing(file: Path, *, force: bool) -> None:
    if _kept(file) and file.exists() and not force:
        message = f"{file} is there already"
        raise AuthorError(Problem(message, hint="--force writes over it"))


def _write(file: Path, text: str, *, as_json: bool) -> None:
    if not _kept(file):
        sys.stdout.write("" if as_json else text)
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise AuthorError(Problem(f"cannot write {file}: {error.strerror}")) from error


def _told(captured: Captured, played: Held, file: Path) -> list[Line]:
    name = relative(file) if _kept(file) else "the scenario"
    lines = [_line("left out", f"{each.claim}: {each.why}") for each in captured.left_out]
    lines += [_line("note", each) for each in captured.remarks]
    if played.differs:
        lines += [_line("differs", each) for each in played.differs]
        return [*lines, styled(f"{name} does not come to what the trace came to", "bad")]
    failed = f": {', '.join(map(str, captured.failed))}" if captured.failed else ""
    lines.append(styled(f"{name} {captured.outcome}, as the trace did{failed}", "good"))
    return [*lines, _line("again", f"agentbox run {name}")] if _kept(file) else lines


def _line(word: str, told: str) -> Line:
    return ((f"{word:<10}", "dim"), (told, "plain"))


def _json(captured: Captured, played: Held, file: Path, code: int) -> dict[str, object]:
    return {
        "exit": code,
        "file": relative(file) if _kept(file) else None,
        "trace": captured.outcome,
        "outcome": played.verdict.outcome,
        "failed": [asdict(each) for each in captured.failed],
        "left_out": [asdict(each) for each in captured.left_out],
        "remarks": captured.remarks,
        "differs": played.differs,
    }
