"""A model that says what was recorded: position by position, whatever it is shown."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.errors import Problem
from agentbox.core.requests import Ask, Said
from agentbox.core.tape import Tape
from agentbox.core.trace import Position


class TapeModel:
    """Plays one trace."""

    def __init__(self, tape: Tape, *, elsewhere: bool = False) -> None:
        """Play `tape`; `elsewhere`: in a case of another name, whose places are else the same."""
        self._tape = tape
        self._elsewhere = elsewhere
        self.name = "tape"
        """As the trace calls the model that answered last."""

    async def reply(self, ask: Ask, at: Position) -> Said:  # noqa: ARG002 - it is not compared here
        """Return what was said at this position.

        Raises:
            ModelFailed: as it did when it was recorded.
            WorldError: it could not be asked when it was recorded, or the tape ends before.
        """
        said, self.name = self._tape.said(self._tape.own(at) if self._elsewhere else at)
        return said

    def leftovers(self) -> Sequence[Problem]:
        """Return nothing: whoever compares the run with the tape knows what was not played."""
        return ()
