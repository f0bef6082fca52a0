"""1,000 runs of 5 steps with a model that really waits 20 ms, 100 at a time, a trace file each.

    many.py loop     agentbox's loop, runtime and trace
    many.py suite    whole cases, as `agentbox run -j 100` plays them: header, judge and verdict too
    many.py floor    the floor's loop, no trace

Prints runs a second, p50 and p99 of a run in ms, and peak memory in MiB. Traces go to a file system
in memory where there is one: what a disk takes to make a file (13 to 600 µs on one machine, by
folder) is not what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

RUNS, STEPS, AT_ONCE, PAUSE = 1000, 5, 100, 0.02


async def all_runs(one: Callable[[], Awaitable[None]]) -> list[float]:
    """Run all; return how long each took."""
    places = asyncio.Semaphore(AT_ONCE)

    async def timed() -> float:
        async with places:
            started = time.perf_counter()
            await one()
            return time.perf_counter() - started

    return await asyncio.gather(*(timed() for _ in range(RUNS)))


def suite(folder: Path) -> tuple[float, list[float]]:
    """Run the scenario of cold/ so many times, as `agentbox run -j 100` would."""
    from agentbox.core.scenario import Scenario  # noqa: PLC0415 - imports are measured too
    from agentbox.session import Host, Progress, Selection, Suite, load, run_suite  # noqa: PLC0415 - as above

    (folder / "pyproject.toml").touch()
    shutil.copytree(Path(__file__).parent / "cold", folder, dirs_exist_ok=True)
    host = Host(folder, {})
    (one,) = load([str(folder / "waits.yaml")], host, Selection())
    names = [replace(one.case, name=f"run {number}") for number in range(RUNS)]
    scenarios: list[Scenario] = [replace(one, cases=(case,)) for case in names]
    started: dict[str, float] = {}
    took: list[float] = []

    def watch(event: Progress) -> None:
        if event.judged is None:
            started[event.scenario.case.name] = time.perf_counter()
        else:
            took.append(time.perf_counter() - started[event.scenario.case.name])

    began = time.perf_counter()
    verdicts = run_suite(Suite(scenarios, host, folder, AT_ONCE), watch)
    wall = time.perf_counter() - began
    if [verdict.outcome for verdict in verdicts] != ["passed"] * RUNS:
        raise ValueError(verdicts[0])
    return wall, took


def loop(folder: Path) -> tuple[float, list[float]]:
    """Run the same loop without a suite around it."""
    import ours_loop  # noqa: PLC0415 - its imports are part of what is measured

    numbers = itertools.count()
    began = time.perf_counter()
    took = asyncio.run(
        all_runs(lambda: ours_loop.run(STEPS, folder / f"{next(numbers)}.jsonl", PAUSE))
    )
    return time.perf_counter() - began, took


def floor(_: Path) -> tuple[float, list[float]]:
    """Run the floor's loop so many times."""
    import floor_loop  # noqa: PLC0415 - its imports are part of what is measured

    began = time.perf_counter()
    took = asyncio.run(all_runs(lambda: floor_loop.run(STEPS, PAUSE)))
    return time.perf_counter() - began, took


def main(which: str) -> None:
    """Run and print."""
    memory_disk = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory_disk if memory_disk.is_dir() else None) as folder:
        wall, took = {"loop": loop, "suite": suite, "floor": floor}[which](Path(folder))
    took.sort()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(RUNS / wall, took[RUNS // 2] * 1e3, took[RUNS * 99 // 100] * 1e3, memory)


if __name__ == "__main__":
    main(sys.argv[1])
