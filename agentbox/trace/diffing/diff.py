"""Two traces side by side: what differs first, and what follows from it.

Operations are aligned scope by scope, by what they are and not by where: a step more in one of the
two does not make the rest differ. Compared is canonical content, and positions are no content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import Difference, DifferenceKind
from agentbox.core.messages import Json, is_list, is_object
from agentbox.trace.diffing.asked import Asked, Partners, asked, brought_to, log_of
from agentbox.trace.diffing.causes import Causes, least
from agentbox.trace.diffing.operations import Operation, is_loose, operations, text_in
from agentbox.trace.diffing.sides import (
    Half,
    Pair,
    changes_of,
    difference,
    either,
    inside,
    still_to_come,
    turn_name,
    whole,
    without_twins,
)
from agentbox.trace.reader import Trace

_WAITING = {"clock.read": ("slot", "now"), "run.ready": ("table", "tools")}
"""Events that say what a prompt will show: they follow from the difference it makes there."""
_AFTER_ANY = frozenset({"budget.refused", "finding", "mcp.frame", "context.full"})
"""Events that depend on all that was done before."""
_KINDS: Mapping[str, DifferenceKind] = {"server": "server", "asked": "server", "look": "look"}


def differences(one: Trace, other: Trace, moved: Sequence[Change] = ()) -> tuple[Difference, ...]:
    """Return what differs between two traces, in the order it happened; see `Difference`.

    `moved` are what differs of the pinned time and the seed: all the rest may follow from that.
    What a trace that was cut short did not reach is no difference.
    """
    before, after = operations(one.events), operations(other.events)
    turns = _script(one) == _script(other)
    cut = (_spine(before, one), _spine(after, other))
    walk = _Walk(Causes(), cut, same_script=turns)
    if moved:
        walk.start(before, after, moved)
    walk.pair(before, after, None)
    walk.settle(before, after)
    return walk.causes.roots()


def _script(trace: Trace) -> Json:
    """Return what the users of a trace's scenario are to say."""
    header = trace.header
    scenario = header.data.get("scenario") if header else None
    cases = scenario.get("cases") if is_object(scenario) else None
    told = [case for case in cases if is_object(case)] if is_list(cases) else []
    turns = [case.get("turns") for case in told]
    return [
        [turn.get(key) for key in ("user", "replies", "calls")]
        for each in turns
        if is_list(each)
        for turn in each
        if is_object(turn)
    ]


def _spine(root: Operation, trace: Trace) -> frozenset[int]:
    """Return the operations that a trace was in when it was cut short; none where it was not."""
    spine: set[int] = set()
    node: Operation | None = None if trace.complete else root
    while node:
        spine.add(id(node))
        node = next((each for each in reversed(node.inside) if not is_loose(each)), None)
    return frozenset(spine)


@dataclass(slots=True)
class _Walk:
    causes: Causes
    cut: tuple[frozenset[int], frozenset[int]]
    """Where each of the two was cut short."""
    same_script: bool
    """The users are to say the same: what they say otherwise follows from what they heard."""
    waiting: list[Difference] = field(default_factory=list[Difference])
    """What a prompt that is still to come will show."""
    partners: Partners = field(default_factory=Partners)
    shift: float = 0.0
    """Virtual seconds that the second is ahead of the first."""
    told: int = 0
    """Differences so far: each may take time."""

    # -- telling

    def tell(
        self,
        kind: DifferenceKind,
        half: Half,
        changes: Sequence[Change],
        cause: int | None,
        why: str = "",
    ) -> int:
        self.told += 1
        return self.causes.tell(difference(kind, half, changes, why), cause)

    def start(self, one: Operation, other: Operation, moved: Sequence[Change]) -> None:
        """Tell that the time or the seed is another: it stands before all."""
        root = self.tell("now", (one, other), moved, None)
        for what in (("slot", "now"), "clock"):
            self.causes.reach(what, root)

    def settle(self, one: Operation, other: Operation) -> None:
        """Tell what waited for a prompt that never showed it, and that something else differs."""
        for late in self.waiting:
            self.causes.tell(late, None)
        if one.keys[0] != other.keys[0] and self.causes.any is None and not any(self.cut):
            hashes = [f"{each.keys[0]:016x}" for each in (one, other)]
            self.tell("event", (one, other), [Change("h", hashes[0], hashes[1])], None)

    # -- pairs

    def pair(self, one: Operation, other: Operation, cause: int | None) -> None:
        """Compare two operations that stand for each other, and all that is in them."""
        self._clock(one, other)
        self.partners.add(one.at, other.at)
        if is_loose(one):
            same = one.keys[0] == other.keys[0]
            self._loose((one, other), [] if same else changes_of(one, other, ""), cause)
        else:
            _PAIRS.get(one.kind, _Walk.scope)(self, one, other, cause)

    def _inside(self, one: Operation, other: Operation, cause: int | None) -> None:
        torn = id(one) in self.cut[0] or id(other) in self.cut[1]
        halves = inside(one, other, torn=torn)
        coming: list[list[tuple[bool, Operation | None]]] = []
        for number, (a, b) in enumerate(halves):
            if a is not None and b is not None:
                self.pair(a, b, cause)
                continue
            coming = coming or [still_to_come(halves, side) for side in (0, 1)]
            side = 0 if a is None else 1  # which does not have it
            more, there = coming[side][number]
            op = either((a, b))
            cut = id((one, other)[side]) in self.cut[side]
            if not (cut and (is_loose(op) or not more)):
                self._half((a, b), there, cause)

    def _unreached(self, one: Operation, other: Operation, kind: str) -> bool:
        """Whether one of two operations was in flight when its trace was cut short."""
        sides = zip((one, other), (other, one), self.cut, strict=True)
        return any(
            cut and not side.first(kind) and bool(partner.first(kind))
            for side, partner, cut in sides
        )

    def _part(self, one: Operation, other: Operation, kind: str) -> list[Change]:
        """Return where the events of a kind differ, of two operations that both reached it."""
        if one.keys[0] == other.keys[0] or self._unreached(one, other, kind):
            return []
        return changes_of(one, other, kind)

    def scope(self, one: Operation, other: Operation, cause: int | None) -> None:
        entered = self._part(one, other, "scope.enter")
        if entered:
            self.causes.reach("limit", self.tell("scope", (one, other), entered, cause, _BEFORE))
        self._inside(one, other, cause)
        left = self._part(one, other, "scope.leave")
        root = least(cause, self.causes.spoken, self.causes.seen.get("limit"))
        if not all(root is not None and change.path.endswith("end.answer") for change in left):
            self.tell("end", (one, other), left, root, _BEFORE)

    def model(self, one: Operation, other: Operation, cause: int | None) -> None:
        found = asked(one, other, self.causes, self.partners)
        root = self._prompt(one, other, found, cause)
        reply = self._part(one, other, "model.result")
        told = [each for each in reply if each.path.partition(".")[0] not in ("usage", "model")]
        said = None
        root = least(root, self._other_model((one, other), reply))
        if told:
            said = self.tell("reply", (one, other), told, least(root, cause), "of its prompt")
            self.causes.replied(said)
            texts = [text_in(each.first("model.result"), "text") for each in (one, other)]
            self.causes.carried((one.at, other.at), said, texts)
        elif reply and root is None:
            self.tell("usage", (one, other), reply, cause, "of its call")
        self._inside(one, other, said)

    def _other_model(self, pair: Pair, reply: Sequence[Change]) -> int | None:
        """Tell, once, that another model is asked; return the root of it."""
        named = [change for change in reply if change.path == "model"]
        if named and "model" not in self.causes.seen:
            self.causes.reach("model", self.tell("model", pair, named, None))
        return self.causes.seen.get("model") if named else None

    def _prompt(
        self, one: Operation, other: Operation, found: Asked, cause: int | None
    ) -> int | None:
        """Tell what the model was shown otherwise; return the root of it."""
        root = least(found.cause, cause)
        if found.own:
            root = self.tell(
                found.kind, (one, other), found.own, cause, "of the call it is asked in"
            )
        elif found.differs or found.explained:
            changes = _shown_otherwise(one, other, found)
            root = self.tell("prompt", (one, other), changes, root, _BEFORE)
        if root is None:
            return None
        for what in found.reached:
            self.causes.reach(what, root)
        for before, after in found.texts:
            self.causes.wrote(before, after, root)
        self._claim(found, root)
        return least(root, found.cause)

    def _claim(self, found: Asked, root: int) -> None:
        """Put what waited for this prompt to show it under the difference that it made."""
        kept: list[Difference] = []
        for late in self.waiting:
            if _WAITING[late.what] in found.reached:
                self.causes.tell(late, root)
            else:
                kept.append(late)
        self.waiting = kept

    def tool(self, one: Operation, other: Operation, cause: int | None) -> None:
        world = ("world", _server(one))
        args = self._part(one, other, "tool.request")
        root = None
        if args:
            root = self.tell("args", (one, other), args, cause, "of the reply that makes it")
            self.causes.reach(world, root)
        self._inside(one, other, root)
        result = without_twins(self._part(one, other, "tool.result"), one, other)
        if result:
            before = least(self.causes.seen.get(world), self.causes.seen.get("clock"))
            why = "of its arguments" if args else _BEFORE
            root = before if root is None else root
            root = self.tell("result", (one, other), result, root, why)
            texts = [text_in(each.first("tool.result"), "text") for each in (one, other)]
            self.causes.carried((one.at, other.at), root, texts)

    def user(self, one: Operation, other: Operation, cause: int | None) -> None:
        self._inside(one, other, cause)
        words = self._part(one, other, "user.result")
        if words:
            simulated = any(each.kind == "model" for each in one.inside)
            heard = self.causes.spoken if self.same_script or simulated else None
            root = self.tell("user", (one, other), words, heard, "of what the user heard")
            texts = [text_in(each.first("user.result"), "text") for each in (one, other)]
            self.causes.wrote(texts[0], texts[1], root)

    def other(self, one: Operation, other: Operation, cause: int | None) -> None:
        """Compare a server's life, its questions, a look at the world: request, then result."""
        kinds = dict.fromkeys(event.kind for each in (one, other) for event in each.events)
        for kind in kinds:
            seen = kind == "observe.result"
            changes = [
                each
                for each in self._part(one, other, kind)
                if not (seen and each.path.startswith("look"))
            ]
            if changes:
                root = self._worlds() if seen and cause is None else cause
                cause = self.tell(_KINDS[one.kind], (one, other), changes, root, _BEFORE)
        self._inside(one, other, cause)

    def _worlds(self) -> int | None:
        """Return the first root that may have changed what there is to see."""
        worlds = [root for what, root in self.causes.seen.items() if _is_world(what)]
        return least(self.causes.seen.get("clock"), *worlds)

    def _loose(self, half: Half, changes: Sequence[Change], cause: int | None) -> None:
        kind = either(half).kind
        if not changes:
            return
        if kind in _WAITING and _WAITING[kind] not in self.causes.seen:
            self.told += 1
            self.waiting.append(difference("event", half, changes, "of the prompt"))
            return
        root = least(cause, self.causes.spoken, self.causes.seen.get(_WAITING.get(kind, ())))
        if kind in _AFTER_ANY:
            root = self.causes.any
        root = self.tell("event", half, changes, root, _BEFORE)
        if kind == "budget.refused":
            self.causes.reach("limit", root)

    def _clock(self, one: Operation, other: Operation) -> None:
        """Tell that time passed otherwise, where nothing else that differs could have taken it."""
        if not (one.events and other.events):
            return
        before, after = one.events[0].clock, other.events[0].clock
        shift = round(after - before, 6)
        if shift != self.shift and not self.told:
            self.tell("clock", (one, other), [Change("clock", before, after)], None)
        self.shift, self.told = shift, 0

    # -- what only one of the two has

    def _half(self, half: Half, there: Operation | None, cause: int | None) -> None:
        """Tell of an operation that only one has; `there` is what the other's model did then."""
        op = either(half)
        side = 0 if half[1] is None else 1
        if is_loose(op):
            self._loose(half, [whole(op, side)], cause)
            return
        root = self._shown(op, side, there) if op.kind == "model" else self._heard(op)
        kind: DifferenceKind = "extra" if side else "missing"
        root = self.tell(kind, half, [whole(op, side)], least(cause, root), _BEFORE)
        self._mark(op, side, root)

    def _heard(self, op: Operation) -> int | None:
        """Return the first root of what the user heard, or of the plan that has a step more."""
        if _is_refused(op):
            return self.causes.any
        user = op.kind == "user" or (op.kind == "turn" and turn_name(op) == "turn")
        follows = self.same_script if user else op.kind == "scope"
        return self.causes.spoken if follows else None

    def _shown(self, op: Operation, side: int, there: Operation | None) -> int | None:
        """Return the first root of what the model of a step that only one has was shown.

        The other was asked something at this point, too: its slots and tools are held against it.
        """
        causes = self.causes
        carried = [causes.messages[side].get(at) for at in brought_to(op)]
        known = (causes.seen.get(what) for what in (log_of(op), "model", "refused"))
        root = least(*known, *carried)
        if there is None:
            return root
        pair = (there, op) if side else (op, there)
        found = asked(*pair, causes, self.partners)
        found.own = [each for each in found.own if each.path.startswith(("slots.", "tools."))]
        if found.own:
            return least(root, self._prompt(*pair, found, None))
        return least(root, found.cause)

    def _mark(self, op: Operation, side: int, root: int) -> None:
        """Remember all that an operation which only one has may have brought about."""
        if op.kind == "model":
            self.causes.reach(log_of(op), root)
            self.causes.replied(root)
        if op.kind == "tool":
            self.causes.reach(("world", _server(op)), root)
        if _is_refused(op):
            self.causes.reach("refused", root)
        self.causes.messages[side][op.at] = root
        for each in op.inside:
            self._mark(each, side, root)


_BEFORE = "of what came before"
_PAIRS: Mapping[str, Callable[[_Walk, Operation, Operation, int | None], None]] = {
    "model": _Walk.model,
    "tool": _Walk.tool,
    "user": _Walk.user,
    "look": _Walk.other,
    "asked": _Walk.other,
    "server": _Walk.other,
}


def _shown_otherwise(one: Operation, other: Operation, found: Asked) -> Sequence[Change]:
    """Return where a prompt differs that follows; its hash, where only what it refers to does."""
    hashes = [each.first("model.request").get("prompt", GONE) for each in (one, other)]
    return found.explained or [Change("prompt", hashes[0], hashes[1])]


def _is_refused(op: Operation) -> bool:
    """Whether an operation was not done, because a limit was reached."""
    return any(each.kind == "budget.refused" for each in op.inside)


def _server(op: Operation) -> str:
    """Return the server of a tool; a tool of no server is a world of its own."""
    return op.name.partition(".")[0]


def _is_world(what: object) -> bool:
    return isinstance(what, tuple) and what[:1] == ("world",)
