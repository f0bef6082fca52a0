"""A scenario's tools without its agent: listed, or called once, as the agent would call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentbox.core.messages import Json, ToolCall, ToolResult, ToolSpec, Transcript
from agentbox.core.requests import End, Loop
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.trace import TraceEvent, slug
from agentbox.loops import call
from agentbox.runtime import Budget, Driver, Effects, World, scripted_user, stacked
from agentbox.runtime.wall import elapsed
from agentbox.session.run import clock_of
from agentbox.session.signals import run_to_end
from agentbox.session.sources import Host, Sources
from agentbox.session.staging import Standing, standings
from agentbox.session.world import opened_tools
from agentbox.trace import Redactor, TraceWriter, parse_trace


@dataclass(frozen=True, slots=True)
class Tooled:
    """What came of listing or calling tools."""

    specs: Sequence[ToolSpec]
    standings: Mapping[str, Standing]
    events: Sequence[TraceEvent]
    result: ToolResult | None = None


def list_tools(scenario: Scenario, host: Host) -> Tooled:
    """Return the tools of a scenario, as its first case offers them, and to whom.

    Raises:
        AuthorError: a tool file is wrong.
        WorldError: a server did not start.
    """
    return run_to_end(_tooled(scenario, host, None))


def call_tool(scenario: Scenario, host: Host, name: str, args: Mapping[str, Json]) -> Tooled:
    """Call one tool; arguments and result are checked as in a run.

    Raises:
        AuthorError: a tool file is wrong.
        WorldError: a server did not start.
    """
    return run_to_end(_tooled(scenario, host, ToolCall(name, args)))


async def _tooled(scenario: Scenario, host: Host, wanted: ToolCall | None) -> Tooled:
    clock = clock_of(scenario, live=host.live)
    sources = Sources(host)
    lines: list[bytes] = []
    writer = TraceWriter(lines.append, clock, elapsed, Redactor(sources.secrets(scenario)))
    async with opened_tools(scenario, sources, clock, writer) as toolbox:
        specs = toolbox.specs()
        result = await _called(scenario, toolbox, writer, wanted) if wanted else None
    return Tooled(specs, standings(scenario, specs), parse_trace(b"".join(lines)).events, result)


async def _called(
    scenario: Scenario, toolbox: Toolbox, writer: TraceWriter, wanted: ToolCall
) -> ToolResult:
    results: list[ToolResult] = []

    def once() -> Loop:
        (answer,) = yield from call(Transcript(), (wanted,))
        results.append(answer.result)
        return End("answered")

    clock = clock_of(scenario, live=True)
    world = World({}, toolbox, scripted_user(()), clock, scenario.deadlines, scenario.seed)
    handler = stacked(Effects(world, writer), Budget(clock, writer))
    await Driver(handler, slug(scenario.case.name)).drive(once())
    return results[0]
