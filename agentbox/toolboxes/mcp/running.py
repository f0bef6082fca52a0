"""One server from start to stop, and what the trace says of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agentbox.core.errors import AgentboxError, Problem, WorldError
from agentbox.core.messages import Json
from agentbox.core.runtime import ToolFinding
from agentbox.core.trace import Position, slug
from agentbox.toolboxes.mcp.answers import Answers
from agentbox.toolboxes.mcp.frames import ENDED, Exchange, Wire
from agentbox.toolboxes.mcp.plans import Plan, Site
from agentbox.toolboxes.mcp.process import Process
from agentbox.toolboxes.mcp.resources import text_of
from agentbox.toolboxes.mcp.sharing.shared import Seat, Shares
from agentbox.toolboxes.mcp.toolbox import ServerToolbox, run_meta
from agentbox.toolboxes.mcp.tools import changes, tools_hash, vet

if TYPE_CHECKING:
    from mcp import ClientSession

    from agentbox.toolboxes.mcp.connection import Connection


class Running:
    """A server that runs, or is about to."""

    def __init__(self, plan: Plan, site: Site, shares: Shares | None = None) -> None:
        """Prepare a server; where it is to be shared, among those who share `shares`."""
        self.plan = plan
        self.problems: tuple[Problem, ...] = ()
        """Why it cannot be used; empty while it can."""
        self.toolbox: ServerToolbox | None = None
        self.may_change = False
        """It says that it tells of changes of its tool list."""
        self._site = site
        self._shares = shares if plan.server.share else None
        self._at = f"{site.at}/server-{slug(plan.name)}"
        self._wire = Wire(plan, self._at, site.recorder, frames=site.frames)
        self._answers = Answers(plan, site, self._wire)
        self._process: Process | Seat | None = None
        self._connection: Connection | None = None

    def spawn(self) -> None:
        """Start the server's process, where it has one."""
        plan = self.plan
        data: dict[str, Json] = {"transport": plan.transport, "era": plan.server.era}
        try:
            if plan.transport == "stdio":
                self._process = self._started()
                data["sandbox"] = plan.server.sandbox
                data |= {"share": True} if self._shares else {}
        except AgentboxError as error:
            self.problems = error.problems
        side = {"pid": self._process.pid} if self._process else None
        self._emit("server.start", {**data, plan.way: plan.written}, side)

    def _started(self) -> Process | Seat:
        start = self._shares.seat if self._shares else Process
        return start(self.plan, self._site, self._died)

    async def connect(self) -> None:
        """Connect, list the tools and vet them; what goes wrong is in `problems`."""
        from agentbox.toolboxes.mcp.connection import (  # noqa: PLC0415 - the SDK, servers running
            Connection,
            Unreachable,
        )
        from agentbox.toolboxes.mcp.links import link_to  # noqa: PLC0415 - the SDK too

        if self.problems:
            return
        site = self._site
        link = link_to(self.plan, site, self._wire, self._process)
        connection = Connection(
            link, self._wire, self.plan.server.era, site.deadlines, self._answers
        )
        self._connection = connection
        try:
            session = await connection.open()
        except AgentboxError as error:
            self.problems = error.problems
        except Unreachable as error:
            self.problems = (await self._unreachable(str(error)),)
        else:
            self._ready(connection, session)

    def _ready(self, connection: Connection, session: ClientSession) -> None:
        specs, findings = vet(connection.tools)
        for finding in findings:
            self._wire.finding(finding.code, finding.message, finding.tool)
        self.toolbox = ServerToolbox(specs, connection, self._wire, self._answers, self._fate)
        offers = session.server_capabilities
        self.may_change = bool(offers and offers.tools and offers.tools.list_changed)
        info = session.server_info
        self._emit(
            "server.ready",
            {
                "era": "legacy" if session.discover_result is None else "modern",
                "protocol": session.protocol_version,
                "name": info.name if info else "",
                "version": info.version if info else "",
                "tools": len(specs),
                "tools_hash": tools_hash(connection.tools),
            },
        )

    async def relist(self, at: Position) -> bool:
        """List the tools anew if the server said that they changed; say whether they did."""
        toolbox, connection, wire = self.toolbox, self._connection, self._wire
        if toolbox is None or connection is None or not wire.stale or wire.lost:
            return False
        wire.stale = False
        if not await connection.list_anew():
            return False
        specs, findings = vet(connection.tools)
        parted = [spec for spec in specs if "." in spec.name]
        findings += [
            ToolFinding("bad_name", "dropped: it has a `.` in its name", spec.name)
            for spec in parted
        ]
        for finding in findings:
            wire.finding(finding.code, finding.message, finding.tool)
        specs = [spec for spec in specs if spec not in parted]
        found = changes(toolbox.specs(), specs)
        if found:
            toolbox.offer(specs)
            data = {"server": self.plan.name, **found, "tools_hash": tools_hash(connection.tools)}
            self._site.recorder.emit(at, "tools.changed", data)
        return bool(found)

    # -- what is looked at

    @property
    def folder(self) -> Path:
        """Where its files are: its own folder, or the project's where it has none.

        Raises:
            WorldError: they are on another machine, for all we know.
        """
        if self.plan.url:
            raise WorldError(f"the server `{self.plan.name}` is at an address: it has no folder")
        return self._process.folder if self._process else self._site.root

    def hide(self, text: str) -> str:
        """Return a text of its files with words for paths that differ from run to run."""
        return self._process.masks.hide_text(text) if self._process else text

    async def read(self, uri: str, at: Position) -> str:
        """Return the text of a resource; of several contents, one a line.

        Raises:
            WorldError: the server is gone, or it has no such resource.
            TimeoutError: no answer in time.
        """
        if self._connection is None or self._wire.lost:
            raise WorldError(f"the server `{self.plan.name}` is gone: {self._wire.lost}")
        site, exchange = self._site, Exchange(at)
        meta = run_meta(at, site.clock, site.seed)
        await self._connection.read(exchange, uri, meta, site.deadlines.call)
        return text_of(exchange.reply)

    # -- its end

    def hang_up(self) -> None:
        """Tell the server that nothing more is wanted, and do not wait."""
        self._wire.lost = self._wire.lost or "it was told to end"
        if self._process:
            self._process.hang_up()
        if self._connection:
            self._connection.hang_up()

    def kill(self) -> None:
        """End the server's process at once."""
        if self._process:
            self._process.kill()

    async def stop(self) -> None:
        """End the connection and the process, and record it."""
        process, side = self._process, dict[str, Json]()
        self.hang_up()
        try:
            if self._connection:
                await self._connection.close()
            if process:
                await process.end(self._site.deadlines.close)
                side = {"exit": process.code, "killed": process.killed, "stderr": process.tail()}
        finally:
            self.kill()  # where it is not dead already: nobody has the time to wait
        self._emit("server.stop", {}, side)

    def _died(self) -> None:
        process = self._process
        if process:
            self._wire.lost = self._wire.lost or ENDED
            self._emit("server.died", {"exit": process.code}, {"stderr": process.tail()})

    async def _fate(self) -> tuple[str, str]:
        """Return how the server was lost, and its last words."""
        if self._process is None or self._wire.lost != ENDED:
            return self._wire.lost, ""
        return await self._process.fate(), self._process.tail()

    async def _unreachable(self, why: str) -> Problem:
        """Return the problem of a server that started and could not be connected."""
        plan = self.plan
        lines: list[str] = []
        if self._process and self._wire.lost:
            why, _ = await self._fate()
        if self._wire.junk:
            lines.append(f"its output is no MCP: {self._wire.junk}")
        if self._process and (tail := self._process.tail()):
            lines += ["its stderr ends:", *(f"  {line}" for line in tail.splitlines())]
        head = f"the server `{plan.name}` did not start: {why} ({plan.written})"
        hint = f"run it yourself: {plan.written}" if plan.transport == "stdio" else "start it first"
        return Problem("\n".join([head, *lines]), hint=hint)

    def _emit(
        self, kind: str, data: Mapping[str, Json], side: Mapping[str, Json] | None = None
    ) -> None:
        self._site.recorder.emit(self._at, kind, {"server": self.plan.name, **data}, side)
