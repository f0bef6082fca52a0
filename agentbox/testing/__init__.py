"""For your own tests: play a loop against a list of replies, without a runtime.

played = play(react(Task(Transcript())), [Said(say("Hello"))])
assert played.end == End("answered", "Hello")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from agentbox.core.requests import End, Loop, Reply, Request

Answering: TypeAlias = Reply | Callable[[Request], Reply]
"""A reply, or a function that makes one of the request."""

__all__ = ["Answering", "Played", "UnplayedReplies", "WantedReply", "play"]


class WantedReply(AssertionError):
    """The loop asked once more than there were replies."""


class UnplayedReplies(AssertionError):
    """The loop ended before it had asked for every reply."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a loop asked, and how it ended."""

    end: End
    requests: tuple[Request, ...]


def play(loop: Loop, replies: Iterable[Answering]) -> Played:
    """Answer a loop's requests from `replies`, in order.

    Raises:
        WantedReply: there are too few.
        UnplayedReplies: there are too many.
    """
    waiting = iter(replies)
    requests: list[Request] = []
    try:
        request = next(loop)
        while True:
            requests.append(request)
            request = loop.send(_reply(waiting, requests))
    except StopIteration as stop:
        left = list(waiting)
        if left:
            said = f"the loop ended with {len(left)} replies unplayed, the next: {left[0]!r}"
            raise UnplayedReplies(said) from None
        return Played(stop.value, tuple(requests))
    finally:
        loop.close()


def _reply(waiting: Iterable[Answering], requests: list[Request]) -> Reply:
    for reply in waiting:
        return reply(requests[-1]) if callable(reply) else reply
    asked = requests[-1]
    raise WantedReply(f"no reply is left for request {len(requests)}: {asked!r}")
