"""Drives the conversation of a case in a world that stands, whoever answers in it."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError, Problem, WorldError
from agentbox.core.messages import Json, ToolSpec
from agentbox.core.requests import End, LoopFunction
from agentbox.core.runtime import Handler
from agentbox.core.scenario import Scenario
from agentbox.core.trace import Position, Recorder, slug
from agentbox.loops import conversation, typed
from agentbox.runtime import Budget, Driver, Effects, Held, Watchdog, stacked
from agentbox.session.naming import misnamed
from agentbox.session.staging import setting_of
from agentbox.session.world import Opened
from agentbox.trace import Redactor, content_hash, tool_table


async def drive(
    scenario: Scenario, standing: Opened, clock: Clock, recorder: Recorder, redactor: Redactor
) -> End:
    """Play a scenario's case to its end, everything recorded.

    Raises:
        AuthorError: it names tools that nobody has.
        WorldError: the world could not do its part, or the case took too long.
    """
    at = f"c:{slug(scenario.case.name)}"
    tools = tuple(standing.world.toolbox.specs())
    _tell(at, tools, standing.left_out, recorder, redactor)
    effects = Effects(standing.world, recorder)
    misfits = misnamed(scenario, effects.tools, standing.changing)
    if misfits:
        raise AuthorError(*misfits)
    handler = stacked(effects, Budget(clock, recorder))
    end = await _driven(scenario, standing.loop, tools, handler)
    for each in misnamed(scenario, effects.tools):
        recorder.emit(at, "finding", {"code": "misnamed", "message": each.message})
    unused = standing.leftovers()
    if unused and end.reason == "answered":
        raise WorldError(*unused)
    return end


def _tell(
    at: Position,
    tools: Sequence[ToolSpec],
    left_out: Sequence[str],
    recorder: Recorder,
    redactor: Redactor,
) -> None:
    """Record the tools that there are."""
    ready: dict[str, Json] = {"tools": {tool.name: _hash(tool) for tool in tools}}
    if left_out:
        ready["left_out"] = left_out
    if tools:
        ready["specs"] = tool_table(tools)
    redactor.publish([*ready["tools"], *left_out])
    recorder.emit(at, "run.ready", ready)


async def _driven(
    scenario: Scenario, loop: LoopFunction, tools: Sequence[ToolSpec], handler: Handler
) -> End:
    """Drive the conversation, within the deadline of the run."""
    agent = scenario.agent
    if agent.output is not None:
        loop = typed(loop, agent.output, agent.corrections)
    limit = scenario.deadlines.run
    deadline = Watchdog().within(limit)
    try:
        with deadline:
            whole = conversation(loop, setting_of(scenario, tools))
            return await Driver(handler, slug(scenario.case.name)).drive(whole)
    except TimeoutError as error:
        if not deadline.expired:
            raise
        raise too_long(limit, error.__cause__) from error


def too_long(limit: float, cause: BaseException | None) -> WorldError:
    """Return the error of a case that took more than `limit` seconds; `cause` may say who did."""
    held = f"; it held the event loop at {cause.place}" if isinstance(cause, Held) else ""
    hint = "raise `deadlines: {run: ...}`"
    return WorldError(Problem(f"the case took more than {limit:g} s{held}", hint=hint))


def _hash(tool: ToolSpec) -> str:
    return content_hash([tool.name, tool.description, tool.input_schema, tool.output_schema])
