"""What a difference between two traces follows from, by what stood before it.

A prompt follows from the messages it holds, a reply from its prompt, a call from the reply that
made it, a result from its arguments or from other calls made to the same server before. A root is a
number: of several, the first one is the cause.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agentbox.core.comparing import Change
from agentbox.core.differing import Difference
from agentbox.core.messages import Json
from agentbox.core.trace import Position

_REMEMBERED = 64
"""Changed texts that a later message is searched for: the last ones."""


@dataclass(slots=True)
class Causes:
    """The roots so far, and what each of them has reached."""

    found: list[tuple[Difference, list[Difference]]] = field(
        default_factory=list[tuple[Difference, list[Difference]]]
    )
    messages: tuple[dict[Position, int], dict[Position, int]] = field(
        default_factory=lambda: ({}, {})
    )
    """Events whose message is not the same, by position: of the first trace, of the second."""
    seen: dict[Hashable, int] = field(default_factory=dict[Hashable, int])
    """What else is not the same: a log, a slot, a tool table, the world behind a server."""
    spoken: int | None = None
    """The first root that reached a reply: from then on, whoever listens may do otherwise."""
    _tables: dict[tuple[int, int], list[Change]] = field(
        default_factory=dict[tuple[int, int], list[Change]]
    )
    _texts: deque[tuple[str, str, int]] = field(
        default_factory=lambda: deque[tuple[str, str, int]](maxlen=_REMEMBERED)
    )

    def tell(self, difference: Difference, cause: int | None) -> int:
        """Keep a difference: under its cause, or without one as a root. Return the root."""
        if cause is None:
            self.found.append((replace(difference, why=""), []))
            return len(self.found) - 1
        self.found[cause][1].append(difference)
        return cause

    def roots(self) -> tuple[Difference, ...]:
        """Return the roots, each with what follows from it."""
        return tuple(replace(root, follows=tuple(after)) for root, after in self.found)

    @property
    def any(self) -> int | None:
        """The first root of all."""
        return 0 if self.found else None

    def once(
        self, one: Json, other: Json, compare: Callable[[Json, Json], list[Change]]
    ) -> list[Change]:
        """Return where two tables differ; the requests of a log share one, so it is asked once."""
        key = (id(one), id(other))
        if key not in self._tables:
            self._tables[key] = compare(one, other)
        return self._tables[key]

    def reach(self, what: Hashable, root: int | None) -> None:
        """Remember that something is not the same any more, because of a root."""
        if root is not None:
            self.seen[what] = min(root, self.seen.get(what, root))

    def carried(self, places: tuple[Position, Position], root: int, texts: Sequence[str]) -> None:
        """Remember that the messages at these places, where there are any, are not the same."""
        for side, at in enumerate(places):
            if at:
                self.messages[side][at] = root
        self.wrote(texts[0], texts[1], root)

    def replied(self, root: int) -> None:
        """Remember that a reply is not the same."""
        self.spoken = least(self.spoken, root)

    def wrote(self, before: str, after: str, root: int) -> None:
        """Remember two texts that stand for each other."""
        if before != after:
            self._texts.append((before, after, root))

    def behind(
        self, before: str, after: str, more: Iterable[tuple[str, str]] = ()
    ) -> tuple[bool, int | None]:
        """Return whether two texts differ only by texts known to, and the first root of those.

        `more` are texts of the operation itself, which has no root yet.
        """
        held = [(one, other, None) for one, other in more]
        held += [each for each in self._texts if _holds(before, each[0]) or _holds(after, each[1])]
        one = _without(before, [each[0] for each in held])
        other = _without(after, [each[1] for each in held])
        return one == other, least(*(root for _, _, root in held))


def least(*roots: int | None) -> int | None:
    """Return the first root of several; None where there is none."""
    return min((root for root in roots if root is not None), default=None)


def _holds(text: str, part: str) -> bool:
    return bool(part) and part in text


def _without(text: str, parts: Iterable[str]) -> str:
    for part in sorted(filter(None, parts), key=len, reverse=True):
        text = text.replace(part, "")
    return " ".join(text.split())
