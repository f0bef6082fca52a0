"""What models and users said in a trace, as the scripts that say it again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json, is_list
from agentbox.core.scenario import Turn
from agentbox.core.script import ScriptCall, ScriptStep
from agentbox.core.trace import TraceEvent
from agentbox.models.scripted import literal

_TURN = re.compile(r"/t(\d+)")
NEVER = (ScriptStep(say="This is never said.", when="(?!)"),)
"""The script of whoever was asked nothing: a scripted model must have one."""


@dataclass(frozen=True, slots=True)
class Scripts:
    """What was said in a run."""

    agent: Mapping[int, tuple[ScriptStep, ...]]
    """By turn."""
    user: tuple[ScriptStep, ...]
    """Of a simulated user, over all turns."""
    words: Mapping[int, str]
    """The words of a scripted user, by turn."""

    @property
    def whole(self) -> tuple[ScriptStep, ...]:
        """The agent's, over all turns."""
        return tuple(step for turn in sorted(self.agent) for step in self.agent[turn]) or NEVER

    def turn(self, number: int, turn: Turn) -> Turn:
        """Return a turn of the case as it was played; one that was not stays as it was."""
        script = self.agent.get(number, NEVER)
        if number not in self.words:
            return Turn(turn.user, turn.checks, turn.replies, turn.calls, script)
        return Turn(self.words[number], turn.checks, (), turn.calls, script)


def scripts_of(events: Sequence[TraceEvent]) -> Scripts:
    """Return what was said in a run that came to its end.

    Raises:
        AuthorError: a model ended a reply as no script can; all of these.
    """
    wrong = [problem for event in events for problem in _unsaid(event)]
    if wrong:
        raise AuthorError(*wrong)
    aside = {event.at for event in events if event.data.get("aside") == "sampling"}
    said = [e for e in events if e.kind == "model.result" and e.at not in aside]
    agent: dict[int, tuple[ScriptStep, ...]] = {}
    for event in said:
        if event.at.startswith("c:"):
            turn = _turn_of(event)
            agent[turn] = (*agent.get(turn, ()), _step(event.data))
    user = tuple(_step(event.data) for event in said if event.at.startswith("u:"))
    return Scripts(agent, user or NEVER, dict(_words(events)))


def _unsaid(event: TraceEvent) -> Iterator[Problem]:
    """Yield why no script can say what a model said."""
    if event.kind != "model.result":
        return
    where = event.at.partition("/")[2]
    if "error" in event.data:
        yield Problem(f"the model gave no answer at {where}, and a script always gives one")
    elif event.data.get("stop") == "length":
        yield Problem(f"the model was cut off at {where}, and a script never is")


def _words(events: Sequence[TraceEvent]) -> Iterator[tuple[int, str]]:
    for event in events:
        if event.kind == "user.result" and event.data.get("text") is not None:
            yield _turn_of(event), str(event.data["text"])


def _turn_of(event: TraceEvent) -> int:
    found = _TURN.search(event.at)
    return int(found[1]) if found else 0


def _step(data: Mapping[str, Json]) -> ScriptStep:
    told: Json = data.get("calls")
    refuse = data.get("stop") == "refusal"
    calls = tuple(map(_call, told)) if is_list(told) and not refuse else ()
    text = str(data.get("text", "")) or ("" if calls else " ")  # a script cannot say nothing
    usage: Json = data.get("usage", {})
    tokens, cost = _tokens(usage), usage.get("cost_usd")
    if len(calls) == 1 and not calls[0].malformed:
        return ScriptStep(text, calls[0].tool, calls[0].args, tokens=tokens, cost_usd=cost)
    return ScriptStep(text, calls=calls, refuse=refuse, tokens=tokens, cost_usd=cost)


def _call(data: Json) -> ScriptCall:
    malformed = str(data.get("malformed", ""))
    return ScriptCall(data["tool"], {} if malformed else literal(data["args"]), malformed)


def _tokens(usage: Mapping[str, Json]) -> tuple[int, ...]:
    return (usage["input"], usage["output"]) if {"input", "output"} <= usage.keys() else ()
