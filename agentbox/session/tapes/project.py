"""What a trace may load and start in a project: what a scenario file of the project names itself.

A trace is data. Whoever wrote one does not decide what is imported or started here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from agentbox.core.errors import AuthorError, Problem
from agentbox.core.scenario import Scenario
from agentbox.session.inspecting import commands_of, functions_of
from agentbox.session.selection import Selection, load
from agentbox.session.sources import Host, Sources, own_loop
from agentbox.session.tapes.marking import marked

_Named: TypeAlias = dict[str, object]
"""What is loaded or started, by what a message calls it."""


@dataclass(frozen=True, slots=True)
class Project:
    """What of a project the scenario of a trace may use."""

    sources: Sources
    file: str
    cases: Sequence[Scenario] = ()
    """Those of the scenario file that the trace names, as it is now."""
    unloaded: tuple[str, ...] = ()
    """Code that it names and no scenario file of the project does: tools, a loop, checks."""
    unstarted: tuple[str, ...] = ()
    """The same of what a live half would start: models, servers, commands that judge."""

    @classmethod
    def of(cls, scenario: Scenario, host: Host) -> Project:
        """Return what a scenario out of a trace may use of a project."""
        cases = _cases_of(scenario.path, host)
        missing = [_missing(named, scenario, cases) for named in (_loaded, _started)]
        return cls(Sources(host), scenario.path, cases, *missing)

    def at_home(self, scenario: Scenario) -> Scenario:
        """Return a recorded scenario as one of this project: its checks at their lines."""
        root = str(self.sources.host.root.absolute())
        return replace(marked(scenario, self.cases), root=root)

    @property
    def trusted(self) -> bool:
        """Whether its code may be loaded."""
        return not self.unloaded

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What is said of code that is not loaded."""
        if self.trusted:
            return ()
        hint = "put the scenario file back, to have tools and loops compared as they are now"
        return (Problem(f"not loaded, for {self._unnamed(self.unloaded)}", hint=hint),)

    def check(self, reference: str) -> Any:
        """Return the function of a `python` check.

        Raises:
            AuthorError: there is none, or it may not be loaded.
        """
        if not self.trusted:
            raise AuthorError(*self.notes)
        return self.sources.check(reference)

    def admit(self, hint: str) -> None:
        """Refuse to start what no scenario file of the project names.

        Raises:
            AuthorError: there is such a thing; `hint` says what else could be done.
        """
        strange = (*self.unloaded, *self.unstarted)
        if strange:
            message = f"nothing is started, for {self._unnamed(strange)}"
            raise AuthorError(Problem(message, hint=hint))

    def _unnamed(self, strange: Sequence[str]) -> str:
        return f"{self.file or 'no scenario'} here does not name it: {', '.join(strange)}"


def _cases_of(file: str, host: Host) -> Sequence[Scenario]:
    """Return the cases of a scenario file of the project; none where it cannot be read."""
    if not file or not host.owns(file):
        return ()
    try:
        return load([str(host.root / file)], host, Selection())
    except AuthorError:
        return ()


def _missing(
    named: Callable[[Scenario], _Named], scenario: Scenario, known: Sequence[Scenario]
) -> tuple[str, ...]:
    """Return what a scenario names that none of the known ones does, to the letter."""
    here = [named(one) for one in known]
    wanted = named(scenario).items()
    strange = [name for name, what in wanted if all(each.get(name) != what for each in here)]
    return tuple(sorted(strange))


def _loaded(scenario: Scenario) -> _Named:
    named = (*scenario.tools, *functions_of(scenario), own_loop(scenario))
    return {name: name for name in named if name}


def _started(scenario: Scenario) -> _Named:
    user = scenario.case.user
    models: _Named = {"model": scenario.model, "user.model": user and user.model}
    servers = {f"servers.{name}": server for name, server in scenario.servers.items()}
    named = {name: what for name, what in (models | servers).items() if what}
    return named | {command: command for command in commands_of(scenario)}
