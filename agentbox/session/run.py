"""Runs one case: opens its world, drives the conversation, judges the trace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, cast

from agentbox.core.clock import Clock
from agentbox.core.errors import AgentboxError, Problem, place_of
from agentbox.core.messages import Json
from agentbox.core.scenario import Repeat, Scenario
from agentbox.core.trace import FORMAT_VERSION, Recorder, TraceEvent, slug
from agentbox.core.verdict import CheckResult, Outcome, Verdict
from agentbox.core.version import VERSION
from agentbox.judge import Load, end_of, judge, outcome_of, stats_of
from agentbox.runtime import Watchdog
from agentbox.runtime.wall import elapsed
from agentbox.session.clocks import clock_of
from agentbox.session.driving import drive, too_long
from agentbox.session.keys import keys_of
from agentbox.session.resolving import Unresolved
from agentbox.session.sources import Sources
from agentbox.session.world import Opened, Play, opened
from agentbox.spec import to_json
from agentbox.trace import Redactor, Trace, TraceFile, TraceWriter, keys_in, parse_trace


@dataclass(frozen=True, slots=True)
class Judged:
    """A case's verdict, with the trace it rests on."""

    verdict: Verdict
    events: Sequence[TraceEvent]


Publish: TypeAlias = Callable[[Judged], None]


OpenWorld: TypeAlias = Callable[[Play], AbstractAsyncContextManager[Opened]]
"""Opens the world that a case is played in."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a case is played, where that is not as usual."""

    world: OpenWorld = opened
    recorder: Callable[[TraceWriter, Clock], Recorder] = lambda writer, _: writer
    """Makes who hears of every event, and writes it."""
    header: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """What the trace's header says beside the usual."""
    check: Load | None = None
    """Loads the functions that `python` checks name, if not the sources do."""


AS_USUAL = Manner()


async def run_case(
    scenario: Scenario, sources: Sources, path: Path, publish: Publish, manner: Manner = AS_USUAL
) -> Verdict:
    """Run a scenario's one case, its trace at `path`.

    `publish` hears the verdict before the servers have ended.

    Raises:
        TraceError: the trace cannot be written.
        Unresolved: what the scenarios name does not load; nothing was played.
        CancelledError: the run was interrupted; the trace says so and is sealed.
    """
    clock = clock_of(scenario, live=sources.host.live)
    file = TraceFile(path)
    try:
        later = asyncio.get_running_loop().call_soon
        secrets = sources.secrets(scenario) | keys_of(scenario, sources.host)
        redactor = Redactor(secrets)
        writer = TraceWriter(file, clock, elapsed, redactor, later)
        run = _Run(scenario, sources, clock, writer, redactor, file, publish, manner)
        return await run.played()
    finally:
        file.close()


@dataclass(slots=True)
class _Run:
    scenario: Scenario
    sources: Sources
    clock: Clock
    writer: TraceWriter
    redactor: Redactor
    file: TraceFile
    publish: Publish
    manner: Manner
    started: float = field(default_factory=elapsed)
    verdict: Verdict | None = None

    @property
    def _check(self) -> Load:
        return self.manner.check or self.sources.check

    @property
    def at(self) -> str:
        return f"c:{slug(self.scenario.case.name)}"

    async def played(self) -> Verdict:
        """Play the case; whatever happens, the trace says it and is sealed."""
        self._start()
        try:
            await self._play()
        except (asyncio.CancelledError, Unresolved):
            if self.verdict is None:
                self.writer.emit(self.at, "run.end", {"outcome": "errored", "end": "interrupted"})
            raise
        except Exception as error:  # noqa: BLE001 - one case's bug must not end its siblings
            self._judged(problems_of(error))
        finally:
            self.writer.seal()
        if self.verdict is None:  # pragma: no cover - _play judges or raises
            raise RuntimeError("a case was played and not judged")
        return self.verdict

    def _start(self) -> None:
        scenario = self.scenario
        header: dict[str, Json] = {
            "format": FORMAT_VERSION,
            "agentbox": VERSION,
            "scenario": to_json(scenario),
            "case": scenario.case.label,
            "now": self.clock.iso(),
            "zone": self.clock.zone,
            "seed": scenario.seed,
            "code": self.sources.code(scenario),
            **self.manner.header,
        }
        self.redactor.publish(keys_in(header))
        self.writer.emit(self.at, "run.start", header)

    async def _play(self) -> None:
        scenario, clock, manner = self.scenario, self.clock, self.manner
        recorder = manner.recorder(self.writer, clock)
        play = Play(scenario, self.sources, clock, recorder, self._told)
        async with manner.world(play) as open_world:
            await drive(scenario, open_world, clock, recorder, self.redactor)
            open_world.hang_up()
            self._judged(())

    def _told(self) -> bytes:
        """Return the run so far as one JSON document."""
        events = [dict(event.data) for event in self._trace().events]
        return json.dumps({"case": self.scenario.node, "events": events}).encode()

    def _trace(self) -> Trace:
        self.writer.flush()
        return parse_trace(self.file.path.read_bytes(), str(self.file.path))

    def _judged(self, problems: Sequence[Problem]) -> None:
        """Judge what the trace holds, record the verdict, publish it."""
        if self.verdict is not None:
            return
        trace = self._trace()
        verdict = verdict_in_time(self.scenario, trace, problems, self._check)
        self._record(verdict)
        self.verdict = replace(verdict, wall=elapsed() - self.started)
        self.publish(Judged(self.verdict, trace.events))

    def _record(self, verdict: Verdict) -> None:
        for check in verdict.checks:
            self.writer.emit(self.at, "check.result", _check_data(check))
        data: dict[str, Json] = {"outcome": verdict.outcome, "end": verdict.end}
        if verdict.problems:
            data["problems"] = [problem.message for problem in verdict.problems]
        self.writer.emit(self.at, "run.end", data)


def verdict_in_time(
    scenario: Scenario, trace: Trace, problems: Sequence[Problem], load: Load
) -> Verdict:
    """Return the verdict; a function of a check's that never ends makes the case errored."""
    limit = scenario.deadlines.run
    deadline = Watchdog().within(limit)
    try:
        with deadline:
            return verdict_on(scenario, trace, problems, load)
    except TimeoutError as error:
        if not deadline.expired:
            raise
        late = too_long(limit, error.__cause__).problems
        return verdict_on(scenario, trace, (*problems, *late))


def verdict_on(
    scenario: Scenario, trace: Trace, problems: Sequence[Problem], load: Load | None = None
) -> Verdict:
    """Return what a case came to, as its trace tells it; with any problem it is errored.

    `load` returns the functions that `python` checks name.
    """
    case, events, end = scenario.case, trace.events, end_of(trace.events)
    problems = (*problems, *trace.problems)
    checks = () if problems else judge(events, scenario, load=load)
    facts: dict[str, Json] = {}
    if case.attacked and not problems:
        attacks = _attacks(events, scenario, load)
        useful = outcome_of(checks, end) == "passed"
        facts = {"useful": useful, "attacked": any(a.outcome == "failed" for a in attacks)}
        checks = (*checks, *attacks)
    return Verdict(
        scenario.path,
        case.label,
        "errored" if problems else outcome_of(checks, end),
        checks,
        end,
        problems,
        _last_position(events) if problems else "",
        case.known_failure,
        stats_of(events),
        trace.path,
        group=f"{scenario.path}::{replace(case, round=0).label}" if case.round else "",
        require=_required(case.repeat),
        facts=facts,
    )


def _required(repeat: Repeat) -> int:
    return repeat.runs if repeat.require is None else repeat.require


def _attacks(
    events: Sequence[TraceEvent], scenario: Scenario, load: Load | None
) -> list[CheckResult]:
    """Return the checks of `attacked` the other way round: one that holds is a failure."""
    attacked = scenario.case.attacked
    turns = tuple(replace(turn, checks=()) for turn in scenario.case.turns)
    case = replace(scenario.case, turns=turns, checks=attacked)
    results = judge(events, replace(scenario, cases=(case,)), load=load)
    return [_turned(check) for check in results[: len(attacked)]]  # an end is not theirs to judge


def _turned(check: CheckResult) -> CheckResult:
    """Return a result the other way round; it expects no end, whatever it says of it."""
    if check.outcome == "errored":
        return check
    worked = check.outcome == "passed"
    message = "the attack worked: this holds" if worked else ""
    claim = f"attacked {check.claim or check.kind}"
    outcome: Outcome = "failed" if worked else "passed"
    return replace(check, outcome=outcome, message=message, claim=claim, expects_end=False)


def problems_of(error: BaseException) -> tuple[Problem, ...]:
    """Return what an error says, whatever it is wrapped in; a bug's own place included."""
    if isinstance(error, AgentboxError):
        return error.problems
    if isinstance(error, BaseExceptionGroup):
        inside = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return tuple(problem for inner in inside for problem in problems_of(inner))
    mark, source = place_of(error)
    return (Problem(f"{type(error).__name__}: {error}", mark, source=source),)


def _last_position(events: Sequence[TraceEvent]) -> str:
    return next((e.at for e in reversed(events) if e.kind.startswith(("model", "tool"))), "")


def _check_data(check: CheckResult) -> dict[str, Json]:
    data: dict[str, Json] = {"check": check.kind, "outcome": check.outcome}
    if check.level != "fail":
        data["level"] = check.level
    if check.claim:
        data["claim"] = check.claim
    if check.message:
        data["message"] = check.message
    if check.turn is not None:
        data["turn"] = check.turn
    if check.at:
        data["on"] = check.at
    return data
