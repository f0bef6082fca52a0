"""Judges finished runs again: the tape as it is, under the checks as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.scenario import Scenario
from agentbox.core.trace import TraceEvent
from agentbox.session.run import Judged, verdict_in_time
from agentbox.session.selection import Selection, load
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources
from agentbox.trace import Trace, edited, read_trace

_MICROSECONDS = 1_000_000
_NOTHING: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True)
class Again:
    """A finished run's case, judged again."""

    scenario: Scenario
    judged: Judged


def judge_again(traces: Sequence[Path], file: str, host: Host) -> list[Again]:
    """Return new verdicts on these traces.

    The checks are those of `file`, or, where that is empty, of the file that a trace's header
    names; the case is the one of the same name, cell and round. What made a run errored still does.
    The order is that of the files' cases.

    Raises:
        AuthorError: a scenario cannot be read or has no such case; all of it.
        TraceError: a trace cannot be read.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP.
    """
    bench = _Bench(file, host)
    found = [(bench.scenario(trace), trace) for trace in map(read_trace, traces)]
    known = [(scenario, trace) for scenario, trace in found if scenario]
    problems = [*bench.problems, *_twice([scenario for scenario, _ in known])]
    if problems:
        raise AuthorError(*problems)
    order = bench.order()
    known.sort(key=lambda each: order[each[0].node])
    return run_to_end(_all(known, Sources(host)))


async def _all(found: Sequence[tuple[Scenario, Trace]], sources: Sources) -> list[Again]:
    """Judge in an event loop, as a run does: there a check that never ends is ended."""
    return [Again(one, _judged(one, trace, sources)) for one, trace in found]


def _judged(scenario: Scenario, trace: Trace, sources: Sources) -> Judged:
    end = _first(trace.events, "run.end")
    told = end.get("problems")
    problems = [Problem(str(each)) for each in told] if is_list(told) else []
    problems += edited(trace, Path(trace.path).read_bytes())
    verdict = verdict_in_time(scenario, trace, problems, sources.check)
    return Judged(replace(verdict, wall=end.get("wall", 0) / _MICROSECONDS), trace.events)


class _Bench:
    """Finds the scenario of a trace; what cannot be found is among the problems."""

    def __init__(self, file: str, host: Host) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._host = host
        self._read: dict[str, dict[str, Scenario]] = {}

    def scenario(self, trace: Trace) -> Scenario | None:
        """Return the case that a trace is of, as its file has it now."""
        start = _first(trace.events, "run.start")
        header = start.get("scenario")
        named = str(header.get("path", "")) if is_object(header) else ""
        case, file = str(start.get("case", "")), self._file or named
        if not file:
            self.problems.append(Problem(f"{trace.path} does not say which scenario it is of"))
            return None
        if not self._file and self._is_strange(file):
            message = f"{trace.path} is of {file}, which is not in this project"
            self.problems.append(Problem(message, hint="name it yourself: --scenario FILE"))
            return None
        cases = self._cases(file)
        if case not in cases and cases:
            close = nearest(case, list(cases))
            note = f"did you mean `{close}`?" if close else f"it has: {', '.join(cases)}"
            message = f"{file} has no case `{case}`, which {Path(trace.path).name} is of"
            self.problems.append(Problem(message, note=note))
        return cases.get(case)

    def _is_strange(self, file: str) -> bool:
        """Whether a file that a trace names is there and not the project's: its code is not run."""
        root = self._host.root
        return (root / file).is_file() and not self._host.owns(file)

    def order(self) -> dict[str, int]:
        """Return where each case stands among those of all files that were read."""
        read = (scenario.node for cases in self._read.values() for scenario in cases.values())
        return {node: number for number, node in enumerate(read)}

    def _cases(self, file: str) -> dict[str, Scenario]:
        """Return the cases of a file by their labels; none where it cannot be read."""
        if file not in self._read:
            self._read[file] = {}
            try:
                scenarios = load([file], self._host, Selection())
                self._read[file] = {scenario.case.label: scenario for scenario in scenarios}
            except AuthorError as error:
                self.problems += error.problems
        return self._read[file]


def _first(events: Sequence[TraceEvent], kind: str) -> Mapping[str, Json]:
    return next((event.data for event in events if event.kind == kind), _NOTHING)


def _twice(scenarios: Sequence[Scenario]) -> list[Problem]:
    """Return a problem for each case that several traces are of: which is meant is not known."""
    nodes = [scenario.node for scenario in scenarios]
    hint = "name one trace: agentbox judge RUN::CASE"
    return [
        Problem(f"{nodes.count(node)} traces are of {node}", hint=hint)
        for node in dict.fromkeys(nodes)
        if nodes.count(node) > 1
    ]
