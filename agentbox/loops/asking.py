"""Typed helpers for loops: each yields one request and narrows its reply.

Only these contain an isinstance; a loop reads `said = yield from ask(log, tools)`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeVar

from agentbox.core.messages import Json, Message, ToolCall, ToolResult, ToolSpec, Transcript
from agentbox.core.requests import (
    Answer,
    Approve,
    Approved,
    Ask,
    AskUser,
    Call,
    End,
    Failed,
    LimitReached,
    Now,
    ReadClock,
    Reply,
    Request,
    Said,
    UserSaid,
    answered,
)
from agentbox.loops.window import make_room

Result = TypeVar("Result")

CUT_OFF = "the answer was cut off: the model may write no more tokens in one reply"
"""Why a loop ends `failed` whose model reached a limit of its own: half an answer is none."""


class WrongReply(TypeError):
    """Whoever drives the loop answered a request with a reply of another kind."""


def ask(
    log: Transcript,
    tools: tuple[ToolSpec, ...] = (),
    output: Mapping[str, Json] | None = None,
) -> Generator[Request, Reply, Said]:
    """Ask the model and log what it says.

    At a limit the model gets one last word without tools, where the budget grants it. A `Said`
    that ends the loop (limit, refusal, failure) has no calls.
    """
    full = (yield from make_room(log, log.window, tools)) if log.window else None
    if full:
        return Said(Message("assistant"), limit=full)
    reply = yield Ask(log.view(), tools, output)
    if isinstance(reply, LimitReached):
        said = _last_word((yield Ask(log.view(), (), output, last_word=True)), reply.name)
    elif isinstance(reply, Failed):
        said = Said(Message("assistant"), stop="failed", error=reply.message)
    else:
        said = _expect(Said, reply)
    log.add(said.message)
    return said


def _last_word(reply: Reply, limit: str) -> Said:
    if isinstance(reply, Said):
        return Said(Message("assistant", reply.message.text), reply.usage, reply.stop, limit)
    return Said(Message("assistant"), limit=limit)


def call(
    log: Transcript, calls: tuple[ToolCall, ...]
) -> Generator[Request, Reply, tuple[Answer, ...]]:
    """Run a batch of tool calls and log their answers, in call order."""
    replies = yield Call(calls)
    if not isinstance(replies, tuple):
        raise WrongReply(f"a batch of calls was answered with {replies!r}")
    answers = tuple(
        _refused(one, reply) if isinstance(reply, LimitReached) else reply
        for one, reply in zip(calls, replies, strict=True)
    )
    log.add(*(answer.message for answer in answers))
    return answers


def _refused(one: ToolCall, limit: LimitReached) -> Answer:
    text = f"Not run: the limit `{limit.name}` is reached."
    return answered(one, ToolResult("denied", text, "budget"))


def ask_user(heard: str = "") -> Generator[Request, Reply, UserSaid]:
    """Wait for the user's next words; `heard` is what they heard last."""
    return _expect(UserSaid, (yield AskUser(heard)))


def approve(what: str, detail: Json = None) -> Generator[Request, Reply, Approved]:
    """Ask whether this may be done."""
    return _expect(Approved, (yield Approve(what, detail)))


def read_clock() -> Generator[Request, Reply, Now]:
    """Read the run's clock."""
    return _expect(Now, (yield ReadClock()))


def end_of(said: Said) -> End:
    """Return how a loop ends whose model has said its last."""
    if said.limit:
        return End("limit", said.message.text, {"limit": said.limit})
    if said.stop == "refusal":
        return End("refused", said.message.text)
    if said.stop == "failed":
        return End("failed", said.message.text, {"error": said.error})
    if said.stop == "length":
        return End("failed", said.message.text, {"error": CUT_OFF})
    return End("answered", said.message.text)


def _expect(kind: type[Result], reply: Reply) -> Result:
    if isinstance(reply, kind):
        return reply
    raise WrongReply(f"expected {kind.__name__}, was answered with {reply!r}")
