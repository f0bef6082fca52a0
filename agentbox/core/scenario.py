"""The scenario file as types: the reader, the JSON Schema and the reference are drawn from these.

In an `Annotated` type the string is the key's documentation. `Internal` fields are filled by the
reader and are no keys of the file; `Short` marks the field that a bare value stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from agentbox.core.errors import Mark
from agentbox.core.messages import Json


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number's lower bound, or the least length of a text or a list."""

    minimum: float


@dataclass(frozen=True, slots=True)
class Short:
    """Marks the field that a bare value fills: `says: March 19` is `says: {text: March 19}`."""


@dataclass(frozen=True, slots=True)
class Internal:
    """Marks a field that is no key of the file; the reader fills it."""


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check as written: its kind, its parameters, and the place that a failure points to."""

    kind: str
    params: Any
    """An instance of the kind's own dataclass."""
    mark: Mark = field(default_factory=lambda: Mark(""))
    source: str = ""
    """The source line."""


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
class Agent:
    """The loop and what it is told."""

    loop: Annotated[str, "A loop's name, or `package.module:function`."] = "react"
    system: Annotated[str, "The system text, or `file:` and a path."] = ""
    slots: Annotated[
        tuple[str, ...],
        "What stands at the top of every prompt, in order: `now`, or a context key.",
    ] = ()
    limits: Annotated[Limits, "Budgets of the whole run."] = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A tool call of a scripted reply."""

    tool: Annotated[str, "The tool's full name: `accounts.get_account`.", Short()]
    args: Annotated[
        Mapping[str, Json],
        "Its arguments; `$call3.id` is the value at `id` in the result of the turn's third call.",
    ] = field(default_factory=dict[str, Json])
    malformed: Annotated[str, "The arguments as text that is no JSON object, for `args`."] = ""


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One reply of a scripted model: words, calls, or both in one message."""

    say: Annotated[str, "Words."] = ""
    call: Annotated[str, "One call: the tool's full name; more in `calls`."] = ""
    args: Annotated[Mapping[str, Json], "The arguments of `call`."] = field(
        default_factory=dict[str, Json]
    )
    calls: Annotated[tuple[ScriptCall, ...], "Several calls in one message."] = ()
    when: Annotated[
        str, "Taken only if this regular expression is found in the last result; else passed over."
    ] = ""
    shown: Annotated[
        tuple[str, ...], "Texts that the prompt must hold here; one missing is an error."
    ] = ()
    refuse: Annotated[bool, "The words are a refusal."] = False
    tokens: Annotated[tuple[int, ...], "Tokens in and out, to be counted."] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Who answers for the model."""

    provider: Annotated[
        Literal["python", "scripted", "openai"],
        "`python`: a function of the messages; `scripted`: the turns' `script`; `openai`: live.",
    ] = "python"
    function: Annotated[str, "`path/to/file.py:function` or `package.module:function`."] = ""
    name: Annotated[str, "The name the trace gives it."] = ""
    calls: Annotated[
        Literal["native", "text"],
        "`text`: for a model without function calling: Thought, Action, Observation.",
    ] = "native"
    model: Annotated[str, "openai: the provider's name for the model."] = ""
    base_url: Annotated[str, "openai: the address of a compatible server."] = ""
    api: Annotated[Literal["chat", "responses"], "openai: which of its two interfaces."] = "chat"
    key: Annotated[str, "openai: the environment variable that holds the key."] = "OPENAI_API_KEY"
    stream: Annotated[bool, "openai: receive the answer as it is made."] = False
    strict: Annotated[bool, "openai: ask that arguments fit their schemas."] = False
    settings: Annotated[
        Mapping[str, Json], "openai: temperature, max_tokens, reasoning_effort and the like."
    ] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Server:
    """An MCP server: give one of `command`, `url`, `memory`."""

    command: Annotated[
        str | tuple[str, ...], "The program and its arguments, run without a shell.", AtLeast(1)
    ] = ()
    args: Annotated[tuple[str, ...], "More arguments, as in an `mcpServers` file."] = ()
    url: Annotated[str, "A Streamable HTTP address; loopback only, unless live."] = ""
    memory: Annotated[str, "`path/to/file.py:server`: an MCP server object, in this process."] = ""
    env: Annotated[Mapping[str, str], "Environment; values may name `${VAR}`."] = field(
        default_factory=dict[str, str]
    )
    headers: Annotated[Mapping[str, str], "HTTP headers; values may name `${VAR}`."] = field(
        default_factory=dict[str, str]
    )
    era: Annotated[
        Literal["auto", "legacy", "modern"], "Protocol era: pinned, or detected and recorded."
    ] = "auto"
    sandbox: Annotated[
        Literal["process", "off"],
        "`process`: clean environment, own home and folder, limits. `off`: neither.",
    ] = "process"


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """What a trace holds beyond the usual."""

    frames: Annotated[bool, "Every MCP frame, both ways."] = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the user says, and what must hold of the answer."""

    user: Annotated[str, "The user's words.", Short()]
    checks: Annotated[tuple[CheckSpec, ...], "Judged on this turn alone."] = ()
    script: Annotated[tuple[ScriptStep, ...], "What a scripted model replies, in order."] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation. It may also give any of `OVERRIDES`; mappings are merged."""

    name: Annotated[str, "Unique in the file.", AtLeast(1)]
    turns: Annotated[tuple[Turn, ...], "What the user says, in order.", AtLeast(1)]
    checks: Annotated[tuple[CheckSpec, ...], "Judged on the whole run."] = ()
    tags: Annotated[tuple[str, ...], "For `--tag`."] = ()
    known_failure: Annotated[
        str, "Why it fails today: green while it fails, red when it passes."
    ] = ""
    mark: Annotated[Mark, Internal()] = field(default_factory=lambda: Mark(""))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file; as the reader returns it, one case of it with all that applies to it."""

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
        tuple[str, ...], "Files of tools: Python functions (.py) or definitions (.json)."
    ] = ()
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
        return f"{self.path}::{self.case.name}"


OVERRIDES = ("now", "zone", "seed", "tick", "agent", "model", "context", "deadlines", "trace")
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
