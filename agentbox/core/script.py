"""A scripted model's replies, as a scenario file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from agentbox.core.annotations import AtLeast, Short
from agentbox.core.messages import Json


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A tool call of a scripted reply."""

    tool: Annotated[str, "The tool's full name: `accounts.get_account`.", Short(), AtLeast(1)]
    args: Annotated[
        Mapping[str, Json],
        "Its arguments. In a text, `$call3.id` is the value at `id` in the result of the turn's "
        'third call, `$last` the last result, `["a-b"]` a key that is no word, `$$` a dollar sign.',
    ] = field(default_factory=dict[str, Json])
    malformed: Annotated[str, "The arguments as text that is no JSON object, for `args`."] = ""


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One reply of a scripted model: words, calls, or both in one message."""

    say: Annotated[str, "Words.", AtLeast(1)] = ""
    call: Annotated[str, "One call: the tool's full name; more in `calls`.", AtLeast(1)] = ""
    args: Annotated[Mapping[str, Json], "The arguments of `call`."] = field(
        default_factory=dict[str, Json]
    )
    calls: Annotated[tuple[ScriptCall, ...], "Several calls in one message.", AtLeast(1)] = ()
    when: Annotated[
        str,
        "Taken only if this regular expression is found in the last result, or in the user's words "
        "after it; else passed over for good.",
    ] = ""
    shown: Annotated[
        tuple[str, ...], "Texts that the prompt must hold here; one missing is an error."
    ] = ()
    refuse: Annotated[bool, "The words are a refusal."] = False
    tokens: Annotated[tuple[int, ...], "Tokens in and out, to be counted.", AtLeast(1)] = ()
    cost_usd: Annotated[float | None, "Money, to be counted.", AtLeast(0)] = None
