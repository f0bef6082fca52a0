"""A bench for MCP servers: a recorder that keeps a list, and a way to open fixtures."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agentbox.core.clock import Clock
from agentbox.core.errors import WorldError
from agentbox.core.messages import ToolCall
from agentbox.core.runtime import CallContext
from agentbox.core.scenario import Deadlines, Server
from agentbox.toolboxes.mcp import Site, open_servers

ROOT = Path(__file__).parents[1]
FIXTURES = "tests/fixtures/servers"
CLOCK = Clock.at("2026-03-20T14:30:00Z")
DEADLINES = Deadlines(connect=10, list=5, call=5, close=0.5)


class Events(list):
    """A recorder that keeps what it is told."""

    def emit(self, at, kind, data, side=None):
        self.append({"at": at, "kind": kind, "data": dict(data), "side": dict(side or {})})

    def of(self, kind):
        return [event["data"] for event in self if event["kind"] == kind]

    def codes(self):
        return [finding["code"] for finding in self.of("finding")]


@dataclass
class Bench:
    """A site for tests, and calls to the server `s`."""

    events: Events = field(default_factory=Events)
    site: Site = None

    def __post_init__(self):
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "SECRET": "from the host"}
        self.site = Site(ROOT, "h:a-case", CLOCK, 7, DEADLINES, self.events, environ)

    def at(self, **changes):
        self.site = replace(self.site, **changes)
        return self

    def within(self, **seconds):
        return self.at(deadlines=replace(self.site.deadlines, **seconds))

    @asynccontextmanager
    async def open(self, *names, **options):
        servers = {Path(name.split()[0]).stem: fixture(name, **options) for name in names}
        async with open_servers(servers, self.site) as opened:
            yield opened

    @asynccontextmanager
    async def one(self, name, **options):
        async with self.open(name, **options) as opened:
            (toolbox,) = opened.toolboxes.values()
            yield toolbox

    async def call(
        self, toolbox, name, at="c:a-case/t1/s1/call1", deadline=5.0, reenter=None, **args
    ):
        context = CallContext(at, CLOCK, 7, deadline, reenter)
        return await toolbox.call(ToolCall(name, args), context)

    @staticmethod
    async def until(condition):
        """Wait until `condition()` holds."""
        while not condition():  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(0.01)

    async def fails(self, *names, **options):
        """Return the problems of servers that must not open."""
        with pytest.raises(WorldError) as caught:
            async with self.open(*names, **options):
                pass
        return caught.value.problems

    def pid(self):
        """Return the process id of the first server."""
        return next(event["side"]["pid"] for event in self.events if "pid" in event["side"])

    @staticmethod
    def alive(pid):
        """Return whether a process runs; a zombie does not."""
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        return status.rpartition(")")[2].split()[0] != "Z"

    @staticmethod
    def boxes():
        """Return the temporary folders that servers have now."""
        return set(Path(tempfile.gettempdir()).glob("agentbox-*"))


def fixture(name, **options):
    file, *args = name.split()
    return Server(command=("python", f"{FIXTURES}/{file}", *args), **options)
