"""Why a case is not what it should be: the check's line, the story, the prompt, the way on."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath

from agentbox.core.errors import Problem
from agentbox.core.trace import Position, TraceEvent
from agentbox.core.verdict import CheckResult, Verdict
from agentbox.report.problems import problem
from agentbox.report.slots import slot_lines, slots_of
from agentbox.report.story import Place, StepStory, TurnStory, short, turns_of
from agentbox.report.text import BLANK, Line, Style, safe, styled
from agentbox.report.turns import node_of, turn_lines

_MOST_STEPS = 12
_WORDS = {"failed": "FAILED", "errored": "ERRORED"}


def failure(verdict: Verdict, events: Sequence[TraceEvent], *, width: int = 100) -> list[Line]:
    """Return what there is to say of a case that is failed, errored or a known failure.

    A passed case has only its warnings to tell, unless it was expected to fail.
    """
    if verdict.outcome == "passed":
        warned = [line for c in verdict.checks if c.warns for line in _check(verdict, c, width)]
        return warned + (_unexpected_pass(verdict, width) if verdict.known_failure else [])
    turns = turns_of(events)
    failing = [check for check in verdict.checks if check.outcome != "passed"]
    places = [node_of(turns, at) for at in [*(c.at for c in failing), verdict.problem_at] if at]
    lines = _problems(verdict, width)
    told: list[TurnStory] = []
    for turn, checks in _by_turn(turns, failing):
        lines += [line for check in checks for line in _check(verdict, check, width)]
        lines += _stories([turn] if turn else turns, told, frozenset(places), width)
    if not told:
        lines += _stories(_last(turns, places), told, frozenset(places), width)
    focus = _focus(told, places)
    return [*lines, *_prompt(focus, width), *_commands(verdict, focus)]


def _unexpected_pass(verdict: Verdict, width: int) -> list[Line]:
    text = "it passes, but is marked as a known failure"
    found = Problem(text, hint="take `known_failure` out of the case")
    head = problem(found, word=f"UNEXPECTED PASS {verdict.case}", width=width)
    return [*head, BLANK, *_commands(verdict, None)]


# -- what is wrong -------------------------------------------------------------------------------


def _word(verdict: Verdict, outcome: str) -> tuple[str, Style]:
    if verdict.known_failure and verdict.green and outcome == "failed":
        return f"KNOWN FAILURE {verdict.case}", "warn"
    return f"{_WORDS[outcome]} {verdict.case}", "bad"


def _problems(verdict: Verdict, width: int) -> list[Line]:
    found = list(verdict.problems)
    failing = [c for c in verdict.checks if c.outcome != "passed" and not c.warns]
    if not found and not failing:
        found = [Problem(f"the run ended by {verdict.end or 'an unknown cause'}")]
    word, style = _word(verdict, verdict.outcome)
    return [
        line
        for one in found
        for line in [*problem(one, word=word, style=style, width=width), BLANK]
    ]


def _check(verdict: Verdict, check: CheckResult, width: int) -> list[Line]:
    word, style = _word(verdict, check.outcome)
    if check.warns:
        word, style = f"WARNING {verdict.case}", "warn"
    found = Problem(check.claim or check.kind, check.mark, check.message, check.source)
    return [*problem(found, word=word, style=style, width=width), BLANK]


# -- the story -----------------------------------------------------------------------------------


def _by_turn(
    turns: Sequence[TurnStory], failing: Sequence[CheckResult]
) -> list[tuple[TurnStory | None, list[CheckResult]]]:
    """Return the failing checks with the turn each is about; None is all of them."""
    groups: dict[Position, tuple[TurnStory | None, list[CheckResult]]] = {}
    for check in failing:
        place = node_of(turns, check.at) if check.at else ""
        turn = next((t for t in turns if _is_in(t, place) or check.turn == t.number), None)
        groups.setdefault(turn.at if turn else "", (turn, []))[1].append(check)
    return list(groups.values())


def _is_in(turn: TurnStory, node: Position) -> bool:
    return node == turn.at or (Place.of(node).step or None) in turn.steps


def _stories(
    turns: Sequence[TurnStory], told: list[TurnStory], here: AbstractSet[Position], width: int
) -> list[Line]:
    """Return the turns that were not told yet, and count them as told."""
    fresh = [turn for turn in turns if turn not in told]
    told.extend(fresh)
    lines: list[Line] = []
    for turn in fresh:
        lines += [*turn_lines(turn, width=width, here=here, most=_MOST_STEPS), BLANK]
    return lines


def _last(turns: Sequence[TurnStory], places: Sequence[Position]) -> Sequence[TurnStory]:
    pointed = [turn for turn in turns if any(_is_in(turn, place) for place in places)]
    return pointed or turns[-1:]


def _focus(told: Sequence[TurnStory], places: Sequence[Position]) -> StepStory | None:
    """Return the step whose prompt matters: the first one pointed at, else the last one told."""
    steps = {at: step for turn in told for at, step in turn.steps.items() if at}
    wanted = [Place.of(place).step for place in places]
    pointed = [steps[at] for at in wanted if at in steps]
    return next(iter(pointed or [*steps.values()][-1:]), None)


def _prompt(focus: StepStory | None, width: int) -> list[Line]:
    slots = slots_of(focus)
    if focus is None or not slots:
        return []
    head: Line = styled(f"  prompt of {short(focus.at)}, by slot", "bold")
    return [head, *slot_lines(slots, width=width), BLANK]


# -- the way on ----------------------------------------------------------------------------------


def _commands(verdict: Verdict, focus: StepStory | None) -> list[Line]:
    rows: list[tuple[str, str]] = []
    if verdict.known_failure and verdict.outcome != "errored":
        rows.append(("known", verdict.known_failure))
    if verdict.trace:
        trace = PurePosixPath(verdict.trace)
        step = ["--step", short(focus.at)] if focus else []
        name = f"{trace.parent.name}::{trace.stem}"
        rows.append(("see", _typed("agentbox", "show", name, *step)))
    rows.append(("again", _typed("agentbox", "run", f"{verdict.file}::{verdict.case}")))
    return [((f"  {name:<7}", "dim"), (safe(text), "plain")) for name, text in rows]


def _typed(*words: str) -> str:
    from shlex import join  # noqa: PLC0415 - wanted only where something failed

    return join(words)
