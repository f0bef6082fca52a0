"""Checks on what the model was shown: slots, values in the prompt, what takes up its room."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from agentbox.core.messages import Json, SlotState
from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence, ModelCall
from agentbox.judge.failure import Failure, Unjudgeable
from agentbox.judge.wording import quoted

Calls: TypeAlias = Literal["any", "every"]

_COUNTED = ("tools", "history")
"""Slots whose row of the table counts things in place of holding their text."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The parameters of `slot`."""

    name: Annotated[str, "The slot: `now`, `system`, or a context key.", AtLeast(1)]
    state: Annotated[SlotState, "The state it must be in."] = "filled"
    model_calls: Annotated[Calls, "In `any` or in `every` model call."] = "every"


@dataclass(frozen=True, slots=True)
class Shown:
    """The parameters of `shown`."""

    text: Annotated[
        str,
        "What the model must have been shown, by anyone but itself: its own words do not count.",
        Short(),
        AtLeast(1),
    ]
    model_calls: Annotated[Calls, "In the prompt of `any` or of `every` model call."] = "any"
    ignore_case: Annotated[bool, "Capital and small letters are the same."] = False


@dataclass(frozen=True, slots=True)
class TokenShare:
    """The parameters of `token_share`, which is estimated from characters."""

    slot: Annotated[str, "The slot: `docs`, `system`, or a context key.", AtLeast(1)]
    most: Annotated[float, "The part of the first prompt that it may take: 0.5.", AtLeast(0)]

    def __post_init__(self) -> None:
        """Refuse more than all of it, and a slot whose text the slot table does not hold."""
        if self.most > 1:
            raise ValueError(f"`most: {self.most:g}` is more than the whole prompt, which is 1")
        if self.slot in _COUNTED:
            raise ValueError(f"the slot table holds no text of `{self.slot}` to measure")


def slot(params: Slot, seen: Evidence) -> Failure | None:
    """Hold if the slot is in this state, in any model call or in every one."""
    calls = _model_calls(seen)
    wrong = [call for call in calls if _state(params.name, call) != params.state]
    if _enough(params.model_calls, calls, wrong):
        return None
    first = wrong[0]
    states = f"`{params.name}: {_state(params.name, first)}`, not `{params.state}`"
    return Failure(f"{_where(params.model_calls, calls, wrong)}: {states}", first.at)


def shown(params: Shown, seen: Evidence) -> Failure | None:
    """Hold if the text stood in the prompt of any model call, or of every one."""
    calls = _model_calls(seen)
    logs = {id(call.prompt.log): call.prompt.log for call in calls}
    first = {key: _first(params, log) for key, log in logs.items()}
    wrong = [call for call in calls if first[id(call.prompt.log)] >= call.prompt.size]
    if _enough(params.model_calls, calls, wrong):
        return None
    mode = "case ignored" if params.ignore_case else "case counts"
    what = f"{quoted(params.text)} was not shown ({mode})"
    return Failure(f"{_where(params.model_calls, calls, wrong)}: {what}", wrong[0].at)


def token_share(params: TokenShare, seen: Evidence) -> Failure | None:
    """Hold if the slot's text is no more than this part of the first prompt, by characters."""
    call = _model_calls(seen)[0]
    row = call.slot(params.slot)
    if row is None:
        known = ", ".join(str(row["slot"]) for row in call.slots) or "none"
        raise Unjudgeable(f"there is no slot `{params.slot}`; there are: {known}", call.at)
    whole = sum(len(_text(message)) for message in call.messages)
    part = len(row["text"])
    if part <= params.most * whole:
        return None
    takes = f"`{params.slot}` takes {part / max(whole, 1):.0%} of the first prompt"
    return Failure(
        f"{takes}, more than {params.most:.0%} "
        f"({part} of {whole} characters: an estimate of tokens)",
        call.at,
    )


def _model_calls(seen: Evidence) -> Sequence[ModelCall]:
    """Return the model calls of the conversation: a summary is written from a prompt of its own."""
    calls = [call for call in seen.model_calls if not call.aside]
    if not calls:
        raise Unjudgeable(f"there was no model call in {seen.scope}", seen.at)
    return calls


def _enough(mode: Calls, calls: Sequence[ModelCall], wrong: Sequence[ModelCall]) -> bool:
    return len(wrong) < len(calls) if mode == "any" else not wrong


def _where(mode: Calls, calls: Sequence[ModelCall], wrong: Sequence[ModelCall]) -> str:
    number = "the one" if len(calls) == 1 else f"{len(wrong)} of {len(calls)}"
    plural = "" if len(calls) == 1 else "s"
    return f"in {number} model call{plural} (model_calls: {mode})"


def _state(name: str, call: ModelCall) -> str:
    """Return a slot's state; one that the table does not name is absent."""
    return str((call.slot(name) or {"state": "absent"})["state"])


def _first(params: Shown, log: Sequence[Json]) -> int:
    """Return the first message of a log that shows the text; past its end if none does."""
    wanted = params.text.lower() if params.ignore_case else params.text
    for number, message in enumerate(log):
        text = _text(message).lower() if params.ignore_case else _text(message)
        if message.get("role") != "assistant" and wanted in text:
            return number
    return len(log)


def _text(message: Mapping[str, Json]) -> str:
    """Return what a message shows: its text, and content beside it as JSON."""
    parts = message.get("parts")
    beside = json.dumps(parts, ensure_ascii=False, default=str) if parts else ""
    return str(message.get("text", "")) + beside


CHECKS: Mapping[str, Check] = {
    "slot": Check(Slot, "A slot of the prompt is in this state.", slot),
    "shown": Check(Shown, "The model was shown this, by anyone but itself.", shown),
    "token_share": Check(
        TokenShare, "A slot takes no more than this part of the first prompt.", token_share
    ),
}
