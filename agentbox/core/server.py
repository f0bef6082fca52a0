"""A server's entry in a scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from agentbox.core.annotations import AtLeast

Audience: TypeAlias = Literal["agent", "user", "harness"]


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
    allow: Annotated[tuple[str, ...], "Only these of its tools; globs."] = ()
    deny: Annotated[tuple[str, ...], "None of these of its tools; globs."] = ()
    audience: Annotated[Audience, "Whose tools they are; `audiences` may part them."] = "agent"
    files: Annotated[
        Mapping[str, str],
        "Files put into its working folder, by path; contents, or `file:` a path.",
    ] = field(default_factory=dict[str, str])
    roots: Annotated[
        tuple[str, ...], "Files and folders that it may be told to work on, if it asks."
    ] = ()
    sampling: Annotated[
        Literal["decline", "allow"], "`allow`: it may have the agent's model write for it."
    ] = "decline"
    sandbox: Annotated[
        Literal["process", "off"],
        "`process`: clean environment, own home and folder, limits. `off`: neither.",
    ] = "process"
    share: Annotated[
        bool, "One process for all cases that would start the same; for servers that only read."
    ] = False
    world: Annotated[
        Literal["rebuild", "stateless"],
        "For a fork: `rebuild`: the calls before it are made again. `stateless`: they leave "
        "nothing behind.",
    ] = "rebuild"
