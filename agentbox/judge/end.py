"""Checks on how a turn or the run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from agentbox.core.requests import EndReason, LimitName
from agentbox.core.scenario import Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence
from agentbox.judge.failure import Failure


@dataclass(frozen=True, slots=True)
class Ended:
    """The parameters of `ended`."""

    reason: Annotated[EndReason, "How it must end.", Short()]
    limit: Annotated[LimitName | None, "With `limit`: which one must be hit."] = None

    def __post_init__(self) -> None:
        """Refuse a limit's name beside another reason."""
        if self.limit and self.reason != "limit":
            raise ValueError(f"`limit: {self.limit}` goes only with `reason: limit`")


def ended(params: Ended, seen: Evidence) -> Failure | None:
    """Hold if it ended so."""
    end = seen.end or {}
    wrong_limit = params.limit is not None and end.get("limit") != params.limit
    if end.get("reason") == params.reason and not wrong_limit:
        return None
    wanted = f"limit: {params.limit}" if params.limit else params.reason
    why = f" ({end['error']})" if end.get("error") else ""
    return Failure(f"{seen.scope} ended `{seen.ended}`{why}, not `{wanted}`", seen.answer_at)


CHECKS: Mapping[str, Check] = {"ended": Check(Ended, "It ended in this way.", ended)}
