"""Every key of the format given wrong: each mistake is one problem, at its place, worth reading.

The snapshot holds each sentence as a user would see it; read it as prose when it changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mutants import Place, allowed, near, places, wrong_values

from agentbox.core.errors import Problem
from agentbox.session import KINDS
from agentbox.spec.reference import reference

SECTIONS = list(reference(KINDS))


def wrong(place: Place) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong, what stands under the caret, and the file."""
    for value in wrong_values(place.key.type):
        written = json.dumps(value)
        yield f"{place.name}: {written}", written, place.with_value(value)
    for value in allowed(place.key.type):
        if isinstance(value, str):
            slip = near(value)
            yield f"{place.name}: {slip}", json.dumps(slip), place.with_value(slip)
    slip = near(place.key.name)
    named = f"{place.name.rpartition('.')[0]} with `{slip}`"
    yield named, json.dumps(slip), place.with_name(slip)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_a_wrong_value_or_name_is_one_problem_at_its_place(section, shop, snapshot) -> None:
    told = []
    for place in places(section):
        assert shop.problems(json.dumps(place.data)) == (), f"{place.name} is read as it is"
        for what, under, text in wrong(place):
            (problem,) = shop.problems(text)
            assert _marked(problem, json.loads(under)), (what, problem)
            told.append(f"{what}\n    {_said(problem)}")
    assert "\n".join(told) == snapshot


@pytest.mark.parametrize("section", SECTIONS)
def test_what_the_reader_says_is_wrong_the_schema_refuses_too(section, shop) -> None:
    for place in places(section):
        assert shop.fits(place.data), place.name
        for what, _, text in wrong(place):
            assert not shop.fits(json.loads(text)), what


def _said(problem: Problem) -> str:
    return "; ".join(filter(None, (problem.message, problem.note, problem.hint)))


def _marked(problem: Problem, value: Any) -> bool:
    """Return whether the caret stands under the value, or under what is wrong in it."""
    mark = problem.mark
    if mark is None:
        return False
    under = problem.source[mark.column - 1 : mark.column - 1 + mark.width]
    parts = json.dumps(value, indent=1, ensure_ascii=False).splitlines()
    return any(part.strip(" ,").endswith(under) for part in parts)
