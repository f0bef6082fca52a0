"""What the checks of a scenario name: servers and slots to look at, functions to ask."""

from __future__ import annotations

from collections.abc import Iterator

from agentbox.core.errors import Problem, nearest
from agentbox.core.messages import STANDARD_SLOTS
from agentbox.core.scenario import CheckSpec, Scenario
from agentbox.judge import CHECKS, every
from agentbox.loops import LOOPS


def checks_of(scenario: Scenario) -> Iterator[CheckSpec]:
    """Yield every check of a scenario's case: those of its turns, and those in others, too."""
    case = scenario.case
    yield from every((*(c for turn in case.turns for c in turn.checks), *case.checks))
    yield from every(case.attacked)


def functions_of(scenario: Scenario) -> list[str]:
    """Return the functions that its `python` checks name."""
    return [spec.params.function for spec in checks_of(scenario) if spec.kind == "python"]


def commands_of(scenario: Scenario) -> list[str]:
    """Return the commands that judge a scenario's case."""
    looks = [
        look for spec in checks_of(scenario) for look in CHECKS[spec.kind].observe(spec.params)
    ]
    return [look.target for look in looks if look.kind == "command"]


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


def unknown_slots(scenario: Scenario) -> Iterator[Problem]:
    """Yield what is wrong with the checks on a slot that nothing fills: it is absent for ever.

    A loop of somebody's own may have slots of its own.
    """
    known = [*STANDARD_SLOTS, *scenario.context]
    for spec in checks_of(scenario) if scenario.agent.loop in LOOPS else ():
        field = _SLOTS.get(spec.kind)
        slot = getattr(spec.params, field) if field else ""
        if slot and slot not in known:
            close = nearest(slot, known)
            note = f"did you mean `{close}`?" if close else f"one of: {', '.join(known)}"
            message = f"`{spec.kind}` looks at `{slot}`, which is no slot"
            yield Problem(message, spec.mark, note, spec.source)


_SLOTS = {"slot": "name", "token_share": "slot"}
"""The checks that name a slot, and the field in which they do."""
