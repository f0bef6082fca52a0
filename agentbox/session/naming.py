"""Names of tools that a scenario gives, held against the tools there are.

A name that fits none would pass in silence: a call not made, a tool withheld from nobody, an attack
that never came. What checks name is judged with them. A tool of a server that may change its list
may come later: that it never did is a finding, for the run may have failed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase

from agentbox.core.errors import Problem, nearest
from agentbox.core.scenario import Scenario


def misnamed(
    scenario: Scenario, names: Sequence[str], changing: AbstractSet[str] = frozenset()
) -> list[Problem]:
    """Return a problem for each name or glob that fits none of `names`, with the nearest.

    What names a tool of a server in `changing` is left alone.
    """
    return [
        _fits_nothing(scenario, where, glob, names)
        for where, glob in _named(scenario)
        if not any(fnmatchcase(name, glob) for name in names)
        and glob.partition(".")[0] not in changing
    ]


def _named(scenario: Scenario) -> Iterator[tuple[str, str]]:
    case = scenario.case
    for number, turn in enumerate(case.turns, 1):
        yield from ((f"turn {number}: the user calls", call.tool) for call in turn.calls)
    yield from (("`withhold` names", each.tools) for each in case.withhold)
    yield from (("`injections` names", each.tool) for each in case.injections)
    yield from (("`audiences` names", glob) for glob in scenario.audiences)


def _fits_nothing(scenario: Scenario, where: str, glob: str, names: Sequence[str]) -> Problem:
    close = nearest(glob, names)
    note = f"did you mean `{close}`?" if close else f"there is: {', '.join(names) or 'none'}"
    return Problem(f"{where} `{glob}`, and no tool is named so", scenario.case.mark, note)
