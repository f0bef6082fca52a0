"""`agentbox run` and `agentbox check`."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentbox.cli.output import complain, print_json, progress, say, width
from agentbox.core.errors import AgentboxError, AuthorError, Problem
from agentbox.core.scenario import Scenario
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import Verdict
from agentbox.core.version import VERSION
from agentbox.report import (
    BLANK,
    Line,
    cells,
    failure,
    findings,
    problem_json,
    progress_line,
    repeat_lines,
    repeated_json,
    run_header,
    standing,
    styled,
    summary,
    verdict_json,
    verdict_line,
    wants_glyphs,
)
from agentbox.runtime.wall import elapsed
from agentbox.session import (
    INTERRUPTED,
    USAGE,
    Host,
    Judged,
    Progress,
    Runs,
    Selection,
    Sources,
    Suite,
    exit_code,
    load,
    repeated,
    resolve,
    root_of,
    run_suite,
)

DEFAULT = "scenarios"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line of `agentbox run` asks for."""

    paths: list[str]
    selection: Selection
    jobs: int | None
    stop_early: bool
    last_failed: bool
    live: bool
    runs: str
    as_json: bool


def run_scenarios(wanted: Wanted) -> int:
    """Play scenarios; return the exit code."""
    host = Host(root_of(wanted.paths), dict(os.environ), wanted.live)
    runs = Runs(Path(wanted.runs)) if wanted.runs else Runs.of(host.root)
    try:
        scenarios = _loaded(wanted, host, runs)
        if not scenarios:
            return _nothing(as_json=wanted.as_json)
        folder = runs.new()
    except AuthorError as error:
        return refused(error, as_json=wanted.as_json)
    jobs = wanted.jobs or min(8, os.cpu_count() or 1)
    suite = Suite(scenarios, host, folder, jobs, wanted.stop_early)
    screen = Screen(scenarios, relative(folder))
    try:
        code = screen.run(suite)
    except AuthorError as error:
        runs.discard(folder)
        return refused(error, as_json=wanted.as_json)
    runs.remember(screen.failed(), list(screen.judged))
    if wanted.as_json:
        print_json(screen.data(code))
    return code


def _loaded(wanted: Wanted, host: Host, runs: Runs) -> tuple[Scenario, ...]:
    paths, selection = wanted.paths, wanted.selection
    if wanted.last_failed:
        nodes = runs.last_failed()
        selection = replace(selection, nodes=frozenset(nodes) if nodes is not None else None)
        paths = paths or sorted({node.partition("::")[0] for node in nodes or ()})
    nothing = selection.nodes is not None and not selection.nodes
    return () if nothing else load(paths or _default(), host, selection)


def _nothing(*, as_json: bool) -> int:
    say([styled("nothing selected: no case fits what was asked for", "warn")])
    code = exit_code([])
    if as_json:
        print_json({"exit": code, "verdicts": []})
    return code


def _default() -> list[str]:
    if Path(DEFAULT).is_dir():
        return [DEFAULT]
    raise AuthorError(Problem(f"no scenario was named, and there is no folder {DEFAULT}/ here"))


def refused(error: AgentboxError, *, as_json: bool) -> int:
    """Say that nothing ran, and why; return the exit code."""
    complain(error)
    if as_json:
        print_json({"exit": USAGE, "problems": [problem_json(each) for each in error.problems]})
    return USAGE


def check_scenarios(paths: list[str], *, as_json: bool) -> int:
    """Read scenario files and load what they name; return the exit code."""
    host = Host(root_of(paths), dict(os.environ))
    try:
        scenarios = load(paths or _default(), host, Selection())
        resolve(scenarios, Sources(host))
    except AuthorError as error:
        return refused(error, as_json=as_json)
    if as_json:
        print_json({"exit": 0, "cases": [scenario.node for scenario in scenarios]})
    files = len({scenario.path for scenario in scenarios})
    counted = (
        f"{files} file{'s' * (files != 1)}, {len(scenarios)} case{'s' * (len(scenarios) != 1)}"
    )
    say([styled(f"{counted}: ok", "good")])
    return 0


def relative(folder: Path) -> str:
    """Return a folder as it is typed from here."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


@dataclass(slots=True)
class Screen:
    """Shows cases as they are judged, and what they came to."""

    scenarios: Sequence[Scenario]
    folder: str
    judged: dict[str, Judged] = field(default_factory=dict[str, Judged])
    shown: int = 0
    odd: list[TraceEvent] = field(default_factory=list[TraceEvent])
    """The findings of all cases."""
    running: list[str] = field(default_factory=list[str])
    file: str = ""
    counts: Counter[str] = field(default_factory=Counter[str])
    widest: int = 0
    started: float = field(default_factory=elapsed)

    def run(self, suite: Suite) -> int:
        """Run the suite; return its exit code."""
        self.open("live" if suite.host.live else "offline")
        interrupted = False
        with progress() as live:

            def watch(event: Progress) -> None:
                live.write(self.heard(event))
                live.draw(self._progress())

            gc.freeze()
            gc.enable()
            try:
                with redirect_stdout(sys.stderr):  # what tools print is no data of ours
                    run_suite(suite, watch)
            except KeyboardInterrupt:
                interrupted = True
        self.close(interrupted=interrupted)
        return INTERRUPTED if interrupted else exit_code(self.verdicts)

    def open(self, mode: str) -> None:
        """Tell what is judged."""
        say([run_header(VERSION, self.scenarios, mode=mode)])
        self.widest = max(cells(scenario.case.name) for scenario in self.scenarios)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts so far, in the order of the cases."""
        return [judged.verdict for judged in self._in_order()]

    def _in_order(self) -> list[Judged]:
        return [self.judged[s.node] for s in self.scenarios if s.node in self.judged]

    def failed(self) -> list[str]:
        """Return the addresses of what was not green."""
        return [f"{v.file}::{v.case}" for v in self.verdicts if not v.green]

    def data(self, code: int) -> dict[str, object]:
        """Return the run as JSON values."""
        return {
            "agentbox": VERSION,
            "run": self.folder,
            "exit": code,
            "wall_seconds": round(elapsed() - self.started, 6),
            "verdicts": [verdict_json(verdict) for verdict in self.verdicts],
            "repeats": [repeated_json(one) for one in repeated(self.verdicts)],
        }

    def heard(self, event: Progress) -> list[Line]:
        """Return the lines of the cases that are judged, and all before them are too."""
        scenario = event.scenario
        if event.judged is None:
            self.running.append(scenario.case.name)
            return []
        self.running.remove(scenario.case.name)
        verdict = event.judged.verdict
        self.counts[standing(verdict)] += 1
        self.odd += [each for each in event.judged.events if each.kind == "finding"]
        warned = any(check.warns for check in verdict.checks)
        told = warned or verdict.outcome != "passed" or not verdict.green
        self.judged[scenario.node] = event.judged if told else Judged(verdict, ())
        lines: list[Line] = []
        while self.shown < len(self.scenarios):
            judged = self.judged.get(self.scenarios[self.shown].node)
            if judged is None:
                break
            lines += self._line(judged.verdict)
            self.shown += 1
        return lines

    def _line(self, verdict: Verdict) -> list[Line]:
        lines: list[Line] = []
        if verdict.file != self.file:
            self.file = verdict.file
            lines.append(styled(verdict.file, "bold"))
        glyphs = wants_glyphs(sys.stderr)
        lines.append(verdict_line(verdict, label_width=self.widest, glyphs=glyphs, width=width()))
        return lines

    def _progress(self) -> Line:
        spent = elapsed() - self.started
        total = len(self.scenarios)
        return progress_line(self.running, len(self.judged), total, self.counts, spent)

    def close(self, *, interrupted: bool = False) -> None:
        """Tell what failed and why, and sum it up."""
        lines = [line for s in self.scenarios[self.shown :] for line in self._late(s)]
        for judged in self._in_order():
            if judged.events:
                lines += [BLANK, *failure(judged.verdict, judged.events, width=width())]
        if self.odd:
            lines += [BLANK, *findings(self.odd, width=width())]
        if interrupted:
            left = len(self.scenarios) - len(self.judged)
            said = f"interrupted: {left} of {len(self.scenarios)} not judged"
            lines += [BLANK, styled(said, "warn")]
        repeats = repeat_lines(repeated(self.verdicts), width=width())
        lines += [BLANK, *repeats] if repeats else []
        wall = elapsed() - self.started
        lines += [BLANK, *summary(self.verdicts, wall, self.folder, width=width())]
        say(lines)

    def _late(self, scenario: Scenario) -> list[Line]:
        """Return the line of a case that waited for one before it, which never came."""
        judged = self.judged.get(scenario.node)
        return self._line(judged.verdict) if judged else []
