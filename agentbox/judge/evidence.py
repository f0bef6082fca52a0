"""What a check may look at: what was said, called, shown, observed, and how it ended.

`Evidence` is one turn, or the whole run. Every check gets it, a `python` check too: the fields and
properties named here are its public face. Only the agent's own doings are in it, and of its words
only what the user could see: a message that a server had the model write in the middle of a call
is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentbox.core.messages import Json, Usage
from agentbox.core.prompts import Prompt
from agentbox.core.requests import Observation, look_of
from agentbox.core.scenario import CheckSpec
from agentbox.core.trace import Position
from agentbox.judge.failure import Failure, Unjudgeable

End: TypeAlias = Mapping[str, Json]
"""A recorded end: reason, answer, and the limit or the error if there was one."""

Load: TypeAlias = Callable[[str], Any]
"""Returns what `path/to/file.py:name` names."""

Evaluate: TypeAlias = Callable[[CheckSpec, "Evidence"], Failure | None]
"""Judges one check; raises `Unjudgeable`, and nothing else."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of the assistant that the user could see."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call as proposed, and what came of it; its tries are one call."""

    tool: str
    args: Mapping[str, Json]
    at: Position
    malformed: str = ""
    """The arguments as written, where they were no JSON object."""
    status: str = "unanswered"
    text: str = ""
    structured: Json = None
    source: str = ""
    """Which layer decided the status; empty where it is `ok`."""
    meta: Mapping[str, Json] | None = None
    """MCP `_meta` of the result."""

    @property
    def step(self) -> Position:
        """The model call whose message held it."""
        return self.at.rpartition("/call")[0]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A model call and what the model was shown in it."""

    at: Position
    prompt: Prompt
    slots: tuple[Mapping[str, Json], ...] = ()
    """The slot table: `slot`, `state`, `origin`, `text` of each."""
    aside: str = ""
    """What it was for, where its answer is no part of the conversation: `summary`."""

    @property
    def messages(self) -> list[Json]:
        """The prompt: `role`, `text`, and `calls`, `call_id`, `parts` where there are any."""
        return self.prompt.messages

    def slot(self, name: str) -> Mapping[str, Json] | None:
        """Return a slot's row of the table; None where it has none."""
        return next((row for row in self.slots if row.get("slot") == name), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation as the trace holds it."""

    look: Mapping[str, Json]
    at: Position
    value: Json = None
    error: str = ""


def nobody_judges(spec: CheckSpec, seen: Evidence) -> Failure | None:
    """Judge no check of another: evidence that was made by hand."""
    raise Unjudgeable(f"nothing judges `{spec.kind}` here", seen.at)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one check may look at: a turn, or the whole run."""

    scope: str
    """In words: `turn 2`, `the run`."""
    at: Position = ""
    said: tuple[Utterance, ...] = ()
    """The assistant's messages that are not blank, in order."""
    calls: tuple[Called, ...] = ()
    """The agent's tool calls, in call order."""
    earlier: tuple[Called, ...] = ()
    """Its calls in the turns before this one; none where this is the whole run."""
    model_calls: tuple[ModelCall, ...] = ()
    """Its model calls, in order."""
    usages: tuple[Usage, ...] = ()
    """Of every model call, those that a server asked for included. None is unknown, never zero."""
    seconds: float = 0.0
    """Virtual seconds from its beginning to its end."""
    observed: tuple[Seen, ...] = ()
    """What was observed for its checks, at its end and before the first turn."""
    end: End | None = None
    """None where the scope was cut short."""
    tools: tuple[str, ...] | None = None
    """The names of all tools there were, for whomever and whenever; None where nothing tells."""
    load: Load | None = None
    """Loads what a `python` check names; None where nothing may be loaded."""
    evaluate: Evaluate = nobody_judges
    """Judges another check, on this evidence or other: what combinations are made of."""

    @property
    def steps(self) -> tuple[Position, ...]:
        """The model calls' positions, in order."""
        return tuple(call.at for call in self.model_calls)

    @property
    def answer(self) -> str:
        """The final answer of the scope."""
        return str((self.end or {}).get("answer", ""))

    @property
    def answer_at(self) -> Position:
        """Where the final answer was given, or should have been: the last model call."""
        return self.model_calls[-1].at if self.model_calls else self.at

    @property
    def ended(self) -> str:
        """How it ended, in words."""
        return ended(self.end)

    def value(self, observation: Observation) -> Seen:
        """Return what was observed.

        Raises:
            Unjudgeable: the trace does not hold it, or it could not be observed.
        """
        look = look_of(observation)
        found = next((seen for seen in self.observed if seen.look == look), None)
        named = " ".join(str(look[key]) for key in ("kind", "server", "target") if key in look)
        when = " before the first turn" if observation.when == "start" else ""
        gold = " after the gold calls" if observation.gold else ""
        if found is None:
            raise Unjudgeable(f"not observed: {named}{when}{gold}")
        if found.error:
            raise Unjudgeable(f"{named} could not be observed{when}{gold}: {found.error}", found.at)
        return found


def ended(end: End | None) -> str:
    """Return an end in words: `answered`, `limit: steps`, `refused`, `failed`; empty if none."""
    told = end or {}
    reason, limit = str(told.get("reason", "")), told.get("limit")
    return f"{reason}: {limit}" if limit else reason
