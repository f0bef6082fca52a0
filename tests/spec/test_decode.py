"""A scenario is read out of a trace's header as it was written there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from readme import ROOT

from agentbox.core.errors import AuthorError
from agentbox.session import KINDS, Host, Selection, load
from agentbox.spec import to_json
from agentbox.spec.decode import from_json

FILES = sorted((ROOT / "scenarios").glob("*.yaml"))
LEAST = {"version": 1, "now": "2026-03-20T14:30:00Z", "model": {"provider": "scripted"}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_out_of_a_header_is_the_one_that_was_played(path: Path) -> None:
    for scenario in load([str(path)], Host(ROOT, {}), Selection()):
        header = to_json(scenario)
        found = from_json(header, scenario.case.label, KINDS)
        assert to_json(found) == header
        assert found.case.label == scenario.case.label
        assert found.path == scenario.path
        assert (found.agent, found.servers) == (scenario.agent, scenario.servers)


def test_cell_and_round_are_those_of_the_label() -> None:
    header = LEAST | {"cases": [{"name": "a#b", "turns": [{"user": "x"}], "repeat": {"runs": 3}}]}
    for label, cell, number in (
        ("a#b", "", 0),
        ("a#b#2", "", 2),
        ("a#b[x=1]", "x=1", 0),
        ("a#b[x=#1]#3", "x=#1", 3),
        ("another", "", 0),
    ):
        case = from_json(header, label, KINDS).case
        assert (case.name, case.cell, case.round) == ("a#b", cell, number)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (3, "has no `version`"),
        ({}, "has no `version`"),
        (LEAST | {"cases": []}, "the header's case has no `name`"),
        (
            LEAST | {"cases": [{"name": 5, "turns": []}]},
            "`name` must be text, but it is the number 5",
        ),
        (
            LEAST | {"cases": [{"name": "a"}], "tick": "x"},
            '`tick` must be a number, but it is the text "x"',
        ),
        (
            LEAST | {"cases": [{"name": "a"}], "modle": 1},
            "unknown key `modle` in the header's scen",
        ),
        (
            LEAST | {"cases": [{"name": "a"}], "agent": None},
            "`agent` must be a mapping, but it is null",
        ),
        (LEAST | {"cases": [{"name": "a", "checks": [{"sayz": 1}]}]}, "unknown check `sayz`"),
    ],
)
def test_what_is_no_scenario_is_told(header: Any, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        from_json(header, "a", KINDS)
    problems = caught.value.problems
    assert said in "; ".join(problem.message for problem in problems)
    assert {problem.mark and problem.mark.file for problem in problems} == {"the trace's header"}
