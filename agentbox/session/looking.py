"""Looks at the world for checks: at a tool, a resource, rows, a file; lets a command judge.

Whatever stands in a look's way is its error: the check that wanted it is errored, and no other.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.errors import AgentboxError, WorldError
from agentbox.core.messages import Json, ToolCall, ToolResult, is_list, is_object
from agentbox.core.requests import Answer, Ask, CallOne, Failed, Observation, Observed, Reply
from agentbox.core.runtime import Placed, Toolbox
from agentbox.core.scenario import Scenario
from agentbox.core.trace import Position, Recorder
from agentbox.runtime import Effects, World, scripted_user
from agentbox.session.sources import Host
from agentbox.session.staging import call_of, form_of

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp import Servers
    from agentbox.toolboxes.mcp.running import Running


@dataclass(frozen=True, slots=True)
class Sight:
    """A world to look at: its tools as they are, nothing injected."""

    toolbox: Toolbox
    servers: Servers | None
    clock: Clock


Fresh: TypeAlias = Callable[[Position], AbstractAsyncContextManager[Sight]]
"""Opens another world for the look at a position: servers started anew, nothing done to them."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Makes the looks of one case."""

    scenario: Scenario
    host: Host
    recorder: Recorder
    record: Callable[[], bytes]
    """The run so far, as a command that judges reads it."""
    sight: Sight
    fresh: Fresh

    async def __call__(self, observation: Observation, at: Position) -> Observed:
        """Return what an observation sees, or why it sees nothing."""
        limit = self.scenario.deadlines.call
        try:
            if observation.gold:
                return await self._golden(observation, at)
            async with asyncio.timeout(limit):
                return Observed(await _LOOKS[observation.kind](self, observation, at))
        except TimeoutError:
            return Observed(error=f"nothing was seen within {limit:g} s")
        except AgentboxError as error:
            return Observed(error=str(error))
        except Exception as error:  # noqa: BLE001 - see above
            return Observed(error=f"{type(error).__name__}: {error}")

    # -- a world of gold calls

    async def _golden(self, observation: Observation, at: Position) -> Observed:
        calls = [*map(call_of, self.scenario.case.setup), *observation.gold]
        self._refuse_old(observation, calls)
        async with self.fresh(at) as sight:
            other = replace(self, sight=sight)
            for number, call in enumerate(calls, 1):
                result = await other.called(call, f"{at}/call{number}")
                if result.status != "ok":
                    said = f"{call.name} ended {result.status} there: {result.text}"
                    return Observed(error=said)
            return await other(replace(observation, gold=()), f"{at}/gold")

    def _refuse_old(self, observation: Observation, calls: list[ToolCall]) -> None:
        """Refuse what is no part of a fresh world: tools of this process, servers at an address.

        Raises:
            WorldError: there is such a thing.
        """
        anew = {name for name, server in self.scenario.servers.items() if not server.url}
        tools = [call.name for call in calls]
        tools += [observation.target] if observation.kind == "tool" else []
        for name in tools:
            if name.partition(".")[0] not in anew:
                raise WorldError(
                    f"no fresh `{name}`: only servers that agentbox starts are made anew"
                )
        if observation.server and observation.server not in anew:
            raise WorldError(f"no fresh `{observation.server}`: it is at an address")

    # -- one look

    async def called(self, call: ToolCall, at: Position) -> ToolResult:
        """Call a tool as the harness, recorded."""
        sight, scenario = self.sight, self.scenario
        world = World(
            {},
            sight.toolbox,
            scripted_user(()),
            sight.clock,
            scenario.deadlines,
            scenario.seed,
            form=form_of(scenario.case),
        )
        effects = Effects(world, self.recorder)
        effects.outermost = partial(_without_model, effects)
        answer = await effects(Placed(at, CallOne(call), "harness"))
        if not isinstance(answer, Answer):
            raise TypeError(f"a call was answered with {answer!r}")
        return answer.result

    async def tool(self, observation: Observation, at: Position) -> Json:
        """Return what a tool gives: data, or its text where it gives none."""
        call = ToolCall(observation.target, observation.args)
        result = await self.called(call, f"{at}/call1")
        if result.status != "ok":
            raise WorldError(f"it ended {result.status}: {result.text}")
        return result.text if result.structured is None else result.structured

    async def resource(self, observation: Observation, at: Position) -> Json:
        """Return the text of a resource."""
        return await self._server(observation).read(observation.target, at)

    async def file(self, observation: Observation, _: Position) -> Json:
        """Return what a file in a server's folder holds."""
        from agentbox.session.folders import file_at  # noqa: PLC0415 - sqlite3, for the few

        server = self._server(observation)
        return _hidden(file_at(server.folder, observation.target), server.hide)

    async def sql(self, observation: Observation, _: Position) -> Json:
        """Return the rows that a query gives, from a database in a server's folder."""
        from agentbox.session.folders import rows_at  # noqa: PLC0415 - sqlite3, for the few

        server = self._server(observation)
        database = str(observation.args["database"])
        return _hidden(await rows_at(server.folder, database, observation.target), server.hide)

    async def command(self, observation: Observation, _: Position) -> Json:
        """Let a program judge the record of the run; return how it ended and what it said."""
        from agentbox.toolboxes.mcp.environment import contract  # noqa: PLC0415 - where one judges
        from agentbox.toolboxes.mcp.plans import argv_of  # noqa: PLC0415 - as above
        from agentbox.toolboxes.programs import Program, run_program  # noqa: PLC0415 - as above

        host, clock = self.host, self.sight.clock
        path = host.environ.get("PATH", os.defpath)
        env = {"PATH": path, "LANG": "C.UTF-8", **contract(clock, self.scenario.seed)}
        argv = argv_of(shlex.split(observation.target), host.root)
        return asdict(await run_program(Program(argv, env, host.root), self.record()))

    def _server(self, observation: Observation) -> Running:
        if self.sight.servers is None:
            raise WorldError("there are no servers")
        return self.sight.servers.named(observation.server)


_LOOKS: Mapping[str, Callable[[Looking, Observation, Position], Awaitable[Json]]] = {
    "tool": Looking.tool,
    "resource": Looking.resource,
    "file": Looking.file,
    "sql": Looking.sql,
    "command": Looking.command,
}


async def _without_model(effects: Effects, placed: Placed) -> Reply:
    """Answer what a tool asks in the middle of a look: the user's forms, and no model."""
    if isinstance(placed.request, Ask):
        return Failed("no model is asked in a look")
    return await effects(placed)


def _hidden(value: Json, hide: Callable[[str], str]) -> Json:
    """Return a value with words in its texts for paths that differ from run to run."""
    if isinstance(value, str):
        return hide(value)
    if is_list(value):
        return [_hidden(item, hide) for item in value]
    if is_object(value):
        return {key: _hidden(item, hide) for key, item in value.items()}
    return value
