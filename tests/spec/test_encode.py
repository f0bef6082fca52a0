"""A scenario as JSON, in a trace's header."""

from __future__ import annotations

import json
from dataclasses import replace

from agentbox.core.errors import Mark
from agentbox.core.scenario import Case, CheckSpec
from agentbox.spec import as_written, to_json
from agentbox.spec.write import yaml_text


def test_only_what_differs_from_the_defaults_is_written(project, sample):
    (read,) = project.read(sample)
    assert to_json(read) == {
        "version": 1,
        "description": "A customer asks about an upgrade that is overdue.",
        "now": "2026-03-20T14:30:00Z",
        "zone": "Europe/Berlin",
        "seed": 7,
        "agent": {
            "system": "You are the support desk.",
            "slots": ["now", "customer"],
            "limits": {"steps": 8, "cost_usd": 0.05},
        },
        "model": {"function": "models/support.py:reply"},
        "servers": {
            "accounts": {"command": ["python", "servers/accounts.py"], "era": "modern"},
        },
        "tools": ["tools/calendar.py"],
        "context": {"customer": {"name": "Dana", "plan": "enterprise"}},
        "cases": [
            {
                "name": "overdue",
                "turns": [
                    {
                        "user": "What happened?",
                        "checks": [
                            {"says": {"text": "March 19"}},
                            {"never_says": {"text": "tomorrow"}},
                        ],
                    },
                    {"user": "Thanks"},
                ],
                "tags": ["smoke"],
                "checks": [{"tool_called": {"name": "accounts.get", "args": {"id": "A-1"}}}],
            }
        ],
        "path": "scenarios/bot.yaml",
    }


def test_no_variable_is_resolved_and_no_place_of_the_machine_is_told(project, changed):
    text = changed("era: modern", "env: {KEY: '${KEY}'}")
    (read,) = project.read(text, KEY="hush")
    written = json.dumps(to_json(read))
    assert "${KEY}" in written
    assert "hush" not in written
    assert str(project.root) not in written


def test_what_is_written_reads_as_the_same_scenario(project, changed, sample):
    texts = [
        sample,
        changed("steps: 8", "steps: null"),
        changed("says: March 19", "says: [a, b]"),
        changed("args: {id: A-1}", "times: 0"),
        changed("says: March 19", "says: March 19, level: warn"),
        changed("says: March 19", "not: {not: {says: x}}"),
        changed("says: March 19", "equals: {value: {a: [1, null]}, path: x}"),
        changed(
            "provider: python, function: models/support.py:reply",
            "provider: openai, model: m, base_url: http://localhost/v1, api: responses, key: K, "
            "stream: true, strict: true, calls: text, settings: {reasoning_effort: low, stop: [a]}",
        ),
        changed("loop: react", "plan: {approve: true}\n  loop: mine.loops:plan").replace(
            "    tags:",
            "    approvals: [false, {yes: true, asked: look, why: harmless}]\n    tags:",
        ),
        changed("provider: python, function: models/support.py:reply", "provider: scripted").split(
            "    turns:"
        )[0]
        + "    user: {prompt: x, model: {provider: scripted}, script: [{say: a}]}\n"
        "    script: [{call: b}, {say: c}]\n",
        changed("{name: Dana, plan: enterprise}", "{a: [null, {b: 1.5}], c: false}"),
    ]
    for text in texts:
        (read,) = project.read(text)
        written = to_json(read)
        del written["path"]
        for as_json in (json.dumps(written), json.dumps(as_written(read)), yaml_of(read)):
            (again,) = project.read(as_json)
            assert _unplaced(again) == _unplaced(read)


def yaml_of(scenario):
    return yaml_text(as_written(scenario))


def test_a_person_writes_bare_values_and_a_known_order(project, sample):
    (read,) = project.read(sample)
    written = as_written(read)
    assert [*written][:3] == ["version", "description", "now"]
    assert [*written][-1] == "cases"
    (case,) = written["cases"]
    assert [*case] == ["name", "tags", "turns", "checks"]
    assert case["turns"] == [
        {"user": "What happened?", "checks": [{"says": "March 19"}, {"never_says": "tomorrow"}]},
        "Thanks",
    ]


def _unplaced(scenario):
    nowhere = Mark("")
    turns = tuple(replace(t, checks=_without(t.checks)) for t in scenario.case.turns)
    checks = _without(scenario.case.checks)
    case: Case = replace(scenario.case, turns=turns, checks=checks, mark=nowhere)
    return replace(scenario, cases=(case,))


def _without(checks):
    return tuple(_unmarked(check) for check in checks)


def _unmarked(check):
    inner = getattr(check.params, "check", None)
    params = replace(check.params, check=_unmarked(inner)) if inner else check.params
    return CheckSpec(check.kind, params, level=check.level)


def test_what_servers_may_ask_and_what_a_model_is_shown_is_written_as_given(project, changed):
    window = {"tokens": 900, "on_full": "summarise"}
    answers = [{"give": {"id": "A-1", "of": ["a"], "n": 1}, "asked": "which"}, {"action": "cancel"}]
    text = changed("  loop: react", f"  context_window: {json.dumps(window)}")
    text = changed("    tags: [smoke]", f"    answers: {json.dumps(answers)}", text)
    text = changed("era: modern", "roots: [servers], sampling: allow", text)
    text = changed("trace: {frames: false}", "max_result_bytes: {'*': 9}", text)
    (read,) = project.read(text)
    written = to_json(read)
    assert written["agent"]["context_window"] == window
    assert written["cases"][0]["answers"] == answers
    accounts = written["servers"]["accounts"]
    assert (accounts["roots"], accounts["sampling"]) == (["servers"], "allow")
    assert written["max_result_bytes"] == {"*": 9}


def test_a_context_window_may_be_its_tokens_alone(project, changed):
    (read,) = project.read(changed("  loop: react", "  context_window: 900"))
    assert to_json(read)["agent"]["context_window"] == {"tokens": 900}
