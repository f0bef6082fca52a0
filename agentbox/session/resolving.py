"""Loads what scenarios name without running it: models, loops, tool files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agentbox.core.errors import AuthorError, Mark, Problem
from agentbox.core.scenario import Scenario
from agentbox.session.models import models_of
from agentbox.session.naming import functions_of
from agentbox.session.sources import Host, Sources


def resolve(scenarios: Sequence[Scenario], host: Host) -> None:
    """Load every model, loop and tool file that these scenarios name.

    Raises:
        AuthorError: something is not there or does not load; all of it, where it is named.
    """
    sources = Sources(host)
    problems: dict[tuple[str, str], tuple[Problem, ...]] = {}
    for scenario in scenarios:
        for name, load in _named(scenario, sources):
            try:
                load()
            except AuthorError as error:
                placed = tuple(_placed(each, scenario, name, host.root) for each in error.problems)
                problems.setdefault((scenario.path, name), placed)
    if problems:
        raise AuthorError(*(each for found in problems.values() for each in found))


def _named(scenario: Scenario, sources: Sources) -> Iterator[tuple[str, Callable[[], object]]]:
    yield scenario.model.function, lambda: models_of(scenario, sources)
    yield scenario.agent.loop, lambda: sources.loop(scenario.agent.loop)
    for function in functions_of(scenario):
        yield function, lambda function=function: sources.object(function)
    for file in scenario.tools:
        yield file, lambda file=file: sources.toolbox(file)


def _placed(problem: Problem, scenario: Scenario, name: str, root: Path) -> Problem:
    """Return the problem, where it has no place of its own at the line that names the object."""
    lines = (root / scenario.path).read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        column = line.find(name)
        if problem.mark is None and name and column >= 0:
            mark = Mark(scenario.path, number, column + 1, len(name))
            return replace(problem, mark=mark, source=line)
    return problem
