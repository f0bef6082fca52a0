from __future__ import annotations

import asyncio

import pytest
from stage import LOOK, NOW, Stage, Tools, play_on, staged

from agentbox import Clock, Message, Said, ToolCall, ToolResult, ToolSpec, call, say
from agentbox.core.errors import ModelFailed, WorldError
from agentbox.core.messages import Transcript
from agentbox.core.requests import Approved, End, Enter, Leave, Loop, Observation, Observe, Observed
from agentbox.core.scenario import Deadlines
from agentbox.loops import approve, ask
from agentbox.loops import call as run
from agentbox.runtime import Driver, Effects, World, scripted_user
from agentbox.runtime.wall import elapsed
from agentbox.trace import TraceWriter, parse_trace


def _once(**args):
    """A model that calls `look` once and then repeats what it was told."""

    def model(messages, tools):
        last = messages[-1]
        return say(last.text) if last.role == "tool" else call("look", **args)

    return model


def test_every_effect_has_its_intent_before_it_and_its_result_after() -> None:
    stage = staged(_once(key="a"))
    kinds = [e.kind for e in stage.trace.events if e.kind.split(".")[0] in ("model", "tool")]
    assert kinds == [
        "model.request",
        "model.result",
        "tool.request",
        "tool.result",
        "model.request",
        "model.result",
    ]


def test_arguments_that_do_not_fit_are_listed_back_and_nothing_runs() -> None:
    ran = []

    async def look(**args):
        ran.append(args)
        return "x"

    stage = staged(_once(key=3, extra=True), Tools({"look": look}))
    (result,) = stage.events("tool.result")
    assert ran == []
    assert (result.data["status"], result.data["source"]) == ("failed", "schema")
    assert result.data["text"] == (
        "look was not run: its arguments do not fit its schema:\n"
        "- $: Additional properties are not allowed ('extra' was unexpected)\n"
        "- $.key: 3 is not of type 'string'"
    )


def test_arguments_that_are_no_object_are_said_to_be_so() -> None:
    def model(messages, tools):
        if messages[-1].role == "tool":
            return say("done")
        return Message("assistant", calls=(ToolCall("look", malformed='{"key": '),))

    stage = staged(model)
    (result,) = stage.events("tool.result")
    assert result.data["text"] == 'The arguments are no JSON object: {"key": '
    (request,) = stage.events("tool.request")
    assert request.data["malformed"] == '{"key": '


def test_a_result_that_breaks_the_output_schema_fails_but_is_kept() -> None:
    spec = ToolSpec(
        "look",
        input_schema=LOOK.input_schema,
        output_schema={"type": "object", "properties": {"n": {"type": "integer"}}},
    )

    async def look(key):
        return ToolResult(text='{"n": "one"}', structured={"n": "one"})

    stage = staged(_once(key="a"), Tools({"look": look}, (spec,)))
    (result,) = stage.events("tool.result")
    assert (result.data["status"], result.data["source"]) == ("failed", "schema")
    assert "$.n: 'one' is not of type 'integer'" in result.data["text"]
    assert result.data["structured"] == {"n": "one"}


def test_a_tool_can_change_neither_the_recorded_arguments_nor_the_message() -> None:
    spec = ToolSpec("look", input_schema={"type": "object"})

    async def look(**args):
        args["list"].append("changed")
        args["list"][0]["deep"] = "changed"
        return "x"

    def model(messages, tools):
        if messages[-1].role == "user":
            return call("look", list=[{"deep": 1}])
        return str(messages[-2].calls[0].args)

    stage = staged(model, Tools({"look": look}, (spec,)))
    assert stage.end == End("answered", "{'list': [{'deep': 1}]}")
    (request,) = stage.events("tool.request")
    assert request.data["args"] == {"list": [{"deep": 1}]}
    asked = stage.events("model.result")[0]
    assert asked.data["calls"][0]["args"] == {"list": [{"deep": 1}]}


def test_integers_beyond_64_bits_pass_unharmed() -> None:
    spec = ToolSpec("look", input_schema={"type": "object"})
    seen = []

    async def look(n):
        seen.append(n)
        return "x"

    stage = staged(_once(n=2**80), Tools({"look": look}, (spec,)))
    assert seen == [2**80]
    assert str(2**80).encode() in stage.content


def test_a_call_past_its_deadline_ends_as_timeout_and_the_loop_goes_on() -> None:
    async def hang(key):
        await asyncio.Event().wait()

    stage = staged(_once(key="a"), Tools({"look": hang}), deadlines=Deadlines(call=0.05))
    (result,) = stage.events("tool.result")
    assert (result.data["status"], result.data["source"]) == ("timeout", "transport")
    assert stage.end == End("answered", "No answer within 0.05 s.")


def test_our_deadline_is_told_apart_from_a_timeout_error_of_the_toolbox() -> None:
    async def impatient(key):
        raise TimeoutError("its own")

    stage = staged(_once(key="a"), Tools({"look": impatient}))
    assert isinstance(stage.error, TimeoutError)
    assert str(stage.error) == "its own"


def test_a_model_past_its_deadline_fails_the_loop_by_name() -> None:
    async def hang(messages, tools):
        await asyncio.Event().wait()

    stage = staged(hang, deadlines=Deadlines(model=0.05))
    assert stage.end == End("failed", "", {"error": "no answer in 0.05 s"})
    (result,) = stage.events("model.result")
    assert (result.data["error"], result.data["status"]) == ("no answer in 0.05 s", "timeout")


def test_a_model_that_gives_no_answer_fails_the_loop_and_breaks_nothing() -> None:
    def overloaded(messages, tools):
        raise ModelFailed("come back later", "retryable", 7)

    stage = staged(overloaded)
    assert stage.error is None
    assert stage.end == End("failed", "", {"error": "come back later"})
    (result,) = stage.events("model.result")
    told = {key: result.data[key] for key in ("error", "status", "retry_after")}
    assert told == {"error": "come back later", "status": "retryable", "retry_after": 7}


def test_a_model_that_cannot_be_asked_ends_the_run_and_says_why() -> None:
    def locked(messages, tools):
        raise WorldError("no key fits")

    stage = staged(locked)
    assert "no key fits" in str(stage.error)
    (result,) = stage.events("model.result")
    assert "status" not in result.data


def test_what_is_open_when_the_run_is_cancelled_is_closed_as_interrupted() -> None:
    async def play() -> Stage:
        started = asyncio.Event()
        stage = Stage()

        async def hang(key):
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(play_on(stage, _once(key="a"), Tools({"look": hang})))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return stage

    stage = asyncio.run(play())
    (result,) = stage.events("tool.result")
    assert result.data["status"] == "interrupted"
    assert stage.trace.in_flight() == []


def test_a_model_that_raises_says_where() -> None:
    def model(messages, tools):
        raise KeyError("plan")

    stage = staged(model)
    assert isinstance(stage.error, WorldError)
    (problem,) = stage.error.problems
    assert problem.message == ("the model function `model` raised KeyError: 'plan' at c:case/t1/s1")
    assert problem.mark is not None
    assert problem.mark.file.endswith("test_effects.py")
    assert stage.trace.in_flight() == []


def test_a_model_that_returns_something_else_is_an_error_with_a_remedy() -> None:
    stage = staged(lambda messages, tools: 42)
    assert isinstance(stage.error, WorldError)
    assert (
        stage.error.problems[0].message
        == "the model function `<lambda>` returned int at c:case/t1/s1"
    )
    assert "agentbox.say(text)" in stage.error.problems[0].hint


def test_call_ids_come_from_position() -> None:
    seen = []

    def model(messages, tools):
        seen.extend(message.call_id for message in messages if message.role == "tool")
        return say("done") if seen else call("look", key="a")

    staged(model)
    assert seen == ["t1/s1/call1"]


def test_a_tick_moves_virtual_time_with_every_request() -> None:
    stage = staged(_once(key="a"), tick=1.5)
    assert [(e.kind, e.clock) for e in stage.trace.events if e.kind.endswith(".request")] == [
        ("user.request", 0),
        ("model.request", 1.5),
        ("tool.request", 3.0),
        ("model.request", 4.5),
        ("user.request", 4.5),
    ]


def test_where_nobody_is_there_to_approve_nothing_is_approved() -> None:
    decisions: list[Approved] = []

    def careful() -> Loop:
        decisions.append((yield from approve("refund", {"usd": 5})))
        return End("answered")

    stage = staged(lambda messages, tools: "x", loop=careful())
    assert [decision.yes for decision in decisions] == [False]
    (event,) = stage.events("approval")
    assert event.data["detail"] == {"usd": 5}


def test_usage_and_stop_are_recorded_where_the_model_gave_them() -> None:
    stage = staged(lambda messages, tools: Said(say("no"), stop="refusal"))
    (result,) = stage.events("model.result")
    assert result.data["stop"] == "refusal"
    assert "usage" not in result.data
    assert stage.end == End("refused", "no")
    assert Transcript().view().since(0) == []


def test_a_model_or_tool_that_raises_cancelled_error_cancels_nothing_but_itself() -> None:
    async def cancels(*args, **kwargs):
        raise asyncio.CancelledError

    stage = staged(cancels)
    assert isinstance(stage.error, WorldError)
    assert "the model `cancels` raised CancelledError" in str(stage.error)
    assert stage.trace.in_flight() == []
    stage = staged(_once(key="a"), Tools({"look": cancels}))
    assert stage.end == End("answered", "The tool raised CancelledError.")


def test_an_agent_that_was_offered_no_tools_can_call_none() -> None:
    def bare() -> Loop:
        log = Transcript(messages=[Message("user", "Hi")])
        said = yield from ask(log)
        (answer,) = yield from run(log, said.calls)
        return End("answered", answer.result.text)

    stage = staged(_once(key="a"), loop=bare())
    (result,) = stage.events("tool.result")
    assert (result.data["status"], stage.end) != ("ok", End("answered", "found a"))
    assert "there is no tool `look`" in result.data["text"].lower()


LOOK_AT = Observation("file", "s", "a.txt")


def _looks() -> Loop:
    yield Enter("turn", None, "harness", "end")
    seen = yield Observe(LOOK_AT)
    seen = yield Observe(LOOK_AT)
    yield Leave()
    return End("answered", repr(seen))


def test_a_look_is_recorded_with_what_it_saw_or_why_it_saw_nothing() -> None:
    stage = staged(_once(key="a"), loop=_looks())
    told = {"look": {"kind": "file", "server": "s", "target": "a.txt"}}
    assert [e.at for e in stage.events("observe.request")] == [
        "h:case/end/look1",
        "h:case/end/look2",
    ]
    assert all(e.data["look"] == told["look"] for e in stage.events("observe.request"))
    results = stage.events("observe.result")
    assert [e.data["error"] for e in results] == ["there is nobody to look"] * 2
    assert stage.end
    assert stage.end.answer == repr(Observed(error="there is nobody to look"))


def test_a_look_that_was_cancelled_is_closed_in_the_trace() -> None:
    async def play() -> list[bytes]:
        lines: list[bytes] = []
        clock = Clock.at(NOW)
        writer = TraceWriter(lines.append, clock, elapsed)
        started = asyncio.Event()

        async def look(observation: Observation, at: str) -> Observed:
            started.set()
            await asyncio.Event().wait()
            return Observed(1)

        world = World({}, Tools({}, ()), scripted_user(()), clock, Deadlines(), look=look)
        task = asyncio.create_task(Driver(Effects(world, writer), "case").drive(_looks()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        writer.seal()
        return lines

    trace = parse_trace(b"".join(asyncio.run(play())))
    assert trace.in_flight() == []
    (result,) = [event for event in trace.events if event.kind == "observe.result"]
    assert result.data["error"] == "the run ended before anything was seen"
