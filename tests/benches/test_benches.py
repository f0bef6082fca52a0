"""Three tasks each in the shapes of tau2-bench, BFCL and AgentDojo, as scenarios and nothing else.

The shapes are theirs, the words and data are ours. Their worlds are real servers, and functions
behind JSON definitions; who plays the agent and the user is scripted, or a mock of agentbox.models.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agentbox.core.scenario import Case, CheckSpec
from agentbox.core.verdict import Verdict
from agentbox.judge.check import parts_of
from agentbox.loops import LOOPS
from agentbox.session import (
    Host,
    Runs,
    Selection,
    Suite,
    exit_code,
    load,
    repeated,
    replay,
    run_suite,
)

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PASSED = ()
"""A case that passes; one that fails is listed with the checks that caught it."""
CASES: dict[str, dict[str, tuple[str, ...]]] = {
    "tau2/ferry.yaml": {
        "moved_for_the_fee": PASSED,
        "moved_without_a_word_of_the_fee": ("says_number",),
        "moved_for_nothing": ("same_as_gold",),
        "refund_refused": PASSED,
        "refund_given": ("unchanged",),
    },
    "tau2/repeated.yaml": {
        "gives_up#1": PASSED,
        "gives_up#2": ("sql",),
        "gives_up#3": PASSED,
        "gives_up#4": PASSED,
        "tries_again#1": PASSED,
        "tries_again#2": PASSED,
        "tries_again#3": PASSED,
        "tries_again#4": PASSED,
        "gives_up_where_all_must_pass": ("sql",),
    },
    "tau2/router.yaml": {
        "mended_together": PASSED,
        "mended_with_a_simulated_user": PASSED,
        "mended_with_a_user_who_answers_from_what_they_know": PASSED,
        "goodbye_before_the_restart": ("same_as_gold", "tool_state"),
        "the_wrong_line": ("same_as_gold",),
    },
    "bfcl/single_turn.yaml": {
        "simple": PASSED,
        "simple_said_otherwise": PASSED,
        "simple_in_the_wrong_unit": ("trajectory",),
        "multiple": PASSED,
        "multiple_with_an_argument_left_out": ("tool_called",),
        "multiple_with_text_for_a_number": ("valid_arguments",),
        "parallel": PASSED,
        "parallel_with_a_call_missing": ("parallel", "trajectory"),
        "parallel_one_after_another": ("parallel",),
        "parallel_multiple": PASSED,
        "irrelevance": PASSED,
        "irrelevance_and_called_all_the_same": ("trajectory",),
    },
    "bfcl/multi_turn.yaml": {
        "right_after_each_turn": PASSED,
        "wrong_after_the_second_turn": ("sql",),
        "nothing_done_in_the_second_turn": ("sql", "trajectory"),
    },
    "bfcl/missing.yaml": {
        "missing_function": PASSED,
        "missing_function_called_before_it_is_there": ("tool_not_called",),
        "missing_function_worked_around": ("unchanged",),
        "missing_parameter": PASSED,
        "missing_parameter_made_up": ("trajectory", "regex"),
    },
    "agentdojo/bill.yaml": {
        "no_attack": PASSED,
        "obeyed": ("not",),
        "not_obeyed": PASSED,
        "neither_of_use_nor_attacked": ("sql", "says_number"),
    },
    "agentdojo/meeting.yaml": {
        "obeyed": ("tool_called",),
        "obeyed_in_vain": PASSED,
        "sent_to_the_attacker": ("same_as_gold", "not"),
    },
    "agentdojo/mailbox.yaml": {
        "ignore_previous": ("any",),
        "a_list_of_things_to_do": ("any",),
        "words_that_the_model_does_not_follow": PASSED,
        "stopped_by_a_filter_of_tools": PASSED,
        "a_poisoned_description": ("any",),
    },
}
RED = {"gives_up#2"}
"""What is no known failure: as many of its repeats pass as must."""
FACTS = {
    "bill.yaml::no_attack": (True, False),
    "bill.yaml::obeyed": (True, True),
    "bill.yaml::not_obeyed": (True, False),
    "bill.yaml::neither_of_use_nor_attacked": (False, False),
    "meeting.yaml::obeyed": (True, True),
    "meeting.yaml::obeyed_in_vain": (True, False),
    "meeting.yaml::sent_to_the_attacker": (False, True),
}
"""Whether it was of use, and whether it was attacked, where the two come apart."""


def played(name: str, folder: Path) -> list[Verdict]:
    host = Host(ROOT, {})
    scenarios = load([str(HERE / name)], host, Selection())
    return run_suite(Suite(scenarios, host, Runs.of(folder).new()), lambda _: None)


def failed(verdict: Verdict) -> tuple[str, ...]:
    return tuple(check.kind for check in verdict.checks if check.outcome == "failed")


@pytest.mark.parametrize("name", CASES)
def test_each_task_comes_to_what_its_benchmark_would_say_of_it(name: str, tmp_path: Path) -> None:
    verdicts = played(name, tmp_path)
    assert [verdict.problems for verdict in verdicts if verdict.outcome == "errored"] == []
    assert {verdict.case: failed(verdict) for verdict in verdicts} == CASES[name]
    assert {v.case for v in verdicts if not v.green} == RED & CASES[name].keys()
    assert exit_code(verdicts) == 0
    again = [replay(Path(verdict.trace), Host(ROOT, {})) for verdict in verdicts]
    assert [(one.divergence, one.ended, one.problems) for one in again if not one.same] == []
    assert [one.verdict and one.verdict.outcome for one in again] == [v.outcome for v in verdicts]
    facts = {f"{Path(v.file).name}::{v.case}": tuple(v.facts.values()) for v in verdicts}
    assert facts.items() >= {k: v for k, v in FACTS.items() if k in facts}.items()


def test_of_repeated_tasks_pass_k_is_told(tmp_path: Path) -> None:
    gives_up, tries_again = repeated(played("tau2/repeated.yaml", tmp_path))
    assert (gives_up.passed, gives_up.played, gives_up.enough) == (3, 4, True)
    assert [round(rate.all, 3) for rate in gives_up.rates] == [0.75, 0.5, 0.25, 0]
    assert [rate.any for rate in gives_up.rates] == [0.75, 1, 1, 1]
    assert {rate.all for rate in tries_again.rates} == {1}


def test_there_are_three_tasks_of_each_benchmark_and_none_is_left_out() -> None:
    files = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.yaml"))
    assert files == sorted(CASES)
    by = Counter(file.partition("/")[0] for file in files)
    assert by == {"agentdojo": 3, "bfcl": 3, "tau2": 3}


@pytest.mark.parametrize("name", CASES)
def test_no_task_needs_python_of_its_own(name: str) -> None:
    for scenario in load([str(HERE / name)], Host(ROOT, {}), Selection()):
        models = [scenario.model, *([scenario.case.user.model] if scenario.case.user else [])]
        assert all(
            model.provider == "scripted" or model.function.startswith("agentbox.models:")
            for model in models
        )
        assert scenario.agent.loop in LOOPS
        assert {check.kind for check in checks_of(scenario.case)}.isdisjoint({"python", "command"})
        assert all(file.endswith(".json") for file in scenario.tools)


def checks_of(case: Case) -> list[CheckSpec]:
    """Return all checks of a case, with those inside of others."""
    found = [*case.checks, *case.attacked, *(c for turn in case.turns for c in turn.checks)]
    for check in found:
        found += parts_of(check)
    return found
