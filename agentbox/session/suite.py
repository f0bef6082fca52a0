"""Runs many cases in one process, so many at a time, and sums them up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from agentbox.core.errors import TraceError
from agentbox.core.scenario import Scenario
from agentbox.core.verdict import Repeated, Verdict
from agentbox.judge import rates
from agentbox.session.run import Judged, run_case, verdict_on
from agentbox.session.runs import trace_paths
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources
from agentbox.trace import Trace

PASSED, FAILED, USAGE, ERRORED, DIVERGED, NOTHING, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
"""Exit codes, as the README lists them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What happened in a suite: a case began, or was judged."""

    scenario: Scenario
    judged: Judged | None = None


Watch: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Suite:
    """Cases to run."""

    scenarios: Sequence[Scenario]
    host: Host
    folder: Path
    """The run's folder."""
    jobs: int = 1
    stop_early: bool = False
    """Begin no further case after the first that is not green."""


def run_suite(suite: Suite, watch: Watch, tick: Callable[[], None] | None = None) -> list[Verdict]:
    """Run every case; return the verdicts in the order of the cases.

    `watch` hears what happens; `tick` is called once a second, whether anything does or not. A case
    whose trace cannot be written is errored; the others go on.

    Raises:
        AuthorError: what the scenarios name does not load; nothing was played, no server is left.
        KeyboardInterrupt: by Ctrl-C, SIGTERM or SIGHUP, once every trace and server is closed.
    """
    return run_to_end(_ticked(_run(suite, watch), tick) if tick else _run(suite, watch))


async def _ticked(
    running: Coroutine[Any, Any, list[Verdict]], tick: Callable[[], None]
) -> list[Verdict]:
    async def ticking() -> None:
        while True:
            await asyncio.sleep(1)
            tick()

    beside = asyncio.ensure_future(ticking())
    try:
        return await running
    finally:
        beside.cancel()


async def _run(suite: Suite, watch: Watch) -> list[Verdict]:
    sources = Sources(suite.host, suite.scenarios)
    if not any(server.share for each in suite.scenarios for server in each.servers.values()):
        return await _played(suite, sources, watch)
    from agentbox.toolboxes.mcp import sharing  # noqa: PLC0415 - where there are such servers

    async with sharing() as shares:
        return await _played(suite, replace(sources, shares=shares), watch)


async def _played(suite: Suite, sources: Sources, watch: Watch) -> list[Verdict]:
    places = asyncio.Semaphore(max(1, suite.jobs))
    stopped = False

    async def one(scenario: Scenario, path: Path) -> Verdict | None:
        nonlocal stopped
        async with places:
            if stopped:
                return None
            watch(Progress(scenario))
            verdict = await _judged(scenario, sources, path, watch)
            stopped = stopped or (suite.stop_early and not verdict.green)
            return verdict

    paths = trace_paths(suite.folder, suite.scenarios)
    tasks = [asyncio.ensure_future(one(*each)) for each in zip(suite.scenarios, paths, strict=True)]
    try:
        verdicts = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [verdict for verdict in verdicts if verdict]


async def _judged(scenario: Scenario, sources: Sources, path: Path, watch: Watch) -> Verdict:
    """Run a case; if its trace cannot be written, it is errored."""
    judged: list[Judged] = []

    def publish(each: Judged) -> None:
        judged.append(each)
        watch(Progress(scenario, each))

    try:
        return await run_case(scenario, sources, path, publish)
    except TraceError as error:
        if not judged:  # else only the end of the trace is lost
            publish(Judged(verdict_on(scenario, Trace(str(path), ()), error.problems), ()))
        return judged[0].verdict


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """Return the exit code of these verdicts: errored before failed before nothing.

    Repeats of a case count together: as many of them must be green as it requires.
    """
    if not verdicts:
        return NOTHING
    if any(verdict.outcome == "errored" for verdict in verdicts):
        return ERRORED
    alone = [[verdict] for verdict in verdicts if not verdict.group]
    return PASSED if all(map(_enough, (*alone, *_groups(verdicts)))) else FAILED


def repeated(verdicts: Sequence[Verdict]) -> list[Repeated]:
    """Return what the plays of each repeated case came to, and what that tells of more plays."""
    return [_repeated(group) for group in _groups(verdicts)]


def _repeated(group: Sequence[Verdict]) -> Repeated:
    counts = Counter(verdict.outcome for verdict in group)
    passed, errored = counts["passed"], counts["errored"]
    played = len(group) - errored
    first, enough = group[0], _enough(group)
    told = rates(played, passed)
    return Repeated(first.group, played, passed, errored, first.require, enough, told)


def _groups(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.group:
            groups.setdefault(verdict.group, []).append(verdict)
    return list(groups.values())


def _enough(group: Sequence[Verdict]) -> bool:
    wanted = min(group[0].require, len(group)) if group[0].group else 1
    return sum(verdict.green for verdict in group) >= wanted
