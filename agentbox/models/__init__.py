"""Models: who answers an `Ask`. Wire to nouns only; limits, cost and retry are elsewhere."""

from __future__ import annotations

from agentbox.models.function import FunctionModel, call, say

__all__ = ["FunctionModel", "call", "say"]
