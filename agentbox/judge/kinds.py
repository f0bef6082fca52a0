"""Every built-in kind of check, by the name a scenario uses; a new family is a file and a line."""

from __future__ import annotations

from collections.abc import Mapping

from agentbox.judge import calls, end, structure, text
from agentbox.judge.check import Check

CHECKS: Mapping[str, Check] = {**text.CHECKS, **structure.CHECKS, **calls.CHECKS, **end.CHECKS}
