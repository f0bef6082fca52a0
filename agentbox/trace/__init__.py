"""Traces: JSON Lines, intent before effect, redacted as they are written, sealed at the end."""

from __future__ import annotations

from agentbox.trace.canonical import canonical_lines, digest_of, edited
from agentbox.trace.encoding import content_hash
from agentbox.trace.migrating import STEPS, migrated
from agentbox.trace.prompts import prompt_at
from agentbox.trace.reader import Trace, parse_trace, read_trace
from agentbox.trace.redaction import Redactor, keys_in
from agentbox.trace.tables import tool_table
from agentbox.trace.writer import TraceFile, TraceWriter

__all__ = [
    "STEPS",
    "Redactor",
    "Trace",
    "TraceFile",
    "TraceWriter",
    "canonical_lines",
    "content_hash",
    "digest_of",
    "edited",
    "keys_in",
    "migrated",
    "parse_trace",
    "prompt_at",
    "read_trace",
    "tool_table",
]
