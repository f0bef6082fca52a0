from __future__ import annotations

import asyncio
from itertools import permutations

import pytest
from stage import LOOK, Stage, Tools, look, play_on, staged

from agentbox import Message, ToolCall, ToolResult, call, say
from agentbox.core.messages import Transcript
from agentbox.core.requests import Done, End, Enter, Leave, Loop, Note
from agentbox.loops import ask
from agentbox.runtime.driver import Driver


def _batch(*keys: str) -> Message:
    return Message("assistant", calls=tuple(ToolCall("look", {"key": key}) for key in keys))


def _batch_then_done(*keys: str):
    def model(messages, tools):
        return say("done") if messages[-1].role == "tool" else _batch(*keys)

    return model


@pytest.mark.parametrize("order", list(permutations("abcd")))
def test_results_keep_call_order_whatever_finishes_first(order: tuple[str, ...]) -> None:
    """Each call waits for the one before it in `order`; the prompt is the same for all orders."""

    async def play() -> Stage:
        gates = {key: asyncio.Event() for key in order}
        gates[order[0]].set()

        async def gated(key: str) -> str:
            await gates[key].wait()
            following = order.index(key) + 1
            if following < len(order):
                gates[order[following]].set()
            return f"found {key}"

        return await play_on(Stage(), _batch_then_done(*"abcd"), Tools({"look": gated}))

    stage = asyncio.run(play())
    finished = [event.data["text"][-1] for event in stage.events("tool.result")]
    assert finished == list(order)
    last = stage.events("model.request")[-1]
    assert last.data["new"] == ["t1/s1", *(f"t1/s1/call{n}" for n in range(1, 5))]
    assert stage.end == End("answered", "done")


def test_one_failing_call_neither_hides_nor_cancels_its_siblings() -> None:
    async def picky(key: str) -> ToolResult:
        status = "failed" if key == "b" else "ok"
        return ToolResult(status, f"{status} {key}")

    stage = staged(_batch_then_done("a", "b", "c"), Tools({"look": picky}))
    assert [event.data["text"] for event in stage.events("tool.result")] == [
        "ok a",
        "failed b",
        "ok c",
    ]


def test_a_broken_toolbox_raises_only_after_its_siblings_are_done() -> None:
    async def broken(key: str) -> str:
        if key == "a":
            raise RuntimeError("the toolbox itself is broken")
        for _ in range(20):  # while "a" is long broken, "b" still needs its turns of the event loop
            await asyncio.sleep(0)
        return f"found {key}"

    stage = staged(_batch_then_done("a", "b"), Tools({"look": broken}))
    assert isinstance(stage.error, RuntimeError)
    assert [event.data["text"] for event in stage.events("tool.result")] == ["found b"]


def test_positions_count_turns_steps_and_calls() -> None:
    stage = staged(_batch_then_done("a", "b"), turns=("One", "Two"))
    places = [
        event.at for event in stage.trace.events if event.kind in ("model.request", "tool.request")
    ]
    assert places == [
        "c:case/t1/s1",
        "c:case/t1/s1/call1",
        "c:case/t1/s1/call2",
        "c:case/t1/s2",
        "c:case/t2/s1",
        "c:case/t2/s1/call1",
        "c:case/t2/s1/call2",
        "c:case/t2/s2",
    ]


def test_steps_inside_a_step_scope_are_numbered_below_it() -> None:
    def nested() -> Loop:
        log = Transcript()
        yield Enter("turn")
        for _ in range(2):
            yield Enter("step")
            yield from ask(log)
            yield from ask(log)
            yield Leave()
        yield Leave()
        return End("answered")

    stage = staged(lambda messages, tools: "ok", loop=nested())
    assert [event.at for event in stage.events("model.request")] == [
        "c:case/t1/s1.1",
        "c:case/t1/s1.2",
        "c:case/t1/s2.1",
        "c:case/t1/s2.2",
    ]


def test_a_loop_is_closed_when_the_run_is_cancelled() -> None:
    closed = []

    def tidy() -> Loop:
        try:
            yield from ask(Transcript())
            return End("answered")
        finally:
            closed.append(True)

    async def play() -> None:
        never = asyncio.Event()

        async def model(messages, tools):
            started.set()
            await never.wait()

        started = asyncio.Event()
        task = asyncio.create_task(play_on(Stage(), model, loop=tidy()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(play())
    assert closed == [True]


def test_the_stage_itself_is_real() -> None:
    stage = staged(lambda m, t: call("look", key="x") if m[-1].role == "user" else "done")
    assert [event.data["text"] for event in stage.events("tool.result")] == ["found x"]
    assert Tools({"look": look}).specs() == (LOOK,)


def test_a_deadline_reaches_a_loop_that_never_waits() -> None:
    def restless() -> Loop:
        while True:
            yield Note("spun", {})

    async def at_once(placed) -> Done:
        return Done()

    async def play() -> None:
        async with asyncio.timeout(0.05):
            await Driver(at_once, "case").drive(restless())

    with pytest.raises(TimeoutError):
        asyncio.run(play())
