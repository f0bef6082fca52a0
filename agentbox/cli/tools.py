"""`agentbox tools list` and `agentbox tools call`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

from agentbox.cli.output import print_json, put, say, width
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json, ToolResult
from agentbox.core.scenario import Scenario
from agentbox.report import findings, safe, tools_list
from agentbox.session import Host, Selection, load, root_of
from agentbox.session.staging import Standing
from agentbox.session.tooling import Tooled, call_tool, list_tools


def list_them(path: str, *, live: bool, as_json: bool) -> int:
    """List a scenario's tools on stdout; return the exit code."""
    host = _host(path, live=live)
    found = list_tools(_scenario(path, host), host)
    _warn(found)
    if as_json:
        print_json([asdict(spec) | _standing_json(found, spec.name) for spec in found.specs])
    else:
        marks = {name: _mark(standing) for name, standing in found.standings.items()}
        put(tools_list(found.specs, marks, width=width()))
    return 0


def _standing_json(found: Tooled, name: str) -> dict[str, Json]:
    standing = found.standings[name]
    return {"audience": standing.audience, "from_turn": standing.turn}


def _mark(standing: Standing) -> str:
    if standing.audience != "agent":
        return f"the {standing.audience}'s alone"
    return f"offered from turn {standing.turn} on" if standing.turn > 1 else ""


def call_it(path: str, tool: str, words: Sequence[str], *, live: bool, as_json: bool) -> int:
    """Call a tool, its result on stdout; return the exit code."""
    host = _host(path, live=live)
    found = call_tool(_scenario(path, host), host, tool, _arguments(words))
    _warn(found)
    result = found.result or ToolResult("failed")
    if as_json:
        print_json({key: value for key, value in asdict(result).items() if value not in (None, ())})
    else:
        put([((line, "plain"),) for line in result.text.split("\n")])
        put([((safe(json.dumps(part)), "dim"),) for part in result.parts])
    if result.status != "ok":
        say([((f"{tool}: {result.status} ({result.source})", "bad"),)])
    return 0 if result.status == "ok" else 1


def _host(path: str, *, live: bool) -> Host:
    return Host(root_of([path]), dict(os.environ), live)


def _scenario(path: str, host: Host) -> Scenario:
    return load([path], host, Selection())[0]


def _warn(found: Tooled) -> None:
    say(findings(found.events, width=width()))


def _arguments(words: Sequence[str]) -> dict[str, Json]:
    args: dict[str, Json] = {}
    for word in words:
        if word.lstrip().startswith("{"):
            args.update(_object(word))
            continue
        key, equals, value = word.partition("=")
        if not equals:
            hint = """write key=value, or one JSON object: '{"key": "value"}'"""
            raise AuthorError(Problem(f"{word!r} is no argument", hint=hint))
        args[key] = _value(value)
    return args


def _object(word: str) -> dict[str, Json]:
    try:
        found = json.loads(word)
    except ValueError as error:
        raise AuthorError(Problem(f"the arguments are no JSON: {error}")) from None
    return dict(found)


def _value(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text
