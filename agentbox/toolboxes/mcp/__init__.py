"""MCP servers as toolboxes: the SDK carries, we read.

    plans       what a server entry means; every mistake before anything starts
    process     a stdio server's process (with environment, masks)
    frames      the one place that every frame of every transport passes
    streams     what the SDK reads from and writes to, past that place       SDK
    links       the ways to a server: stdio, Streamable HTTP, in memory      SDK
    connection  one owner task around one SDK session                        SDK
    answers     what a server asks of us in the middle of a call, and who answers
    tools       a tool list, vetted
    toolbox     calls and their results
    resources   what a resource that is read holds
    multiplex   one process whose frames are parted among the cases that share it
    inbox       what lies between the two
    renaming    ids and progress tokens in its frames
    handshake   made once with it
    shared      which cases share what, and a case's place there
    running     one server from start to stop, and what the trace says of it
    servers     all of them: spawn, import the SDK meanwhile, connect, end

Only the three marked modules import the SDK (0.85 s): servers are spawned first, so that both
start-ups overlap.
"""

from __future__ import annotations

from agentbox.toolboxes.mcp.plans import Site
from agentbox.toolboxes.mcp.servers import Servers, open_servers, sharing, spawned
from agentbox.toolboxes.mcp.sharing.shared import Shares

__all__ = ["Servers", "Shares", "Site", "open_servers", "sharing", "spawned"]
