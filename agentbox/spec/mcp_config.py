"""`mcpServers` files (`.mcp.json`), the form other hosts read: their servers as nodes.

Strict JSON, but lenient in the rest: of a server only what reaches it is read, what else a host
keeps there is its own affair. A `type` is checked against what is given and left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from agentbox.core.errors import Mark
from agentbox.spec.bind import suggest
from agentbox.spec.compose import compose
from agentbox.spec.files import read_text, shown
from agentbox.spec.nodes import Entry, Node, cut, seen
from agentbox.spec.problems import Problems

_READ = ("command", "args", "env", "url", "headers")
_TYPES: Mapping[str, str] = {
    "stdio": "command",
    "local": "command",
    "http": "url",
    "streamable-http": "url",
    "streamable_http": "url",
    "streamableHttp": "url",
    "remote": "url",
}
"""A type's name, in the spellings met, and the key it needs."""


def servers_of(name: str, root: Path, problems: Problems) -> dict[str, Entry]:
    """Return the servers of the file `name`, relative to `root`. What is wrong is in `problems`.

    Raises:
        AuthorError: there is no such file, or no text in it.
    """
    path = root / name
    file = shown(path, root)
    text = read_text(path, file)
    if not _is_json(text, file, problems):
        return {}
    # JSON is YAML, save that a tab may stand between its tokens; inside a string none can.
    node = compose(text.replace("\t", " "), file, problems)
    servers = node.get("mcpServers") if node else None
    if node is None:
        return {}
    if servers is None or servers.kind != "map":
        message = f"`mcpServers` is {seen(servers)}" if servers else f"{file} has no `mcpServers`"
        problems.add((servers or node).mark, message, note='write {"mcpServers": {"name": {...}}}')
        return {}
    return {
        name: Entry(entry.key, _server(entry.value, problems))
        for name, entry in servers.entries.items()
    }


def _is_json(text: str, file: str, problems: Problems) -> bool:
    problems.file(file, text)
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        mark = Mark(file, error.lineno, error.colno)
        problems.add(mark, f"this is no JSON: {error.msg}")
    except (RecursionError, ValueError):
        problems.add(Mark(file, 1, 1), "this is nested too deeply, or holds a number too large")
    else:
        return True
    return False


def _server(server: Node, problems: Problems) -> Node:
    kind = server.get("type")
    if kind:
        _check_type(kind, server, problems)
    if server.kind != "map":
        return server
    return Node({k: e for k, e in server.entries.items() if k in _READ}, server.mark)


def _check_type(kind: Node, server: Node, problems: Problems) -> None:
    if kind.value == "sse":
        message = "the transport `sse` is deprecated in MCP, and not supported"
        problems.add(kind.mark, message, note='use "http" where the server has it')
    elif kind.text not in _TYPES or kind.kind != "str":
        note = suggest(kind.text, list(_TYPES))
        problems.add(kind.mark, f"unknown transport `{cut(kind.text)}`", note=note)
    elif _TYPES[kind.text] not in server.entries:
        needed = _TYPES[kind.text]
        problems.add(kind.mark, f'"type": "{kind.text}" needs `{needed}`')
