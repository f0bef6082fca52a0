from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stage import LOOK, Stage, Tools, play_on, staged

from agentbox import Clock, End, Message, ToolCall, ToolSpec, call, say
from agentbox.core.errors import TraceError
from agentbox.core.requests import Note
from agentbox.runtime.wall import elapsed
from agentbox.trace import (
    Redactor,
    TraceFile,
    TraceWriter,
    canonical_lines,
    digest_of,
    parse_trace,
    prompt_at,
    read_trace,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def _writer(lines: list[bytes], secrets: dict[str, str] | None = None) -> TraceWriter:
    return TraceWriter(lines.append, Clock.at("2026-03-20T14:30:00Z"), elapsed, Redactor(secrets))


def _again(times: int):
    def model(messages, tools):
        done = sum(message.role == "tool" for message in messages)
        return say("done") if done == times else call("look", key=f"k{done}")

    return model


@given(JSON)
def test_what_is_written_is_read_back(value: object) -> None:
    lines: list[bytes] = []
    writer = _writer(lines)
    writer.emit("c:case", "note", {"value": value})
    writer.seal()
    (event, seal) = parse_trace(b"".join(lines)).events
    assert event.data["value"] == value
    assert seal.kind == "seal"


@given(JSON)
def test_the_seal_is_the_digest_of_what_was_written(value: object) -> None:
    lines: list[bytes] = []
    writer = _writer(lines)
    writer.emit("c:case", "note", {"value": value}, {"pid": 7, "note": 'h":"'})
    writer.seal()
    content = b"".join(lines)
    seal = parse_trace(content).events[-1]
    assert digest_of(content) == (seal.data["digest"], seal.data["events"])


def test_an_edited_result_is_noticed_by_the_digest() -> None:
    stage = staged(_again(1))
    seal = stage.trace.events[-1]
    assert digest_of(stage.content)[0] == seal.data["digest"]
    edited = stage.content.replace(b"found k0", b"found k9")
    assert digest_of(edited)[0] != seal.data["digest"]


def test_a_message_is_written_once() -> None:
    stage = staged(_again(3))
    assert stage.content.count(b'"text":"found k1"') == 1
    news = [event.data["new"] for event in stage.events("model.request")]
    assert news[1:] == [[f"t1/s{n}", f"t1/s{n}/call1"] for n in (1, 2, 3)]


def test_bytes_for_each_step_stay_flat_however_long_the_run() -> None:
    """Flat within 5 %, and at most 800 bytes for a result of 75 characters."""

    async def look(key):
        return f"the value of {key} is ".ljust(75, "x")

    def bytes_of_step(steps: int) -> float:
        small = len(staged(_again(2), Tools({"look": look})).content)
        from agentbox.core.scenario import Limits  # noqa: PLC0415 - beside its one use

        limits = Limits(steps=None, tool_calls=None)
        return (
            len(staged(_again(steps), Tools({"look": look}), limits=limits).content) - small
        ) / (steps - 2)

    few, many = bytes_of_step(50), bytes_of_step(800)
    assert many <= 800
    assert many / few <= 1.05


def test_long_and_repeated_payloads_are_blobs_written_once() -> None:
    async def look(key):
        return "long " * 500

    stage = staged(_again(3), Tools({"look": look}))
    assert stage.content.count(b"long " * 500) == 1
    assert [event.data["text"] for event in stage.events("tool.result")] == ["long " * 500] * 3


def test_a_value_that_looks_like_a_reference_is_no_reference() -> None:
    lines: list[bytes] = []
    writer = _writer(lines)
    writer.emit("c:case", "note", {"value": {"$blob": "0123456789abcdef"}})
    (event,) = parse_trace(b"".join(lines)).events
    assert event.data["value"] == {"$blob": "0123456789abcdef"}


def test_the_whole_prompt_of_a_step_can_be_put_together_again() -> None:
    stage = staged(_again(2), turns=("One", "Two"))
    prompt = prompt_at(stage.trace, "c:case/t1/s3")
    assert [(m["role"], m.get("text", ""), m.get("from", "")) for m in prompt.messages] == [
        ("system", "Today is March 20, 2026. Current time: 14:30 UTC.\n\nBe kind.", ""),
        ("user", "One", ""),
        ("assistant", "", "c:case/t1/s1"),
        ("tool", "found k0", "c:case/t1/s1/call1"),
        ("assistant", "", "c:case/t1/s2"),
        ("tool", "found k1", "c:case/t1/s2/call1"),
    ]
    asked = prompt.request.data
    assert asked["tools"][0]["name"] == "look"
    assert [slot["state"] for slot in asked["slots"] if slot["slot"] == "now"] == ["filled"]
    with pytest.raises(TraceError, match="no model request at c:case/t9/s9"):
        prompt_at(stage.trace, "c:case/t9/s9")


def test_schemas_are_in_the_trace_verbatim() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"oneOf": [{"const": 1}, {"const": "x"}]}},
        "$defs": {"A": {"type": "string"}},
    }
    stage = staged(lambda m, t: "hi", Tools({}, (ToolSpec("look", input_schema=schema),)))
    assert stage.events("model.request")[0].data["tools"][0]["input_schema"] == schema


def test_the_canonical_form_is_the_same_for_two_runs() -> None:
    one, two = staged(_again(2)), staged(_again(2))
    assert list(canonical_lines(one.content)) == list(canonical_lines(two.content))
    assert one.trace.events[-1].data["digest"] == two.trace.events[-1].data["digest"]


def test_the_canonical_form_does_not_depend_on_which_call_finished_first() -> None:
    def two_calls(messages, tools):
        if messages[-1].role == "tool":
            return say("done")
        return Message("assistant", calls=tuple(ToolCall("look", {"key": k}) for k in "ab"))

    async def play(slow: str) -> bytes:
        gate = asyncio.Event()

        async def look(key):
            await (gate.wait() if key == slow else asyncio.sleep(0))
            gate.set()
            return f"found {key}"

        return (await play_on(Stage(), two_calls, Tools({"look": look}))).content

    first, second = asyncio.run(play("a")), asyncio.run(play("b"))
    finished = [line.index(b"found b") for line in (first, second)]
    assert finished != [line.index(b"found a") for line in (first, second)]
    assert list(canonical_lines(first)) == list(canonical_lines(second))


def test_side_fields_are_no_part_of_the_canonical_form() -> None:
    lines: list[bytes] = []
    _writer(lines).emit("c:case", "server.start", {"server": "a"}, {"pid": 4711})
    (canonical,) = canonical_lines(lines[0])
    assert json.loads(canonical) == {
        "at": "c:case",
        "kind": "server.start",
        "server": "a",
        "clock": 0,
    }
    assert parse_trace(lines[0]).events[0].data["side"] == {"pid": 4711}


@settings(max_examples=300)
@given(st.data())
def test_a_trace_cut_at_any_byte_opens_and_says_what_was_in_flight(data: st.DataObject) -> None:
    content = _LONG
    cut = data.draw(st.integers(0, len(content)))
    trace = parse_trace(content[:cut], "cut")
    whole = content[:cut].count(b"\n")
    assert len(trace.events) + content[:cut].count(b'"kind":"blob"') >= whole - 1
    torn = bool(content[:cut]) and not content[:cut].endswith(b"\n")
    said = " ".join(problem.message for problem in trace.problems)
    try:
        json.loads(content[:cut].rpartition(b"\n")[2] or b"null")
    except ValueError:
        assert torn
        assert "torn" in said
    for event in trace.in_flight():
        assert event.kind.endswith(".request")


_LONG = staged(_again(3), turns=("One", "Two")).content


@settings(max_examples=300)
@given(st.data())
def test_a_trace_with_any_byte_changed_never_breaks_the_reader(data: st.DataObject) -> None:
    content = bytearray(_LONG)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    trace = parse_trace(bytes(content), "mangled")
    list(canonical_lines(bytes(content)))
    assert all(isinstance(event.kind, str) for event in trace.events)


def test_in_flight_names_the_open_request() -> None:
    line = _LONG.index(b'"kind":"tool.result"')
    cut = _LONG.rindex(b"\n", 0, line) + 1
    assert [event.at for event in parse_trace(_LONG[:cut]).in_flight()] == ["c:case/t1/s1/call1"]


@pytest.mark.parametrize("end", ["run.ready", "run.end"])
def test_a_run_is_in_flight_from_its_start_until_its_tools_are_there(end: str) -> None:
    lines: list[bytes] = []
    writer = _writer(lines)
    writer.emit("c:a", "run.start", {})
    assert [event.kind for event in parse_trace(b"".join(lines)).in_flight()] == ["run.start"]
    writer.emit("c:a", end, {})
    assert parse_trace(b"".join(lines)).in_flight() == []


@pytest.mark.parametrize("end", ["server.ready", "server.died", "server.stop"])
def test_a_server_is_in_flight_from_its_start_until_it_is_ready_or_gone(end: str) -> None:
    lines: list[bytes] = []
    writer = _writer(lines)
    writer.emit("h:a/server-s", "server.start", {"server": "s"})
    assert [event.kind for event in parse_trace(b"".join(lines)).in_flight()] == ["server.start"]
    writer.emit("h:a/server-s", end, {"server": "s"})
    assert parse_trace(b"".join(lines)).in_flight() == []


def test_a_killed_process_leaves_every_event_it_emitted(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from agentbox import Clock; from agentbox.runtime.wall import elapsed\n"
        "from agentbox.trace import TraceFile, TraceWriter\n"
        "file, clock = TraceFile(Path(sys.argv[1])), Clock.at('2026-03-20T14:30:00Z')\n"
        "writer = TraceWriter(file, clock, elapsed)\n"
        "writer.emit('c:case/t1/s1', 'model.request', {'n': 1, 'new': []})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -9
    trace = read_trace(path)
    assert [event.at for event in trace.in_flight()] == ["c:case/t1/s1"]
    assert not trace.complete


def test_starts_and_requests_are_on_the_tape_at_once_and_the_rest_a_turn_later() -> None:
    lines: list[bytes] = []
    turns: list[Callable[[], None]] = []
    clock = Clock.at("2026-03-20T14:30:00Z")
    writer = TraceWriter(lines.append, clock, elapsed, later=turns.append)

    def kinds() -> list[str]:
        return [event.kind for event in parse_trace(b"".join(lines)).events]

    writer.emit("c:a", "run.start", {})
    writer.emit("h:a/server-s", "server.start", {})
    assert kinds() == ["run.start", "server.start"]
    writer.emit("c:a/t1/s1", "model.result", {})
    assert kinds() == ["run.start", "server.start"]
    writer.emit("c:a/t1/s1/call1", "tool.request", {})
    assert kinds()[2:] == ["model.result", "tool.request"]
    writer.emit("c:a/t1/s1/call1", "tool.result", {})
    (turn,) = turns
    turn()
    assert kinds()[4:] == ["tool.result"]
    assert len(lines) == 4, "one write for each of these moments"


@pytest.mark.parametrize("field", ["at", "kind", "clock", "h", "seq", "side", "wall"])
def test_a_loops_note_cannot_speak_for_its_event(field: str) -> None:
    def loop(task):
        yield Note("plan.made", {field: 1})
        return End("answered")

    stage = staged(lambda m, t: "hi", agent=loop)
    assert isinstance(stage.error, TypeError)
    assert f"a loop's note `plan.made` has a field {field!r}" in str(stage.error)


def test_a_trace_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    TraceFile(path).close()
    with pytest.raises(TraceError, match="cannot write the trace"):
        TraceFile(path)


def test_what_is_no_trace_and_what_is_newer_is_refused_clearly(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(TraceError, match="cannot read the trace"):
        read_trace(path)
    path.write_text("hello\n")
    with pytest.raises(TraceError, match="is no trace"):
        read_trace(path)
    path.write_text('{"at":"c:a","kind":"run.start","format":99}\n')
    with pytest.raises(TraceError, match="is a trace of format 99"):
        read_trace(path)


def test_a_message_that_two_events_could_have_brought_refers_to_its_own() -> None:
    """Two equal results in one batch: the second message is the second call's."""

    def model(messages, tools):
        if messages[-1].role == "tool":
            return say("done")
        return Message("assistant", calls=(ToolCall("look", {"key": "a"}),) * 2)

    stage = staged(model, Tools({"look": _same}, (LOOK,)))
    assert stage.events("model.request")[-1].data["new"] == [
        "t1/s1",
        "t1/s1/call1",
        "t1/s1/call2",
    ]


async def _same(key: str) -> str:
    return "same"


def test_integers_beyond_64_bits_are_read_back_exactly() -> None:
    lines: list[bytes] = []
    _writer(lines).emit("c:case", "note", {"value": [2**70, -(2**80), 1.5, 10**18]})
    (event,) = parse_trace(lines[0]).events
    assert event.data["value"] == [2**70, -(2**80), 1.5, 10**18]
    assert all(type(a) is type(b) for a, b in zip(event.data["value"], [1, 1, 1.5, 1], strict=True))
