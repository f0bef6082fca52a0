"""The scenario file as types: the reader, the JSON Schema and the reference are drawn from these.

In an `Annotated` type the string is the key's documentation. `Internal` fields are filled by the
reader and are no keys of the file; `Short` marks the field that a bare value stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from agentbox.core.annotations import AtLeast, Internal, Short
from agentbox.core.errors import Mark
from agentbox.core.messages import Json
from agentbox.core.mock import Mock
from agentbox.core.script import ScriptCall, ScriptStep
from agentbox.core.server import Audience, Server
from agentbox.core.window import ContextWindow

Level: TypeAlias = Literal["fail", "warn"]


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check as written: its kind, its parameters, and the place that a failure points to."""

    kind: str
    params: Any
    """An instance of the kind's own dataclass."""
    mark: Mark = field(default_factory=lambda: Mark(""))
    source: str = ""
    """The source line."""
    level: Level = "fail"
    """Whether it fails its case or only warns."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets; each ends a run by its own name."""

    steps: Annotated[int | None, "Model calls.", AtLeast(1)] = 20
    tool_calls: Annotated[int | None, "Tool calls.", AtLeast(0)] = 100
    tokens: Annotated[int | None, "Tokens in and out, as the model counts them.", AtLeast(1)] = None
    cost_usd: Annotated[float | None, "Money, where the price is known.", AtLeast(0)] = None
    seconds: Annotated[float | None, "Virtual seconds.", AtLeast(0)] = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Wall seconds that a real effect may take; past them it ends as `timeout`."""

    connect: Annotated[float, "Starting a server, until it has listed its tools.", AtLeast(0)] = 30
    list: Annotated[float, "One page of a tool list.", AtLeast(0)] = 10
    call: Annotated[float, "One tool call.", AtLeast(0)] = 60
    model: Annotated[float, "One model call.", AtLeast(0)] = 120
    close: Annotated[float, "A server's end, before its process group is killed.", AtLeast(0)] = 2
    run: Annotated[float, "A whole case.", AtLeast(0)] = 600


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How `plan_execute` plans."""

    approve: Annotated[bool, "Ask before a plan is executed, and before a revised one is."] = False
    revisions: Annotated[int, "How many failed steps may revise the plan.", AtLeast(0)] = 2


@dataclass(frozen=True, slots=True)
class Agent:
    """The loop and what it is told."""

    loop: Annotated[str, "A loop's name, or `package.module:function`."] = "react"
    system: Annotated[str, "The system text, or `file:` and a path."] = ""
    slots: Annotated[
        tuple[str, ...],
        "What stands at the top of every prompt, in order: `now`, or a context key.",
    ] = ()
    limits: Annotated[Limits, "Budgets of the whole run."] = field(default_factory=Limits)
    output: Annotated[Mapping[str, Json] | None, "A JSON Schema that every answer must fit."] = None
    corrections: Annotated[
        int, "How often an answer that does not fit `output` is sent back.", AtLeast(0)
    ] = 2
    plan: Annotated[PlanOptions, "How `plan_execute` plans."] = field(default_factory=PlanOptions)
    context_window: Annotated[
        ContextWindow | None, "What a prompt may hold; everything, if not said."
    ] = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Who answers for the model."""

    provider: Annotated[
        Literal["python", "scripted", "tape", "openai"],
        "`python`: a function of the messages; `scripted`: the turns' `script`; `tape`: a trace, "
        "place by place; `openai`: live.",
    ] = "python"
    function: Annotated[str, "`path/to/file.py:function` or `package.module:function`."] = ""
    trace: Annotated[str, "tape: the file of the trace that answers."] = ""
    name: Annotated[str, "The name the trace gives it."] = ""
    calls: Annotated[
        Literal["native", "text"],
        "`text`: for a model without function calling: Thought, Action, Observation.",
    ] = "native"
    model: Annotated[str, "openai: what the server calls the model."] = ""
    base_url: Annotated[
        str, "openai: the address of a compatible server; on this machine it needs no `--live`."
    ] = ""
    api: Annotated[
        Literal["chat", "responses"], "openai: Chat Completions, or the Responses interface."
    ] = "chat"
    key: Annotated[
        str, "openai: the variable, of the environment or `.env`, that holds the key; read live."
    ] = "OPENAI_API_KEY"
    stream: Annotated[bool, "openai: receive the answer as it is made."] = False
    strict: Annotated[bool, "openai: the server holds arguments to the tools' schemas."] = False
    settings: Annotated[
        Mapping[str, Json],
        "openai: sent as they are: `temperature`, `max_tokens`, `reasoning_effort` and the like.",
    ] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Past:
    """Something that was said or done before the first turn: give one of these."""

    user: Annotated[str, "The user's words."] = ""
    say: Annotated[str, "The assistant's words."] = ""
    call: Annotated[str, "A tool the assistant called."] = ""
    args: Annotated[Mapping[str, Json], "The arguments of `call`."] = field(
        default_factory=dict[str, Json]
    )
    result: Annotated[str, "What `call` gave."] = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One of several things a user may say; the first that fits is said."""

    say: Annotated[str, "The user's words."]
    asked: Annotated[
        str, "Said only if this regular expression is found in the agent's last words."
    ] = ""


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What the user does with a form that a tool shows them in the middle of a call."""

    give: Annotated[
        Mapping[str, str | int | float | bool | tuple[str, ...] | None],
        "What they fill in, by field: texts, numbers, true, false, null, lists of texts.",
    ] = field(default_factory=dict[str, "str | int | float | bool | tuple[str, ...] | None"])
    asked: Annotated[str, "Only if this regular expression is found in what the form says."] = ""
    action: Annotated[
        Literal["accept", "decline", "cancel"], "Whether they send it, refuse it or close it."
    ] = "accept"


@dataclass(frozen=True, slots=True)
class Approval:
    """A decision on what the agent may only do if it is approved: a plan."""

    yes: Annotated[bool, "Whether it may be done.", Short()]
    asked: Annotated[
        str, "Only if this regular expression is found in what is to be done, a plan's steps."
    ] = ""
    why: Annotated[str, "Why; a refusal is recorded with it."] = ""


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A user who is a second loop, with a model, tools and a budget of their own."""

    model: Annotated[ModelSpec, "Who plays the user."]
    prompt: Annotated[str, "Who they are, what they want, what they know; or `file:` and a path."]
    opening: Annotated[str, "Their first words, if they are given."] = ""
    stop: Annotated[str, "The word that ends the conversation.", AtLeast(1)] = "###STOP###"
    turns: Annotated[int, "How often they speak at most.", AtLeast(1)] = 10
    script: Annotated[
        tuple[ScriptStep, ...], "What a scripted `model` of theirs replies, over all turns."
    ] = ()
    limits: Annotated[Limits, "Their budgets, for each time they speak."] = field(
        default_factory=Limits
    )


@dataclass(frozen=True, slots=True)
class Withheld:
    """Tools that are not offered before a turn."""

    tools: Annotated[str, "A tool's full name, or a glob: `accounts.open_*`.", AtLeast(1)]
    until: Annotated[int, "The first turn that offers them, counted from 1.", AtLeast(1)]


@dataclass(frozen=True, slots=True)
class Injection:
    """Text put where an attacker could put it."""

    text: Annotated[str, "What the attacker wrote.", AtLeast(1)]
    tool: Annotated[str, "Whose result or description: a full name, or a glob.", AtLeast(1)]
    into: Annotated[Literal["result", "description"], "What of the tool it is put into."] = "result"
    at: Annotated[str, "The text it replaces there; without it, it is put at the end."] = ""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What a trace holds beyond the usual."""

    frames: Annotated[bool, "Every MCP frame, both ways."] = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the user says, and what must hold of the answer."""

    user: Annotated[str, "The user's words; an empty turn has none.", Short()] = ""
    checks: Annotated[tuple[CheckSpec, ...], "Judged on this turn alone."] = ()
    replies: Annotated[
        tuple[Reply, ...],
        "In place of `user`: the first whose `asked` fits; if none does, the end.",
    ] = ()
    calls: Annotated[
        tuple[ScriptCall, ...], "Calls of the user's own tools, made before the words are said."
    ] = ()
    script: Annotated[tuple[ScriptStep, ...], "What a scripted model replies, in order."] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """Plays of one case; the seed grows by one with each."""

    runs: Annotated[int, "How often.", AtLeast(1), Short()] = 1
    require: Annotated[
        int | None, "How many must pass; all, if not said. With 0 it is only measured.", AtLeast(0)
    ] = None


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation, of `turns` or with a simulated `user`.

    It may also give any of `OVERRIDES`; mappings are merged.
    """

    name: Annotated[str, "Unique in the file.", AtLeast(1)]
    turns: Annotated[tuple[Turn, ...], "What the user says, in order.", AtLeast(1)] = ()
    checks: Annotated[tuple[CheckSpec, ...], "Judged on the whole run."] = ()
    setup: Annotated[
        tuple[ScriptCall, ...], "Calls before the first turn, which the agent never sees."
    ] = ()
    history: Annotated[tuple[Past, ...], "What was said before the first turn."] = ()
    user: Annotated[SimulatedUser | None, "In place of turns: a user who is a loop."] = None
    answers: Annotated[
        tuple[FormAnswer, ...],
        "For forms of tools: the first whose `asked` fits; if none does, it is declined.",
    ] = ()
    script: Annotated[
        tuple[ScriptStep, ...], "Beside a `user`: what a scripted agent replies, over all turns."
    ] = ()
    approvals: Annotated[
        tuple[Approval, ...], "For plans: the first whose `asked` fits; if none does, it is no."
    ] = ()
    withhold: Annotated[tuple[Withheld, ...], "Tools that later turns offer first."] = ()
    injections: Annotated[tuple[Injection, ...], "Texts put where an attacker could."] = ()
    attacked: Annotated[
        tuple[CheckSpec, ...], "What holds if an attack worked: the case fails if any passes."
    ] = ()
    tags: Annotated[tuple[str, ...], "For `--tag`."] = ()
    known_failure: Annotated[
        str, "Why it fails today: green while it fails, red when it passes."
    ] = ""
    matrix: Annotated[
        Mapping[str, tuple[Json, ...]],
        "Values to play it with, each combination a case: `{seed: [1, 2], model.name: [a, b]}`.",
    ] = field(default_factory=dict[str, tuple[Json, ...]])
    repeat: Annotated[Repeat, "How often it is played, and how often it must pass."] = field(
        default_factory=Repeat
    )
    mark: Annotated[Mark, Internal()] = field(default_factory=lambda: Mark(""))
    cell: Annotated[str, Internal()] = ""
    """The combination of its matrix: `seed=1,model.name=a`."""
    round: Annotated[int, Internal()] = 0
    """Which of its repeats, counted from 1; 0 where it is played once."""

    @property
    def label(self) -> str:
        """Its name, with its cell and its round: `refund[seed=1]#2`."""
        cell = f"[{self.cell}]" if self.cell else ""
        return f"{self.name}{cell}" + (f"#{self.round}" if self.round else "")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file: its cases, and what applies to all of them."""

    version: Annotated[Literal[1], "The format's version."]
    now: Annotated[str, "The pinned time, RFC 3339: `2026-03-20T14:30:00Z`."]
    cases: Annotated[tuple[Case, ...], "The conversations to play.", AtLeast(1)]
    model: Annotated[ModelSpec, "Who answers for the model."]
    description: Annotated[str, "What the scenario shows."] = ""
    zone: Annotated[str, "An IANA zone, such as `Europe/Berlin`."] = ""
    seed: Annotated[int, "Seeds every random draw."] = 0
    tick: Annotated[float, "Virtual seconds that each request takes.", AtLeast(0)] = 0
    agent: Annotated[Agent, "The loop and what it is told."] = field(default_factory=Agent)
    servers: Annotated[Mapping[str, Server], "MCP servers; the key prefixes their tools."] = field(
        default_factory=dict[str, Server]
    )
    servers_from: Annotated[
        tuple[str, ...], "`mcpServers` files (`.mcp.json`) to read more servers from."
    ] = ()
    tools: Annotated[
        tuple[str, ...],
        "Files of tools: Python functions (.py), definitions (.json), or a trace (.jsonl) whose "
        "results answer equal calls.",
    ] = ()
    mocks: Annotated[
        Mapping[str, Mock],
        "Tools answered from this file, by full name: `accounts.get_account`, where there is no "
        "server `accounts`.",
    ] = field(default_factory=dict[str, Mock])
    audiences: Annotated[
        Mapping[str, Audience], "Whose a tool is, by full name or glob; the agent's if not said."
    ] = field(default_factory=dict[str, Audience])
    max_result_bytes: Annotated[
        Mapping[str, int],
        "The most of a result that a model is shown, by a tool's full name or glob; the rest is "
        "cut off.",
    ] = field(default_factory=dict[str, int])
    context: Annotated[Mapping[str, Json], "Values that slots are filled from."] = field(
        default_factory=dict[str, Json]
    )
    deadlines: Annotated[Deadlines, "Wall seconds, around real effects only."] = field(
        default_factory=Deadlines
    )
    secrets: Annotated[
        tuple[str, ...], "Names of environment variables whose values no trace may hold."
    ] = ()
    trace: Annotated[TraceOptions, "What a trace holds beyond the usual."] = field(
        default_factory=TraceOptions
    )
    path: Annotated[str, Internal()] = ""
    """The file, relative to the project's root."""
    root: Annotated[str, Internal()] = ""
    """The project's root: what relative paths in the file start from. Never in a trace."""

    @property
    def case(self) -> Case:
        """The one case of a scenario as the reader returns it."""
        (case,) = self.cases
        return case

    @property
    def node(self) -> str:
        """The case's address: `scenarios/support_bot.yaml::overdue_upgrade`."""
        return f"{self.path}::{self.case.label}"


OVERRIDES = (
    *("now", "zone", "seed", "tick", "agent", "model"),
    *("mocks", "context", "deadlines", "trace"),
)
"""Keys a case may give to override the file's."""


@dataclass(frozen=True, slots=True)
class CheckKind:
    """A kind of check as the reader needs to know it."""

    params: type
    """A frozen dataclass, its fields annotated like those above."""
    doc: str
    """One sentence: what holds when it passes."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The names a scenario file may use; session hands them to the reader."""

    checks: Mapping[str, CheckKind]
    loops: Mapping[str, str]
    """Loop name to one sentence."""
