"""Every built-in kind of check, by the name a scenario uses, and the file that holds its family.

A new family is a file and a line. A file is imported when a check of its family is first looked up:
all of them together are 40 ms of every start, and a scenario uses a few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from agentbox.judge.check import Check

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "text": ("says", "never_says", "equals", "regex", "length"),
    "numbers": ("says_number",),
    "structure": ("json_path", "json_schema"),
    "calls": (
        *("tool_called", "tool_not_called", "tool_error"),
        *("valid_arguments", "parallel", "no_duplicate_calls"),
    ),
    "trajectory": ("trajectory",),
    "state": ("resource", "tool_state", "sql", "file"),
    "compared": ("unchanged", "same_as_gold"),
    "context": ("slot", "shown", "token_share"),
    "budgets": ("most",),
    "end": ("ended",),
    "cites": ("cites",),
    "outside": ("python", "command"),
    "combine": ("all", "any", "at_least", "not"),
}


class _Table(Mapping[str, Check]):
    """Kinds by name, each imported when it is looked up."""

    def __init__(self, families: Mapping[str, tuple[str, ...]]) -> None:
        self._homes = {name: family for family, names in families.items() for name in names}

    def __getitem__(self, name: str) -> Check:
        family = import_module(f"agentbox.judge.{self._homes[name]}")
        found: Check = family.CHECKS[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __contains__(self, name: object) -> bool:
        return name in self._homes


CHECKS: Mapping[str, Check] = _Table(FAMILIES)
