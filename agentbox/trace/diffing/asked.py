"""What two models were asked: slots, tools, messages; what differs by itself, and what follows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from agentbox.core.comparing import GONE, Change, same
from agentbox.core.differing import DifferenceKind, changed
from agentbox.core.messages import Json, is_list
from agentbox.core.trace import Position
from agentbox.trace.diffing.causes import Causes, least
from agentbox.trace.diffing.operations import Operation, inline, maps_in, message_content, text_in

_SLOT, _TABLE = "slot", "table"


@dataclass(slots=True)
class Asked:
    """Where two model requests differ."""

    own: list[Change] = field(default_factory=list[Change])
    """What nothing before explains."""
    explained: list[Change] = field(default_factory=list[Change])
    cause: int | None = None
    """The first root of what is explained, and of the messages brought by other events."""
    differs: bool = False
    """Whether the prompts as a whole differ."""
    reached: list[Hashable] = field(default_factory=list[Hashable])
    """What is not the same from here on: the log, slots, the tools."""
    texts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Texts of slots that stand for each other."""

    @property
    def kind(self) -> DifferenceKind:
        """What differs by itself first: a slot, the tools, else the messages."""
        heads = {change.path.partition(".")[0] for change in self.own}
        return "slot" if "slots" in heads else "tools" if "tools" in heads else "prompt"

    def add(self, change: Change, cause: int | None, *, known: bool) -> None:
        """Add a change: explained where what it comes of is known."""
        (self.explained if known else self.own).append(change)
        self.cause = least(self.cause, cause)


@dataclass(slots=True)
class Partners:
    """Which events of the first trace stand for which of the second, as far as is known."""

    _there: dict[Position, Position] = field(default_factory=dict[Position, Position])
    _known: set[Position] = field(default_factory=set[Position])

    def add(self, one: Position, other: Position) -> None:
        """Remember that two positions stand for each other."""
        self._there[one] = other
        self._known.add(other)

    def of_both(
        self, one: Sequence[Position], other: Sequence[Position]
    ) -> tuple[list[Position], list[Position]]:
        """Return those that have a partner, all as the second trace calls them."""
        there = [self._there[at] for at in one if at in self._there]
        return there, [at for at in other if at in self._known]


def asked(one: Operation, other: Operation, causes: Causes, partners: Partners) -> Asked:
    """Return where the requests of two model calls differ; `partners` are the pairs so far."""
    found = Asked()
    before, after = one.first("model.request"), other.first("model.request")
    log = log_of(one)
    brought = (brought_to(one), brought_to(other))
    carried = [causes.messages[side].get(at) for side in (0, 1) for at in brought[side]]
    found.differs = before.get("prompt") != after.get("prompt")
    if found.differs:
        found.cause = least(causes.seen.get(log), *carried)
        found.reached.append(log)
    if one.keys[0] != other.keys[0]:
        _slots(before, after, causes, found)
        _tools(before, after, causes, found)
        _rest(before, after, causes, found)
        _messages((_inline(one), _inline(other)), causes, found)
    _left_out(brought, partners, found)
    return found


def _rest(
    before: Mapping[str, Json], after: Mapping[str, Json], causes: Causes, found: Asked
) -> None:
    for name in ("output", "aside", "log"):
        if name in before or name in after:
            for change in changed(before.get(name, GONE), after.get(name, GONE), name):
                found.add(change, causes.spoken, known=causes.spoken is not None)


def log_of(op: Operation) -> tuple[str, str]:
    """Return the name of the log that a model was shown, as a thing that may differ."""
    return ("log", f"{op.lane} {text_in(op.first('model.request'), 'log')}")


def brought_to(op: Operation) -> list[Position]:
    """Return the events that brought the new messages of a request."""
    new = op.first("model.request").get("new")
    names = [item for item in new if isinstance(item, str)] if is_list(new) else []
    return [name if ":" in name.partition("/")[0] else op.run() + name for name in names]


def _slots(
    before: Mapping[str, Json], after: Mapping[str, Json], causes: Causes, found: Asked
) -> None:
    there, here = _rows(before.get("slots"), "slot"), _rows(after.get("slots"), "slot")
    for name in {**there, **here}:
        row, new = there.get(name, _NOTHING), here.get(name, _NOTHING)
        if same(row, new):
            continue
        change = Change(f"slots.{name}", row or GONE, new or GONE)
        texts = (text_in(row, "text"), text_in(new, "text"))
        held, cause = causes.behind(*texts)
        cause = cause if held else _slot_cause(name, causes, found)
        counted = name == "tools"  # the table beside it tells which
        found.add(change, cause, known=held or counted or cause is not None)
        found.texts.append(texts)
        found.reached.append((_SLOT, name))


def _slot_cause(name: str, causes: Causes, found: Asked) -> int | None:
    """Return why a slot differs: it did before, or it counts messages that do."""
    before = causes.seen.get((_SLOT, name))
    return found.cause if before is None and name == "history" else before


def _tools(
    before: Mapping[str, Json], after: Mapping[str, Json], causes: Causes, found: Asked
) -> None:
    one, other = before.get("tools"), after.get("tools")
    cause = causes.seen.get((_TABLE, "tools"))
    changes = causes.once(one, other, _tool_changes)
    for change in changes:
        found.add(change, cause, known=cause is not None)
    if changes:
        found.reached.append((_TABLE, "tools"))


def _tool_changes(one: Json, other: Json) -> list[Change]:
    there, here = _rows(one, "name"), _rows(other, "name")
    found = [
        change
        for name in {**there, **here}
        for change in changed(there.get(name, GONE), here.get(name, GONE), f"tools.{name}")
    ]
    reordered = not found and [*there] != [*here]
    return [Change("tools", [*there], [*here])] if reordered else found


def _rows(table: Json, key: str) -> dict[str, dict[str, Json]]:
    return {text_in(row, key): row for row in maps_in(table)}


def _messages(
    sides: tuple[Sequence[dict[str, Json]], Sequence[dict[str, Json]]],
    causes: Causes,
    found: Asked,
) -> None:
    for number, (one, other) in enumerate(zip_longest(*map(_contents, sides))):
        changes = changed(GONE if one is None else one, GONE if other is None else other)
        for change in changes:
            texts = [
                each if isinstance(each, str) else "" for each in (change.before, change.after)
            ]
            held, cause = causes.behind(*texts, more=found.texts)
            known = held and change.path == "text"
            cause = cause if known else causes.spoken
            path = f"messages[{number}].{change.path}".removesuffix(".")
            told = Change(path, change.before, change.after)
            found.add(told, cause, known=known or cause is not None)


def _inline(op: Operation) -> list[dict[str, Json]]:
    return [item for event in op.events for item in inline(event)]


def _contents(messages: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
    return [message_content(message) for message in messages]


def _left_out(
    brought: tuple[list[Position], list[Position]], partners: Partners, found: Asked
) -> None:
    """Tell of messages that both runs have, and only one of the two prompts holds."""
    one, other = partners.of_both(*brought)
    if one != other:
        change = Change("messages", brought[0], brought[1])
        found.add(change, None, known=found.cause is not None)


_NOTHING: Mapping[str, Json] = {}
