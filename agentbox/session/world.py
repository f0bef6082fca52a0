"""Opens the world a case runs in: its model, its tools, its servers, its clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agentbox.core.clock import Clock
from agentbox.core.environment import variables
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.core.trace import Recorder
from agentbox.loops import LOOPS
from agentbox.models import FunctionModel
from agentbox.runtime import World, scripted_user
from agentbox.session.loading import load_module, load_object
from agentbox.toolboxes import Merged

if TYPE_CHECKING:
    from agentbox.toolboxes.mcp import Servers


@dataclass(frozen=True, slots=True)
class Host:
    """What a run takes from the machine it runs on."""

    root: Path
    environ: Mapping[str, str]
    live: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A world that stands, until its context ends."""

    world: World
    loop: LoopFunction
    hang_up: Callable[[], None]
    """Tell the servers that the run is over, without waiting for their end."""


@asynccontextmanager
async def opened(
    scenario: Scenario, host: Host, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Opened]:
    """Open the world of a scenario's one case.

    Raises:
        AuthorError: the scenario names something that is not there.
        WorldError: a server did not start.
    """
    loop = _loop(scenario.agent.loop, host.root)
    model = FunctionModel(load_object(scenario.model.function, host.root), scenario.model.name)
    plain = [_toolbox(file, host) for file in scenario.tools]
    async with _servers(scenario, host, clock, recorder) as servers:
        keyed: Mapping[str, Toolbox] = servers.toolboxes if servers else {}
        user = scripted_user(turn.user for turn in scenario.case.turns)
        world = World(
            model,
            Merged(plain, keyed),
            user,
            clock,
            scenario.deadlines,
            scenario.seed,
            scenario.tick,
        )
        yield Opened(world, loop, servers.hang_up if servers else _nothing)


@asynccontextmanager
async def opened_tools(
    scenario: Scenario, host: Host, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Toolbox]:
    """Open a scenario's tools alone, as `agentbox tools` wants them."""
    plain = [_toolbox(file, host) for file in scenario.tools]
    async with _servers(scenario, host, clock, recorder) as servers:
        yield Merged(plain, servers.toolboxes if servers else {})


@asynccontextmanager
async def _servers(
    scenario: Scenario, host: Host, clock: Clock, recorder: Recorder
) -> AsyncGenerator[Servers | None]:
    if not scenario.servers:
        yield None
        return
    from agentbox.toolboxes.mcp import Site, open_servers  # noqa: PLC0415 - where there are any

    site = Site(
        root=host.root,
        case=scenario.case.name,
        clock=clock,
        seed=scenario.seed,
        deadlines=scenario.deadlines,
        recorder=recorder,
        environ=host.environ,
        frames=scenario.trace.frames,
        live=host.live,
    )
    async with open_servers(scenario.servers, site) as servers:
        yield servers


def _nothing() -> None:
    """Hang up on nobody."""


def _loop(name: str, root: Path) -> LoopFunction:
    known = LOOPS.get(name)
    if known:
        return known
    loop: Any = load_object(name, root)
    if not callable(loop):
        raise AuthorError(Problem(f"the loop `{name}` is no function"))
    return cast("LoopFunction", loop)


def _toolbox(file: str, host: Host) -> Toolbox:
    if file.endswith(".py"):
        from agentbox.toolboxes.functions import (  # noqa: PLC0415 - pydantic, for these only
            FunctionToolbox,
            functions_of,
        )

        return FunctionToolbox(functions_of(load_module(file, host.root)), file)
    from agentbox.toolboxes.definitions import read_definitions  # noqa: PLC0415 - as above
    from agentbox.toolboxes.http import Network  # noqa: PLC0415 - as above

    text = (host.root / file).read_text("utf-8")

    def load(reference: str) -> object:
        return load_object(reference, host.root)

    return read_definitions(text, file, load, Network(host.environ, host.live))


# -- what a trace must not hold, and what code it was made with


def secrets_of(scenario: Scenario, host: Host) -> dict[str, str]:
    """Return the values that no trace may hold: those named, and those put in by `${VAR}`."""
    names = {*scenario.secrets, *_variables(scenario, host.root)}
    return {name: host.environ[name] for name in sorted(names) if host.environ.get(name)}


def _variables(scenario: Scenario, root: Path) -> Iterator[str]:
    for server in scenario.servers.values():
        for text in _texts(server):
            yield from variables(text)
    for file in scenario.tools:
        if file.endswith(".json"):
            yield from variables((root / file).read_text("utf-8"))


def _texts(server: Server) -> Iterator[str]:
    command = server.command
    yield from (command,) if isinstance(command, str) else command
    yield from server.args
    yield server.url
    yield from server.env.values()
    yield from server.headers.values()


def code_of(scenario: Scenario, root: Path) -> dict[str, str]:
    """Return the files of code that a scenario names, each with the hash of its content."""
    from hashlib import blake2b  # noqa: PLC0415 - beside its use

    named = [scenario.model.function.rpartition(":")[0], *scenario.tools]
    for server in scenario.servers.values():
        command = server.command
        named += [command] if isinstance(command, str) else [*command, *server.args]
    files = sorted({name for name in named if name and (root / name).is_file()})
    return {name: blake2b((root / name).read_bytes(), digest_size=8).hexdigest() for name in files}
