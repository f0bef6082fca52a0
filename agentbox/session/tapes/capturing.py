"""From a trace to a scenario file that comes to the same, offline: no server, no model, no network.

Pins, words and checks are those of the recorded case; models say what they said, tools give what
they gave. What only a world could tell is left out, and the file says so. A run that did not end,
or could not be judged, has nothing that a test could be held to: it is refused.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import agentbox.spec
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json
from agentbox.core.requests import look_of
from agentbox.core.scenario import (
    Audience,
    Case,
    CheckSpec,
    ModelSpec,
    Repeat,
    Scenario,
    TraceOptions,
)
from agentbox.core.tape import Tape
from agentbox.core.trace import Position, TraceEvent
from agentbox.core.verdict import Verdict
from agentbox.judge import CHECKS, end_of, every, observations_of
from agentbox.judge.check import claim_of
from agentbox.loops import LOOPS
from agentbox.session.selection import Selection, load
from agentbox.session.sources import Host
from agentbox.session.staging import standings
from agentbox.session.suite import Suite, run_suite
from agentbox.session.tapes.mocking import mocks_of
from agentbox.session.tapes.project import Project
from agentbox.session.tapes.recorded import pinned, scenario_of, sound
from agentbox.session.tapes.scripting import Scripts, scripts_of
from agentbox.spec import as_written
from agentbox.spec.write import yaml_text
from agentbox.trace import Trace
from agentbox.trace.redaction import PATTERNS

_SCHEMA = Path(agentbox.spec.__file__).with_name("scenario.schema.json")
_TOKEN = re.compile(f"«(?:{'|'.join(['secret', *PATTERNS])}):[^»]*»")


@dataclass(frozen=True, slots=True)
class Claim:
    """A check by what it says, and the turn it belongs to."""

    text: str
    turn: int | None = None

    def __str__(self) -> str:
        return f"{self.text} (turn {self.turn})" if self.turn else self.text


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A check that the file does not have, and why."""

    claim: Claim
    why: str


@dataclass(frozen=True, slots=True)
class Captured:
    """A trace as a scenario."""

    scenario: Scenario
    outcome: str
    """What the recorded run came to."""
    failed: tuple[Claim, ...]
    """The checks that failed in it."""
    left_out: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    """What is otherwise than it was, beside the checks."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a captured scenario came to when it was played."""

    verdict: Verdict
    differs: tuple[str, ...]
    """How that is not what the trace came to; empty where it is."""


# -- the scenario


def capture(path: Path, host: Host) -> Captured:
    """Return the trace at `path` as a scenario.

    Raises:
        TraceError: it cannot be read, or was changed after it was written.
        AuthorError: it holds no run that a scenario can say.
    """
    trace = sound(path)
    said = scenario_of(trace)
    project = Project.of(replace(said, tools=()), host)  # whose results are mocks from now on
    recorded = project.at_home(said)
    end = _end_of(trace)
    if recorded.agent.loop not in LOOPS and not project.trusted:
        raise AuthorError(*project.notes)
    trusted = project.trusted
    tape, scripts = Tape(trace.events), scripts_of(trace.events)
    left_out = tuple(_left_out(recorded.case, trusted=trusted))
    case = _case(recorded.case, scripts, trusted=trusted)
    if not (case.checks or any(turn.checks for turn in case.turns)):
        case = replace(case, checks=tuple(_happened(trace.events)))
    looks = _looks(trace.events, case)
    scenario = replace(
        pinned(recorded, trace),
        cases=(case,),
        model=ModelSpec("scripted"),
        servers={},
        servers_from=(),
        tools=(),
        mocks=mocks_of(tape, looks),
        audiences=_audiences(recorded, tape),
        secrets=(),
        trace=TraceOptions(),
    )
    failed = tuple(claim for claim, outcome in _claims(trace) if outcome == "failed")
    remarks = tuple(_remarks(recorded, tape, scenario))
    return Captured(scenario, str(end.data["outcome"]), failed, left_out, remarks)


def _end_of(trace: Trace) -> TraceEvent:
    """Return how the run ended.

    Raises:
        AuthorError: it did not, or could not be judged.
    """
    end = next((event for event in trace.events if event.kind == "run.end"), None)
    if end is None or not trace.complete:
        message = f"{trace.path} breaks off before its run ended: no test can be held to it"
        raise AuthorError(Problem(message, hint="see how far it goes: agentbox show TRACE"))
    if end.data.get("outcome") == "errored":
        message = f"the run in {trace.path} is errored: no test can be held to it"
        told: Json = end.data.get("problems", ())
        note = "; ".join(map(str, told))
        raise AuthorError(Problem(message, note=note, hint="see why: agentbox show TRACE"))
    return end


def _case(case: Case, scripts: Scripts, *, trusted: bool) -> Case:
    def kept(checks: Sequence[CheckSpec]) -> tuple[CheckSpec, ...]:
        return tuple(check for check in checks if not _needs(check, trusted=trusted))

    turns = (scripts.turn(number, turn) for number, turn in enumerate(case.turns, 1))
    user = case.user
    return replace(
        case,
        turns=tuple(replace(turn, checks=kept(turn.checks)) for turn in turns),
        checks=kept(case.checks),
        attacked=kept(case.attacked),
        user=user and replace(user, model=ModelSpec("scripted"), script=scripts.user),
        script=scripts.whole if user else (),
        injections=(),  # they are in what the tools gave
        known_failure="",
        matrix={},
        repeat=Repeat(),
        cell="",
        round=0,
    )


def _audiences(recorded: Scenario, tape: Tape) -> dict[str, Audience]:
    known = standings(recorded, tape.specs())
    theirs: dict[str, Audience] = {name: each.audience for name, each in known.items()}
    theirs |= dict.fromkeys(tape.left_out, "harness")
    return {name: audience for name, audience in theirs.items() if audience != "agent"}


# -- the checks


def _needs(check: CheckSpec, *, trusted: bool) -> str:
    """Return what a check needs that is not there when a captured scenario is played."""
    looks = observations_of((check,))
    if any(look.kind == "command" for look in looks):
        return "it runs a program"
    if any(look.gold or look.kind != "tool" for look in looks):
        return "it looks at a server, and none runs here"
    if not trusted and any(each.kind == "python" for each in every((check,))):
        return "its function is named by no scenario of this project"
    return ""


def _left_out(case: Case, *, trusted: bool) -> Iterator[LeftOut]:
    told: list[tuple[CheckSpec, Claim]] = [
        (check, Claim(claim_of(check), number))
        for number, turn in enumerate(case.turns, 1)
        for check in turn.checks
    ]
    told += [(check, Claim(claim_of(check))) for check in case.checks]
    told += [(check, Claim(f"attacked {claim_of(check)}")) for check in case.attacked]
    for check, claim in told:
        why = _needs(check, trusted=trusted)
        if why:
            yield LeftOut(claim, why)


def _happened(events: Sequence[TraceEvent]) -> Iterator[CheckSpec]:
    """Yield checks that say what happened, for a case that has none: the calls, and the end.

    A run that ended badly failed, for nothing expected it: what is expected is an answer.
    """
    made: list[dict[str, Json]] = []
    for event in events:
        ours = event.kind == "tool.request" and event.at.startswith("c:")
        call = {"name": event.data.get("tool"), "args": event.data.get("args")} if ours else None
        if call and "malformed" not in event.data and call not in made:
            made.append(call)
    yield from (CheckSpec("tool_called", CHECKS["tool_called"].params(**call)) for call in made)
    expected = "refused" if end_of(events) == "refused" else "answered"
    yield CheckSpec("ended", CHECKS["ended"].params(expected))


def _looks(events: Sequence[TraceEvent], case: Case) -> frozenset[Position]:
    """Return where the observations were made that the checks of a case want."""
    checks = (*(check for turn in case.turns for check in turn.checks), *case.checks)
    wanted = [look_of(look) for look in observations_of((*checks, *case.attacked))]
    looks = (event for event in events if event.kind == "observe.request")
    return frozenset(event.at for event in looks if event.data.get("look") in wanted)


def _claims(trace: Trace) -> Iterator[tuple[Claim, str]]:
    for event in trace.events:
        if event.kind == "check.result":
            data = event.data
            text = str(data.get("claim") or data.get("check"))
            yield Claim(text, data.get("turn")), str(data.get("outcome"))


# -- the file


def _remarks(recorded: Scenario, tape: Tape, scenario: Scenario) -> Iterator[str]:
    if recorded.case.injections:
        yield "What was injected stands in the results and the descriptions of the tools."
    if tape.changing:
        servers = ", ".join(sorted(tape.changing))
        yield f"Tools of {servers} changed in mid-run: here all of them are there from the start."
    tokens = _TOKEN.findall(json.dumps(as_written(scenario), ensure_ascii=False))
    if tokens:
        known = ", ".join(sorted(set(tokens)))
        yield f"No trace holds a secret, and this does not either: {known} stands for it."


def text_of(captured: Captured, file: Path, host: Host) -> str:
    """Return the text of the file; where it is to be kept decides how it names its schema."""
    case = captured.scenario.case
    how = f"This {captured.outcome} when it was recorded"
    failed = ", ".join(map(str, captured.failed))
    head = [f"{how}: {failed}" if failed else how, *captured.remarks]
    comments: dict[tuple[str | int, ...], list[str]] = {
        (): head,
        ("mocks",): [""],
        ("cases",): [""],
    }
    for each in captured.left_out:
        comments.setdefault(_place(each, case), []).append(
            f"Left out: {each.claim.text}: {each.why}"
        )
    return _modeline(file, host) + yaml_text(as_written(captured.scenario), comments)


def _modeline(file: Path, host: Host) -> str:
    """Return the line by which editors find the schema, where it is a part of the project."""
    if not _SCHEMA.is_relative_to(host.root.absolute()):
        return ""
    schema = os.path.relpath(_SCHEMA, file.absolute().parent)
    return f"# yaml-language-server: $schema={Path(schema).as_posix()}\n"


def _place(left_out: LeftOut, case: Case) -> tuple[str | int, ...]:
    """Return what the comment on a check that is left out stands above."""
    turn = left_out.claim.turn
    if turn:
        owner, checks = ("cases", 0, "turns", turn - 1), case.turns[turn - 1].checks
    else:
        owner, checks = ("cases", 0), case.checks
    return (*owner, "checks") if checks else owner


# -- whether it holds


def held(captured: Captured, text: str, host: Host) -> Held:
    """Play a captured scenario once, offline, and compare what it comes to with the trace.

    Raises:
        AuthorError: the file cannot be read: then it says what no file can.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "captured.yaml"
        path.write_text(text, "utf-8")
        offline = replace(host, live=False)
        (verdict,) = run_suite(
            Suite(load([str(path)], offline, Selection()), offline, Path(folder)), lambda _: None
        )
    return Held(verdict, tuple(_differences(captured, verdict)))


def _differences(captured: Captured, verdict: Verdict) -> Iterator[str]:
    missed = [each.claim for each in captured.left_out]
    failed = [Claim(c.claim or c.kind, c.turn) for c in verdict.checks if c.outcome == "failed"]
    if verdict.outcome != captured.outcome:
        yield f"it {verdict.outcome}, and the trace {captured.outcome}"
    yield from (problem.message for problem in verdict.problems)
    for claim in captured.failed:
        if claim in missed and verdict.outcome != captured.outcome:
            yield f"it failed in the trace, and is left out: {claim}"
        elif claim not in missed and claim not in failed:
            yield f"it does not fail here: {claim}"
    yield from (f"it fails here: {claim}" for claim in failed if claim not in captured.failed)
