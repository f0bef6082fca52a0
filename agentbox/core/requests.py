"""What a loop may ask and what it may be answered.

A loop is a generator that yields a `Request`, is sent a `Reply` and returns an `End`. It holds no
clock, no file, no socket: whoever drives it decides who answers. That is why a loop is tested with
a list, replayed from a tape and forked in the middle.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agentbox.core.errors import FailedStatus
from agentbox.core.messages import (
    UNKNOWN_USAGE,
    Json,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
    Transcript,
    Usage,
    View,
)
from agentbox.core.scenario import Limits, PlanOptions

Actor: TypeAlias = Literal["agent", "user", "harness"]
ScopeKind: TypeAlias = Literal["run", "turn", "plan", "step"]
EndReason: TypeAlias = Literal["answered", "limit", "refused", "failed"]
LimitName: TypeAlias = Literal[
    "steps", "tool_calls", "tokens", "cost_usd", "seconds", "context_window"
]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a check wants to know of the world at the end of its turn or run."""

    kind: Literal["resource", "tool", "sql", "file", "command"]
    server: str = ""
    """The server's key; for a file and a query, in whose folder."""
    target: str = ""
    """A resource's URI, a tool's name (its full one), a query, a path, a command."""
    args: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """A tool's arguments; for a query, `database`: the file."""
    when: Literal["end", "start"] = "end"
    """At the end of the turn or run, or before the first turn, once it is set up."""
    gold: tuple[ToolCall, ...] = ()
    """Not empty: made on a fresh world, set up alike, after these calls."""


def look_of(observation: Observation) -> dict[str, Json]:
    """Return an observation as JSON, what is empty left out: how the trace holds it."""
    told: dict[str, Json] = {
        "kind": observation.kind,
        "server": observation.server,
        "target": observation.target,
        "args": dict(observation.args),
        "when": "" if observation.when == "end" else observation.when,
        "gold": [{"tool": call.name, "args": dict(call.args)} for call in observation.gold],
    }
    return {key: value for key, value in told.items() if value}


# -- requests ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model for its next message."""

    messages: View
    tools: tuple[ToolSpec, ...] = ()
    output: Mapping[str, Json] | None = None
    """The JSON Schema that the answer is asked to fit, where it is asked to."""
    aside: str = ""
    """What it is for, where its answer is no part of the conversation: `summary`, `sampling`."""
    last_word: bool = False
    """It asks for the one answer that a limit admits once it is reached."""


@dataclass(frozen=True, slots=True)
class Call:
    """Run tools: a batch, its calls concurrent, its replies in call order."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class CallOne:
    """One call of a batch, as the driver hands it to the handlers."""

    call: ToolCall
    index: int = 0
    batch: int = 1
    """How many calls the batch holds: a budget reserves for all of them at the first."""


@dataclass(frozen=True, slots=True)
class AskUser:
    """Wait for the user's next words."""

    heard: str = ""
    """What the user heard last."""


@dataclass(frozen=True, slots=True)
class Elicit:
    """Show the user a form, as a server asks in the middle of a call."""

    message: str
    schema: Mapping[str, Json]
    """The JSON Schema of what is to be filled in."""


@dataclass(frozen=True, slots=True)
class Approve:
    """Ask whoever decides whether this may be done."""

    what: str
    detail: Json = None


@dataclass(frozen=True, slots=True)
class Note:
    """Record a fact of the loop's own: a plan made, a plan revised."""

    kind: str
    """The event's kind: `plan.made`."""
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at the world for a check; the harness asks, and the agent never sees it."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class ReadClock:
    """Read the run's clock."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Open a scope: limits, hooks and positions attach to it."""

    kind: ScopeKind
    limits: Limits | None = None
    actor: Actor = "agent"
    """Who asks what is asked in it."""
    name: str = ""
    """Its place, where it has one of its own: `setup`."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Close the innermost scope, saying how it ended."""

    end: End | None = None


Request: TypeAlias = (
    Ask | Call | CallOne | AskUser | Elicit | Approve | Note | Observe | ReadClock | Enter | Leave
)


# -- replies -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A model's message."""

    message: Message
    usage: Usage = UNKNOWN_USAGE
    stop: Literal["end", "length", "refusal", "failed"] = "end"
    limit: str = ""
    """The limit that was hit, where this is the last word it allowed."""
    error: str = ""
    """Why the model failed, where it did."""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools the model wants run."""
        return self.message.calls


@dataclass(frozen=True, slots=True)
class Answer:
    """A tool's answer to one call."""

    call: ToolCall
    result: ToolResult
    message: Message
    """The answer as the model will read it."""


def answered(call: ToolCall, result: ToolResult) -> Answer:
    """Return the answer to `call`, with the message that carries it to the model."""
    failed = result.status != "ok"
    return Answer(call, result, Message("tool", result.text, (), call.id, result.parts, failed))


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A budget does not allow this."""

    name: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The model, or whoever was asked, could not answer."""

    message: str
    status: FailedStatus = "failed"
    retry_after: float | None = None
    """Seconds that the server asked to wait before it is asked again, where it did."""


@dataclass(frozen=True, slots=True)
class UserSaid:
    """The user's words; None when the user has nothing more to say."""

    text: str | None
    calls: tuple[ToolCall, ...] = ()
    """Calls of the user's own, made before the words are said."""


@dataclass(frozen=True, slots=True)
class Elicited:
    """What the user did with a form."""

    action: Literal["accept", "decline", "cancel"] = "decline"
    content: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Approved:
    """The decision on an `Approve`."""

    yes: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Now:
    """The clock's reading: RFC 3339, the IANA zone, and the date block for a prompt."""

    iso: str
    zone: str
    block: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation saw, or why it saw nothing."""

    value: Json = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done: a scope entered or left, a fact recorded."""


Reply: TypeAlias = (
    Said
    | Answer
    | tuple["Answer | LimitReached", ...]
    | LimitReached
    | Failed
    | UserSaid
    | Elicited
    | Approved
    | Now
    | Observed
    | Done
)


# -- loops -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class End:
    """How a loop ended: a closed set of reasons."""

    reason: EndReason
    answer: str = ""
    data: Mapping[str, Json] = field(default_factory=dict[str, Json])


Loop: TypeAlias = Generator[Request, Reply, End]


@dataclass(frozen=True, slots=True)
class Task:
    """What a loop is given: the conversation so far and the tools it may call."""

    log: Transcript
    tools: tuple[ToolSpec, ...] = ()
    output: Mapping[str, Json] | None = None
    """The JSON Schema that the answer must fit, where it must."""
    plan: PlanOptions = field(default_factory=PlanOptions)


LoopFunction: TypeAlias = Callable[[Task], Loop]
