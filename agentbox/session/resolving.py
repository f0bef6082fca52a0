"""Loads what scenarios name without running it: models, loops, tool files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agentbox.core.errors import AuthorError, Mark, Problem
from agentbox.core.scenario import Scenario
from agentbox.session.inspecting import functions_of
from agentbox.session.sources import Sources


class Unresolved(AuthorError):
    """Something that scenarios name is not there or does not load: none of them can be played."""


def resolve(scenarios: Sequence[Scenario], sources: Sources) -> None:
    """Load every model, loop and tool file that these scenarios name.

    Raises:
        Unresolved: something is not there or does not load; all of it, where it is named.
    """
    root = sources.host.root
    problems: dict[tuple[str, str], tuple[Problem, ...]] = {}
    for scenario in scenarios:
        for name, load in _named(scenario, sources):
            if (scenario.path, name) in problems:
                continue
            try:
                load()
            except AuthorError as error:
                placed = tuple(_placed(each, scenario, name, root) for each in error.problems)
                problems[scenario.path, name] = placed
    if problems:
        raise Unresolved(*(each for found in problems.values() for each in found))


def _named(scenario: Scenario, sources: Sources) -> Iterator[tuple[str, Callable[[], object]]]:
    user = scenario.case.user
    for spec in (scenario.model, user.model if user else None):
        if spec and spec.provider == "python":
            yield spec.function, lambda spec=spec: sources.model(spec.function)
    yield scenario.agent.loop, lambda: sources.loop(scenario.agent.loop)
    for function in functions_of(scenario):
        yield function, lambda function=function: sources.check(function)
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
