"""The README's scenario reference: drawn from the types, every key in an example that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from readme import CHECKED, COMMAND, EXAMPLES, README, ROOT, examples, written

from agentbox.core.scenario import OVERRIDES, Case, CheckSpec, Scenario
from agentbox.session import (
    KINDS,
    Host,
    Runs,
    Selection,
    Sources,
    Suite,
    exit_code,
    load,
    resolve,
    run_suite,
)
from agentbox.spec import reference_text
from agentbox.spec.compose import compose
from agentbox.spec.nodes import Node
from agentbox.spec.problems import Problems
from agentbox.spec.reference import reference
from agentbox.spec.shapes import keys_of, kinds_of, long_form, options, short_of

SECTIONS = reference(KINDS)
ALL = sorted(EXAMPLES.glob("*.yaml"))
PLAYED = [path for path in ALL if not path.read_text().startswith(CHECKED)]
BLOCK = re.compile(r"<!-- (?:file|checked): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


def test_the_readme_holds_the_reference_that_the_types_give() -> None:
    assert README.read_text() == written(README.read_text()), f"write it anew: {COMMAND}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_stands_in_one_of_its_examples(section: str) -> None:
    nodes = [compose(path.read_text(), path.name, Problems()) for path in examples(section)]
    seen = {use for node in nodes for use in used(Scenario, node)}
    missing = [
        f"{table.places[0]}.{name}"
        for table in SECTIONS[section]
        for name in keys_of(table.cls)
        if (table.cls, name) not in seen
    ]
    file = f"tests/reference/shop/{section}.yaml"
    assert not missing, (
        f"no example of the section `{section}` uses {', '.join(missing)}: write it into {file} "
        f"(or a new {section}-*.yaml beside it) so that the case passes, then run {COMMAND}"
    )


def used(kind: Any, node: Node) -> Iterator[tuple[type, str]]:
    """Yield each key that a value of a file gives, with the type that has it."""
    option = next(each for each in options(kind) if node.kind in kinds_of(each))
    origin, inner = get_origin(option), get_args(option)
    if option is CheckSpec:
        yield from _used_by_check(node)
    elif origin is tuple:
        for item in node.items:
            yield from used(inner[0], item)
    elif origin is not None and inner and node.kind == "map":
        for entry in node.entries.values():
            yield from used(inner[1], entry.value)
    elif isinstance(option, type) and hasattr(option, "__dataclass_fields__"):
        yield from _used_by_record(option, node)


def _used_by_record(cls: type, node: Node) -> Iterator[tuple[type, str]]:
    short = short_of(cls)
    if short and not (node.kind == "map" and long_form(cls, node.entries)):
        yield from used(short.type, node)
        return
    for name, entry in node.entries.items():
        owner = Scenario if cls is Case and name in OVERRIDES else cls
        yield owner, name
        yield from used(keys_of(owner)[name].type, entry.value)


def _used_by_check(node: Node) -> Iterator[tuple[type, str]]:
    for name, entry in node.entries.items():
        if name != "level":
            yield from used(KINDS.checks[name].params, entry.value)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A folder that holds what the README shows, and nothing else."""
    (tmp_path / "shop").mkdir()
    for name, text in BLOCK.findall(README.read_text()):
        (tmp_path / name).write_text(text)
    (tmp_path / "pyproject.toml").touch()
    return Host(tmp_path, {})


@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem)
def test_an_example_passes(host: Host, path: Path) -> None:
    scenarios = load([str(host.root / "shop" / path.name)], host, Selection())
    verdicts = run_suite(Suite(scenarios, host, Runs.of(host.root).new()), lambda _: None)
    passed = [verdict for verdict in verdicts if verdict.outcome == "passed"]
    assert exit_code(verdicts) == 0, [(v.case, v.outcome, v.problems) for v in verdicts]
    assert [check.message for each in passed for check in each.checks if check.message] == []


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_an_example_is_read_and_what_it_names_loads(host: Host, path: Path) -> None:
    resolve(load([str(host.root / "shop" / path.name)], host, Selection()), Sources(host))


def test_only_an_example_that_asks_a_server_is_not_run() -> None:
    for path in set(ALL) - set(PLAYED):
        assert re.search("^ +(base_)?url: ", path.read_text(), re.MULTILINE), path.name


def test_every_example_belongs_to_a_section() -> None:
    assert {path for section in SECTIONS for path in examples(section)} == set(ALL)


def test_the_reference_without_examples_names_every_check_and_section() -> None:
    text = reference_text(KINDS)
    assert re.findall("^## (.*)", text, re.MULTILINE) == list(SECTIONS)
    assert set(KINDS.checks) <= set(re.findall(r"\*\*`(\w+)`\*\*: ", text))
    assert str(ROOT) not in text
