"""Keys that each are right and cannot stand together, shown as a terminal shows them.

Read the snapshot as prose when it changes: it is what an author reads.
"""

from __future__ import annotations

import pytest

from agentbox.report import problems
from agentbox.report.text import plain

HEAD = "version: 1\nnow: 2026-01-15T09:00:00Z\n"
SCRIPTED = "model: {provider: scripted}\n"
FUNCTION = 'model: {function: "shop/model.py:reply"}\n'
CASE = "cases: [{name: a, turns: [hi]}]\n"

FILES = {
    "model": [
        "model: {}",
        "model: {provider: openai}",
        "model: {provider: scripted, function: 'a:b'}",
        "model: {function: 'shop/model.py:reply', stream: true, key: NAME}",
        "model: {provider: openai, model: m, settings: {model: n, n: 2, tools: []}}",
        "model: {provider: openai, model: m, function: 'a:b'}",
    ],
    "servers": [
        "{era: modern}",
        "{command: python, url: 'http://127.0.0.1', memory: 'a:b'}",
        "{url: 'http://127.0.0.1', args: [a], env: {A: b}}",
        "{memory: 'shop/desk.py:server', headers: {A: b}, share: true}",
        "{command: python shop/desk.py}",
        "{command: [python], sandbox: off, files: {a: b}}",
        "{command: [python], files: {../a: b, /c: d}}",
        "{command: [python], env: {A: '${NOT_SET}', B: '${env:B}'}}",
    ],
    "mocks": [
        "{accounts.find: {}, desk.look: {}, look: {}}",
        "{look: {input_schema: {type: strin}, output_schema: {type: array}}}",
        "{look: {input_schema: {properties: {}}}}",
    ],
    "agent": [
        "{loop: reakt}",
        "{slots: [now, customr]}",
        "{limits: {steps: 0, seconds: -1}, corrections: -2}",
    ],
    "case": [
        "{name: a}",
        "{name: a, turns: []}",
        "{name: a, turns: [hi], user: {prompt: b, model: {function: 'shop/model.py:reply'}}}",
        "{name: a, user: {prompt: b, model: {provider: scripted}}}",
        "{name: a, turns: [{user: a, replies: [{say: b}]}]}",
        "{name: a, turns: [{replies: [{say: b, asked: '('}]}]}",
        "{name: a, turns: [{user: a, script: [{say: b}]}]}",
        "{name: a, turns: [hi], history: [{}, {user: b, say: c}, {result: d}]}",
        "{name: a, turns: [hi], matrix: {sed: [1]}}",
        "{name: a, turns: [hi], matrix: {seed: [1, x]}}",
        "{name: a, turns: [hi], repeat: {runs: 0}}",
        "{name: a, turns: [hi], repeat: 1000000000000}",
        "{name: a, turns: [hi], matrix: {seed: [1, 2], tick: [1, 2]}, repeat: {runs: 5000}}",
        "{name: a, turns: [hi], withhold: [{tools: b, until: 0}, {tools: c}]}",
        "{name: a, turns: [hi], setup: [{tool: b, args: {}, malformed: c}]}",
    ],
    "script": [
        "[{shown: [a]}]",
        "[{say: a, args: {b: c}}]",
        "[{call: a, calls: [b]}]",
        "[{say: a, refuse: true, call: b}]",
        "[{say: a, tokens: [1]}, {say: b, tokens: [1, -2]}]",
        "[{say: a, when: '['}]",
    ],
    "check": [
        "says: {}",
        "says: {text: a, any: [b]}",
        "says: {all: [a, '']}",
        "never_says: {ignore_case: true}",
        "regex: '('",
        "length: {unit: words}",
        "length: {min: 3, max: 2}",
        "json_path: {path: '$.', equals: 1}",
        "json_path: {path: $.a, exists: false, equals: 1}",
        "json_schema: {schema: {type: nothing}}",
        "tool_called: {name: a, match: subset}",
        "parallel: [a]",
        "trajectory: {calls: [], extra: allow}",
        "resource: {server: a, uri: b}",
        "sql: {server: a, database: b, query: c}",
        "sql: {server: a, database: b, query: c, rows: [1]}",
        "sql: {server: a, database: b, query: c, rows: [], count: 0}",
        "file: {server: a, path: b, exists: false, contains: c}",
        "unchanged: {}",
        "same_as_gold: {calls: [a], tool: b, file: {server: a, path: b}}",
        "token_share: {slot: a, most: 2}",
        "token_share: {slot: history, most: 0.5}",
        "most: {}",
        "ended: {reason: answered, limit: steps}",
        "command: ''",
        "command: 'a \"b'",
        "at_least: {n: 3, checks: [{says: a}]}",
        "all: [{says: a, level: warn}]",
        "not: {says: a, equals: b}",
        "level: warn",
        "says: a, text: b",
    ],
}
WAYS = {
    "model": f"{HEAD}%s\n{CASE}",
    "servers": f"{HEAD}{FUNCTION}servers:\n  desk: %s\n{CASE}",
    "mocks": f"{HEAD}{FUNCTION}servers: {{desk: {{memory: 'shop/desk.py:server'}}}}\n"
    f"mocks: %s\n{CASE}",
    "agent": f"{HEAD}{FUNCTION}context: {{customer: Dana}}\nagent: %s\n{CASE}",
    "case": f"{HEAD}{FUNCTION}cases:\n  - %s\n",
    "script": f"{HEAD}{SCRIPTED}cases:\n  - name: a\n    turns:\n"
    "      - user: b\n        script: %s\n",
    "check": f"{HEAD}{FUNCTION}cases:\n  - name: a\n    turns: [b]\n    checks: [{{%s}}]\n",
}


@pytest.mark.parametrize("part", FILES)
def test_what_cannot_stand_together_is_refused_in_words_that_help(part, shop, snapshot) -> None:
    pages = []
    for written in FILES[part]:
        found = shop.problems(WAYS[part] % written)
        assert found, written
        pages.append(plain(problems(found)))
    assert "\n\n".join(pages) == snapshot
