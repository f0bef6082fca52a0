"""Where checks look in the world, as a scenario names it, and what is observed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from agentbox.core.messages import Json
from agentbox.core.requests import Observation
from agentbox.core.scenario import AtLeast, Short


@dataclass(frozen=True, slots=True)
class ResourceAt:
    """A resource of a server."""

    server: Annotated[str, "The server's key.", AtLeast(1)]
    uri: Annotated[str, "The resource's URI.", AtLeast(1)]

    @property
    def look(self) -> Observation:
        """What is observed."""
        return Observation("resource", self.server, self.uri)


@dataclass(frozen=True, slots=True)
class ToolAt:
    """What a tool gives."""

    tool: Annotated[str, "The tool's full name: `accounts.get_account`.", Short(), AtLeast(1)]
    args: Annotated[Mapping[str, Json], "Its arguments."] = field(default_factory=dict[str, Json])

    @property
    def look(self) -> Observation:
        """What is observed."""
        return Observation("tool", "", self.tool, self.args)


@dataclass(frozen=True, slots=True)
class SqlAt:
    """What a query gives."""

    server: Annotated[str, "The key of the server in whose folder the database is.", AtLeast(1)]
    database: Annotated[str, "The SQLite file, relative to that folder.", AtLeast(1)]
    query: Annotated[str, "A query that changes nothing.", AtLeast(1)]

    @property
    def look(self) -> Observation:
        """What is observed."""
        return Observation("sql", self.server, self.query, {"database": self.database})


@dataclass(frozen=True, slots=True)
class FileAt:
    """A file in a server's folder."""

    server: Annotated[str, "The key of the server in whose folder it is.", AtLeast(1)]
    path: Annotated[str, "The file, relative to that folder.", AtLeast(1)]

    @property
    def look(self) -> Observation:
        """What is observed."""
        return Observation("file", self.server, self.path)


class Somewhere(Protocol):
    """Parameters that name one place to look at."""

    @property
    def resource(self) -> ResourceAt | None: ...  # noqa: D102 - the parameter of this name
    @property
    def tool(self) -> ToolAt | None: ...  # noqa: D102 - as above
    @property
    def sql(self) -> SqlAt | None: ...  # noqa: D102 - as above
    @property
    def file(self) -> FileAt | None: ...  # noqa: D102 - as above


def place_of(params: Somewhere) -> Observation:
    """Return the one place that parameters name.

    Raises:
        ValueError: they name none, or more.
    """
    places = (params.resource, params.tool, params.sql, params.file)
    looks = [place.look for place in places if place is not None]
    if len(looks) != 1:
        raise ValueError("give exactly one of `resource`, `tool`, `sql`, `file`")
    return looks[0]


def named(look: Observation) -> str:
    """Return what is looked at, in words."""
    words = {"tool": "the result of", "sql": "the rows of"}
    return f"{words.get(look.kind, f'the {look.kind}')} {look.target}"
