"""Toolboxes: who runs a tool. Functions, JSON-schema definitions, MCP servers, and wrappers."""

from __future__ import annotations

from agentbox.toolboxes.definitions import DefinitionToolbox, read_definitions
from agentbox.toolboxes.functions import FunctionToolbox
from agentbox.toolboxes.merged import Merged

__all__ = ["DefinitionToolbox", "FunctionToolbox", "Merged", "read_definitions"]
