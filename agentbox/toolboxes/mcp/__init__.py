"""MCP servers as toolboxes: the SDK carries, we read.

    plans      a server entry -> what to start, every mistake at once
    process    the server's process: spawned, drained, killed whole        no SDK below this line
    frames     the one place that sees every frame of every transport      but in connection,
    streams    what the SDK reads and writes, past that place              links, streams
    connection one owner task around one SDK session
    running    one server from start to stop, and what the trace says of it
    toolbox    nouns <-> frames

Servers are spawned before the SDK is imported (0.85 s), so that both start-ups overlap.
"""

from __future__ import annotations

from agentbox.toolboxes.mcp.plans import Site
from agentbox.toolboxes.mcp.servers import Servers, open_servers

__all__ = ["Servers", "Site", "open_servers"]
