"""What a scenario names, read once in a suite: files of code, tools, models and loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

from agentbox.core.environment import variables
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.requests import LoopFunction
from agentbox.core.runtime import Toolbox
from agentbox.core.scenario import Scenario, Server
from agentbox.loops import LOOPS
from agentbox.session.loading import load_module, load_object
from agentbox.session.naming import functions_of

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Host:
    """What a run takes from the machine it runs on."""

    root: Path
    environ: Mapping[str, str]
    live: bool = False


@dataclass(frozen=True)
class Sources:
    """Reads and loads from a host; whatever was read stays as it was, for the whole suite."""

    host: Host
    _known: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])

    def object(self, reference: str) -> Any:
        """Return what `path/to/file.py:name` or `package.module:name` names.

        Raises:
            AuthorError: there is no such thing.
        """
        return self._once("object", reference, lambda: load_object(reference, self.host.root))

    def loop(self, name: str) -> LoopFunction:
        """Return a loop, by its name or by `package.module:function`.

        Raises:
            AuthorError: there is none, or it is no function.
        """
        known = LOOPS.get(name)
        if known:
            return known
        loop = self.object(name)
        if not callable(loop):
            raise AuthorError(Problem(f"the loop `{name}` is no function"))
        return cast("LoopFunction", loop)

    def toolbox(self, file: str) -> Toolbox:
        """Return the tools of a file, .py or .json.

        Raises:
            AuthorError: something in it is wrong.
        """
        return self._once("toolbox", file, lambda: self._toolbox(file))

    def code(self, scenario: Scenario) -> dict[str, str]:
        """Return the files of code that a scenario names, each with the hash of its content."""
        functions = [scenario.model.function, *functions_of(scenario)]
        named = [*(name.rpartition(":")[0] for name in functions), *scenario.tools]
        for server in scenario.servers.values():
            command = server.command
            named += [command] if isinstance(command, str) else [*command, *server.args]
        hashes = {name: self._once("hash", name, lambda n=name: self._hash(n)) for name in named}
        return {name: hashes[name] for name in sorted(hashes) if hashes[name]}

    def secrets(self, scenario: Scenario) -> dict[str, str]:
        """Return the values no trace may hold: those named, and those put in by `${VAR}`."""
        names = {*scenario.secrets, *self._variables(scenario)}
        environ = self.host.environ
        return {name: environ[name] for name in sorted(names) if environ.get(name)}

    def _once(self, kind: str, name: str, make: Callable[[], Found]) -> Found:
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

        return self._once("text", file, read)

    def _hash(self, name: str) -> str:
        path = self.host.root / name
        if not name or not path.is_file():
            return ""
        return blake2b(path.read_bytes(), digest_size=8).hexdigest()

    def _toolbox(self, file: str) -> Toolbox:
        if file.endswith(".py"):
            from agentbox.toolboxes.functions import (  # noqa: PLC0415 - pydantic, for these only
                FunctionToolbox,
                functions_of,
            )

            return FunctionToolbox(functions_of(load_module(file, self.host.root)), file)
        from agentbox.toolboxes.definitions import read_definitions  # noqa: PLC0415 - as above
        from agentbox.toolboxes.network import Network  # noqa: PLC0415 - as above

        network = Network(self.host.environ, self.host.live)
        return read_definitions(self._text(file), file, self.object, network)

    def _variables(self, scenario: Scenario) -> Iterator[str]:
        for server in scenario.servers.values():
            for text in _texts(server):
                yield from variables(text)
        for file in scenario.tools:
            if file.endswith(".json"):
                yield from variables(self._text(file))


def _texts(server: Server) -> Iterator[str]:
    command = server.command
    yield from (command,) if isinstance(command, str) else command
    yield from server.args
    yield server.url
    yield from server.env.values()
    yield from server.headers.values()
