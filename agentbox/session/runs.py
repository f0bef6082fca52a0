"""Where runs are kept: `.agentbox/runs/<UTC stamp>-<4 hex>/<file>__<case>.jsonl`."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import is_list
from agentbox.core.scenario import Scenario
from agentbox.core.trace import slug
from agentbox.runtime.wall import stamp

_MARKERS = ("pyproject.toml", ".git", ".agentbox")
_FAILED = "failed.json"
_LONGEST = 200
"""Bytes of a trace's name; file systems take 255."""
_LAST = re.compile(r"last(?:~(\d{1,4}))?")
"""The newest run, or the one so many before it."""
_RUN = re.compile(r"\d{8}T\d{6}(\.\d{3})?Z-[0-9a-f]{4}")
"""How a run's folder is named; nothing else in the folder is ours to list or remove."""


def root_of(paths: Sequence[str]) -> Path:
    """Return the root of the project that the first of these scenarios belongs to."""
    first = Path(paths[0].partition("::")[0]) if paths else Path()
    return find_root(first if first.exists() else Path())


def find_root(start: Path) -> Path:
    """Return the project's root: the nearest folder upwards that holds one of its markers.

    Without any it is the working directory, if the file is in it, else the file's folder.
    """
    here = start.resolve()
    folder = here if here.is_dir() else here.parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in _MARKERS):
            return candidate
    return Path.cwd() if folder.is_relative_to(Path.cwd()) else folder


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of a project."""

    folder: Path

    @classmethod
    def of(cls, root: Path) -> Runs:
        """Return the runs kept under a project's root."""
        return cls(root / ".agentbox" / "runs")

    def new(self) -> Path:
        """Make a folder for a new run.

        Raises:
            AuthorError: the folder cannot be written.
        """
        path = self.folder / f"{stamp()}-{os.urandom(2).hex()}"
        try:
            path.mkdir(parents=True)
            ignore = self.folder.parent / ".gitignore"
            if ignore.parent.name == ".agentbox" and not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            message = f"cannot make the run folder {path}: {error.strerror}"
            raise AuthorError(Problem(message, hint="--runs DIR puts runs elsewhere")) from error
        return path

    def discard(self, run: Path) -> None:
        """Remove the folder of a run in which nothing was played."""
        shutil.rmtree(run, ignore_errors=True)

    def all(self) -> list[Path]:
        """Return the run folders, oldest first."""
        if not self.folder.is_dir():
            return []
        folders = (
            path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()
        )
        return sorted(path for path in folders if _RUN.fullmatch(path.name))

    def trace(self, name: str) -> Path:
        """Return the one trace that `name` means: a file, `last`, a run's id, or `run::case`.

        Raises:
            AuthorError: there is no such run or trace, or there are several.
        """
        found = self.traces(name)
        if len(found) == 1:
            return found[0]
        names = addresses(name.partition("::")[0], found)
        message = f"`{name}` means {len(found)} traces: {', '.join(names)}"
        raise AuthorError(Problem(message, hint=f"name one: {names[0]}"))

    def traces(self, name: str) -> list[Path]:
        """Return all traces that `name` means, one at least.

        Raises:
            AuthorError: there is no such run or trace.
        """
        if Path(name).is_file():
            return [Path(name)]
        run, _, case = name.partition("::")
        folder = Path(run) if Path(run).is_dir() else self._run(run)
        traces = sorted(folder.glob("*.jsonl"))
        found = [t for t in traces if case in ("", t.stem)] or [
            t for t in traces if slug(case) == case_of(t)
        ]
        if found:
            return found
        names = addresses(run, traces)
        close = nearest(name, names)
        note = f"did you mean `{close}`?" if close else ""
        message = f"there is no trace `{name}`; there is: {', '.join(names) or 'none'}"
        raise AuthorError(Problem(message, note=note))

    def _run(self, name: str) -> Path:
        runs = self.all()
        back = _LAST.fullmatch(name)
        if back and len(runs) > int(back[1] or 0):
            return runs[-1 - int(back[1] or 0)]
        found = [run for run in runs if run.name.startswith(name) or run.name.endswith(name)]
        if len(found) == 1 and name:
            return found[0]
        known = nearest(name, [run.name for run in runs])
        raise AuthorError(
            Problem(
                f"no run `{name}` in {self.folder}" if not found else f"`{name}` fits several runs",
                note=f"did you mean `{known}`?" if known else "",
                hint="agentbox run SCENARIO makes one; `last` is the newest, `last~1` that before",
            )
        )

    def clean(self, keep: int) -> list[Path]:
        """Remove all but the newest `keep` runs; return what was removed."""
        runs = self.all()
        doomed = runs[: max(0, len(runs) - keep)]
        for path in doomed:
            shutil.rmtree(path)
        return doomed

    def remember(self, failed: Sequence[str], ran: Sequence[str]) -> None:
        """Keep the addresses of what is not green, for `--last-failed`; what did not run stays."""
        nodes = {*(self.last_failed() or ())} - {*ran} | {*failed}
        with suppress(OSError):  # a convenience: the verdicts stand without it
            (self.folder / _FAILED).write_text(json.dumps(sorted(nodes)))

    def last_failed(self) -> list[str] | None:
        """Return the node ids that were not green last time; None when nothing ran yet."""
        path = self.folder / _FAILED
        try:
            nodes = json.loads(path.read_text())
        except (OSError, ValueError):
            return None
        return list(map(str, nodes)) if is_list(nodes) else None


def addresses(run: str, traces: Sequence[Path]) -> list[str]:
    """Return what `agentbox show` calls these traces of a run: by the case, where one has it."""
    cases = [case_of(trace) for trace in traces]
    both = zip(cases, traces, strict=True)
    return [f"{run}::{case if cases.count(case) == 1 else trace.stem}" for case, trace in both]


def case_of(trace: Path) -> str:
    """Return what the name of a trace says of its case: with its cell and round, slugged."""
    return trace.stem.partition("__")[2]


def trace_paths(run: Path, scenarios: Sequence[Scenario]) -> list[Path]:
    """Return where each case's trace is kept: `<file>[-2]__<case>[__<cell>][__r<N>].jsonl`.

    No two share a file: where two files of one name in different folders would, one is numbered.
    """
    files: dict[str, list[str]] = {}
    for scenario in scenarios:
        alike = files.setdefault(slug(Path(scenario.path).stem), [])
        if scenario.path not in alike:
            alike.append(scenario.path)
    return [run / _trace_name(scenario, files) for scenario in scenarios]


def _trace_name(scenario: Scenario, files: Mapping[str, Sequence[str]]) -> str:
    case, file = scenario.case, slug(Path(scenario.path).stem)
    number = files[file].index(scenario.path) + 1
    stem = f"{file}-{number}" if number > 1 else file
    parts = [stem, *(slug(part) for part in (case.name, case.cell) if part)]
    if case.round:
        parts.append(f"r{case.round}")
    name = "__".join(parts)
    content = name.encode()
    if len(content) > _LONGEST:
        head = content[:_LONGEST].decode(errors="ignore")
        name = f"{head}-{blake2b(content, digest_size=4).hexdigest()}"
    return f"{name}.jsonl"
