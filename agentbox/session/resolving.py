"""Before anything runs: what scenarios name is loaded, and what may not run is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agentbox.core.errors import AuthorError, Mark, Problem
from agentbox.core.scenario import Scenario
from agentbox.session.clocks import clock_of
from agentbox.session.inspecting import functions_of
from agentbox.session.keys import specs_of, unfit
from agentbox.session.sources import Host, Sources


class Unresolved(AuthorError):
    """Something that scenarios name is not there or does not load: none of them can be played."""


def resolve(scenarios: Sequence[Scenario], sources: Sources) -> None:
    """Load every model, loop and tool file that these scenarios name.

    Raises:
        Unresolved: something is not there or does not load; all of it, where it is named.
    """
    root = sources.host.root
    found: dict[tuple[str, str], tuple[Problem, ...]] = {}
    for scenario in scenarios:
        for name, load in _named(scenario, sources):
            if (scenario.path, name) in found:
                continue
            try:
                load()
            except AuthorError as error:
                placed = tuple(_placed(each, scenario, name, root) for each in error.problems)
                found[scenario.path, name] = placed
    if found:
        raise Unresolved(*(each for problems in found.values() for each in problems))


def admit(scenarios: Sequence[Scenario], host: Host) -> None:
    """Refuse what may not run here: a model or a time that is live in a run that is not.

    Raises:
        AuthorError: one may not, or its key is missing; all of them, where they are named.
    """
    found: dict[tuple[str, str], Problem] = {}
    for scenario in scenarios:
        for spec in specs_of(scenario):
            problem = unfit(spec, host)
            if problem:
                placed = _placed(problem, scenario, spec.model, host.root)
                found.setdefault((scenario.path, spec.model), placed)
        try:
            clock_of(scenario, live=host.live)
        except AuthorError as error:
            (problem,) = error.problems
            found.setdefault((scenario.path, "now"), _placed(problem, scenario, "real", host.root))
    if found:
        raise AuthorError(*found.values())


def _named(scenario: Scenario, sources: Sources) -> Iterator[tuple[str, Callable[[], object]]]:
    for spec in specs_of(scenario):
        if spec.function:
            yield spec.function, lambda spec=spec: sources.model(spec.function)
        if spec.trace:
            yield spec.trace, lambda spec=spec: sources.tape(spec.trace)
    yield scenario.agent.loop, lambda: sources.loop(scenario.agent.loop)
    for function in functions_of(scenario):
        yield function, lambda function=function: sources.check(function)
    for file in scenario.tools:
        load = sources.tape if file.endswith(".jsonl") else sources.toolbox
        yield file, lambda file=file, load=load: load(file)


def _placed(problem: Problem, scenario: Scenario, name: str, root: Path) -> Problem:
    """Return the problem, where it has no place of its own at the line that names the object."""
    lines = (root / scenario.path).read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        column = line.find(name)
        if problem.mark is None and name and column >= 0:
            mark = Mark(scenario.path, number, column + 1, len(name))
            return replace(problem, mark=mark, source=line)
    return problem
