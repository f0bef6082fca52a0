"""Gives a recorded scenario's checks their places in the project's file, where they still stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from agentbox.core.errors import Mark
from agentbox.core.scenario import CheckSpec, Scenario
from agentbox.spec import check_json
from agentbox.trace import content_hash


def marked(scenario: Scenario, known: Sequence[Scenario]) -> Scenario:
    """Return a scenario with the places of the checks that its file has too; others have none."""
    case = scenario.case
    alike = [one for one in known if one.case.name == case.name]
    places = {_key(check): check for one in alike for check in _checks(one)}
    turns = tuple(replace(turn, checks=_placed(turn.checks, places)) for turn in case.turns)
    checks, attacked = _placed(case.checks, places), _placed(case.attacked, places)
    made = replace(case, turns=turns, checks=checks, attacked=attacked)
    return replace(scenario, cases=(made,))


def _checks(scenario: Scenario) -> Iterator[CheckSpec]:
    case = scenario.case
    yield from (*case.checks, *case.attacked)
    for turn in case.turns:
        yield from turn.checks


def _placed(checks: Sequence[CheckSpec], places: Mapping[str, CheckSpec]) -> tuple[CheckSpec, ...]:
    nowhere = {"mark": Mark(""), "source": ""}
    return tuple(places.get(_key(check)) or replace(check, **nowhere) for check in checks)


def _key(check: CheckSpec) -> str:
    return content_hash(check_json(check))
