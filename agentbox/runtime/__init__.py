"""The runtime answers what loops ask: a driver, wrappers, and effects at the bottom."""

from __future__ import annotations

from agentbox.runtime.budget import Budget
from agentbox.runtime.deadlines import Held, Watchdog
from agentbox.runtime.driver import Driver
from agentbox.runtime.effects import Approver, Effects, Form, Look, User, World, scripted_user
from agentbox.runtime.listing import Relisting
from agentbox.runtime.recorded import result_data
from agentbox.runtime.sentry import sentry
from agentbox.runtime.stack import stacked

__all__ = [
    "Approver",
    "Budget",
    "Driver",
    "Effects",
    "Form",
    "Held",
    "Look",
    "Relisting",
    "User",
    "Watchdog",
    "World",
    "result_data",
    "scripted_user",
    "sentry",
    "stacked",
]
