"""Judges a trace: events and checks in, results out. Pure: no file, no clock, no network."""

from __future__ import annotations

from agentbox.judge.check import Check, Failure, JudgeFunction, Unjudgeable
from agentbox.judge.evidence import Called, Evidence, Utterance
from agentbox.judge.kinds import CHECKS
from agentbox.judge.verdict import end_of, judge, outcome_of, stats_of

__all__ = [
    "CHECKS",
    "Called",
    "Check",
    "Evidence",
    "Failure",
    "JudgeFunction",
    "Unjudgeable",
    "Utterance",
    "end_of",
    "judge",
    "outcome_of",
    "stats_of",
]
