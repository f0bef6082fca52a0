"""Any server that speaks OpenAI's wire: `model` asks, `chat` and `responses` are its interfaces.

The one door to the `openai` SDK and to `genai-prices`; both are imported with the first reply.
"""

from __future__ import annotations

from agentbox.models.openai.model import OpenAIModel, is_loopback

__all__ = ["OpenAIModel", "is_loopback"]
