"""Checks on data: the final answer as JSON, or a tool's last result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from agentbox.core.messages import Json
from agentbox.core.scenario import Short
from agentbox.judge.arguments import calls_of, not_called
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.paths import UNSET, Subject, check_path, follow, must_select_nothing
from agentbox.judge.values import check_schema, parsed, schema_errors
from agentbox.judge.wording import one_line

_OF = "A tool's name or glob: look at its last `ok` result in place of the final answer."


@dataclass(frozen=True, slots=True)
class JsonPath:
    """The parameters of `json_path`."""

    path: Annotated[str, "A JSONPath (RFC 9535), such as `$.status`.", Short()]
    equals: Annotated[Json, "What every value that the path selects must be; `null` counts."] = (
        UNSET
    )
    exists: Annotated[bool, "Whether the path must select something."] = True
    of: Annotated[str, _OF] = ""

    def __post_init__(self) -> None:
        """Refuse a path that is none; the reader shows where it stands in the file."""
        if not self.exists and self.equals is not UNSET:
            raise ValueError("`exists: false` and `equals` can't both hold")
        check_path(self.path)


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
    if not params.exists:
        return must_select_nothing(params.path, subject)
    return follow(params.path, params.equals, subject)


def json_schema(params: JsonSchema, seen: Evidence) -> Failure | None:
    """Hold if the value fits the schema."""
    subject = _subject(params.of, seen)
    errors = schema_errors(params.schema, subject.value)
    if not errors:
        return None
    listed = "; ".join(one_line(error, 200) for error in errors)
    return Failure(f"{subject.name} does not fit the schema: {listed}", subject.at)


def _subject(of: str, seen: Evidence) -> Subject:
    """Return the value to look at.

    Raises:
        Unjudgeable: it is no JSON, or the tool gave no result.
    """
    if not of:
        at = seen.answer_at
        return Subject(parsed(seen.answer, "the answer", at), "the answer", at)
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
    return Subject(value, name, last.at)


CHECKS: Mapping[str, Check] = {
    "json_path": Check(JsonPath, "A JSONPath selects something, or the wanted value.", json_path),
    "json_schema": Check(JsonSchema, "The final answer, or a result, fits a schema.", json_schema),
}
