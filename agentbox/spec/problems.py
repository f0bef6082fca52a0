"""Collects everything that is wrong with a scenario, so that an author sees all of it at once."""

from __future__ import annotations

import re

from agentbox.core.errors import AuthorError, Mark, Problem

_BREAK = re.compile(r"\r\n|\r|\n")


class Problems:
    """What is wrong, each at its place, with the source lines of the files that were read."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}
        self._found: dict[tuple[Mark, str], Problem] = {}
        self._misspelt: set[str] = set()

    def file(self, name: str, text: str) -> list[str]:
        """Keep a file's lines for the problems in it, and return them."""
        lines = self._files[name] = _BREAK.split(text)
        return lines

    def line(self, mark: Mark) -> str:
        """Return the source line of a place; empty where there is none."""
        lines = self._files.get(mark.file, [])
        return lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""

    def add(self, mark: Mark, message: str, *, note: str = "", hint: str = "") -> None:
        """Add a problem; once, however many cases share what is wrong."""
        problem = Problem(message, mark, note, self.line(mark), hint)
        self._found.setdefault((mark, message), problem)

    def misspelt(self, name: str) -> None:
        """Keep that some key was meant to be `name`, and is told to be wrong already."""
        self._misspelt.add(name)

    def missing(self, *names: str) -> bool:
        """Return whether a key that is not there is missing; one that is misspelt is told once."""
        return self._misspelt.isdisjoint(names)

    def __bool__(self) -> bool:
        return bool(self._found)

    def error(self) -> AuthorError:
        """Return all of them as one error, sorted by place: the scenario's own file first."""
        order = {name: rank for rank, name in enumerate(self._files)}

        def place(problem: Problem) -> tuple[int, int, int]:
            mark = problem.mark or Mark("")
            return order.get(mark.file, len(order)), mark.line, mark.column

        return AuthorError(*sorted(self._found.values(), key=place))
