"""How much a model can be shown: a window of tokens, estimated by a plain rule.

A token is taken to be 4 bytes of UTF-8, whatever the model: no tokenizer is asked, so that a cut
falls at the same place on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from agentbox.core.annotations import AtLeast, Short

BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """How much of a conversation a model is shown: a token is taken to be 4 bytes."""

    tokens: Annotated[int, "Tokens that a prompt may have, tools included.", Short(), AtLeast(1)]
    keep: Annotated[int, "The newest messages, which always stay.", AtLeast(1)] = 4
    on_full: Annotated[
        Literal["drop_oldest", "summarise", "fail"],
        "What happens to the oldest messages: dropped until half of the window is free; summed up "
        "by the model; or the run ends by the limit `context_window`.",
    ] = "drop_oldest"


def tokens_in(text: str) -> int:
    """Return the estimated tokens of a text, rounded up."""
    return -(-len(text.encode(errors="surrogatepass")) // BYTES_PER_TOKEN)
