"""One thing changed is caught where it first shows, and named: its class, both sides, its cause.

It is changed in the scenario file, in the project's code, or in the tape, whose hashes are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from played import Played
from tapes import Line, again, event, resealed

from agentbox.core.comparing import GONE
from agentbox.core.divergence import KINDS
from agentbox.session import Host, Replay, replay

FILE = """\
version: 1
now: 2026-03-20T14:30:00Z
zone: UTC
tick: 1
seed: 7
model: {provider: python, function: "model.py:reply", name: mock}
tools: [mine.py]
agent: {system: Be kind., slots: [now, who], limits: {tool_calls: 5}}
context: {who: Dana}
cases:
  - name: a
    setup: [{tool: put, args: {key: k, value: first}}, {tool: look, args: {key: k}}]
    history: [{user: Hello}, {say: Hi}]
    turns: [look k, look l]
    checks: [{tool_state: {tool: look, args: {key: k}, contains: f}}]
"""
MODEL = """\
from agentbox import call, say
def reply(messages, tools):
    last = messages[-1]
    return say(last.text) if last.role == "tool" else call("look", key=last.text.split()[-1])
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Path]:
    project = Played(tmp_path_factory.mktemp("recorded"))
    (verdict,) = project("", MODEL, FILE)
    assert verdict.outcome == "passed"
    return project, Path(verdict.trace)


def told(found: Replay) -> tuple[Any, ...]:
    """Return what a replay says of where it left the tape."""
    divergence = found.divergence
    assert divergence
    assert not found.same
    assert found.verdict is None
    assert found.ended == ""
    changes = [(change.path, change.before, change.after) for change in divergence.changes]
    return divergence.kind, divergence.at, changes, divergence.cause


SETUP = "{tool: put, args: {key: k, value: first}}, {tool: look, args: {key: k}}"
TURNED = "{tool: look, args: {key: k}}, {tool: put, args: {key: k, value: first}}"
LOOK = "tool_state: {tool: look, args: {key: k}, contains: f}"
LOOK_TOO = f"{LOOK}}}, {{tool_state: {{tool: look, args: {{key: z}}, contains: n}}"
TODAY = "Today is March 20, 2026. Current time: 14:3%d UTC."
WHOSE = "who asks for it, at h:a/setup"
NOW = "the scenario's `now`, `zone` or `tick`"
LIMITS = "the limits of the scenario, or the loop"
USER = "the user's words in the scenario"
HISTORY = "the case's `history`, or what the loop writes"
IN_FILE: dict[str, tuple[str, str, str, str, list[tuple[str, Any, Any]], str]] = {
    "a byte of the system text": (
        *("Be kind.", "Be kinb.", "prompt", "c:a/t1/s1"),
        [("$.slots.system.text", "Be kind.", "Be kinb.")],
        "the slot `system`, filled from scenario agent.system",
    ),
    "a byte of a slot": (
        *("Dana", "Dora", "prompt", "c:a/t1/s1"),
        [("$.slots.who.text", "who: Dana", "who: Dora")],
        "the slot `who`, filled from scenario context.who",
    ),
    "a slot less": (
        *("[now, who]", "[now]", "prompt", "c:a/t1/s1"),
        [("$.slots.who", 0, GONE)],
        "the slot `who`, filled from scenario context.who",
    ),
    "a byte of the assistant's past": (
        *("{say: Hi}", "{say: Ho}", "prompt", "c:a/t1/s1"),
        [("$.messages[2].text", "Hi", "Ho")],
        HISTORY,
    ),
    "a byte of the user's past": (
        *("{user: Hello}", "{user: Hallo}", "prompt", "c:a/t1/s1"),
        [("$.messages[1].text", "Hello", "Hallo")],
        "the user's words",
    ),
    "a byte of the user's words": (
        *("look l]", "look m]", "prompt", "u:a/t2"),
        [("$.text", "look l", "look m")],
        USER,
    ),
    "a turn less": (
        *(", look l]", "]", "prompt", "u:a/t2"),
        [("$.text", "look l", None)],
        USER,
    ),
    "a turn more": (
        *("look l]", "look l, look m]", "prompt", "u:a/t3"),
        [("$.text", None, "look m")],
        USER,
    ),
    "the time": (
        *("14:30", "14:31", "prompt", "c:a/t1"),
        [
            ("$.block", TODAY % 0, TODAY % 1),
            ("$.iso", "2026-03-20T14:30:02Z", "2026-03-20T14:31:02Z"),
        ],
        NOW,
    ),
    "the zone": (
        *("zone: UTC", "zone: Africa/Dakar", "prompt", "c:a/t1"),
        [
            ("$.block", TODAY % 0, (TODAY % 0).replace("UTC", "Africa/Dakar (UTC+00:00)")),
            ("$.zone", "UTC", "Africa/Dakar"),
        ],
        NOW,
    ),
    "the tick": (
        *("tick: 1", "tick: 2", "decision", "h:a/setup/call1"),
        [("$.clock", 1.0, 2.0)],
        "the scenario's `tick`",
    ),
    "the seed, which no event shows": (
        *("seed: 7", "seed: 8", "decision", "c:a"),
        [("$.seed", 7, 8)],
        "the scenario: what it gives to tools and servers",
    ),
    "the model's name": (
        *("name: mock", "name: mick", "model", "c:a/t1/s1"),
        [("$.model.name", "mock", "mick")],
        "the scenario's `model`",
    ),
    "how the model calls": (
        *("name: mock", "name: mock, calls: text", "model", "c:a/t1/s1"),
        [("$.model.calls", GONE, "text")],
        "the scenario's `model`",
    ),
    "what the model is to answer": (
        *("agent: {", "agent: {output: {type: string}, ", "model", "c:a/t1/s1"),
        [("$.output", None, {"type": "string"})],
        "how the model is asked",
    ),
    "an argument": (
        *("value: first", "value: furst", "args", "h:a/setup/call1"),
        [("$.args.value", "first", "furst")],
        WHOSE,
    ),
    "the order of two calls": (
        *(SETUP, TURNED, "order", "h:a/setup/call1"),
        [("$.args.value", "first", GONE), ("$.tool", "put", "look")],
        WHOSE,
    ),
    "a limit": (
        *("tool_calls: 5", "tool_calls: 6", "decision", "c:a"),
        [("$.limits.tool_calls", 5, 6)],
        LIMITS,
    ),
    "how much of a result is shown": (
        *("context:", "max_result_bytes: {look: 3}\ncontext:", "decision", "h:a/setup/call2"),
        [],
        "the scenario's `max_result_bytes`",
    ),
    "what a check looks at": (
        *("{key: k}, contains", "{key: l}, contains", "args", "h:a/end/look1"),
        [("$.look.args.key", "k", "l")],
        "the checks of the scenario",
    ),
    "a check that looks at more": (
        *(LOOK, LOOK_TOO, "extra", "h:a/end/look2"),
        [],
        "the checks of the scenario",
    ),
    "no check that looks": (LOOK, "ended: answered", "missing", "h:a/end", [], ""),
    "a tool more": (
        *("[mine.py]", "[mine.py, more.py]", "tool_schema", "c:a"),
        [("$.specs[2]", GONE, 0), ("$.tools.more", GONE, 0)],
        "the tools as they are now",
    ),
    "another loop": (
        *("agent: {", "agent: {loop: single, ", "tool_schema", "c:a/t1/s1"),
        [("$.tools.look", 0, GONE), ("$.tools.put", 0, GONE)],
        "the tools as they are now",
    ),
}
"""What is replaced by what, the class and the place it is caught at, what differs, its cause.

A 0 stands for what is too long to be told here.
"""


def _brief(wanted: Sequence[tuple[str, Any, Any]], changes: list[tuple[str, Any, Any]]) -> Any:
    """Return changes as the table has them, what it does not tell left out."""
    sides = zip(changes, wanted, strict=True)
    return [
        (p, *(0 if w == 0 else c for c, w in zip(c, w, strict=True))) for (p, *c), (_, *w) in sides
    ]


@pytest.mark.parametrize("what", IN_FILE)
def test_a_change_of_the_scenario_file_is_caught_and_named(recorded, what: str) -> None:
    project, trace = recorded
    old, new, kind, at, changes, cause = IN_FILE[what]
    assert old in FILE
    project.write("other.yaml", FILE.replace(old, new))
    project.write("more.py", 'def more() -> str:\n    """More."""\n    return ""\n')
    found = again(project, trace, "other.yaml")
    found_kind, found_at, found_changes, found_cause = told(found)
    assert (found_kind, found_at, found_cause) == (kind, at, cause)
    assert _brief(changes, found_changes) == changes
    assert found.scenario.node == "other.yaml::a", "what is accepted is run by its address"


def test_a_change_of_what_is_judged_alone_is_none(recorded) -> None:
    project, trace = recorded
    project.write("other.yaml", FILE.replace("contains: f", "contains: g"))
    found = again(project, trace, "other.yaml")
    assert found.same
    assert found.verdict
    assert found.verdict.outcome == "failed"


# -- in the tape


def _but(kind: str, at: str) -> Callable[[list[Line]], Sequence[Line]]:
    return lambda lines: [line for line in lines if (line["kind"], line["at"]) != (kind, at)]


def _with(kind: str, at: str, **fields: Any) -> Callable[[list[Line]], None]:
    return lambda lines: event(lines, kind, at).update(fields)


def _calls(**fields: Any) -> Callable[[list[Line]], None]:
    return lambda lines: event(lines, "model.result", "c:a/t1/s1")["calls"][0].update(fields)


def _ends_after(kind: str, at: str) -> Callable[[list[Line]], Sequence[Line]]:
    def edit(lines: list[Line]) -> Sequence[Line]:
        place = lines.index(event(lines, kind, at))
        return [*lines[: place + 1], event(lines, "run.end")]

    return edit


CALL = "c:a/t1/s1/call1"
HASH = "the tape: its hash of this prompt is not the prompt's"
ASKED = "who asks for it, at c:a/t1/s1"
OTHER_HASH = [("$.prompt", 0, "the hash of the same messages")]
IN_TAPE: dict[str, tuple[Any, str, str, list[tuple[str, Any, Any]], str]] = {
    "a result": (
        *(_with("tool.result", CALL, text="other"), "prompt", "c:a/t1/s2"),
        OTHER_HASH,
        HASH,
    ),
    "the hash of a prompt": (
        *(_with("model.request", "c:a/t1/s1", prompt="0" * 16), "prompt", "c:a/t1/s1"),
        OTHER_HASH,
        HASH,
    ),
    "the arguments that were asked": (
        *(_with("tool.request", CALL, args={"key": "z"}), "args", CALL),
        [("$.args.key", "z", "k")],
        ASKED,
    ),
    "the arguments that the model gave": (
        *(_calls(args={"key": "z"}), "args", CALL),
        [("$.args.key", "k", "z")],
        ASKED,
    ),
    "the tool that the model called": (
        *(_calls(tool="lock"), "args", CALL),
        [("$.tool", "look", "lock")],
        ASKED,
    ),
    "what the model answered": (
        *(_with("model.result", "c:a/t1/s2", text="z"), "decision", "c:a/t1"),
        [("$.end.answer", "first", "z")],
        "",
    ),
    "a limit": (
        *(_with("scope.enter", "c:a", limits={}), "decision", "c:a"),
        [("$.limits.steps", GONE, 20), ("$.limits.tool_calls", GONE, 5)],
        LIMITS,
    ),
    "the time of a request": (
        *(_with("model.request", "c:a/t1/s1", clock=9), "decision", "c:a/t1/s1"),
        [("$.clock", 9, 3.0)],
        "the scenario's `tick`",
    ),
    "a result that is not there": (
        _but("tool.result", CALL),
        "extra",
        CALL,
        [],
        "the tool's output schema",
    ),
    "words that are not there": (_but("user.result", "u:a/t2"), "extra", "u:a/t2", [], USER),
    "a call that was not asked": (
        *(_but("tool.request", CALL), "missing", CALL, []),
        "the tool's output schema",
    ),
    "the rest": (_ends_after("tool.result", CALL), "exhausted", "c:a/t1/s2", [], ""),
}


@pytest.mark.parametrize("what", IN_TAPE)
def test_a_change_of_the_tape_is_caught_and_named(recorded, what: str) -> None:
    project, trace = recorded
    edit, kind, at, changes, cause = IN_TAPE[what]
    found_kind, found_at, found_changes, found_cause = told(again(project, resealed(trace, edit)))
    assert (found_kind, found_at, found_cause) == (kind, at, cause)
    assert _brief(changes, found_changes) == changes


def test_the_nearest_on_the_tape_is_told(recorded) -> None:
    project, trace = recorded
    found = again(project, resealed(trace, _calls(args={"key": "l"})))
    assert found.divergence
    assert found.divergence.kind == "order", "it is what the second turn asks"
    assert found.divergence.nearest == ("c:a/t2/s1/call1",)
    found = again(project, resealed(trace, _calls(tool="nobody", args={})))
    assert found.divergence
    assert found.divergence.nearest == ()


# -- in the project's code

LOOP = """\
from agentbox import End
from agentbox.core.messages import Message
from agentbox.core.requests import Ask, Call, Note
def loop(task):
    yield Note("thought", {"of": "k"})
    said = yield Ask(task.log.view(), task.tools)
    task.log.add(said.message)
    answers = yield Call(said.calls)
    task.log.add(*(answer.message for answer in answers))
    task.log.add(Message("user", "Sum up."))
    said = yield Ask(task.log.view())
    return End("answered", said.message.text, {"by": "me"})
"""
SUM = '    task.log.add(Message("user", "Sum up."))\n    said = yield Ask(task.log.view())\n'
IN_LOOP: dict[str, tuple[str, str, str, str, Any, str]] = {
    "its note": (
        *('"of": "k"', '"of": "l"', "decision", "c:a/t1"),
        [("$.of", "k", "l")],
        "",
    ),
    "its words": (
        *("Sum up.", "Sum it up.", "prompt", "c:a/t1/s2"),
        [("$.messages[3].text", "Sum up.", "Sum it up.")],
        "the user's words",
    ),
    "what it takes for a result": (
        *("*(answer.message for answer in answers)", 'Message("tool", "none")'),
        *("prompt", "c:a/t1/s2"),
        [("$.messages[2].text", "nothing at k", "none")],
        "what c:a/t1/s1/call1 brought",
    ),
    "a message more": (
        *("    answers", '    task.log.add(Message("user", "Go."))\n    answers'),
        *("prompt", "c:a/t1/s2"),
        0,
        "what c:a/t1/s1/call1 brought",
    ),
    "the tools it offers": (
        *("view(), task.tools)", "view(), task.tools[:1])", "tool_schema", "c:a/t1/s1"),
        [("$.tools.put", 0, GONE)],
        "the tools as they are now",
    ),
    "its end": (
        *('"by": "me"', '"by": "you"', "decision", "c:a/t1"),
        [("$.end.by", "me", "you")],
        "",
    ),
    "a request less": (SUM, "", "decision", "c:a/t1", [("$.end.answer", "done", "")], ""),
    "a request more": (SUM, SUM + SUM[SUM.index("    said") :], "extra", "c:a/t1/s3", [], ""),
    "a bug": (
        *(SUM, "    raise KeyError('oh')\n", "unused", "c:a/t1/s2", []),
        "KeyError: 'oh'",
    ),
}
LOOPED = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: python, function: "model.py:reply"}
tools: [mine.py]
agent: {loop: "loops.py:loop"}
cases: [{name: a, turns: [look k]}]
"""
DONE = """\
from agentbox import call, say
def reply(messages, tools):
    return call("look", key="k") if tools else say("done")
"""


@pytest.fixture(scope="module")
def looped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Path]:
    project = Played(tmp_path_factory.mktemp("looped"))
    project.write("loops.py", LOOP)
    (verdict,) = project("", DONE, LOOPED)
    assert verdict.outcome == "passed"
    assert again(project, verdict.trace).same
    return project, Path(verdict.trace)


def _elsewhere(tmp_path: Path, **files: str) -> Path:
    """Return the project again in another folder, where its code was changed."""
    project = Played(tmp_path)
    project.write("s.yaml", LOOPED)
    project.write("model.py", DONE)
    for name, text in files.items():
        project.write(f"{name}.py", text)
    return tmp_path


@pytest.mark.parametrize("what", IN_LOOP)
def test_a_change_of_a_loop_is_caught_and_named(looped, tmp_path: Path, what: str) -> None:
    project, trace = looped
    old, new, kind, at, changes, cause = IN_LOOP[what]
    assert old in LOOP
    root = _elsewhere(tmp_path, loops=LOOP.replace(old, new))
    found_kind, found_at, found_changes, found_cause = told(again(project, trace, root=root))
    assert (found_kind, found_at, found_cause) == (kind, at, cause)
    assert changes == 0 or _brief(changes, found_changes) == changes


def test_a_request_less_of_which_nothing_else_tells_is_missing(looped, tmp_path: Path) -> None:
    project, trace = looped
    less = LOOP.replace(SUM, "").replace("said.message.text", '"done"')
    found = again(project, trace, root=_elsewhere(tmp_path, loops=less))
    assert told(found) == ("missing", "c:a/t1/s2", [], "")


def test_a_tool_that_is_described_otherwise_is_caught(looped, tmp_path: Path) -> None:
    project, trace = looped
    mine = (project.host.root / "mine.py").read_text().replace("Look a key up.", "Look a key ub.")
    found = again(project, trace, root=_elsewhere(tmp_path, loops=LOOP, mine=mine))
    kind, at, changes, cause = told(found)
    assert (kind, at, cause) == ("tool_schema", "c:a", "the tools as they are now")
    assert changes[0] == ("$.specs[0].description", "Look a key up.", "Look a key ub.")


def test_tools_that_do_not_load_make_a_tape_unplayable(looped, tmp_path: Path) -> None:
    from agentbox.core.errors import AuthorError  # noqa: PLC0415 - beside its one use

    project, trace = looped
    root = _elsewhere(tmp_path, loops=LOOP, mine="raise KeyError('oh')\n")
    with pytest.raises(AuthorError, match=r"`mine\.py` cannot be imported: KeyError"):
        again(project, trace, root=root)


# -- decisions of people, and a second model

PLAN = '{"steps": [{"id": "s", "goal": "Look.", "evidence": "e"}]}'
PLANNED = f"""\
version: 1
now: 2026-03-20T14:30:00Z
model: {{provider: scripted}}
agent: {{loop: plan_execute, plan: {{approve: true}}}}
cases:
  - name: a
    approvals: [true]
    turns: [{{user: Go, script: [{{say: '{PLAN}'}}, {{say: seen}}, {{say: done}}]}}]
"""
USED = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {provider: scripted}
cases:
  - name: a
    script: [{say: Hello}]
    user:
      model: {provider: python, function: "model.py:user", name: dana}
      prompt: You are Dana.
      opening: Hi
"""
STOPS = "from agentbox import say\ndef user(messages, tools):\n    return say('###STOP###')\n"


def test_another_decision_on_a_plan_is_caught(played: Played) -> None:
    (verdict,) = played("", MODEL, PLANNED)
    assert verdict.outcome == "passed"
    assert again(played, verdict.trace).same
    no = "approvals: [{yes: false, why: too soon}]"
    played.write("s.yaml", PLANNED.replace("approvals: [true]", no))
    kind, at, changes, cause = told(again(played, verdict.trace, "s.yaml"))
    assert (kind, at, cause) == ("decision", "c:a/t1", "the case's `approvals`")
    assert changes == [("$.why", "", "too soon"), ("$.yes", True, False)]


def test_another_model_of_the_user_is_caught_where_it_is_asked(played: Played) -> None:
    (verdict,) = played("", STOPS, USED)
    assert verdict.outcome == "passed"
    assert again(played, verdict.trace).same
    played.write("s.yaml", USED.replace("name: dana", "name: dora"))
    found = told(again(played, verdict.trace, "s.yaml"))
    cause = "the `model` of the case's `user`"
    assert found == ("model", "u:a/t2/s1", [("$.model.name", "dana", "dora")], cause)
    played.write("s.yaml", USED.replace("You are Dana.", "You are Dora."))
    kind, at, _, _ = told(again(played, verdict.trace, "s.yaml"))
    assert (kind, at) == ("prompt", "u:a/t2/s1"), "what it is shown tells more than who is asked"


SERVED = """\
version: 1
now: 2026-03-20T14:30:00Z
model: {{provider: openai, model: m, base_url: "http://127.0.0.1:1/v1", settings: {settings}{more}}}
cases: [{{name: a, turns: [x]}}]
"""


def test_other_settings_of_a_model_are_caught_and_another_address_is_none(played: Played) -> None:
    (verdict,) = played("", MODEL, SERVED.format(settings="{temperature: 0}", more=""))
    assert again(played, verdict.trace).same, "it could not be asked, and is not asked now"

    def now(settings: str, more: str = "") -> Replay:
        played.write("s.yaml", SERVED.format(settings=settings, more=more))
        return again(played, verdict.trace, "s.yaml")

    cause = "the scenario's `model`"
    changed = [("$.model.settings.temperature", 0, 1)]
    assert told(now("{temperature: 1}")) == ("model", "c:a/t1/s1", changed, cause)
    changed = [("$.model.strict", GONE, True)]
    assert told(now("{temperature: 0}", ", strict: true")) == ("model", "c:a/t1/s1", changed, cause)
    assert now("{temperature: 0}", ", stream: true, key: OTHER").same


def test_a_secret_that_is_another_now_is_told_as_such(played: Played) -> None:
    secret = "correct-horse-battery"
    played.host = replace(played.host, environ={"TOKEN": secret})
    head = FILE + "secrets: [TOKEN]\n"
    (verdict,) = played("", MODEL, head.replace("Be kind.", f"Be {secret}."))
    found = replay(Path(verdict.trace), Host(played.host.root, {}), "s.yaml")
    kind, at, changes, _ = told(found)
    assert (kind, at) == ("redacted", "c:a/t1/s1")
    assert changes == [("$.slots.system.text", "Be «secret:TOKEN».", f"Be {secret}.")]


def test_every_class_is_among_what_these_tests_catch() -> None:
    caught = {each[2] for each in (*IN_FILE.values(), *IN_LOOP.values())}
    assert caught | {each[1] for each in IN_TAPE.values()} | {"redacted"} == set(KINDS)
