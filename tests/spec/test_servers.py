"""Servers: how one is reached, variables in it, and `mcpServers` files."""

from __future__ import annotations

import json

import pytest

from agentbox.core.scenario import Server
from agentbox.spec.shapes import keys_of

ACCOUNTS = "accounts: {command: [python, servers/accounts.py], era: modern}"

ROWS = [
    # the server; under the caret; the message; the note; the hint
    ("{era: modern}", "accounts", "nothing says how to reach `accounts`",
     "give one of: command, url, memory", ""),
    ("{command: [python], url: 'http://x'}", "url", "`url` stands beside `command`",
     "a server is reached in one way", ""),
    ("{url: 'http://x', memory: 'a.b:c'}", "memory", "`memory` stands beside `url`",
     "a server is reached in one way", ""),
    ("{url: 'http://x', args: [a]}", "args", "`args` goes with `command` only", "", ""),
    ("{url: 'http://x', env: {A: b}}", "env", "`env` goes with `command` only", "", ""),
    ("{url: 'http://x', share: true}", "share", "`share` goes with `command` only", "", ""),
    ("{memory: 'a.b:c', share: true}", "share", "`share` goes with `command` only", "", ""),
    ("{command: [a], headers: {A: b}}", "headers", "`headers` goes with `url` only", "", ""),
    ("{command: []}", "[]", "`command` is empty",
     "The program and its arguments, run without a shell.", ""),
    ("{command: ''}", "''", "`command` is empty",
     "The program and its arguments, run without a shell.", ""),
    ("{command: python servers/accounts.py}", "python servers/accounts.py",
     "`command` is run without a shell, so this is one name with blanks in it",
     "write [python, servers/accounts.py]", ""),
    ("{url: localhost:8000}", "localhost:8000", '`url` cannot be "localhost:8000"',
     "it begins with http:// or https://", ""),
    ("{memory: servers/accounts}", "servers/accounts", '`memory` cannot be "servers/accounts"',
     "write path/to/file.py:name or package.module:name", ""),
    ("{memory: servers/acounts.py:app}", "servers/acounts.py:app",
     "no such file: servers/acounts.py", "did you mean `servers/accounts.py`?", ""),
    ("{command: [a], env: {PORT: 80}}", "80", "`PORT` must be text, but it is the number 80",
     'quote it: "80"', ""),
    ("{command: {a: b}}", "{a: b}", "`command` must be text or a list, but it is a mapping",
     "a list is written [a, b], or as lines that begin with `- `", ""),
    ("{command: ['${NOWHERE}/x']}", "${NOWHERE}", "`${NOWHERE}` is not set", "",
     "set it, or give it a default: ${NOWHERE:-...}"),
    ("{url: 'http://${HOST}/'}", "${HOST}", "`${HOST}` is not set", "",
     "set it, or give it a default: ${HOST:-...}"),
    ("{url: 'http://x', headers: {A: 'b ${KEY}'}}", "${KEY}", "`${KEY}` is not set", "",
     "set it, or give it a default: ${KEY:-...}"),
    ("{command: [a], env: {A: '${env:B}'}}", "${env:B}", "`${env:B}` is not understood",
     "only ${NAME} and ${NAME:-default} are", ""),
    ("{command: [a], roots: [serverz]}", "serverz", "there is no file and no folder `serverz`",
     "", ""),
    ("{command: [a], roots: ['a\\0b']}", "'a\\0b'",
     "there is no file and no folder `a\\0b`", "", ""),
    ("{command: [a], roots: servers}", "servers",
     '`roots` must be a list, but it is the text "servers"',
     "a list is written [a, b], or as lines that begin with `- `", ""),
    ("{command: [a], sampling: yes}", "yes", "`sampling` cannot be `yes`",
     "one of: decline, allow", ""),
    ("{command: ['${input:key}']}", "${input:key}", "`${input:key}` is not understood",
     "only ${NAME} and ${NAME:-default} are", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row[2][:60] for row in ROWS])
def test_a_server_that_cannot_be_reached_as_written_is_shown(row, project, changed, said):
    server, *expected = row
    found = project.problems(changed(ACCOUNTS, f"accounts: {server}"), SET="1")
    assert [said(problem) for problem in found] == [tuple(expected)]


@pytest.mark.parametrize(
    "server",
    [
        "{command: python, args: [servers/accounts.py]}",
        "{command: python}",
        "{command: [python], args: [x], env: {A: b}}",
        "{url: 'https://localhost:8000/mcp', headers: {A: b}}",
        "{url: '${SET}/mcp'}",
        "{memory: servers/accounts.py:app}",
        "{memory: accounts.server:app}",
        "{command: ['${SET}', '${UNSET:-default}', '${UNSET:-}', '$UNSET', '${not a name}']}",
    ],
)
def test_a_server_is_reached_in_one_of_three_ways(server, project, changed):
    (read,) = project.read(changed(ACCOUNTS, f"accounts: {server}"), SET="1")
    assert list(read.servers) == ["accounts"]


def test_variables_stay_as_they_are_written(project, changed):
    (read,) = project.read(
        changed(ACCOUNTS, "a: {command: [a], env: {KEY: '${KEY}', B: '${B:-c}'}}"), KEY="secret"
    )
    assert read.servers["a"].env == {"KEY": "${KEY}", "B": "${B:-c}"}


def test_all_unset_variables_are_told_at_once(project, changed):
    text = changed(ACCOUNTS, "a: {command: ['${A}', '${B} ${C}'], env: {D: '${D}', E: '${A}'}}")
    found = project.problems(text)
    assert [problem.message[1:5] for problem in found] == ["${A}", "${B}", "${C}", "${D}", "${A}"]
    assert [problem.mark.column for problem in found] == [18, 26, 31, 49, 60]


@pytest.mark.parametrize("name", ["a.b", "a b", "", "a/b", "ä"])
def test_a_name_that_cannot_prefix_tools_is_refused(name, project, changed, said):
    found = project.problems(changed("accounts: {", f'"{name}": {{'))
    assert [said(problem)[:3] for problem in found] == [
        (
            f'"{name}"',
            f"`{name}` cannot name a server",
            "letters, digits, _ and -: it prefixes the names of tools",
        )
    ]


# -- mcpServers files ------------------------------------------------------------------------------

MCP = {
    "mcpServers": {
        "files": {"type": "stdio", "command": "npx", "args": ["-y", "files"], "disabled": False},
        "web": {"type": "streamable-http", "url": "https://localhost/mcp", "headers": {"A": "b"}},
        "plain": {"command": "plain", "env": {"KEY": "${KEY}"}},
    },
    "inputs": [1, 2],
}


def _from(changed):
    return changed("tools:", "servers_from: [.mcp.json]\ntools:")


def test_servers_are_read_from_a_file_of_another_host(project, changed):
    project.write(".mcp.json", json.dumps(MCP, indent="\t"))
    (read,) = project.read(_from(changed), KEY="k")
    assert list(read.servers) == ["accounts", "files", "web", "plain"]
    assert (read.servers["files"].command, read.servers["files"].args) == ("npx", ("-y", "files"))
    assert read.servers["web"].url == "https://localhost/mcp"
    assert read.servers["web"].headers == {"A": "b"}
    assert read.servers["plain"].env == {"KEY": "${KEY}"}
    assert read.servers_from == (".mcp.json",)


def test_a_scenario_may_have_no_servers_but_those_of_a_file(project, changed):
    project.write(".mcp.json", json.dumps(MCP))
    text = changed(f"servers:\n  {ACCOUNTS}\n", "", _from(changed))
    assert list(project.read(text, KEY="k")[0].servers) == ["files", "web", "plain"]


def test_json_may_hold_tabs_wherever_it_may_hold_blanks(project, changed):
    project.write(".mcp.json", '{\t"mcpServers"\t:\t{"a":\n\t{"command":\t"x"}}}\n\t')
    assert project.read(_from(changed))[0].servers["a"].command == "x"


@pytest.mark.parametrize("kind", ["http", "streamable_http", "streamableHttp", "remote"])
def test_the_spellings_of_a_type_mean_the_same(kind, project, changed):
    project.write(".mcp.json", json.dumps({"mcpServers": {"a": {"type": kind, "url": "http://x"}}}))
    assert project.read(_from(changed))[0].servers["a"].url == "http://x"


MCP_ROWS = [
    # the file; its place in it; under the caret; the message; the note; the hint
    ("{", "1:2", "", "this is no JSON: Expecting property name enclosed in double quotes", "", ""),
    ('{"mcpServers": {},\n"a"}', "2:4", "}", "this is no JSON: Expecting ':' delimiter", "", ""),
    ("// hi\n{}", "1:1", "/", "this is no JSON: Expecting value", "", ""),
    ("[" * 100_000, "1:1", "[", "this is nested too deeply, or holds a number too large", "", ""),
    ('{"x": ' + "9" * 5000 + "}", "1:1", "{",
     "this is nested too deeply, or holds a number too large", "", ""),
    ('{"mcpServers": {"a\x7f": {}}}', "1:19", "\x7f",
     "the character U+007F cannot stand in a file", "",
     'write it as an escape in double quotes, such as "\\x1b"'),
    ("[]", "1:1", "[]", ".mcp.json has no `mcpServers`",
     'write {"mcpServers": {"name": {...}}}', ""),
    ('{"servers": {}}', "1:1", '{"servers": {}}', ".mcp.json has no `mcpServers`",
     'write {"mcpServers": {"name": {...}}}', ""),
    ('{"mcpServers": []}', "1:16", "[]", "`mcpServers` is a list",
     'write {"mcpServers": {"name": {...}}}', ""),
    ('{"mcpServers": {"a": 1}}', "1:22", "1", "`a` must be a mapping, but it is the number 1",
     f"its keys: {', '.join(keys_of(Server))}", ""),
    ('{"mcpServers": {"a": {"type": "sse", "url": "http://x"}}}', "1:31", '"sse"',
     "the transport `sse` is deprecated in MCP, and not supported",
     'use "http" where the server has it', ""),
    ('{"mcpServers": {"a": {"type": "htpp", "url": "http://x"}}}', "1:31", '"htpp"',
     "unknown transport `htpp`", "did you mean `http`?", ""),
    ('{"mcpServers": {"a": {"type": "http", "command": "x"}}}', "1:31", '"http"',
     '"type": "http" needs `url`', "", ""),
    ('{"mcpServers": {"a": {}}}', "1:17", '"a"', "nothing says how to reach `a`",
     "give one of: command, url, memory", ""),
    ('{"mcpServers": {"a": {"command": "x", "env": {"P": 1}}}}', "1:52", "1",
     "`P` must be text, but it is the number 1", 'quote it: "1"', ""),
    ('{"mcpServers": {"a": {"command": "${X}"}}}', "1:35", "${X}", "`${X}` is not set", "",
     "set it, or give it a default: ${X:-...}"),
    ('{"mcpServers":\n {"a": {"command": "x"},\n  "a": {"command": "y"}}}', "3:3", '"a"',
     "the key `a` stands twice", "first at .mcp.json:2:3", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", MCP_ROWS, ids=[f"{r[0][:24]} {r[3]}"[:60] for r in MCP_ROWS])
def test_a_mistake_in_an_mcp_file_is_shown_in_that_file(row, project, changed, said):
    text, place, *expected = row
    project.write(".mcp.json", text)
    found = project.problems(_from(changed))
    assert [str(problem.mark) for problem in found] == [f".mcp.json:{place}"]
    assert [said(problem) for problem in found] == [tuple(expected)]


def test_a_server_given_twice_is_shown_with_both_places(project, changed, said):
    project.write(".mcp.json", '{"mcpServers": {"accounts": {"command": "x"}}}')
    (problem,) = project.problems(_from(changed))
    assert problem.mark.file == "scenarios/bot.yaml"
    assert said(problem)[:3] == (
        "accounts",
        "the server `accounts` stands twice",
        ".mcp.json:1:17 gives it too",
    )


def test_two_files_may_not_give_one_server(project, changed, said):
    project.write("a.json", '{"mcpServers": {"a": {"command": "x"}}}')
    project.write("b.json", '{"mcpServers": {"a": {"command": "x"}}}')
    (problem,) = project.problems(changed("tools:", "servers_from: [a.json, b.json]\ntools:"))
    assert str(problem.mark) == "a.json:1:17"
    assert said(problem)[2] == "b.json:1:17 gives it too"


def test_what_is_no_name_of_an_mcp_file_is_refused(project, changed, said):
    (problem,) = project.problems(changed("tools:", "servers_from: [1]\ntools:"))
    assert said(problem)[1] == "an entry of `servers_from` must be text, but it is the number 1"


def test_a_missing_mcp_file_is_shown_where_it_is_named(project, changed, said):
    (problem,) = project.problems(_from(changed))
    assert said(problem)[:2] == (".mcp.json", "no such file: .mcp.json")


def test_the_scenarios_own_problems_come_before_those_of_other_files(project, changed):
    project.write(".mcp.json", "{")
    found = project.problems(changed("era: modern", "era: old", _from(changed)))
    assert [problem.mark.file for problem in found] == ["scenarios/bot.yaml", ".mcp.json"]
