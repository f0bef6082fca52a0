"""A tool that is answered from the scenario file, as the file writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from agentbox.core.messages import Json, Source, Status


@dataclass(frozen=True, slots=True)
class MockResult:
    """What a mock gives to some calls."""

    args: Annotated[
        Mapping[str, Json] | None, "The arguments of the calls, all of them; without it, any call."
    ] = None
    text: Annotated[str | None, "What the model is shown; `structured` as JSON, if not said."] = (
        None
    )
    structured: Annotated[Json, "The result as data."] = None
    parts: Annotated[
        tuple[Mapping[str, Json], ...], "MCP content blocks beside the text, such as images."
    ] = ()
    meta: Annotated[Mapping[str, Json] | None, "MCP `_meta` of the result."] = None
    status: Annotated[Status, "How the call ends."] = "ok"
    source: Annotated[Source, "Which layer decided the status, if it is not `ok`."] = "tool"


@dataclass(frozen=True, slots=True)
class Mock:
    """A tool that is answered from this file: no server runs, and no code.

    The first result whose `args` fit is given; of several of the same `args`, one after another,
    and then the last of them again. A call that none fits is an error, never a default answer.
    """

    description: Annotated[str, "What the model is told of it."] = ""
    input_schema: Annotated[Mapping[str, Json], "The JSON Schema of its arguments."] = field(
        default_factory=lambda: {"type": "object"}
    )
    output_schema: Annotated[
        Mapping[str, Json] | None, "The JSON Schema that `structured` must fit."
    ] = None
    annotations: Annotated[Mapping[str, Json], "MCP annotations, such as `readOnlyHint`."] = field(
        default_factory=dict[str, Json]
    )
    results: Annotated[
        tuple[MockResult, ...], "What it gives; without any, it must not be called."
    ] = ()
