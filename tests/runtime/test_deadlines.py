from __future__ import annotations

import asyncio

import pytest

from agentbox.runtime.deadlines import Watchdog


def test_a_body_that_is_done_in_time_is_left_alone() -> None:
    async def body() -> str:
        watchdog = Watchdog()
        with watchdog.within(30) as deadline:
            await asyncio.sleep(0)
        assert not deadline.expired
        return "done"

    assert asyncio.run(body()) == "done"


def test_a_body_that_takes_too_long_raises_timeout_error() -> None:
    async def body() -> None:
        with Watchdog().within(0.01):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(body())


def test_only_the_expired_one_of_many_ends() -> None:
    async def one(watchdog: Watchdog, seconds: float, go: asyncio.Event) -> str:
        try:
            with watchdog.within(seconds):
                await go.wait()
                return "done"
        except TimeoutError:
            go.set()
            return "timeout"

    async def both() -> list[str]:
        watchdog, go = Watchdog(), asyncio.Event()
        return await asyncio.gather(one(watchdog, 30, go), one(watchdog, 0.01, go))

    assert asyncio.run(both()) == ["done", "timeout"]


def test_a_cancellation_from_outside_stays_a_cancellation() -> None:
    async def body() -> None:
        with Watchdog().within(30):
            await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.create_task(body())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancel())


def test_the_inner_of_two_deadlines_ends_first_and_the_outer_goes_on() -> None:
    async def body() -> str:
        watchdog = Watchdog()
        with watchdog.within(30):
            with pytest.raises(TimeoutError), watchdog.within(0.01):
                await asyncio.Event().wait()
            await asyncio.sleep(0)
            return "went on"

    assert asyncio.run(body()) == "went on"


def test_a_later_deadline_is_met_after_an_earlier_one_rang() -> None:
    async def body() -> list[str]:
        watchdog = Watchdog()
        ends = []
        for seconds in (0.01, 0.02):
            try:
                with watchdog.within(seconds):
                    await asyncio.Event().wait()
            except TimeoutError:
                ends.append("timeout")
        return ends

    assert asyncio.run(body()) == ["timeout", "timeout"]
