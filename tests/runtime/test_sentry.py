"""What holds the event loop is ended at its deadline, or when the run is to end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress

import pytest
from stage import Stage, Tools, play_on

from agentbox import call, say
from agentbox.core.scenario import Deadlines
from agentbox.runtime import Held, sentry
from agentbox.runtime.deadlines import Watchdog

HOUR = 3600


def _spins(*_) -> str:
    while True:
        with suppress(Exception):  # as a careless author would
            sum(range(1000))


def _sleeps(*_) -> str:
    time.sleep(HOUR)
    return "never"


def _watched(coroutine):
    async def main():
        with sentry():
            return await coroutine

    return asyncio.run(main())


@pytest.mark.parametrize("model", [_spins, _sleeps], ids=["spins", "sleeps"])
def test_a_model_that_holds_the_event_loop_ends_at_its_deadline_and_others_go_on(model) -> None:
    async def both() -> tuple[Stage, Stage, float]:
        started = time.monotonic()
        held = play_on(Stage(), model, deadlines=Deadlines(model=0.2))
        other = play_on(Stage(), lambda m, t: say("Hello"), turns=["a", "b"])
        ended, went_on = await asyncio.gather(held, other)
        return ended, went_on, time.monotonic() - started

    held, other, took = _watched(both())
    assert held.end is not None
    assert (held.end.reason, held.end.data) == ("failed", {"error": "no answer in 0.2 s"})
    (result,) = held.events("model.result")
    assert result.data["status"] == "timeout"
    assert "test_sentry.py:" in result.data["side"]["detail"]
    assert held.trace.complete
    assert other.end is not None
    assert other.end.reason == "answered"
    assert took < 10


def test_an_async_tool_that_holds_the_event_loop_is_a_timeout_the_agent_sees() -> None:
    async def spins(key):
        _spins()

    def model(messages, tools):
        last = messages[-1]
        return say(last.text) if last.role == "tool" else call("look", key="a")

    tools = Tools({"look": spins})
    stage = _watched(play_on(Stage(), model, tools, deadlines=Deadlines(call=0.1)))
    (result,) = stage.events("tool.result")
    assert (result.data["status"], result.data["source"]) == ("timeout", "transport")
    assert stage.end.reason == "answered"


def test_the_outer_deadline_ends_what_the_inner_one_still_allows() -> None:
    async def body() -> list[str]:
        seen = []
        try:
            with Watchdog().within(0.1):
                try:
                    with Watchdog().within(HOUR):
                        _spins()
                except asyncio.CancelledError as error:
                    seen.append(type(error).__name__)
                    raise
        except TimeoutError as error:
            seen.append(type(error.__cause__).__name__)
        return seen

    assert _watched(body()) == ["Held", "Held"]


def test_an_inner_deadline_that_was_met_so_leaves_the_outer_one_at_work() -> None:
    async def body() -> str:
        with suppress(TimeoutError), Watchdog().within(0.1) as outer:
            with suppress(TimeoutError), Watchdog().within(0.05) as inner:
                _spins()
            assert (inner.expired, outer.expired) == (True, False)
            await asyncio.Event().wait()
        assert outer.expired
        await asyncio.sleep(0)
        return "went on"

    assert _watched(body()) == "went on"


def test_what_is_late_while_another_holds_the_event_loop_is_heard_first() -> None:
    async def quick() -> str:
        reads, writes = os.pipe()
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(reads, heard.set)
        threading.Timer(0.05, os.write, (writes, b"x")).start()
        with Watchdog().within(0.1):
            await heard.wait()
            for _ in range(5):  # an answer takes a few turns from the pipe to whoever waits
                await asyncio.sleep(0)
        loop.remove_reader(reads)
        os.close(reads)
        os.close(writes)
        return "heard"

    async def slow() -> None:
        await asyncio.sleep(0)
        time.sleep(0.4)  # noqa: ASYNC251 - to hold the event loop is what is tried

    async def both() -> str:
        return (await asyncio.gather(quick(), slow()))[0]

    assert asyncio.run(both()) == "heard"


def test_what_holds_the_event_loop_while_the_run_is_to_end_is_ended() -> None:
    async def held() -> None:
        task = asyncio.current_task()
        assert task
        threading.Timer(0.05, task.cancel).start()
        _spins()

    with pytest.raises(Held):
        _watched(held())


def test_nothing_is_left_of_it_and_off_the_main_thread_it_does_nothing() -> None:
    before = signal.getsignal(signal.SIGURG)
    assert _watched(asyncio.sleep(0, "done")) == "done"
    assert signal.getsignal(signal.SIGURG) is before
    ended = []
    thread = threading.Thread(target=lambda: ended.append(_watched(asyncio.sleep(0, "done"))))
    thread.start()
    thread.join()
    assert ended == ["done"]
