"""The order of the wrappers, fixed here and nowhere else.

    Budget      outermost: what recovery spends on retries counts, and a limit ends them too
    Recovery    above policy and faults: what it tries again is decided and broken again
    Policy      above faults: what is denied is never broken, for it never runs
    Faults      right above the effects: they break what the world would have answered
    Effects     innermost: the real model, tools, user and clock; replay replaces these alone

Recovery, policy and faults are not written yet; their places are between the two below.
"""

from __future__ import annotations

from agentbox.core.runtime import Handler
from agentbox.runtime.budget import Budget
from agentbox.runtime.effects import Effects


def stacked(effects: Effects, budget: Budget) -> Handler:
    """Return the whole stack as one handler; what a tool asks in mid-call passes all of it too."""
    effects.outermost = budget.wrap(effects)
    return effects.outermost
