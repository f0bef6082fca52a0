"""Checks on data: the final answer as JSON, or a tool's last result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated

from agentbox.core.messages import Json
from agentbox.core.scenario import Short
from agentbox.core.trace import Position
from agentbox.judge.calls import calls_of, not_called
from agentbox.judge.check import Check, Failure, Unjudgeable
from agentbox.judge.evidence import Evidence
from agentbox.judge.values import check_schema, parsed, same, schema_errors
from agentbox.judge.wording import one_line, shown

if TYPE_CHECKING:  # 35 ms, and only where a scenario uses it
    from jsonpath_rfc9535 import JSONPathQuery

_OF = "A tool's name or glob: look at its last `ok` result in place of the final answer."


class Unset(Enum):
    """Marks a value that was not given, where `null` is one that may be."""

    UNSET = "«unset»"


@dataclass(frozen=True, slots=True)
class JsonPath:
    """The parameters of `json_path`."""

    path: Annotated[str, "A JSONPath (RFC 9535), such as `$.status`.", Short()]
    equals: Annotated[Json, "What every value that the path selects must be; `null` counts."] = (
        Unset.UNSET
    )
    exists: Annotated[bool, "Whether the path must select something."] = True
    of: Annotated[str, _OF] = ""

    def __post_init__(self) -> None:
        """Refuse a path that is none; the reader shows where it stands in the file."""
        if not self.exists and self.equals is not Unset.UNSET:
            raise ValueError("`exists: false` and `equals` can't both hold")
        _compiled(self.path)


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The parameters of `json_schema`."""

    schema: Annotated[Mapping[str, Json], "A JSON Schema, in the dialect it names."]
    of: Annotated[str, _OF] = ""

    def __post_init__(self) -> None:
        """Refuse a schema that is none; the reader shows where it stands in the file."""
        check_schema(self.schema)


def json_path(params: JsonPath, seen: Evidence) -> Failure | None:
    """Hold if the path selects something, and every value it selects is the wanted one."""
    subject = _subject(params.of, seen)
    found = _select(params.path, subject.value)
    if not params.exists:
        return _must_select_nothing(params.path, found, subject)
    if not found:
        where = f"{subject.name}: {shown(subject.value, 200)}"
        return Failure(f"{params.path} selects nothing in {where}", subject.at)
    if params.equals is Unset.UNSET:
        return None
    wrong = {path: value for path, value in found.items() if not same(params.equals, value)}
    if not wrong:
        return None
    seen_there = ", ".join(f"{path} is {shown(value)}" for path, value in wrong.items())
    return Failure(
        f"{one_line(seen_there, 300)}, not {shown(params.equals)} (in {subject.name})", subject.at
    )


def json_schema(params: JsonSchema, seen: Evidence) -> Failure | None:
    """Hold if the value fits the schema."""
    subject = _subject(params.of, seen)
    errors = schema_errors(params.schema, subject.value)
    if not errors:
        return None
    listed = "; ".join(one_line(error, 200) for error in errors)
    return Failure(f"{subject.name} does not fit the schema: {listed}", subject.at)


@dataclass(frozen=True, slots=True)
class _Subject:
    value: Json
    name: str
    at: Position


def _subject(of: str, seen: Evidence) -> _Subject:
    """Return the value to look at.

    Raises:
        Unjudgeable: it is no JSON, or the tool gave no result.
    """
    if not of:
        at = seen.answer_at
        return _Subject(parsed(seen.answer, "the answer", at), "the answer", at)
    calls = calls_of(of, seen)
    if not calls:
        raise Unjudgeable(not_called(of, seen), seen.at)
    good = [call for call in calls if call.status == "ok"]
    if not good:
        last = calls[-1]
        raise Unjudgeable(f"no call of {of} ended ok: the last is `{last.status}`", last.at)
    last = good[-1]
    name = f"the result of {last.tool}"
    value = last.structured if last.structured is not None else parsed(last.text, name, last.at)
    return _Subject(value, name, last.at)


def _compiled(path: str) -> JSONPathQuery:
    from jsonpath_rfc9535 import JSONPathError, compile  # noqa: A004, PLC0415 - 35 ms

    try:
        return compile(path)
    except (JSONPathError, RecursionError) as error:
        raise ValueError(f"{shown(path)} is no JSONPath (RFC 9535): {error}") from None


def _select(path: str, value: Json) -> dict[str, Json]:
    """Return the values that `path` selects, by their own paths."""
    from jsonpath_rfc9535 import JSONPathError  # noqa: PLC0415 - 35 ms

    try:
        return {node.path(): node.value for node in _compiled(path).find(value)}
    except (JSONPathError, RecursionError) as error:
        raise Unjudgeable(f"{path} can't be followed: {error}") from None


def _must_select_nothing(path: str, found: Mapping[str, Json], subject: _Subject) -> Failure | None:
    if not found:
        return None
    first = next(iter(found.values()))
    return Failure(f"{path} exists in {subject.name}: it is {shown(first)}", subject.at)


CHECKS: Mapping[str, Check] = {
    "json_path": Check(JsonPath, "A JSONPath selects something, or the wanted value.", json_path),
    "json_schema": Check(JsonSchema, "The final answer, or a result, fits a schema.", json_schema),
}
