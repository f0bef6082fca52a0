"""A project in a folder, a scenario of it that uses most keys, and kinds of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree
from typing import Annotated, Literal

import pytest
from jsonschema_rs import Draft7Validator
from readme import EXAMPLES

from agentbox import session
from agentbox.core.errors import AuthorError, Problem
from agentbox.core.messages import Json
from agentbox.core.scenario import AtLeast, CheckKind, CheckSpec, Kinds, Scenario, Short
from agentbox.spec import read_scenarios, scenario_schema

SAMPLE = """\
version: 1
description: A customer asks about an upgrade that is overdue.
now: 2026-03-20T14:30:00Z
zone: Europe/Berlin
seed: 7
agent:
  loop: react
  system: You are the support desk.
  slots: [now, customer]
  limits: {steps: 8, tokens: null, cost_usd: 0.05}
model: {provider: python, function: models/support.py:reply}
servers:
  accounts: {command: [python, servers/accounts.py], era: modern}
tools: [tools/calendar.py]
context:
  customer: {name: Dana, plan: enterprise}
trace: {frames: false}
cases:
  - name: overdue
    turns:
      - user: What happened?
        checks: [{says: March 19}, {never_says: tomorrow}]
      - Thanks
    tags: [smoke]
    checks:
      - tool_called: {name: accounts.get, args: {id: A-1}}
"""


@dataclass(frozen=True, slots=True)
class Says:
    text: Annotated[str | tuple[str, ...], "The words.", Short()]
    ignore_case: Annotated[bool, "Case does not count."] = False


@dataclass(frozen=True, slots=True)
class ToolCalled:
    name: Annotated[str, "The tool.", Short(), AtLeast(1)]
    args: Annotated[Mapping[str, Json] | None, "Its arguments."] = None
    match: Annotated[Literal["exact", "subset"], "How they match."] = "exact"
    times: Annotated[int | None, "How often.", AtLeast(0)] = None

    def __post_init__(self) -> None:
        if self.match == "subset" and self.args is None:
            raise ValueError("`match: subset` needs `args`")


@dataclass(frozen=True, slots=True)
class Equals:
    value: Annotated[Json, "Any JSON.", Short()]
    path: Annotated[str, "Where."] = ""


@dataclass(frozen=True, slots=True)
class Span:
    words: Annotated[tuple[str, ...], "At least one word.", AtLeast(1)]
    weights: Annotated[Mapping[str, float], "By word."] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Not:
    check: Annotated[CheckSpec, "What must not hold.", Short()]


KINDS = Kinds(
    {
        "says": CheckKind(Says, "It was said."),
        "never_says": CheckKind(Says, "It was not said."),
        "tool_called": CheckKind(ToolCalled, "The tool was called."),
        "equals": CheckKind(Equals, "The answer is this."),
        "span": CheckKind(Span, "The words stand near each other."),
        "not": CheckKind(Not, "This does not hold."),
    },
    {"react": "Reason and act.", "single": "One call."},
)


@dataclass(frozen=True)
class Project:
    root: Path

    def write(self, name: str, text: str | bytes = "") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, text: str | bytes, **environ: str) -> tuple[Scenario, ...]:
        path = self.write("scenarios/bot.yaml", text)
        return read_scenarios(path, KINDS, self.root, environ)

    def problems(self, text: str | bytes, **environ: str) -> tuple[Problem, ...]:
        try:
            read = self.read(text, **environ)
        except AuthorError as error:
            return error.problems
        raise AssertionError(f"this was read without a problem: {read}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for name in ("models/support.py", "servers/accounts.py", "tools/calendar.py"):
        made.write(name)
    return made


@pytest.fixture
def kinds() -> Kinds:
    return KINDS


@pytest.fixture
def sample() -> str:
    return SAMPLE


@pytest.fixture
def changed() -> Callable[..., str]:
    """The sample with something in it replaced."""

    def change(old: str, new: str, text: str = SAMPLE) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.fixture
def said() -> Callable[[Problem], tuple[str, str, str, str]]:
    """A problem as: what the caret stands under, message, note, hint."""

    def say(problem: Problem) -> tuple[str, str, str, str]:
        mark = problem.mark
        assert mark
        under = problem.source[mark.column - 1 : mark.column - 1 + mark.width]
        return under, problem.message, problem.note, problem.hint

    return say


@pytest.fixture
def page() -> Callable[[tuple[Problem, ...]], str]:
    """Problems as a page of text, as plain as can be."""

    def render(problems: tuple[Problem, ...]) -> str:
        lines: list[str] = []
        for problem in problems:
            mark = problem.mark
            assert mark
            caret = " " * (mark.column - 1) + "^" * mark.width
            lines += [f"error: {problem.message}", f" --> {mark}", f" | {problem.source}"]
            lines += [f" | {caret} {problem.note}".rstrip()]
            lines += [f" = {problem.hint}"] if problem.hint else []
        return "\n".join(lines) + "\n"

    return render


@dataclass(frozen=True)
class Shop:
    """The folder of the README's reference, to read mutants of its examples in."""

    root: Path

    def problems(self, text: str | bytes) -> tuple[Problem, ...]:
        """Return what the reader says of a file; nothing where it reads it."""
        path = self.root / "mutant.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        try:
            read_scenarios(path, session.KINDS, self.root, {})
        except AuthorError as error:
            return error.problems
        return ()

    def fits(self, value: Json) -> bool:
        """Return whether the JSON Schema takes a file's content."""
        return SCHEMA.is_valid(value)


SCHEMA = Draft7Validator(scenario_schema(session.KINDS))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    made = Shop(tmp_path_factory.mktemp("shop"))
    copytree(EXAMPLES, made.root / "shop")
    for name in ("tools.py", "model.py"):
        (made.root / "shop" / name).touch()
    return made
