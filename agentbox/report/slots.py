"""The slot table: what a prompt was assembled from, and what nobody filled."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.messages import Json
from agentbox.report.story import StepStory, map_of, maps_of, text_of
from agentbox.report.text import Line, Span, Style, cells, cut, one_line, pad, safe, styled

_STYLES: dict[str, Style] = {"filled": "plain", "stale": "warn", "truncated": "warn"}
_NO_DATE = "no date block stands in this prompt"
_HEAD_MOST = 32
_ORIGIN_MOST = 40


def slots_of(step: StepStory | None) -> list[dict[str, Json]]:
    """Return the slot table of a step's model request."""
    return maps_of(map_of(step.request if step else None).get("slots"))


def slot_lines(slots: Sequence[dict[str, Json]], *, width: int = 100) -> list[Line]:
    """Return a slot table: `now` first where it is missing, then what is there, then the rest."""
    missing = [slot for slot in slots if _is_missing_date(slot)]
    absent = [slot for slot in slots if _state(slot) == "absent" and slot not in missing]
    present = [slot for slot in slots if slot not in missing and slot not in absent]
    lines = _table([*missing, *present], width)
    if absent:
        names = ", ".join(safe(text_of(slot.get("slot"))) for slot in absent)
        lines.append(styled(f"    {names}: absent", "dim"))
    return lines


def changed(slots: Sequence[dict[str, Json]], before: Sequence[dict[str, Json]]) -> list[Json]:
    """Return the rows of a slot table that differ from the table before it."""
    return [slot for slot in slots if slot not in before]


def _state(slot: dict[str, Json]) -> str:
    return text_of(slot.get("state"))


def _is_missing_date(slot: dict[str, Json]) -> bool:
    return slot.get("slot") == "now" and _state(slot) in ("absent", "empty")


def _table(slots: Sequence[dict[str, Json]], width: int) -> list[Line]:
    heads = [cut(safe(f"{text_of(s.get('slot'))}: {_state(s)}"), _HEAD_MOST) for s in slots]
    origins = [one_line(text_of(s.get("origin")), _ORIGIN_MOST) for s in slots]
    head = max(map(cells, heads), default=0) + 3
    room = max(width - 4 - head - max(map(cells, origins), default=0) - 3, 16)
    texts = [one_line(text_of(slot.get("text")), room) for slot in slots]
    column = max(map(cells, texts), default=0) + 3
    return [
        _row(slot, pad(name, head), (pad(text, column), origin))
        for slot, name, text, origin in zip(slots, heads, texts, origins, strict=True)
    ]


def _row(slot: dict[str, Json], head: str, rest: tuple[str, str]) -> Line:
    text, origin = rest
    if _is_missing_date(slot):
        name = head.rstrip()
        return ((f"    {name}", "bad"), (head[len(name) :] + _NO_DATE, "warn"))
    spans: list[Span] = [
        (f"    {head}", _STYLES.get(_state(slot), "dim")),
        (text, "plain"),
        (origin, "dim"),
    ]
    return tuple(spans)
