"""What a scenario names, read once in a suite: files of code, tools, models and loops."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from agentbox.core.environment import variables
from agentbox.core.errors import AuthorError, Problem, TraceError, WorldError, nearest
from agentbox.core.requests import EndReason, Loop, LoopFunction, Task
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.loops import LOOPS
from agentbox.session.inspecting import functions_of
from agentbox.session.loading import load_module, load_object, module_file
from agentbox.trace import Trace, read_trace

if TYPE_CHECKING:
    from agentbox.core.tape import Tape
    from agentbox.toolboxes.mcp import Shares

Found = TypeVar("Found")
_TAPE = ".jsonl"
_REASONS: tuple[str, ...] = get_args(EndReason)


_numbers = count(1)


def anew() -> str:
    """Return a word that no other sources have: what they load is loaded for them alone."""
    return f"_{next(_numbers)}"


@dataclass(frozen=True, slots=True)
class Host:
    """What a run takes from the machine it runs on."""

    root: Path
    environ: Mapping[str, str]
    live: bool = False

    def owns(self, file: str) -> bool:
        """Whether there is such a file in the project; what a trace calls so may lie anywhere."""
        path = self.root / file
        try:
            return path.is_file() and path.resolve().is_relative_to(self.root.resolve())
        except (OSError, ValueError):  # a name that no file can have
            return False


@dataclass(frozen=True)
class Sources:
    """Reads and loads from a host; whatever was read stays as it was, for the whole suite."""

    host: Host
    played: Sequence[Scenario] = ()
    """All that are played from it: they are loaded together, before the first of them is played."""
    anew: str = ""
    """Run files of code anew, for all that have this word in common: for a world of its own."""
    shares: Shares | None = None
    """The servers that its cases share."""
    _known: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def model(self, reference: str) -> Any:
        """Return a model's function.

        Raises:
            AuthorError: there is none, or it is no function.
        """
        return self._function("model", reference)

    def check(self, reference: str) -> Any:
        """Return the function of a `python` check.

        Raises:
            AuthorError: there is none, or it is no function.
        """
        return self._function("check", reference)

    def loop(self, name: str) -> LoopFunction:
        """Return a loop, by its name or by `package.module:function`.

        Raises:
            AuthorError: there is none, or it is no function.
        """
        known = LOOPS.get(name)
        return known or _own(name, cast("LoopFunction", self._function("loop", name)))

    def _function(self, what: str, reference: str) -> Any:
        found = self.once(
            "object", reference, lambda: load_object(reference, self.host.root, self.anew)
        )
        if not callable(found):
            raise AuthorError(Problem(f"the {what} `{reference}` is no function"))
        return found

    def toolbox(self, file: str) -> Toolbox:
        """Return the tools of a file, .py or .json.

        Raises:
            AuthorError: something in it is wrong.
        """
        return self.once("toolbox", file, lambda: self._toolbox(file))

    def toolboxes(self, scenario: Scenario) -> list[Toolbox]:
        """Return the tools of a scenario's files of code and of definitions.

        Raises:
            AuthorError: something in one is wrong.
        """
        return [self.toolbox(file) for file in scenario.tools if not file.endswith(_TAPE)]

    def tapes(self, scenario: Scenario) -> list[Toolbox]:
        """Return the tools that traces answer for, among a scenario's files; new for each case.

        Raises:
            AuthorError: one is no trace.
        """
        files = [file for file in scenario.tools if file.endswith(_TAPE)]
        if not files:
            return []
        from agentbox.toolboxes.tape import TapedTools  # noqa: PLC0415 - for the few that want it

        return [TapedTools(tape := self.tape(file), tape.specs(), file) for file in files]

    def tape(self, file: str) -> Tape:
        """Return a trace as one that answers; nothing of it is used up yet.

        Raises:
            AuthorError: it cannot be read.
        """

        def read() -> Trace:
            try:
                return read_trace(self.host.root / file)
            except TraceError as error:
                raise AuthorError(*error.problems) from error

        from agentbox.core.tape import Tape  # noqa: PLC0415 - for the few that want it

        return Tape(self.once("tape", file, read).events)

    def code(self, scenario: Scenario) -> dict[str, str]:
        """Return the files of code that a scenario names, each with the hash of its content."""
        root = self.host.root
        named = filter(None, [*scenario.tools, *_words(scenario)])
        files: dict[str, Path | None] = {name: root / name for name in named}
        modules = {reference.rpartition(":")[0] for reference in _references(scenario)}
        files |= {name: module_file(name, root) for name in modules if name}
        hashes = {name: self.once("hash", name, partial(_hash, files[name])) for name in files}
        return {name: hashes[name] for name in sorted(hashes) if hashes[name]}

    def secrets(self, scenario: Scenario) -> dict[str, str]:
        """Return the values no trace may hold: those named, and those put in by `${VAR}`."""
        names = {*scenario.secrets, *self._variables(scenario)}
        environ = self.host.environ
        return {name: environ[name] for name in sorted(names) if environ.get(name)}

    def once(self, kind: str, name: str, make: Callable[[], Found]) -> Found:
        """Return what `make` gives, which is asked once for each kind and name."""
        key = (kind, name)
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _text(self, file: str) -> str:
        def read() -> str:
            try:
                return (self.host.root / file).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise AuthorError(Problem(f"{file} cannot be read: {error}")) from error

        return self.once("text", file, read)

    def _toolbox(self, file: str) -> Toolbox:
        if file.endswith(".py"):
            from agentbox.toolboxes.functions import (  # noqa: PLC0415 - pydantic, for these only
                FunctionToolbox,
                functions_of,
            )

            return FunctionToolbox(functions_of(load_module(file, self.host.root, self.anew)), file)
        from agentbox.toolboxes.definitions import read_definitions  # noqa: PLC0415 - as above
        from agentbox.toolboxes.network import Network  # noqa: PLC0415 - as above

        network = Network(self.host.environ, self.host.live)
        return read_definitions(self._text(file), file, self.model, network)

    def _variables(self, scenario: Scenario) -> Iterator[str]:
        for server in scenario.servers.values():
            for text in _texts(server):
                yield from variables(text)
        for file in scenario.tools:
            if file.endswith(".json"):
                yield from variables(self._text(file))


def own_loop(scenario: Scenario) -> str:
    """Return the loop of its author's own that a scenario names; empty where it is one of ours."""
    loop = scenario.agent.loop
    return "" if loop in LOOPS else loop


def _references(scenario: Scenario) -> Iterator[str]:
    user = scenario.case.user
    yield from (scenario.model.function, scenario.agent.loop, user.model.function if user else "")
    yield from (server.memory for server in scenario.servers.values())
    yield from functions_of(scenario)


def _words(scenario: Scenario) -> Iterator[str]:
    for server in scenario.servers.values():
        command = server.command
        yield from (command,) if isinstance(command, str) else (*command, *server.args)


def _hash(file: Path | None) -> str:
    if file is None or not file.is_file():
        return ""
    return blake2b(file.read_bytes(), digest_size=8).hexdigest()


def _own(name: str, loop: LoopFunction) -> LoopFunction:
    """Return somebody's loop, held to what a loop is: a generator that returns an `End`."""

    def own(task: Task) -> Loop:
        played: Any = loop(task)
        if not isinstance(played, Generator):
            raise _no_loop(name, played)
        end = yield from cast("Loop", played)
        if getattr(end, "reason", "") not in _REASONS:
            raise _no_loop(name, end)
        return end

    return own


def _no_loop(name: str, returned: object) -> WorldError:
    reason = str(getattr(returned, "reason", ""))
    close = nearest(reason, _REASONS)
    return WorldError(
        Problem(
            f"the loop `{name}` returned {returned!r}",
            note=f"did you mean `{close}`?" if close else "",
            hint=f"make it a generator that returns End(reason), one of: {', '.join(_REASONS)}",
        )
    )


def _texts(server: Server) -> Iterator[str]:
    command = server.command
    yield from (command,) if isinstance(command, str) else command
    yield from server.args
    yield server.url
    yield from server.env.values()
    yield from server.headers.values()
