"""The README's scenario reference: drawn from the types, every key in an example that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from readme import CHECKED, COMMAND, EXAMPLES, README, ROOT, examples, written
from walked import uses

from agentbox.session import (
    KINDS,
    Host,
    Runs,
    Selection,
    Sources,
    Suite,
    exit_code,
    load,
    replay,
    resolve,
    run_suite,
)
from agentbox.spec.reference import reference, reference_text
from agentbox.spec.shapes import keys_of

SECTIONS = reference(KINDS)
ALL = sorted(EXAMPLES.glob("*.yaml"))
PLAYED = [path for path in ALL if not path.read_text().startswith(CHECKED)]
BLOCK = re.compile(r"<!-- (?:file|checked): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


def test_the_readme_holds_the_reference_that_the_types_give() -> None:
    assert README.read_text() == written(README.read_text()), f"write it anew: {COMMAND}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_of_a_section_stands_in_one_of_its_examples(section: str) -> None:
    seen = {(u.cls, u.key.name) for path in examples(section) for u in uses(path.read_text())}
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


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A folder that holds what the README shows, and nothing else."""
    (tmp_path / "shop").mkdir()
    for name, text in BLOCK.findall(README.read_text()):
        (tmp_path / name).write_text(text)
    for trace in EXAMPLES.glob("*.jsonl"):  # which are not for reading
        (tmp_path / "shop" / trace.name).write_bytes(trace.read_bytes())
    (tmp_path / "pyproject.toml").touch()
    return Host(tmp_path, {})


@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem)
def test_an_example_passes(host: Host, path: Path) -> None:
    scenarios = load([str(host.root / "shop" / path.name)], host, Selection())
    verdicts = run_suite(Suite(scenarios, host, Runs.of(host.root).new()), lambda _: None)
    passed = [verdict for verdict in verdicts if verdict.outcome == "passed"]
    assert exit_code(verdicts) == 0, [(v.case, v.outcome, v.problems) for v in verdicts]
    assert [check.message for each in passed for check in each.checks if check.message] == []
    for verdict in verdicts:
        again = replay(Path(verdict.trace), host)
        assert (again.divergence, again.ended, again.problems) == (None, "", ())
        assert again.verdict
        assert again.verdict.outcome == verdict.outcome


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
