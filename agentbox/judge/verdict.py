"""From events and checks to results; from results to an outcome.

Errored goes before failed, failed before passed. A check that can't be evaluated is errored: its
turn was never played, its scope was cut short, its answer is no JSON, or the check itself broke.
A run that ended by a limit or failed is a failure, unless an `ended` check speaks of that end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TypeVar

from agentbox.core.messages import Json, Usage
from agentbox.core.scenario import Case, CheckSpec, Scenario
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import CheckResult, Outcome, Stats
from agentbox.judge.check import Check, Failure, Unjudgeable
from agentbox.judge.evidence import Evidence, Run, call_of, ended, ends, in_call, read, turn_of
from agentbox.judge.kinds import CHECKS
from agentbox.judge.wording import one_line

Number = TypeVar("Number", int, float)
_GOOD_ENDS = ("answered", "refused")


def judge(
    events: Iterable[TraceEvent], scenario: Scenario, kinds: Mapping[str, Check] = CHECKS
) -> tuple[CheckResult, ...]:
    """Return the result of each check of the scenario's one case: the turns' first, in order.

    A run that ended badly, with no check that speaks of it, has one result more: a failed `ended`.
    """
    run, case = read(events), scenario.case
    results = [
        _judged(spec, number, run, kinds)
        for number, turn in enumerate(case.turns, 1)
        for spec in turn.checks
    ]
    results += [_judged(spec, None, run, kinds) for spec in case.checks]
    return (*results, *_unexpected_end(results, run, case))


def outcome_of(checks: Iterable[CheckResult], end: str) -> Outcome:
    """Return what a run comes to. An empty `end` is a run that was cut short: errored."""
    checks = tuple(checks)
    outcomes = {check.outcome for check in checks}
    if "errored" in outcomes or not end:
        return "errored"
    expected = any(check.kind == "ended" and check.outcome == "passed" for check in checks)
    if "failed" in outcomes or (not end.startswith(_GOOD_ENDS) and not expected):
        return "failed"
    return "passed"


def end_of(events: Iterable[TraceEvent]) -> str:
    """Return how the run ended: `answered`, `limit: steps`, `refused`, `failed`; or nothing."""
    return next((ended(end) for at, end in ends(events).items() if not turn_of(at)), "")


def stats_of(events: Iterable[TraceEvent]) -> Stats:
    """Return what the run used. Tokens or money of which any part is unknown are None."""
    events = tuple(events)
    agents = [event for event in events if event.at.startswith("c:")]
    usages = [_usage(event) for event in agents if event.kind == "model.result"]
    return Stats(
        turns=sum(e.kind == "scope.enter" and e.data.get("scope") == "turn" for e in agents),
        steps=sum(e.kind == "model.request" and not in_call(e.at) for e in agents),
        tool_calls=len({call_of(e.at) for e in agents if e.kind == "tool.request"} - {""}),
        tokens=_sum([part for used in usages for part in (used.input, used.output)], 0),
        reasoning=_sum([used.reasoning for used in usages], 0),
        cost_usd=_sum([used.cost_usd for used in usages], 0.0),
        virtual_seconds=max((event.clock for event in events), default=0.0),
    )


def _judged(spec: CheckSpec, turn: int | None, run: Run, kinds: Mapping[str, Check]) -> CheckResult:
    seen = run.whole if turn is None else run.turns.get(turn)
    outcome: Outcome = "passed"
    found: Failure | Unjudgeable | None
    try:
        found = _evaluate(spec, _finished(seen, turn, run), kinds)
        outcome = "failed" if found else "passed"
    except Unjudgeable as error:
        found, outcome = error, "errored"
    except Exception as error:  # noqa: BLE001 - a broken check is errored and hides no other
        message = f"the check `{spec.kind}` raised {type(error).__name__}: {error}"
        found, outcome = Unjudgeable(message), "errored"
    message = one_line(found.message) if found else ""
    place = found.at or (seen or run.whole).at if found else ""
    claim = _claim(spec)
    return CheckResult(spec.kind, outcome, message, turn, place, spec.mark, spec.source, claim)


def _claim(spec: CheckSpec) -> str:
    """Return the check as a title: its kind, and its first parameter where that is text."""
    first = next((getattr(spec.params, field.name) for field in fields(spec.params)), None)
    return one_line(f"{spec.kind} {first}", 80) if isinstance(first, str) else spec.kind


def _evaluate(spec: CheckSpec, seen: Evidence, kinds: Mapping[str, Check]) -> Failure | None:
    kind = kinds.get(spec.kind)
    if kind is None:
        raise Unjudgeable(f"there is no kind of check `{spec.kind}`")
    return kind.judge(spec.params, seen)


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
    end = run.whole.end or {}
    spoken_of = any(r.kind == "ended" and r.turn in (None, run.last) for r in results)
    if end.get("reason", "answered") in _GOOD_ENDS or spoken_of:
        return ()
    why = f" ({end['error']})" if end.get("error") else ""
    message = one_line(f"the run ended `{run.whole.ended}`{why}, and no check expects it")
    at = run.whole.answer_at
    claim = "ended answered"
    return (CheckResult("ended", "failed", message, None, at, case.mark, claim=claim),)


def _usage(event: TraceEvent) -> Usage:
    given: Mapping[str, Json] = event.data.get("usage") or {}
    return Usage(**{name: given.get(name) for name in ("input", "output", "reasoning", "cost_usd")})


def _sum(parts: Sequence[Number | None], zero: Number) -> Number | None:
    known = [part for part in parts if part is not None]
    return sum(known, zero) if len(known) == len(parts) else None
