"""What to run: files, folders and cases read, overridden and selected; every error at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.scenario import Kinds, Scenario
from agentbox.judge import CHECKS
from agentbox.loops import LOOPS
from agentbox.session.clocks import clock_of
from agentbox.session.inspecting import unknown_slots, unseen_servers
from agentbox.session.keywords import matcher
from agentbox.session.sources import Host
from agentbox.spec import read_scenarios

KINDS = Kinds(
    checks=CHECKS,
    loops={name: (loop.__doc__ or "").partition("\n")[0] for name, loop in LOOPS.items()},
)
"""The names a scenario file may use."""

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases to run, and what to change in them."""

    keywords: str = ""
    """An expression over words in `file::case`: `refund and not slow`."""
    tags: tuple[str, ...] = ()
    """Any of these."""
    nodes: frozenset[str] | None = None
    """These alone, by address: what `--last-failed` names."""
    now: str = ""
    seed: int | None = None


def load(paths: Sequence[str], host: Host, selection: Selection) -> tuple[Scenario, ...]:
    """Return the selected cases, each as a scenario of its own, in the order they were named.

    `paths` are files, folders (searched for *.yaml) and `file.yaml::case`.

    Raises:
        AuthorError: something is wrong with any of them; all problems of all files.
    """
    chosen = _matching(selection)
    problems: list[Problem] = []
    found: dict[str, Scenario] = {}
    for path in paths:
        try:
            for scenario in _read(path, host):
                wrong = (*unseen_servers(scenario), *unknown_slots(scenario))
                problems += [each for each in wrong if each not in problems]
                found.setdefault(scenario.node, _pinned(scenario, selection))
        except AuthorError as error:
            problems += [each for each in error.problems if each not in problems]
    if problems:
        raise AuthorError(*problems)
    return tuple(scenario for scenario in found.values() if chosen(scenario))


def _read(path: str, host: Host) -> Iterator[Scenario]:
    name, _, case = path.partition("::")
    place = _place(name, host.root)
    files = _files(place) if place.is_dir() else [place]
    if not files:
        raise AuthorError(Problem(f"there is no scenario (*.yaml) in {name}"))
    problems: list[Problem] = []
    for file in files:
        try:
            scenarios = read_scenarios(file, KINDS, host.root, host.environ)
            yield from _named(scenarios, case, name) if case else scenarios
        except AuthorError as error:
            problems += error.problems
    if problems:
        raise AuthorError(*problems)


def _place(name: str, root: Path) -> Path:
    """Return a path from here, or, where there is none, from the root: an address is one."""
    here = Path(name)
    return here if here.exists() or not (root / name).exists() else root / name


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _named(scenarios: Sequence[Scenario], case: str, file: str) -> list[Scenario]:
    found = [one for one in scenarios if case in (one.case.name, one.case.label)]
    if not found:
        names = list(dict.fromkeys(scenario.case.name for scenario in scenarios))
        close = nearest(case, names)
        note = f"did you mean `{file}::{close}`?" if close else ""
        raise AuthorError(
            Problem(
                f"{file} has no case `{case}`", note=note, hint="its cases: " + ", ".join(names)
            )
        )
    return found


def _pinned(scenario: Scenario, selection: Selection) -> Scenario:
    """Return the scenario with the time and the seed it will run with."""
    if selection.now:
        scenario = replace(scenario, now=selection.now)
    if selection.seed is not None:
        scenario = replace(scenario, seed=selection.seed)
    try:
        clock_of(scenario, live=True)
    except ValueError as error:
        raise AuthorError(Problem(f"--now: {error}")) from None
    return scenario


def _matching(selection: Selection) -> Callable[[Scenario], bool]:
    words = matcher(selection.keywords)

    def chosen(scenario: Scenario) -> bool:
        if selection.nodes is not None and scenario.node not in selection.nodes:
            return False
        if selection.tags and not set(selection.tags) & set(scenario.case.tags):
            return False
        return words(f"{scenario.node} {' '.join(scenario.case.tags)}")

    return chosen
