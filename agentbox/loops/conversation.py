"""A conversation: what is set up first, then turns of a user and the agent's loop.

The user is whoever answers `AskUser`, or a second loop with its own model, tools and budget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agentbox.core.errors import Problem, WorldError
from agentbox.core.messages import Json, Message, ToolCall, ToolSpec, Transcript
from agentbox.core.requests import (
    Call,
    End,
    Enter,
    Leave,
    Loop,
    LoopFunction,
    Observation,
    Observe,
    Reply,
    Request,
    Task,
    UserSaid,
)
from agentbox.core.scenario import Limits, PlanOptions
from agentbox.core.window import ContextWindow
from agentbox.loops.asking import ask_user, call, read_clock
from agentbox.loops.prompt import Briefing, brief
from agentbox.loops.react import react

Offered: TypeAlias = Callable[[int], tuple[ToolSpec, ...]]
"""The tools that are offered in a turn, counted from 1."""
START, END = 0, -1
"""Where observations are made that belong to no turn."""


@dataclass(frozen=True, slots=True)
class SecondLoop:
    """A user who is a loop of their own."""

    system: str
    """Who they are, what they want, when they stop."""
    stop: str
    """The word that ends the conversation; what stands before it is not said either."""
    turns: int
    """How often they speak at most."""
    opening: str = ""
    """Their first words, where they are given."""
    limits: Limits = field(default_factory=Limits)
    tools: tuple[ToolSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a conversation is played with."""

    briefing: Briefing = field(default_factory=Briefing)
    limits: Limits = field(default_factory=Limits)
    offered: Offered = lambda _: ()
    output: Mapping[str, Json] | None = None
    plan: PlanOptions = field(default_factory=PlanOptions)
    setup: tuple[ToolCall, ...] = ()
    """Calls of the harness before the first turn; the agent never sees them."""
    looks: Mapping[int, Sequence[Observation]] = field(
        default_factory=dict[int, Sequence[Observation]]
    )
    """What is observed after which turn; at START and END too."""
    user: SecondLoop | None = None
    window: ContextWindow | None = None


def conversation(agent: LoopFunction, setting: Setting) -> Loop:
    """Play turns until the user is done or a turn ends without an answer.

    Raises:
        WorldError: a call of the setup did not end ok, a simulated user's model gave no words, or
            the user never spoke: then nothing was tried.
    """
    log = Transcript(window=setting.window)
    end = End("answered")
    turn = 0
    yield Enter("run", setting.limits)
    yield from _set_up(setting.setup)
    yield from _look(START, setting)
    user = _Simulated(setting.user) if setting.user else _asked
    words = yield from user("")
    while words is not None:
        turn += 1
        end = yield from _turn(agent, setting, log, turn, words)
        yield from _look(turn, setting)
        if end.reason != "answered":
            break
        words = yield from user(end.answer)
    if not turn:
        hint = "the first turn needs words that are said whatever was asked"
        raise WorldError(Problem("the user never spoke: there is nothing to judge", hint=hint))
    yield from _look(END, setting)
    yield Leave(end)
    return end


def _turn(
    agent: LoopFunction, setting: Setting, log: Transcript, turn: int, words: str
) -> Generator[Request, Reply, End]:
    yield Enter("turn")
    task = Task(log, setting.offered(turn), setting.output, setting.plan)
    block = (yield from read_clock()).block if "now" in setting.briefing.slots else ""
    brief(task, setting.briefing, block, words)
    end = yield from agent(task)
    yield Leave(end)
    return end


# -- the user


_Words: TypeAlias = Generator[Request, Reply, str | None]
"""Gives a user's next words; None when there are no more."""


def _asked(heard: str) -> _Words:
    """Ask whoever answers for the user; their own calls are made before their words are said."""
    said: UserSaid = yield from ask_user(heard)
    if said.calls:
        yield Enter("turn", actor="user")
        yield Call(said.calls)
        yield Leave()
    return said.text


class _Simulated:
    """A user who is a loop: reads what the agent says, may use tools of their own, and answers.

    Raises WorldError where their model gives no words: the agent is not to blame for that, and
    not to be praised either.
    """

    def __init__(self, second: SecondLoop) -> None:
        self._second = second
        self._log = Transcript("user", [Message("system", second.system)])
        self._spoken = 0

    def __call__(self, heard: str) -> _Words:
        second = self._second
        self._spoken += 1
        if self._spoken == 1 and second.opening:
            self._log.add(Message("assistant", second.opening))
            return second.opening
        if self._spoken > second.turns:
            return None
        self._log.add(Message("user", heard or "(The support desk waits for you to speak.)"))
        yield Enter("turn", second.limits, "user")
        end = yield from react(Task(self._log, second.tools))
        yield Leave(end)
        if end.reason != "answered":
            raise _speechless(end, self._spoken)
        return None if second.stop in end.answer else end.answer


def _speechless(end: End, turn: int) -> WorldError:
    happened, hint = _NO_WORDS[end.reason]
    why = end.data.get("limit") or end.data.get("error") or end.answer
    said = f"the user's model {happened} in turn {turn}"
    return WorldError(Problem(f"{said}: {why}" if why else said, hint=hint))


_NO_WORDS = {
    "failed": ("failed", "mend it, or raise `deadlines: {model: ...}`"),
    "limit": ("ran into a limit of theirs", "raise the `limits` of the case's `user`"),
    "refused": ("refused to speak", "change the `prompt` of the case's `user`"),
}
"""How a simulated user's loop ended that gives no words, and what to do about it."""


# -- the harness


def _set_up(calls: Sequence[ToolCall]) -> Generator[Request, Reply, None]:
    if not calls:
        return
    yield Enter("turn", None, "harness", "setup")
    for number, one in enumerate(calls, 1):
        (answer,) = yield from call(Transcript(), (one,))
        result = answer.result
        if result.status != "ok":
            said = f"setup call {number}, {one.name}, ended {result.status}: {result.text}"
            raise WorldError(Problem(said, hint="mend `setup`, or the server it calls"))
    yield Leave()


def _look(turn: int, setting: Setting) -> Generator[Request, Reply, None]:
    looks = setting.looks.get(turn, ())
    if not looks:
        return
    yield Enter("turn", None, "harness", {START: "start", END: "end"}.get(turn, f"t{turn}"))
    for look in looks:
        yield Observe(look)
    yield Leave()
