"""Prints agentbox's costs as ratios against floors measured in the same run.

    .venv/bin/python tests/benchmarks/run.py             all of them, a minute or two
    .venv/bin/python tests/benchmarks/run.py step cold   some of them

CPU is quoted for work in one process, because it holds still while other jobs move wall times; wall
time where processes overlap. Ours and the floor take turns; medians of the rounds are compared.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import floor_loop
import loops as loop_costs
import ours_loop
import replayed_loop

from agentbox.core.requests import LoopFunction

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = sys.executable
AGENTBOX = [PYTHON, "-m", "agentbox"]


def row(name: str, ours: float, floor: float, unit: str, bar: str) -> None:
    """Print one ratio."""
    print(f"{name:<34} {ours:9.2f} {floor:9.2f} {unit:<8} {ours / floor:6.2f}x   {bar}")


def fact(name: str, value: float, unit: str, bar: str) -> None:
    """Print a figure that is no ratio."""
    print(f"{name:<34} {value:9.2f} {'':9} {unit:<8} {'':7}   {bar}")


def cpu_of(run: Callable[[], object]) -> float:
    """Return the CPU seconds that `run` takes in this process."""
    gc.collect()
    started = time.process_time()
    run()
    return time.process_time() - started


def process(command: list[str], cwd: Path = HERE, until: bytes = b"") -> tuple[float, float, float]:
    """Return a command's wall and CPU seconds and its peak MiB; the wall up to `until` appears."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    running = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = b""
    while chunk := os.read(running.stdout.fileno(), 65536):
        said += chunk
        if until and until in said:
            break
    wall = time.perf_counter() - started
    running.stdout.close()
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, -13) and not until:
        raise RuntimeError(said.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, usage.ru_maxrss / 1024


def paired(
    ours: Callable[[], float], floor: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """Return the medians of ours and of the floor, taken in turn."""
    our, base = turns([ours, floor], rounds)
    return statistics.median(our), statistics.median(base)


def turns(measures: list[Callable[[], float]], rounds: int) -> list[list[float]]:
    """Return what each measure gave, taken in turn: a machine that slows down slows them all."""
    for measure in measures:
        measure()
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [list(column) for column in zip(*taken, strict=True)]


def step() -> None:
    """An in-process step, full trace, redactor and deadlines on."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**6))

        def ours(steps: int, *, traced: bool = True) -> float:
            path = Path(folder) / f"{next(numbers)}.jsonl"
            took = cpu_of(lambda: asyncio.run(ours_loop.run(steps, path if traced else None)))
            ours.size = path.stat().st_size if traced else 0  # type: ignore[attr-defined]
            return took / steps * 1e6

        def floor(steps: int) -> float:
            return cpu_of(lambda: asyncio.run(floor_loop.run(steps))) / steps * 1e6

        costs = {}
        for steps in (50, 200, 800):
            costs[steps] = paired(lambda: ours(steps), lambda: floor(steps), 15)  # noqa: B023 - called at once
            row(f"step, {steps} steps", *costs[steps], "µs cpu", "at most 3.5x")
        row("step, 800 against 50", costs[800][0], costs[50][0], "µs cpu", "at most 1.10x")
        both, bare, base = turns(
            [lambda: ours(200), lambda: ours(200, traced=False), lambda: floor(200)], 31
        )
        base = statistics.median(base)
        row("  without the trace", statistics.median(bare), base, "µs cpu", "")
        trace = statistics.median(
            with_it - without for with_it, without in zip(both, bare, strict=True)
        )
        row("  the trace itself", trace, base, "µs cpu", "at most 1x")
        for steps in (50, 800):
            ours(steps)
            fact(f"trace, {steps} steps", ours.size / steps, "bytes", "at most 800 a step")  # type: ignore[attr-defined]


def replay() -> None:
    """A step off a tape, compared or recorded anew; a replay of a run with a stdio server."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**6))
        steps = 800
        trace = asyncio.run(replayed_loop.recorded(steps, Path(folder) / "run.jsonl"))

        def ours(*, anew: bool) -> float:
            path = Path(folder) / f"{next(numbers)}.jsonl" if anew else None
            ready = replayed_loop.Replay(trace, path)
            took = cpu_of(lambda: asyncio.run(ready.run()))
            return took / steps * 1e6

        def floor() -> float:
            return cpu_of(lambda: asyncio.run(floor_loop.run(steps))) / steps * 1e6

        compared, anew, base = turns([lambda: ours(anew=False), lambda: ours(anew=True), floor], 15)
        base = statistics.median(base)
        row("replay, a step compared", statistics.median(compared), base, "µs cpu", "33 µs")
        row("replay, a step recorded", statistics.median(anew), base, "µs cpu", "66 µs")
        scenario = "scenarios/support_bot.yaml::overdue_upgrade"
        runs = str(Path(folder) / "runs")
        played = [*AGENTBOX, "run", scenario, "--runs", runs]
        again = [*AGENTBOX, "replay", "last", "--runs", runs]
        process(played, ROOT)
        both = paired(lambda: process(again, ROOT)[0], lambda: process(played, ROOT)[0], 5)
        row("replay of a run, stdio server", *(s * 1e3 for s in both), "ms wall", "at most 0.2x")


def loops() -> None:
    """A model call of plan_execute against one of react; a simulated user against two loops."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10**6))

        def fresh() -> Path:
            return Path(folder) / f"{next(numbers)}.jsonl"

        def each(made: Callable[[], tuple[LoopFunction, object, int]]) -> float:
            loop, model, asked = made()
            took = cpu_of(lambda: asyncio.run(loop_costs.run(loop, model, fresh())))
            return took / asked * 1e6

        both = paired(lambda: each(loop_costs.planned), lambda: each(loop_costs.plain), 15)
        row("plan_execute, a model call", *both, "µs cpu", "at most 1.3x of react")

        def talk(*, simulated: bool) -> float:
            talked = loop_costs.talk(100, fresh(), simulated=simulated)
            return cpu_of(lambda: asyncio.run(talked)) / 100 * 1e6

        both = paired(lambda: talk(simulated=True), lambda: 2 * talk(simulated=False), 15)
        row("simulated user, a turn", *both, "µs cpu", "the sum of its two loops")


def call() -> None:
    """A stdio MCP call with every frame recorded."""

    def timed(script: list[str]) -> float:
        done = subprocess.run(
            [PYTHON, *script], cwd=HERE, capture_output=True, text=True, check=True
        )
        return float(done.stdout) * 1e6

    both = paired(
        lambda: timed(["our_calls.py", "500"]), lambda: timed(["bare_client.py", "calls", "500"]), 5
    )
    row("stdio MCP call, frames recorded", *both, "µs wall", "at most 1.12x")


def start() -> None:
    """From nothing to a verdict with one stdio SDK server."""
    scenario = "scenarios/support_bot.yaml::overdue_upgrade"
    ours = [*AGENTBOX, "run", scenario]
    floor = [PYTHON, str(HERE / "bare_client.py")]
    both = paired(
        lambda: process(ours, ROOT, b"PASS")[0], lambda: process(floor, ROOT, b"done")[0], 7
    )
    row("start to verdict, stdio server", *(s * 1e3 for s in both), "ms wall", "at most 0.75x")


def cold() -> None:
    """From nothing to a verdict with an in-process tool; help; import."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE / "cold", folder, dirs_exist_ok=True)
        (Path(folder) / "pyproject.toml").touch()
        ours = [*AGENTBOX, "run", "scenario.yaml"]
        floor = [PYTHON, "floor_loop.py"]
        both = paired(lambda: process(ours, Path(folder))[1], lambda: process(floor)[1], 11)
        row("cold start to verdict", *(s * 1e3 for s in both), "ms cpu", "at most 1.6x")
        fact("  its memory", process(ours, Path(folder))[2], "MiB", "at most 40")
    bare = [PYTHON, "-c", "pass"]
    both = paired(lambda: process([*AGENTBOX, "--help"])[1], lambda: process(bare)[1], 11)
    row("--help against a bare interpreter", *(s * 1e3 for s in both), "ms cpu", "at most 7x")
    with_import = [PYTHON, "-c", "import agentbox"]
    both = paired(lambda: process(with_import)[1], lambda: process(bare)[1], 11)
    fact("import agentbox, over a bare one", (both[0] - both[1]) * 1e3, "ms cpu", "at most 15")


def many() -> None:
    """1,000 runs of 5 steps with a model that waits 20 ms, 100 at a time, a trace file each."""

    def measured(which: str) -> list[float]:
        done = subprocess.run(
            [PYTHON, "many.py", which], cwd=HERE, capture_output=True, text=True, check=True
        )
        return [float(word) for word in done.stdout.split()]

    rounds = [(measured("loop"), measured("floor"), measured("suite")) for _ in range(3)]
    rate, p50, p99, memory = (statistics.median(loop[i] for loop, _, _ in rounds) for i in range(4))
    floor = statistics.median(each[0] for _, each, _ in rounds)
    suite = statistics.median(each[0] for _, _, each in rounds)
    ideal = 1 / (6 * 0.02) * 100
    row("runs a second, 100 at a time", rate, floor, "runs/s", f"ideal {ideal:.0f}")
    row("  of the ideal", rate, ideal, "runs/s", "at least 0.85x")
    row("  p99 against p50 of a run", p99, p50, "ms wall", "at most 1.15x")
    fact("  memory", memory, "MiB", "at most 45")
    row("  whole cases, of the ideal", suite, ideal, "runs/s", "")


def openai() -> None:
    """A call of a model behind a local server, against the bare SDK's."""
    done = subprocess.run(
        [PYTHON, "openai_calls.py"], cwd=HERE, capture_output=True, text=True, check=True
    )
    for line in done.stdout.splitlines():
        api, how, ours, bare = line.split()
        row(f"openai call, {api}, {how}", float(ours), float(bare), "µs wall", "at most 1.30x")


def read() -> None:
    """100 scenario files of 200 lines, read and checked, against ruamel's loading of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([PYTHON, "read_files.py", "write", name], cwd=HERE, check=True)
        floor = [PYTHON, str(HERE / "read_files.py"), "load", name]
        ours = [*AGENTBOX, "check", "files"]
        both = paired(lambda: process(ours, folder)[1], lambda: process(floor)[1], 3)
        row("100 files of 200 lines, checked", *both, "s cpu", "under 2 s")


def diff() -> None:
    """A diff of two traces of 10,000 events, one with a step more, against reading the two."""

    def measured() -> list[float]:
        with tempfile.TemporaryDirectory() as folder:
            command = [PYTHON, "diff_traces.py", folder]
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    rounds = [measured() for _ in range(5)]
    took, read = (statistics.median(each) for each in zip(*rounds, strict=True))
    row("diff of two 10,000-event traces", took, read, "s cpu", "at most 5x, and under 1 s")


def opening() -> None:
    """A trace of 100,000 events, opened and indexed, against decoding its lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "trace.jsonl")
        subprocess.run([PYTHON, "open_trace.py", "write", path], cwd=HERE, check=True)
        memory: list[float] = []

        def measured(which: str) -> float:
            done = subprocess.run(
                [PYTHON, "open_trace.py", which, path],
                cwd=HERE, capture_output=True, text=True, check=True,
            )  # fmt: skip
            seconds, peak = map(float, done.stdout.split())
            memory.append(peak)
            return seconds

        both = paired(lambda: measured("ours"), lambda: measured("floor"), 5)
        row("100,000 events, opened", *both, "s cpu", "under 0.8 s")
        fact("  memory", max(memory), "MiB", "under 200")


os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users' byte code is cached, and so is the SDK's

BENCHMARKS = {
    each.__name__: each
    for each in (step, replay, loops, call, start, cold, many, openai, read, opening, diff)
}

if __name__ == "__main__":
    print(f"{'':<34} {'ours':>9} {'floor':>9}")
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name]()
