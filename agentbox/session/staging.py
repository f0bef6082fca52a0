"""From a scenario to what is played: who speaks, what is offered to whom, what came before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from agentbox.core.messages import Message, ToolCall, ToolSpec
from agentbox.core.requests import Actor, Elicit, Elicited, UserSaid
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
from agentbox.loops import Briefing
from agentbox.loops.conversation import SecondLoop, Setting
from agentbox.runtime import Form, User


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
        tuple(_call(call) for call in case.setup),
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


def _audience(scenario: Scenario, name: str) -> Audience:
    for glob, audience in scenario.audiences.items():
        if fnmatchcase(name, glob):
            return audience
    server = scenario.servers.get(name.partition(".")[0])
    return server.audience if server else "agent"


def offers_of(scenario: Scenario) -> Callable[[Actor, str, Position], bool]:
    """Return who is offered a tool that came in mid-run: its audience, once it is not withheld."""

    def offers(actor: Actor, name: str, at: Position) -> bool:
        turn = _TURN.search(at)
        withheld = turn and _withheld(scenario.case, name, int(turn[1]))
        return _audience(scenario, name) == actor and not withheld

    return offers


def _withheld(case: Case, name: str, turn: int) -> bool:
    return any(turn < each.until and fnmatchcase(name, each.tools) for each in case.withhold)


_TURN = re.compile(r"/t(\d+)")


class _Offer:
    """The agent's tools by turn; one tuple for each set, so that a trace tells it once."""

    def __init__(self, specs: tuple[ToolSpec, ...], case: Case) -> None:
        self._specs = specs
        self._case = case
        self._known: dict[frozenset[str], tuple[ToolSpec, ...]] = {}

    def tools(self, turn: int) -> tuple[ToolSpec, ...]:
        """Return what is offered in a turn."""
        kept = [s for s in self._specs if not _withheld(self._case, s.name, turn)]
        return self._known.setdefault(frozenset(spec.name for spec in kept), tuple(kept))


def _call(call: ScriptCall) -> ToolCall:
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
        return UserSaid(_words(turn, heard), tuple(_call(call) for call in turn.calls))

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


def _words(turn: Turn, heard: str) -> str | None:
    if not turn.replies:
        return turn.user
    for reply in turn.replies:
        if re.search(reply.asked, heard, re.IGNORECASE):
            return reply.say
    return None
