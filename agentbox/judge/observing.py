"""What checks want observed: session makes these looks, and records each with its request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from agentbox.core.requests import Observation, look_of
from agentbox.core.scenario import CheckSpec
from agentbox.judge.check import Check, parts_of
from agentbox.judge.kinds import CHECKS


def every(checks: Iterable[CheckSpec]) -> Iterator[CheckSpec]:
    """Yield the checks and the checks they are made of, each before its parts."""
    for spec in checks:
        yield spec
        yield from every(parts_of(spec))


def observations_of(
    checks: Iterable[CheckSpec], kinds: Mapping[str, Check] = CHECKS
) -> tuple[Observation, ...]:
    """Return what the checks, and the checks in them, want to know of the world, each thing once.

    Those of a turn are made at its end, those of a case at the run's, and those with `when: start`
    before the first turn.
    """
    known = [spec for spec in every(checks) if spec.kind in kinds]
    return distinct(look for spec in known for look in kinds[spec.kind].observe(spec.params))


def distinct(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return the observations, in order, without those that come again."""
    found = {json.dumps(look_of(one), sort_keys=True): one for one in observations}
    return tuple(found.values())
