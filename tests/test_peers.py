"""What agents, evaluation harnesses and benchmarks of others are known to get wrong, caught here.

`CAUGHT` names for each failure the test that would catch it in ours. Where no one part could be
tested for it, the tests stand below: they play a whole loop, or a whole suite.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from played import Played
from stage import staged

from agentbox import Message, ToolCall, call, say
from agentbox.core.errors import AuthorError
from agentbox.core.requests import End
from agentbox.core.scenario import Limits
from agentbox.loops import plan_execute
from agentbox.session import exit_code, repeated

TESTS = Path(__file__).parent
CAUGHT = {
    # -- loops
    "one failing call of a batch discards its siblings (smolagents 2457)": (
        "runtime/test_driver.py::test_one_failing_call_neither_hides_nor_cancels_its_siblings",
        "runtime/test_driver.py::test_a_broken_toolbox_raises_only_after_its_siblings_are_done",
    ),
    "results come in the order of their ends, or of their ids (smolagents, vercel/ai 16567)": (
        "runtime/test_driver.py::test_results_keep_call_order_whatever_finishes_first",
    ),
    "failures are counted by tool, and an invented name has a count of its own (Pydantic AI)": (
        "test_peers.py::test_invented_names_are_paid_from_the_one_budget_of_the_run",
    ),
    "nothing bounds a run by default, or 10,007 steps do (mini-swe-agent, LangGraph)": (
        "test_peers.py::test_a_run_without_a_word_on_limits_ends_by_one",
    ),
    "what was found is lost at the limit (openai-agents 844, olmo-eval 249)": (
        "runtime/test_budget.py::test_steps_end_a_run_by_name_after_one_last_word",
        "runtime/test_budget.py::test_an_agent_without_tools_has_no_step_beyond_its_limit_but_the_last_word",
    ),
    "a run that hit its limit is a success (Inspect)": (
        "judge/test_verdict.py::test_an_end_by_a_limit_that_no_check_speaks_of_is_one_failure_more",
    ),
    "a plan is never made (smolagents 1118)": (
        "loops/test_plan_execute.py::test_a_plan_is_made_each_step_is_run_and_the_findings_answer",
    ),
    "plans pass by callbacks and budgets (smolagents 1499)": (
        "test_peers.py::test_planning_is_recorded_and_paid_like_any_other_step",
    ),
    "plans know nothing of what was said and found before (smolagents 1262)": (
        "loops/test_plan_execute.py::test_planning_sees_the_conversation_and_the_answer_sees_every_finding",
        "test_peers.py::test_the_plan_of_a_later_turn_sees_what_earlier_ones_found",
    ),
    "a plan is made anew by a counter, and not because a step failed (smolagents)": (
        "loops/test_plan_execute.py::test_a_failed_step_revises_the_plan_and_the_revision_says_what_changed",
        "test_peers.py::test_a_plan_is_not_made_anew_while_its_steps_are_done",
    ),
    "a plan cannot be approved before it is executed (smolagents 1435)": (
        "session/test_format.py::test_a_plan_is_executed_where_it_is_approved_and_not_where_it_is_refused",
    ),
    "each step walks all that was before (mini-swe-agent, Inspect)": (
        "trace/test_writer.py::test_a_message_is_written_once",
        "trace/test_writer.py::test_bytes_for_each_step_stay_flat_however_long_the_run",
    ),
    # -- tools
    "an exception of a tool ends the sample, and the evaluation with it (Inspect)": (
        "toolboxes/test_functions.py::test_what_a_function_raises_is_a_result_and_the_loop_goes_on",
        "toolboxes/test_definitions.py::test_what_a_defined_function_raises_is_a_result_and_the_loop_goes_on",
    ),
    "a protocol error ends the run (Pydantic AI 1989, openai-agents 879)": (
        "toolboxes/mcp/test_calls.py::test_results_that_strict_models_refuse_are_read_as_they_came",
    ),
    "a server that is down is a run that is down (Pydantic AI 2083, openai-agents 693)": (
        "toolboxes/mcp/test_calls.py::test_a_server_that_dies_in_a_call_leaves_it_unknown_and_says_how_it_died",
    ),
    "a tool that hangs, hangs the run (LangGraph 6412, Inspect 4291)": (
        "toolboxes/mcp/test_calls.py::test_a_call_that_hangs_is_a_timeout_and_the_server_hears_of_it",
        "toolboxes/test_functions.py::test_a_hung_sync_function_is_given_up_on_at_its_deadline",
    ),
    "a tool's own TimeoutError is taken for the deadline (Pydantic AI)": (
        "runtime/test_effects.py::test_our_deadline_is_told_apart_from_a_timeout_error_of_the_toolbox",
    ),
    "children survive the kill (mini-swe-agent 826)": (
        "toolboxes/mcp/test_servers.py::test_descendants_die_with_their_server_however_it_ends",
    ),
    "an undrained stderr holds the server up (mcptoon 19)": (
        "toolboxes/mcp/test_calls.py::test_a_flood_on_stderr_does_not_stop_the_server",
    ),
    "a stray print breaks the connection (python-sdk 671)": (
        "toolboxes/mcp/test_calls.py::test_rubbish_between_the_frames_is_recorded_and_the_connection_goes_on",
    ),
    "of two tools of one name the first wins in silence (Inspect)": (
        "toolboxes/test_functions.py::test_names_are_prefixed_by_key_and_clashes_are_found_at_start",
    ),
    "the first page is taken for the whole list (Inspect)": (
        "toolboxes/mcp/test_servers.py::test_a_list_is_read_to_its_last_page",
    ),
    "`$ref`, `oneOf` and `const` fall out of a schema (Inspect)": (
        "toolboxes/test_definitions.py::test_both_forms_are_read_and_schemas_are_kept_verbatim",
    ),
    "a tool changes the arguments that the record shows (AgentDojo, tau2)": (
        "runtime/test_effects.py::test_a_tool_can_change_neither_the_recorded_arguments_nor_the_message",
    ),
    "a tool that was not offered can be called": (
        "runtime/test_effects.py::test_an_agent_that_was_offered_no_tools_can_call_none",
    ),
    # -- models and users that are scripted
    "samples share one script (Inspect)": (
        "models/test_scripted.py::test_two_cases_share_nothing",
        "test_peers.py::test_each_play_of_a_suite_has_its_script_whole",
    ),
    "a script that has run out goes on in words of its own (fast-agent, Inspect)": (
        "models/test_scripted.py::test_running_out_names_case_turn_and_what_was_shown",
    ),
    "a simulator's fault is the agent's failure (tau2 392)": (
        "session/test_format.py::test_a_simulated_user_whose_model_is_late_makes_the_case_errored",
    ),
    # -- checks
    "an argument that was left out passes (tau2)": (
        "judge/test_calls.py::test_arguments_are_compared_over_the_union_of_keys",
        "judge/test_trajectory.py::test_arguments_are_compared_over_the_union_of_keys_where_they_are_given",
    ),
    "a check that cannot be evaluated passes, or fails (pydantic-evals, promptfoo)": (
        "judge/test_verdict.py::test_a_turn_that_was_never_played_is_errored_for_every_kind",
        "session/test_observing.py::test_a_look_that_sees_nothing_is_errored_and_says_why",
        "test_peers.py::test_no_combination_makes_a_pass_of_what_cannot_be_evaluated",
    ),
    "a misspelt tool was not called, and so the check holds": (
        "judge/test_calls.py::test_a_name_that_no_tool_has_cannot_be_judged",
        "session/test_format.py::test_a_name_that_no_tool_has_passes_nowhere_in_silence",
    ),
    "a threshold of 0, an empty list, an empty text always hold (promptfoo)": (
        "test_peers.py::test_a_check_that_would_hold_whatever_happens_is_refused",
    ),
    "a bare text means what the tool at hand likes (promptfoo, agentv)": (
        "spec/test_messages.py::test_a_mistake_is_shown_at_its_place_with_its_remedy",
    ),
    "failed calls count here, and not there (pydantic-evals)": (
        "judge/test_calls.py::test_failed_calls_count_unless_they_are_skipped",
        "judge/test_trajectory.py::test_failed_calls_count_unless_they_are_skipped",
    ),
    "the end state is right, so the path is (tau2 15), or the other way round (tau2 463)": (
        "benches/test_benches.py::test_each_task_comes_to_what_its_benchmark_would_say_of_it",
    ),
    "1,234.50 is not 1234.5 (tau2)": (
        "judge/test_numbers.py::test_a_number_with_commas_is_the_number_without",
    ),
    "plays that broke are left out of the rate (Inspect 2344)": (
        "test_peers.py::test_a_play_that_broke_is_counted_and_turns_nothing_green",
    ),
    "the exit code is 0 whatever came of it (deepeval 770)": (
        "cli/test_run.py::test_a_run_prints_verdicts_leaves_traces_and_exits_by_the_worst",
    ),
}


@pytest.mark.parametrize("failure", CAUGHT)
def test_each_failure_of_others_has_a_test_that_would_catch_it(failure: str) -> None:
    for test in CAUGHT[failure]:
        file, _, name = test.partition("::")
        tree = ast.parse((TESTS / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, test


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


# -- loops


def test_invented_names_are_paid_from_the_one_budget_of_the_run() -> None:
    def inventive(messages, tools):
        return call(f"look_{len(messages)}") if tools else say("I give up.")

    stage = staged(inventive, turns=("a", "b"), limits=Limits(steps=50, tool_calls=4))
    assert stage.end == End("limit", "I give up.", {"limit": "tool_calls"})
    results = stage.events("tool.result")
    assert [event.data["status"] for event in results] == ["failed"] * 4
    assert len({event.data["text"] for event in results}) == 4


def test_a_run_without_a_word_on_limits_ends_by_one() -> None:
    one = staged(lambda m, tools: call("look", key="k") if tools else say("Enough."))
    assert one.end == End("limit", "Enough.", {"limit": "steps"})
    assert len(one.events("model.request")) <= 21

    def greedy(messages, tools):
        calls = tuple(ToolCall("look", {"key": str(n)}) for n in range(30))
        return Message("assistant", calls=calls) if tools else say("Enough.")

    many = staged(greedy)
    assert many.end == End("limit", "Enough.", {"limit": "tool_calls"})
    assert len(many.events("tool.request")) == 100


def planner(messages, tools):
    """Make a plan of three steps; answer each with the last result, or what stands before it."""
    last = messages[-1].text
    if last.startswith("Make a plan"):
        steps = [{"id": f"s{n}", "goal": f"look {n}", "evidence": "it"} for n in (1, 2, 3)]
        return say(json.dumps({"steps": steps}))
    found = sum(m.text.startswith("found") for m in messages if m.role == "assistant")
    return say(f"found {found} so far")


def test_planning_is_recorded_and_paid_like_any_other_step() -> None:
    stage = staged(planner, agent=plan_execute)
    assert [event.at for event in stage.events("model.request")] == [
        "c:case/t1/s1",
        *(f"c:case/t1/s{n}.1" for n in (2, 3, 4)),
        "c:case/t1/s5",
    ]
    assert [event.at for event in stage.events("plan.made")] == ["c:case/t1"]
    for steps in (1, 2, 3, 4):
        stopped = staged(planner, agent=plan_execute, limits=Limits(steps=steps))
        assert (stopped.end.reason, stopped.end.data) == ("limit", {"limit": "steps"})
        assert len(stopped.events("model.request")) == steps + 1  # with the one last word


def test_a_plan_is_not_made_anew_while_its_steps_are_done() -> None:
    stage = staged(planner, agent=plan_execute)
    assert stage.end == End("answered", "found 3 so far")
    assert len(stage.events("plan.made")) == 1
    assert stage.events("plan.revised") == []
    assert [event.data["id"] for event in stage.events("plan.step")] == ["s1", "s2", "s3"]


def test_the_plan_of_a_later_turn_sees_what_earlier_ones_found() -> None:
    seen = []

    def model(messages, tools):
        if messages[-1].text.startswith("Make a plan"):
            seen.append([m.text for m in messages if m.role == "assistant"])
        return planner(messages, tools)

    staged(model, agent=plan_execute, turns=("One", "Two"))
    first, second = seen
    assert first == []
    assert "found 3 so far" in second


# -- models that are scripted


def test_each_play_of_a_suite_has_its_script_whole(played) -> None:
    head = "version: 1\nnow: 2026-03-20T14:30:00Z\nmodel: {provider: scripted}\ntools: [mine.py]\n"
    turns = """
    turns: &turns
      - user: Go
        script: [{call: look, args: {key: a}}, {call: look, args: {key: b}}, {say: Done}]
"""
    text = f"cases:\n  - name: a\n    repeat: 3{turns}  - {{name: b, turns: *turns}}\n"
    verdicts = played(text, head=head)
    assert [verdict.outcome for verdict in verdicts] == ["passed"] * 4
    assert [verdict.stats.tool_calls for verdict in verdicts] == [2] * 4


# -- checks

UNJUDGEABLE = "{json_path: {path: $.total}}"  # the answer is no JSON


@pytest.mark.parametrize(
    "check",
    [
        UNJUDGEABLE,
        f"not: {UNJUDGEABLE}",
        f"all: [{UNJUDGEABLE}, {{says: user}}]",
        f"any: [{UNJUDGEABLE}, {{says: never}}]",
        f"at_least: {{n: 2, checks: [{UNJUDGEABLE}, {{says: user}}]}}",
        f"not: {{any: [{UNJUDGEABLE}, {{says: never}}]}}",
    ],
)
def test_no_combination_makes_a_pass_of_what_cannot_be_evaluated(played, check: str) -> None:
    one = check if check.startswith("{") else f"{{{check}}}"
    for level in ("", ", level: warn"):
        checks = f"checks: [{one[:-1]}{level}}}]"
        (verdict,) = played(f"cases: [{{name: a, turns: [{{user: x}}], {checks}}}]")
        assert verdict.outcome == "errored", check
        assert exit_code([verdict]) == 3
        attacked = f"attacked: [{one}]"
        (verdict,) = played(f"cases: [{{name: a, turns: [{{user: x}}], {attacked}}}]")
        assert verdict.outcome == "errored", check


ALWAYS = {
    "says: ''": "`says` is empty",
    "says: {any: []}": "`any` is empty",
    "never_says: ''": "`never_says` is empty",
    "regex: ''": "`regex` is empty",
    "all: []": "`all` is empty",
    "any: []": "`any` is empty",
    "at_least: {n: 0, checks: [{says: a}]}": "`n` must be at least 1, but it is 0",
    "length: {}": "`length`: give `min`, `max` or both",
    "most: {}": "`most`: give one of `steps`, ",
    "trajectory: {calls: [], extra: allow}": "no calls with `extra: allow` always holds",
    "parallel: []": "`parallel` is empty",
    "parallel: [look]": "`parallel` must have at least 2 entries, but it has 1",
    "token_share: {slot: now, most: 2}": "`most: 2` is more than the whole prompt, which is 1",
    "tool_state: {tool: look}": "say what it must be: give `equals`, `contains` or `path`",
    "unchanged: {}": "give exactly one of `resource`, `tool`, `sql`, `file`",
    "same_as_gold: {calls: [], tool: {tool: look}}": "`calls` is empty",
}


@pytest.mark.parametrize("check", ALWAYS)
def test_a_check_that_would_hold_whatever_happens_is_refused(played, check: str) -> None:
    with pytest.raises(AuthorError) as caught:
        played(f"cases: [{{name: a, turns: [{{user: x, checks: [{{{check}}}]}}]}}]")
    (problem,) = caught.value.problems
    assert ALWAYS[check] in problem.message


def test_a_play_that_broke_is_counted_and_turns_nothing_green(played) -> None:
    model = """
from agentbox import say
N = []
def reply(messages, tools):
    N.append(1)
    if len(N) == 2:
        raise ValueError("broken")
    return say("word")
"""
    text = "cases: [{name: a, repeat: {runs: 3, require: 2}, turns: [{user: x}]}]"
    verdicts = played(text, model)
    assert sorted(verdict.outcome for verdict in verdicts) == ["errored", "passed", "passed"]
    (told,) = repeated(verdicts)
    assert (told.played, told.passed, told.errored) == (2, 2, 1)
    assert exit_code(verdicts) == 3
