"""What a trace says of its run: the scenario, the time, what broke it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError, Problem, TraceError
from agentbox.core.messages import Json, is_list
from agentbox.core.scenario import Scenario
from agentbox.session.selection import KINDS
from agentbox.session.sources import Sources
from agentbox.spec import to_json
from agentbox.spec.decode import from_json
from agentbox.trace import Redactor, Trace, edited, keys_in, read_trace


def sound(path: Path) -> Trace:
    """Return the trace at `path`.

    Raises:
        TraceError: it cannot be read, has no header, or was changed after it was written.
    """
    trace = read_trace(path)
    changed = edited(trace, path.read_bytes())
    if changed:
        raise TraceError(*changed)
    if trace.header is None:
        raise TraceError(Problem(f"{path} does not say what was played: it has no header"))
    return trace


def scenario_of(trace: Trace) -> Scenario:
    """Return the scenario that a trace's header holds.

    Raises:
        TraceError: it holds none that this agentbox can read.
    """
    data = _header(trace)
    try:
        return from_json(data.get("scenario"), label_of(trace), KINDS)
    except AuthorError as error:
        message = f"the header of {trace.path} holds no scenario that this agentbox can read"
        raise TraceError(Problem(message), *error.problems) from error


def label_of(trace: Trace) -> str:
    """Return what a trace's header calls its case."""
    return str(_header(trace).get("case", ""))


def clock_of_header(trace: Trace) -> Clock:
    """Return the clock of a recorded run, as it was at its start.

    Raises:
        TraceError: the header tells no time.
    """
    data = _header(trace)
    zone = str(data.get("zone", ""))
    try:
        return Clock.at(str(data.get("now", "")), zone if "/" in zone else "")
    except ValueError as error:
        raise TraceError(f"the header of {trace.path} has no time: {error}") from error


def clock_for(scenario: Scenario, trace: Trace) -> Clock:
    """Return the clock of a scenario; where its time was the real one, that of the trace."""
    recorded = clock_of_header(trace)
    try:
        return recorded if scenario.now == "real" else Clock.at(scenario.now, scenario.zone)
    except ValueError as error:
        raise TraceError(f"the scenario in {trace.path} has no time: {error}") from error


def pinned(scenario: Scenario, trace: Trace) -> Scenario:
    """Return a recorded scenario at the time of its run, where that was the real one."""
    if scenario.now != "real":
        return scenario
    clock = clock_of_header(trace)
    return replace(scenario, now=clock.iso(), zone=clock.zone if "/" in clock.zone else "")


def broken(trace: Trace) -> list[Problem]:
    """Return what made a recorded run errored: that still does."""
    for event in reversed(trace.events):
        if event.kind == "run.end":
            told: Json = event.data.get("problems")
            return [Problem(str(each)) for each in told] if is_list(told) else []
    return []


def redactor_of(scenario: Scenario, sources: Sources) -> Redactor:
    """Return what takes secrets out of a run that is compared, as it was taken out of the tape."""
    redactor = Redactor(sources.secrets(scenario))
    redactor.publish(keys_in(to_json(scenario)))
    return redactor


def _header(trace: Trace) -> Mapping[str, Json]:
    return trace.header.data if trace.header else {}
