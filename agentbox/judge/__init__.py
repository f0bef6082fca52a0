"""Judges a trace: events and checks in, results out. Pure: no file, no clock, no network."""

from __future__ import annotations

from agentbox.judge.check import Check, JudgeFunction, ObserveFunction
from agentbox.judge.evidence import Called, Evidence, Load, ModelCall, Seen, Utterance
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.kinds import CHECKS
from agentbox.judge.observing import distinct, every, observations_of
from agentbox.judge.repeats import (
    pass_at_k,
    pass_at_k_interval,
    pass_hat_k,
    pass_hat_k_interval,
    rates,
    wilson,
)
from agentbox.judge.verdict import end_of, judge, outcome_of, stats_of

__all__ = [
    "CHECKS",
    "Called",
    "Check",
    "Evidence",
    "Failure",
    "JudgeFunction",
    "Load",
    "ModelCall",
    "ObserveFunction",
    "Seen",
    "Unjudgeable",
    "Utterance",
    "distinct",
    "end_of",
    "every",
    "judge",
    "observations_of",
    "outcome_of",
    "pass_at_k",
    "pass_at_k_interval",
    "pass_hat_k",
    "pass_hat_k_interval",
    "rates",
    "stats_of",
    "wilson",
]
