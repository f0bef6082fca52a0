"""From events and checks to results; from results to an outcome.

Errored goes before failed, failed before passed. A check that can't be evaluated is errored: its
turn was never played, its scope was cut short, its answer is no JSON, what it wants to know was not
observed, or the check itself broke. A failure of `level: warn` fails no case; an error does.
A run that ended by a limit or failed is a failure, unless an `ended` check speaks of that end. One
that failed for want of a model's answer in time is errored, unless an `ended` check expects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from agentbox.core.scenario import Case, CheckSpec, Scenario
from agentbox.core.trace import Position, TraceEvent
from agentbox.core.verdict import CheckResult, Outcome, Stats
from agentbox.judge.check import Check, claim_of, parts_of
from agentbox.judge.evidence import Evidence, Load, ended
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.kinds import CHECKS
from agentbox.judge.reading import Run, call_of, ends, in_call, read, total, turn_of, usage_of
from agentbox.judge.wording import one_line

_GOOD_ENDS = ("answered", "refused")
_COMBINED = ("all", "any", "at_least")
"""Kinds that hold because parts of them do; `not` holds because its part does not."""


def judge(
    events: Iterable[TraceEvent],
    scenario: Scenario,
    kinds: Mapping[str, Check] = CHECKS,
    load: Load | None = None,
) -> tuple[CheckResult, ...]:
    """Return the result of each check of the scenario's one case: the turns' first, in order.

    `load` returns the functions that `python` checks name; without it these are errored. A run that
    ended badly, with no check that speaks of it, has one result more: a failed `ended`.
    """
    run, case = read(events), scenario.case
    bench = _Bench(run, kinds, load)
    results = [
        bench.result(spec, number)
        for number, turn in enumerate(case.turns, 1)
        for spec in turn.checks
    ]
    results += [bench.result(spec, None) for spec in case.checks]
    return (*results, *_unexpected_end(results, run, case))


def outcome_of(checks: Iterable[CheckResult], end: str) -> Outcome:
    """Return what a run comes to. An empty `end` is a run that was cut short: errored."""
    checks = tuple(checks)
    if not end or any(check.outcome == "errored" for check in checks):
        return "errored"
    failed = any(check.outcome == "failed" and check.level == "fail" for check in checks)
    expected = any(check.expects_end for check in checks)
    if failed or (not end.startswith(_GOOD_ENDS) and not expected):
        return "failed"
    return "passed"


def end_of(events: Iterable[TraceEvent]) -> str:
    """Return how the run ended: `answered`, `limit: steps`, `refused`, `failed`; or nothing."""
    return next((ended(end) for at, end in ends(events).items() if not turn_of(at)), "")


def stats_of(events: Iterable[TraceEvent]) -> Stats:
    """Return what the run used. Tokens or money of which any part is unknown are None."""
    events = tuple(events)
    agents = [event for event in events if event.at.startswith("c:")]
    usages = [usage_of(event) for event in agents if event.kind == "model.result"]
    return Stats(
        turns=sum(e.kind == "scope.enter" and e.data.get("scope") == "turn" for e in agents),
        steps=sum(e.kind == "model.request" and not in_call(e.at) for e in agents),
        tool_calls=len({call_of(e.at) for e in agents if e.kind == "tool.request"} - {""}),
        tokens=total([part for used in usages for part in (used.input, used.output)], 0),
        cost_usd=total([used.cost_usd for used in usages], 0.0),
        virtual_seconds=max((event.clock for event in events), default=0.0),
    )


class _Bench:
    """Judges the checks of one run."""

    def __init__(self, run: Run, kinds: Mapping[str, Check], load: Load | None) -> None:
        self._run = run
        self._kinds = kinds
        self._load = load

    def result(self, spec: CheckSpec, turn: int | None) -> CheckResult:
        """Return the result of a check of a turn, or of the whole run."""
        run = self._run
        seen = run.whole if turn is None else run.turns.get(turn)
        outcome: Outcome = "passed"
        found: Failure | Unjudgeable | None
        try:
            found = self.evaluate(spec, self._ready(seen, turn))
            outcome = "failed" if found else "passed"
        except Unjudgeable as error:
            found, outcome = error, "errored"
        return CheckResult(
            spec.kind,
            outcome,
            one_line(found.message) if found else "",
            turn,
            (found.at or (seen or run.whole).at) if found else "",
            spec.mark,
            spec.source,
            claim_of(spec),
            spec.level,
            outcome == "passed" and turn in (None, run.last) and self._expects_end(spec, seen),
        )

    def evaluate(self, spec: CheckSpec, seen: Evidence) -> Failure | None:
        """Judge one check, whatever it does."""
        kind = self._kinds.get(spec.kind)
        if kind is None:
            raise Unjudgeable(f"there is no kind of check `{spec.kind}`")
        try:
            return kind.judge(spec.params, seen)
        except Unjudgeable:
            raise
        except Exception as error:
            message = f"the check `{spec.kind}` raised {type(error).__name__}: {error}"
            raise Unjudgeable(message) from error

    def _expects_end(self, spec: CheckSpec, seen: Evidence | None) -> bool:
        """Whether a check holds because the scope ended as it did."""
        if spec.kind == "ended" and seen is not None:
            return self._holds(spec, seen)
        parts = parts_of(spec) if spec.kind in _COMBINED else ()
        return any(self._expects_end(part, seen) for part in parts)

    def _holds(self, spec: CheckSpec, seen: Evidence) -> bool:
        try:
            return self.evaluate(spec, seen) is None
        except Unjudgeable:
            return False

    def _ready(self, seen: Evidence | None, turn: int | None) -> Evidence:
        return replace(_finished(seen, turn, self._run), load=self._load, evaluate=self.evaluate)


def _finished(seen: Evidence | None, turn: int | None, run: Run) -> Evidence:
    if seen is None:
        how = f"the run ended `{run.whole.ended}`" if run.whole.ended else "the run was cut short"
        after = f" in turn {run.last}" if run.last else ""
        last = run.turns[run.last].at if run.last else run.whole.at
        raise Unjudgeable(f"turn {turn} was never played: {how}{after}", last)
    if seen.end is None:
        raise Unjudgeable(f"{seen.scope} was cut short before its end", seen.answer_at)
    return seen


def _unexpected_end(
    results: Sequence[CheckResult], run: Run, case: Case
) -> tuple[CheckResult, ...]:
    end, at = run.whole.end or {}, run.whole.answer_at
    late = run.late.get(at) if end.get("reason") == "failed" else None
    expected = any(r.expects_end or (not late and _speaks_of_end(r, run)) for r in results)
    if end.get("reason", "answered") in _GOOD_ENDS or expected:
        return ()
    outcome: Outcome = "errored" if late else "failed"
    message = one_line(_late(late, at) if late else _unspoken_of(run.whole))
    return (CheckResult("ended", outcome, message, None, at, case.mark, claim="ended answered"),)


def _speaks_of_end(result: CheckResult, run: Run) -> bool:
    last = result.turn in (None, run.last)
    return last and result.kind == "ended" and result.level == "fail"


def _late(how: str, at: Position) -> str:
    where = at.partition("/")[2]
    return f"the model gave {how} at {where}: raise `deadlines: {{model: ...}}`"


def _unspoken_of(seen: Evidence) -> str:
    error = (seen.end or {}).get("error")
    why = f" ({error})" if error else ""
    return f"the run ended `{seen.ended}`{why}, and no check expects it"
