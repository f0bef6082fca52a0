"""Toolboxes: who runs a tool. Functions, JSON-schema definitions, MCP servers, and wrappers."""

from __future__ import annotations

from agentbox.toolboxes.definitions import DefinitionToolbox, read_definitions
from agentbox.toolboxes.filtered import Filtered
from agentbox.toolboxes.functions import FunctionToolbox
from agentbox.toolboxes.injected import Injected
from agentbox.toolboxes.merged import Merged
from agentbox.toolboxes.mocks import MockToolbox

__all__ = [
    "DefinitionToolbox",
    "Filtered",
    "FunctionToolbox",
    "Injected",
    "Merged",
    "MockToolbox",
    "read_definitions",
]
