"""What the checks of a scenario name: servers to look at, functions to ask."""

from __future__ import annotations

from collections.abc import Iterator

from agentbox.core.errors import Problem, nearest
from agentbox.core.scenario import CheckSpec, Scenario
from agentbox.judge import CHECKS, every


def checks_of(scenario: Scenario) -> Iterator[CheckSpec]:
    """Yield every check of a scenario's case: those of its turns, and those in others, too."""
    case = scenario.case
    yield from every((*(c for turn in case.turns for c in turn.checks), *case.checks))
    yield from every(case.attacked)


def functions_of(scenario: Scenario) -> list[str]:
    """Return the functions that its `python` checks name."""
    return [spec.params.function for spec in checks_of(scenario) if spec.kind == "python"]


def unseen_servers(scenario: Scenario) -> Iterator[Problem]:
    """Yield what is wrong with the checks that look at a server which is not there."""
    known = list(scenario.servers)
    for spec in checks_of(scenario):
        for name in {look.server for look in CHECKS[spec.kind].observe(spec.params)}:
            if name and name not in known:
                close = nearest(name, known)
                note = f"did you mean `{close}`?" if close else f"one of: {', '.join(known)}"
                message = f"`{spec.kind}` looks at `{name}`, which is no server"
                yield Problem(message, spec.mark, note if known else "", spec.source)
