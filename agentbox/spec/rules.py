"""What must hold of a scenario beyond the types of its keys: names that exist, files that exist.

A rule takes the value of one top-level key and the whole mapping; it adds what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.environment import unset
from agentbox.core.errors import AuthorError, Mark
from agentbox.core.messages import STANDARD_SLOTS
from agentbox.core.scenario import Kinds
from agentbox.schema import schema_problem
from agentbox.spec.bind import suggest
from agentbox.spec.files import refuse_other_than_file
from agentbox.spec.nodes import Node, cut
from agentbox.spec.problems import Problems

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_FILE = re.compile(r"(?P<file>.+\.py):[A-Za-z_]\w*")
_FOREIGN = re.compile(r"\$\{(env|input|config|workspaceFolder):[^}]*\}")
SERVER_NAME = "[A-Za-z0-9_-]+"
"""What may prefix a tool's name: the dot that follows it must not be in it."""
_SOME_TIME = "2000-01-01T00:00:00Z"
_TRANSPORTS: Mapping[str, str] = {"command": "args, env, share", "url": "headers", "memory": ""}
"""The three ways to reach a server, and the keys that go with each."""


_PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "python": ("function",),
    "scripted": (),
    "tape": ("trace",),
    "openai": ("model", "base_url", "api", "key", "stream", "strict", "settings"),
}
"""Who may answer for a model, and the keys that go with each alone."""
_NEEDED: Mapping[str, tuple[str, str]] = {
    "python": ("function", "write `function: path/to/file.py:function`"),
    "tape": ("trace", "write `trace: path/to/trace.jsonl`"),
    "openai": ("model", "write `model: NAME`, as the server calls it"),
}
_ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[^\s?#\\]*)?")
"""Of an address that two could read differently, one might read another machine."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS: Mapping[str, str] = {
    **dict.fromkeys(("messages", "input"), "the conversation is what is asked"),
    "model": "write it beside `settings`",
    "tools": "the scenario's tools are offered",
    "n": "one reply is read",
    "stream": "write it beside `settings`",
    "stream_options": "write `stream: true` beside `settings`",
    "response_format": "write `agent: {output: SCHEMA}`",
    "max_retries": "a request is sent once",
    "timeout": "write `deadlines: {model: SECONDS}`",
}
"""What settings may not say, for the request says it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rules may look at, and where they say what is wrong."""

    kinds: Kinds
    root: Path
    environ: Mapping[str, str]
    problems: Problems


Rule: TypeAlias = Callable[[Node, Node, Ground], None]


def obey(scenario: Node, keys: Collection[str], ground: Ground) -> None:
    """Check those of a scenario's keys against their rules."""
    for key in keys:
        node = scenario.get(key)
        if node and key in _RULES:
            _RULES[key](node, scenario, ground)


def _time(_: Node, scenario: Node, ground: Ground) -> None:
    zone = scenario.string("zone")
    for key, now in (("zone", _SOME_TIME), ("now", scenario.string("now"))):
        node = scenario.get(key)
        if node and node.kind == "str" and now != "real":
            try:
                Clock.at(now, zone)
            except ValueError as error:
                ground.problems.add(node.mark, str(error))
                return


def _agent(agent: Node, scenario: Node, ground: Ground) -> None:
    loop, known = agent.get("loop"), ground.kinds.loops
    if loop and loop.kind == "str" and loop.text not in known:
        if ":" in loop.text:
            _named_in_python(loop, "loop", ground)
        else:
            note = suggest(loop.text, [*known, "package.module:function"])
            ground.problems.add(loop.mark, f"unknown loop `{cut(loop.text)}`", note=note)
    _slots(agent.get("slots"), scenario, ground)


def _slots(slots: Node | None, scenario: Node, ground: Ground) -> None:
    context = scenario.get("context")
    if context and context.kind != "map":
        return
    filled = context.entries if context else {}
    if not ground.problems.missing("context"):
        return
    for slot in slots.items if slots else ():
        if slot.kind == "str" and slot.text not in filled and slot.text not in STANDARD_SLOTS:
            ground.problems.add(
                slot.mark,
                f"nothing fills the slot `{cut(slot.text)}`",
                note=suggest(slot.text, ["now", *filled]),
                hint=f"give it a value: `context: {{{cut(slot.text)}: ...}}`",
            )


def _context(_: Node, scenario: Node, ground: Ground) -> None:
    _slots(scenario.get("agent", "slots"), scenario, ground)


def obey_model(model: Node, _: Node, ground: Ground) -> None:
    """Check who answers for a model; the agent's, or a simulated user's."""
    provider = provider_of(model, ground)
    if provider not in _PROVIDERS:
        return
    for other, keys in _PROVIDERS.items():
        for key in keys if other != provider else ():
            if key in model.entries:
                message = f"`{key}` goes with `provider: {other}` only"
                ground.problems.add(model.entries[key].key.mark, message)
    needed = _NEEDED.get(provider)
    if needed and needed[0] not in model.entries and ground.problems.missing(needed[0]):
        ground.problems.add(model.mark, f"`model` has no `{needed[0]}`", hint=needed[1])
    named = _OF_PROVIDERS.get(provider)
    if named:
        named(model, ground)


def _function(model: Node, ground: Ground) -> None:
    function = model.get("function")
    if function and function.kind == "str":
        _named_in_python(function, "function", ground)


def _trace(model: Node, ground: Ground) -> None:
    trace = model.get("trace")
    if trace and trace.kind == "str":
        _existing_file(trace.text, trace.mark, ground)


def provider_of(model: Node | None, ground: Ground) -> str:
    """Return who answers for a model; nothing where the file does not tell it rightly."""
    if model is None or model.kind != "map" or not ground.problems.missing("model", "provider"):
        return ""
    return model.string("provider") if "provider" in model.entries else "python"


def _live(model: Node, ground: Ground) -> None:
    """Check how a server is asked. What stands in `key` or `base_url` may be secret: not quoted."""
    name, address, key = (model.get(each) for each in ("model", "base_url", "key"))
    if name and name.kind == "str" and not name.text:
        ground.problems.add(name.mark, "`model` is empty", note=_NEEDED["openai"][1])
    if address and address.kind == "str" and not _ADDRESS.fullmatch(address.text):
        note = "such as http://127.0.0.1:11434/v1, with no key and no query in it"
        ground.problems.add(address.mark, "`base_url` is no http or https address", note=note)
    if key and key.kind == "str" and not _VARIABLE.fullmatch(key.text):
        note = "such as OPENAI_API_KEY: never the key itself"
        ground.problems.add(key.mark, "`key` is no name of an environment variable", note=note)
    settings = model.get("settings")
    for setting, entry in settings.entries.items() if settings else ():
        if setting in _OURS:
            message = f"`{setting}` is no setting"
            ground.problems.add(entry.key.mark, message, note=_OURS[setting])


_OF_PROVIDERS: Mapping[str, Callable[[Node, Ground], None]] = {
    "python": _function,
    "tape": _trace,
    "openai": _live,
}


def _named_in_python(node: Node, key: str, ground: Ground) -> None:
    found = _FILE.fullmatch(node.text)
    if found:
        _existing_file(found["file"], node.mark, ground)
    elif not _MODULE.fullmatch(node.text):
        ground.problems.add(
            node.mark,
            f'`{key}` cannot be "{cut(node.text)}"',
            note="write path/to/file.py:name or package.module:name",
        )


def _tools(tools: Node, _: Node, ground: Ground) -> None:
    for tool in tools.items:
        if tool.kind != "str":
            continue
        if tool.text.endswith((".py", ".json", ".jsonl")):
            _existing_file(tool.text, tool.mark, ground)
        else:
            message = f"`{cut(tool.text)}` is no file of tools"
            note = "its name ends in .py (functions), .json (definitions) or .jsonl (a trace)"
            ground.problems.add(tool.mark, message, note=note)


def _existing_file(name: str, mark: Mark, ground: Ground) -> None:
    try:
        refuse_other_than_file(ground.root / name, name)
    except AuthorError as error:
        (problem,) = error.problems
        ground.problems.add(mark, problem.message, note=problem.note)


def _max_result_bytes(limits: Node, _: Node, ground: Ground) -> None:
    for name, entry in limits.entries.items():
        most = entry.value
        if type(most.value) is int and most.value < 1:
            message = f"`{cut(name)}` must be at least 1, but it is {most.text}"
            ground.problems.add(most.mark, message)


def _mocks(mocks: Node, scenario: Node, ground: Ground) -> None:
    servers = scenario.get("servers")
    for name, entry in mocks.entries.items():
        key, dot, _ = name.partition(".")
        if dot and servers and key in servers.entries:
            message = f"`{cut(name)}` is named like a tool of the server `{key}`"
            note = "give it another name, or leave the server out"
            ground.problems.add(entry.key.mark, message, note=note)
        for of in ("input_schema", "output_schema"):
            _schema_of_object(entry.value.get(of), of, ground)


def _schema_of_object(schema: Node | None, key: str, ground: Ground) -> None:
    if schema is None or schema.kind != "map":
        return
    wrong = schema_problem(schema.json())
    if not wrong and schema.string("type") != "object":
        wrong = "its `type` is not `object`"
    if wrong:
        ground.problems.add(schema.mark, f"`{key}` is no schema of an object: {cut(wrong, 100)}")


# -- servers -----------------------------------------------------------------------------------


def _servers(servers: Node, _: Node, ground: Ground) -> None:
    for name, entry in servers.entries.items():
        if not re.fullmatch(SERVER_NAME, name):
            message = f"`{cut(name)}` cannot name a server"
            note = "letters, digits, _ and -: it prefixes the names of tools"
            ground.problems.add(entry.key.mark, message, note=note)
        if entry.value.kind == "map":
            _server(name, entry.key, entry.value, ground)


def _server(name: str, key: Node, server: Node, ground: Ground) -> None:
    given = [transport for transport in _TRANSPORTS if transport in server.entries]
    if not given and ground.problems.missing(*_TRANSPORTS):
        note = "give one of: command, url, memory"
        ground.problems.add(key.mark, f"nothing says how to reach `{cut(name)}`", note=note)
    for other in given[1:]:
        message = f"`{other}` stands beside `{given[0]}`"
        mark = server.entries[other].key.mark
        ground.problems.add(mark, message, note="a server is reached in one way")
    for transport, companions in _TRANSPORTS.items():
        for other in companions.split(", "):
            if transport not in given and given and other in server.entries:
                mark = server.entries[other].key.mark
                ground.problems.add(mark, f"`{other}` goes with `{transport}` only")
    _reached(server, ground)
    _files(server, ground)
    _roots(server, ground)
    _variables(server, ground)


def _reached(server: Node, ground: Ground) -> None:
    command, url, memory = (server.get(transport) for transport in _TRANSPORTS)
    if command and " " in server.string("command") and "args" not in server.entries:
        words = ", ".join(command.text.split())
        message = "`command` is run without a shell, so this is one name with blanks in it"
        ground.problems.add(command.mark, message, note=f"write [{words}]")
    if url and url.kind == "str" and not url.text.startswith(("http://", "https://", "${")):
        message = f'`url` cannot be "{cut(url.text)}"'
        ground.problems.add(url.mark, message, note="it begins with http:// or https://")
    if memory and memory.kind == "str":
        _named_in_python(memory, "memory", ground)


def _files(server: Node, ground: Ground) -> None:
    files = server.get("files")
    if files and server.string("sandbox") == "off":
        mark = server.entries["files"].key.mark
        note = "`sandbox: off` has no folder of its own to put them in"
        ground.problems.add(mark, "`files` stands beside `sandbox: off`", note=note)
    for name, entry in files.entries.items() if files else ():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            message = f"`{cut(name)}` leads out of the server's folder"
            note = "write a path within it, such as notes/a.txt"
            ground.problems.add(entry.key.mark, message, note=note)


def _roots(server: Node, ground: Ground) -> None:
    roots = server.get("roots")
    for root in roots.items if roots else ():
        if root.kind == "str" and not _is_there(ground.root / root.text):
            ground.problems.add(root.mark, f"there is no file and no folder `{cut(root.text)}`")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _variables(node: Node, ground: Ground) -> None:
    """Check the references in every string of a server; they stay as they are."""
    for entry in node.entries.values():
        _variables(entry.value, ground)
    for item in node.items:
        _variables(item, ground)
    if node.kind == "str" and "${" in node.text:
        for name in unset(node.text, ground.environ):
            mark = _within(node.mark, f"${{{name}}}", ground.problems)
            hint = f"set it, or give it a default: ${{{name}:-...}}"
            ground.problems.add(mark, f"`${{{name}}}` is not set", hint=hint)
        for foreign in _FOREIGN.finditer(node.text):
            mark = _within(node.mark, foreign[0], ground.problems)
            note = "only ${NAME} and ${NAME:-default} are"
            ground.problems.add(mark, f"`{cut(foreign[0])}` is not understood", note=note)


def _within(mark: Mark, part: str, problems: Problems) -> Mark:
    """Return the place of a part of a scalar, where the source line shows it."""
    start = problems.line(mark).find(part, mark.column - 1)
    return mark if start < 0 else Mark(mark.file, mark.line, start + 1, len(part))


_RULES: Mapping[str, Rule] = {
    "now": _time,
    "zone": _time,
    "agent": _agent,
    "context": _context,
    "max_result_bytes": _max_result_bytes,
    "model": obey_model,
    "mocks": _mocks,
    "servers": _servers,
    "tools": _tools,
}
