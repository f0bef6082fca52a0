"""What the model saw at a position."""

from __future__ import annotations

from agentbox.core.errors import TraceError
from agentbox.core.prompts import Prompt, prompts
from agentbox.core.trace import Position
from agentbox.trace.reader import Trace


def prompt_at(trace: Trace, at: Position) -> Prompt:
    """Return the whole prompt of the model request at `at`.

    Raises:
        TraceError: there is no model request at `at`.
    """
    for prompt in prompts(trace.events):
        if prompt.request.at == at:
            return prompt
    raise TraceError(f"no model request at {at} in {trace.path}")
