"""From a scenario to what is played: who speaks, what is offered to whom, what came before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from agentbox.core.messages import Message, ToolCall, ToolSpec
from agentbox.core.requests import (
    Actor,
    Approve,
    Approved,
    Elicit,
    Elicited,
    Observation,
    UserSaid,
)
from agentbox.core.scenario import (
    Audience,
    Case,
    Past,
    Scenario,
    ScriptCall,
    SimulatedUser,
    Turn,
)
from agentbox.core.trace import Position
from agentbox.judge import distinct, observations_of
from agentbox.loops import Briefing
from agentbox.loops.conversation import END, START, SecondLoop, Setting
from agentbox.runtime import Approver, Form, User


def setting_of(scenario: Scenario, specs: Sequence[ToolSpec]) -> Setting:
    """Return what a conversation is played with, given all tools there are."""
    case, agent = scenario.case, scenario.agent
    parted = parted_by_audience(scenario, specs)
    return Setting(
        Briefing(agent.system, agent.slots, scenario.context, tuple(_past(case.history))),
        agent.limits,
        _Offer(parted["agent"], case).tools,
        agent.output,
        agent.plan,
        tuple(map(call_of, case.setup)),
        looks_of(case),
        _second(case.user, parted["user"]) if case.user else None,
        agent.context_window,
    )


def parted_by_audience(
    scenario: Scenario, specs: Sequence[ToolSpec]
) -> dict[Audience, tuple[ToolSpec, ...]]:
    """Return whose tools are whose."""
    parted: dict[Audience, list[ToolSpec]] = {"agent": [], "user": [], "harness": []}
    for spec in specs:
        parted[_audience(scenario, spec.name)].append(spec)
    return {audience: tuple(theirs) for audience, theirs in parted.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a tool is, and the first turn that offers it."""

    audience: Audience
    turn: int = 1


def standings(scenario: Scenario, specs: Sequence[ToolSpec]) -> dict[str, Standing]:
    """Return how each tool stands in a scenario's one case, by its name."""
    return {spec.name: _standing(scenario, spec.name) for spec in specs}


def _standing(scenario: Scenario, name: str) -> Standing:
    audience = _audience(scenario, name)
    return Standing(audience, _first_turn(scenario.case, name) if audience == "agent" else 1)


def _first_turn(case: Case, name: str) -> int:
    return max((e.until for e in case.withhold if fnmatchcase(name, e.tools)), default=1)


def _audience(scenario: Scenario, name: str) -> Audience:
    for glob, audience in scenario.audiences.items():
        if fnmatchcase(name, glob):
            return audience
    server = scenario.servers.get(name.partition(".")[0])
    return server.audience if server else "agent"


def offers_of(scenario: Scenario) -> Callable[[Actor, str, Position], bool]:
    """Return who is offered a tool that came in mid-run: its audience, once it is not withheld."""

    def offers(actor: Actor, name: str, at: Position) -> bool:
        turn, standing = _TURN.search(at), _standing(scenario, name)
        is_held_back = turn is not None and int(turn[1]) < standing.turn
        return standing.audience == actor and not is_held_back

    return offers


_TURN = re.compile(r"/t(\d+)")


class _Offer:
    """The agent's tools by turn; one tuple for each set, so that a trace tells it once."""

    def __init__(self, specs: tuple[ToolSpec, ...], case: Case) -> None:
        self._specs = specs
        self._case = case
        self._known: dict[frozenset[str], tuple[ToolSpec, ...]] = {}

    def tools(self, turn: int) -> tuple[ToolSpec, ...]:
        """Return what is offered in a turn."""
        kept = [s for s in self._specs if _first_turn(self._case, s.name) <= turn]
        return self._known.setdefault(frozenset(spec.name for spec in kept), tuple(kept))


def looks_of(case: Case) -> dict[int, tuple[Observation, ...]]:
    """Return what the checks of a case want observed, by turn; START and END too."""
    scopes = {n: observations_of(turn.checks) for n, turn in enumerate(case.turns, 1)}
    scopes[END] = observations_of((*case.checks, *case.attacked))
    first = distinct(look for looks in scopes.values() for look in looks if look.when == "start")
    later = {n: tuple(o for o in looks if o.when == "end") for n, looks in scopes.items()}
    return {START: first, **later}


def call_of(call: ScriptCall) -> ToolCall:
    """Return a call that a scenario writes down."""
    return ToolCall(call.tool, call.args, malformed=call.malformed)


def _past(history: Sequence[Past]) -> Iterator[Message]:
    """Yield the messages that a history stands for; a call has the id of its place in it."""
    for number, past in enumerate(history, 1):
        if past.call:
            call = ToolCall(past.call, past.args, f"history/call{number}")
            yield Message("assistant", past.say, (call,))
            yield Message("tool", past.result, call_id=call.id)
        elif past.say:
            yield Message("assistant", past.say)
        else:
            yield Message("user", past.user)


def _second(user: SimulatedUser, tools: tuple[ToolSpec, ...]) -> SecondLoop:
    return SecondLoop(user.prompt, user.stop, user.turns, user.opening, user.limits, tools)


def user_of(case: Case) -> User:
    """Return the scripted user of a case, who may answer by what they are asked."""
    turns = iter(case.turns)

    async def user(heard: str) -> UserSaid:
        turn = next(turns, None)
        if turn is None:
            return UserSaid(None)
        return UserSaid(_words(turn, heard), tuple(map(call_of, turn.calls)))

    return user


def form_of(case: Case) -> Form:
    """Return what the user of a case does with forms."""

    async def form(shown: Elicit) -> Elicited:
        for answer in case.answers:
            if re.search(answer.asked, shown.message, re.IGNORECASE):
                filled = answer.give.items()
                content = {k: list(v) if isinstance(v, tuple) else v for k, v in filled}
                return Elicited(answer.action, content)
        return Elicited("decline")

    return form


def approver_of(case: Case) -> Approver:
    """Return who decides in a case: the first of its approvals that fits what is to be done."""

    async def approver(asked: Approve) -> Approved:
        words = json.dumps(asked.detail, ensure_ascii=False, default=str)
        for each in case.approvals:
            if re.search(each.asked, f"{asked.what} {words}", re.IGNORECASE):
                return Approved(each.yes, each.why)
        return Approved(yes=False, why="no entry of `approvals` fits")

    return approver


def _words(turn: Turn, heard: str) -> str | None:
    if not turn.replies:
        return turn.user
    for reply in turn.replies:
        if re.search(reply.asked, heard, re.IGNORECASE):
            return reply.say
    return None
