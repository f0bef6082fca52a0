"""Checks on the world: what a resource, a tool, a database, a file holds at the end.

Each declares what it wants to know; session looks at the end of the turn or of the run, and where
two looks are compared, before the first turn, too. What these looks record:

    resource  its text (of several contents, one a line)
    tool      the structured result, or its text where it has none; a call not ended ok is an error
    sql       {columns: [name, ...], rows: [[value, ...], ...]}
    file      null where there is none; {text: ...}; {base64: ...} where it is no text
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from agentbox.core.comparing import same
from agentbox.core.messages import Json
from agentbox.core.requests import Observation
from agentbox.core.scenario import AtLeast
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.looks import FileAt, ResourceAt, SqlAt, ToolAt, named
from agentbox.judge.paths import UNSET, Subject, check_path, follow
from agentbox.judge.rows import row_problems
from agentbox.judge.values import parsed
from agentbox.judge.wording import parting, quoted, shown

_EQUALS = "What it must be, or what every value that `path` selects must be; `null` counts."
_CONTAINS = "A text that must stand in it."
_PATH = "A JSONPath (RFC 9535) into it: look there."
_SERVER = "The server's key."


@dataclass(frozen=True, slots=True)
class Resource:
    """The parameters of `resource`."""

    uri: Annotated[str, "The resource's URI.", AtLeast(1)]
    server: Annotated[str, _SERVER, AtLeast(1)]
    equals: Annotated[Json, _EQUALS] = UNSET
    contains: Annotated[str, _CONTAINS, AtLeast(1)] = ""
    path: Annotated[str, _PATH] = ""

    def __post_init__(self) -> None:
        """Refuse a look without a question."""
        _refuse_unasked(self)

    @property
    def look(self) -> Observation:
        """What is observed."""
        return ResourceAt(self.server, self.uri).look


@dataclass(frozen=True, slots=True)
class ToolState:
    """The parameters of `tool_state`."""

    tool: Annotated[str, "The tool's full name: `accounts.get_account`.", AtLeast(1)]
    args: Annotated[Mapping[str, Json], "Its arguments."] = field(default_factory=dict[str, Json])
    equals: Annotated[Json, _EQUALS] = UNSET
    contains: Annotated[str, _CONTAINS, AtLeast(1)] = ""
    path: Annotated[str, _PATH] = ""

    def __post_init__(self) -> None:
        """Refuse a look without a question."""
        _refuse_unasked(self)

    @property
    def look(self) -> Observation:
        """What is observed."""
        return ToolAt(self.tool, self.args).look


@dataclass(frozen=True, slots=True)
class Sql:
    """The parameters of `sql`."""

    query: Annotated[str, "A query that changes nothing.", AtLeast(1)]
    server: Annotated[str, "The key of the server in whose folder the database is.", AtLeast(1)]
    database: Annotated[str, "The SQLite file, relative to that folder.", AtLeast(1)]
    rows: Annotated[
        tuple[Json, ...] | None, "The rows it must give, each a list of values or a mapping."
    ] = None
    count: Annotated[int | None, "In place of `rows`: how many it must give.", AtLeast(0)] = None
    order: Annotated[Literal["exact", "any"], "Whether `rows` must come in this order."] = "exact"

    def __post_init__(self) -> None:
        """Refuse what asks nothing, what asks twice, and rows that are none."""
        if (self.rows is None) == (self.count is None):
            raise ValueError("give exactly one of `rows`, `count`")
        for row in self.rows or ():
            if not isinstance(row, list | tuple | Mapping):
                message = f"a row is a list or a mapping, but this is {shown(row)}"
                raise ValueError(message)  # noqa: TRY004 - what the reader shows in the file

    @property
    def look(self) -> Observation:
        """What is observed."""
        return SqlAt(self.server, self.database, self.query).look


@dataclass(frozen=True, slots=True)
class File:
    """The parameters of `file`."""

    path: Annotated[str, "The file, relative to the server's folder.", AtLeast(1)]
    server: Annotated[str, "The key of the server in whose folder it is.", AtLeast(1)]
    exists: Annotated[bool, "Whether there must be such a file."] = True
    equals: Annotated[str | None, "Its whole text; blanks around it do not count."] = None
    contains: Annotated[str, _CONTAINS, AtLeast(1)] = ""

    def __post_init__(self) -> None:
        """Refuse a text of a file that must not be."""
        if not self.exists and (self.equals is not None or self.contains):
            raise ValueError("`exists: false` goes with neither `equals` nor `contains`")

    @property
    def look(self) -> Observation:
        """What is observed."""
        return FileAt(self.server, self.path).look


def state(params: Resource | ToolState, seen: Evidence) -> Failure | None:
    """Hold if the resource, or what the tool gives, is or contains what it must."""
    found = seen.value(params.look)
    subject = Subject(found.value, named(params.look), found.at)
    wrong = _must_contain(params.contains, subject)
    if wrong or (params.equals is UNSET and not params.path):
        return wrong
    if params.path:
        return follow(params.path, params.equals, _as_data(subject))
    return _must_be(params.equals, subject)


def sql(params: Sql, seen: Evidence) -> Failure | None:
    """Hold if the query gives the rows, or as many, as it must."""
    found = seen.value(params.look)
    columns, rows = found.value["columns"], found.value["rows"]
    if params.rows is not None:
        ordered = params.order == "exact"
        wrong = row_problems(params.rows, columns, rows, ordered=ordered)
        return Failure(f"{wrong} (order: {params.order})", found.at) if wrong else None
    if len(rows) == params.count:
        return None
    some = f": {shown(rows, 200)}" if rows else ""
    return Failure(f"the query gives {len(rows)} rows, not {params.count}{some}", found.at)


def file(params: File, seen: Evidence) -> Failure | None:
    """Hold if the file is there and holds what it must, or is not there."""
    found = seen.value(params.look)
    name = named(params.look)
    if (found.value is not None) != params.exists:
        message = f"there is no file {params.path}" if params.exists else f"{name} exists"
        return Failure(message, found.at)
    if params.equals is None and not params.contains:
        return None
    if "text" not in found.value:
        raise Unjudgeable(f"{name} is no text", found.at)
    subject = Subject(found.value["text"], name, found.at)
    wrong = _must_contain(params.contains, subject)
    if wrong or params.equals is None:
        return wrong
    return _must_be(params.equals, subject)


def _must_contain(text: str, subject: Subject) -> Failure | None:
    value = subject.value
    whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text in whole:
        return None
    return Failure(f"{quoted(text)} is not in {subject.name}: {quoted(whole, 200)}", subject.at)


def _must_be(wanted: Json, subject: Subject) -> Failure | None:
    if isinstance(wanted, str) and isinstance(subject.value, str):
        return _same_text(wanted.strip(), subject.value.strip(), subject)
    data = _as_data(subject)
    if same(wanted, data.value):
        return None
    return Failure(f"{data.name} is {shown(data.value, 200)}, not {shown(wanted, 200)}", data.at)


def _same_text(wanted: str, text: str, subject: Subject) -> Failure | None:
    if wanted == text:
        return None
    there, here, first = parting(text, wanted)
    differ = f"(they differ from character {first} on)"
    return Failure(f"{subject.name} is {there}, not {here} {differ}", subject.at)


def _as_data(subject: Subject) -> Subject:
    """Return a text as the JSON it holds.

    Raises:
        Unjudgeable: it holds none.
    """
    if not isinstance(subject.value, str):
        return subject
    return Subject(parsed(subject.value, subject.name, subject.at), subject.name, subject.at)


def _refuse_unasked(params: Resource | ToolState) -> None:
    if params.equals is UNSET and not params.contains and not params.path:
        raise ValueError("say what it must be: give `equals`, `contains` or `path`")
    if params.path:
        check_path(params.path)


def observed(params: Resource | ToolState | Sql | File) -> Sequence[Observation]:
    """Return the one thing that is observed, at the end."""
    return (params.look,)


CHECKS: Mapping[str, Check] = {
    "resource": Check(Resource, "A resource is, or contains, this.", state, observed),
    "tool_state": Check(ToolState, "What a tool gives is, or contains, this.", state, observed),
    "sql": Check(Sql, "A query gives these rows, or so many.", sql, observed),
    "file": Check(File, "A file is there and holds this, or is not there.", file, observed),
}
