"""Models: who answers an `Ask`. Wire to nouns only; limits, cost and retry are elsewhere.

Beside the ways to make one stand the behavioural mocks of `agentbox.models.mocks`, imported when
they are first asked for: 10 ms that most runs need not spend.
"""

from __future__ import annotations

from agentbox.models.function import FunctionModel, call, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agentbox.models.mocks import careless, gullible, lost_in_the_middle, reader, stale_date

__all__ = [
    "FunctionModel",
    "call",
    "careless",
    "gullible",
    "lost_in_the_middle",
    "reader",
    "say",
    "stale_date",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'agentbox.models' has no attribute {name!r}")
    from agentbox.models import mocks  # noqa: PLC0415 - on demand

    return getattr(mocks, name)
