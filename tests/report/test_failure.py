from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from syrupy.assertion import SnapshotAssertion

from agentbox.core.errors import Mark, Problem
from agentbox.core.verdict import CheckResult
from agentbox.report import cells, failure, plain

FILE = "scenarios/support_bot_no_date.yaml"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_failed_check_tells_its_line_the_story_the_prompt_and_the_way_on(
    sample: SimpleNamespace, snapshot: SnapshotAssertion, width: int
) -> None:
    text = plain(failure(sample.verdict(), sample.events(), width=width))
    assert text == snapshot
    told = [line for line in text.splitlines() if " agentbox " not in line]  # typed in one line
    assert all(cells(line) <= width for line in told)


def test_a_missing_date_stands_out(sample: SimpleNamespace) -> None:
    lines = failure(sample.verdict(), sample.events())
    assert [line for line in lines if line and line[0] == ("    now: absent", "bad")]


def test_checks_of_one_turn_share_one_story_with_a_mark_for_each(
    sample: SimpleNamespace, snapshot: SnapshotAssertion
) -> None:
    again = sample.check(
        kind="tool_not_called", claim="", turn=None, at=f"{sample.case}/t1/s1/call1",
        mark=Mark(FILE, 26, 9, 15), source="      - tool_not_called: accounts.get_account",
        message="called once, in turn 1",
    )  # fmt: skip
    verdict = sample.verdict(checks=(sample.check(), again))
    assert plain(failure(verdict, sample.events())) == snapshot


def test_a_call_of_the_users_own_is_no_step_to_look_at(sample: SimpleNamespace) -> None:
    events = sample.events()
    call = {"tool": "home.restart", "args": {}}
    own = sample.event("u:overdue_upgrade/t1/call1", "tool.request", **call)
    seen = sample.check(turn=None, at="h:overdue_upgrade/end/look1")
    text = plain(failure(sample.verdict(checks=(seen,)), [*events[:6], own, *events[6:]]))
    assert "home.restart()" in text
    assert "--step t1/s2\n" in text


def test_a_known_failure_tells_the_same_under_another_title(sample: SimpleNamespace) -> None:
    plainly = plain(failure(sample.verdict(), sample.events()))
    known = plain(failure(sample.verdict(known_failure="no date yet"), sample.events()))
    assert known == plainly.replace("FAILED", "KNOWN FAILURE").replace(
        "  see  ", "  known  no date yet\n  see  "
    )


def test_a_known_failure_that_passes_is_told_what_to_do(sample: SimpleNamespace) -> None:
    verdict = sample.verdict(outcome="passed", known_failure="no date yet")
    assert plain(failure(verdict, sample.events())) == (
        "UNEXPECTED PASS overdue_upgrade: it passes, but is marked as a known failure\n"
        "  = hint: take `known_failure` out of the case\n"
        "\n"
        "  known  no date yet\n"
        "  see    agentbox show 20261124T031502Z-ab12::support_bot_no_date__overdue_upgrade\n"
        f"  again  agentbox run {FILE}::overdue_upgrade\n"
    )


def test_a_passed_case_has_nothing_to_say(sample: SimpleNamespace) -> None:
    assert failure(sample.verdict(outcome="passed", checks=()), sample.events()) == []


def test_an_errored_case_tells_its_problem_and_where_it_stopped(
    sample: SimpleNamespace, snapshot: SnapshotAssertion
) -> None:
    problem = Problem(
        "the server `accounts` died before it answered (exit code 3)\n"
        "$ python servers/accounts.py\nTraceback\n  ModuleNotFoundError: \x1b[31mred",
        Mark(FILE, 12, 3, 8), "declared here", "  accounts: {command: [python]}",
        "run it by hand: python servers/accounts.py",
    )  # fmt: skip
    at = f"{sample.case}/t1/s1/call1"
    cut_short = [event for event in sample.events() if event.kind != "tool.result"][:10]
    verdict = sample.verdict(outcome="errored", checks=(), problems=(problem,), problem_at=at)
    assert plain(failure(verdict, cut_short)) == snapshot


def test_an_errored_case_without_a_turn_tells_its_problem_alone(sample: SimpleNamespace) -> None:
    verdict = sample.verdict(outcome="errored", checks=(), problems=(Problem("no start"),))
    assert plain(failure(verdict, [])) == (
        "ERRORED overdue_upgrade: no start\n"
        "\n"
        "  see    agentbox show 20261124T031502Z-ab12::support_bot_no_date__overdue_upgrade\n"
        f"  again  agentbox run {FILE}::overdue_upgrade\n"
    )


def test_an_end_that_no_check_speaks_of_is_told(sample: SimpleNamespace) -> None:
    text = plain(failure(sample.verdict(checks=(), end="limit: steps"), sample.events()))
    assert text.startswith("FAILED overdue_upgrade: the run ended by limit: steps\n\n  turn 1\n")


def test_an_errored_check_is_not_called_failed(sample: SimpleNamespace) -> None:
    check = sample.check(outcome="errored", kind="sql", claim="", message="not observed")
    text = plain(failure(sample.verdict(outcome="errored", checks=(check,)), sample.events()))
    assert text.startswith("ERRORED overdue_upgrade: sql\n")


def test_a_check_of_the_whole_run_without_a_place_tells_every_turn(
    sample: SimpleNamespace,
) -> None:
    events = [
        *sample.events(),
        sample.event("u:x/t2", "user.result", text="And now?"),
        sample.event(f"{sample.case}/t2/s1", "model.request", slots=[]),
        sample.event(f"{sample.case}/t2/s1", "model.result", text="Now too."),
    ]
    check = sample.check(turn=None, at="", kind="tool_called")
    text = plain(failure(sample.verdict(checks=(check,)), events))
    assert text.index("turn 1") < text.index("turn 2") < text.index("Now too.")
    assert "--step t2/s1" in text
    assert "<- here" not in text


def test_a_turn_is_told_once_however_many_checks_speak_of_it(sample: SimpleNamespace) -> None:
    events = [*sample.events(), sample.event("u:x/t2", "user.result", text="And now?")]
    whole = sample.check(turn=None, at="", claim="tool_called x")
    text = plain(failure(sample.verdict(checks=(sample.check(), whole)), events))
    order = ["says March 19", "turn 1\n", "tool_called x", "turn 2\n"]
    assert sorted(order, key=text.index) == order
    assert text.count("  turn 1\n") == 1


@pytest.mark.parametrize("at", ["c:t1", "c:overdue_upgrade", "nonsense", "c:x/t9/s9/call9"])
def test_a_place_that_is_not_in_the_trace_marks_nothing(sample: SimpleNamespace, at: str) -> None:
    check = sample.check(turn=None, at=at)
    text = plain(failure(sample.verdict(checks=(check,)), sample.events()))
    assert "turn 1" in text
    assert "<- here" not in text


def test_a_place_below_a_call_marks_the_call(sample: SimpleNamespace) -> None:
    check = sample.check(at=f"{sample.case}/t1/s1/call1/try2/child1")
    text = plain(failure(sample.verdict(checks=(check,)), sample.events()))
    assert 'accounts.get_account(account_id="LLM-4829")  <- here\n' in text
    assert text.count("<- here") == 1


def test_a_long_turn_shows_its_ends_and_what_is_around_the_place(sample: SimpleNamespace) -> None:
    turn = f"{sample.case}/t1"
    events = []
    for number in range(1, 101):
        events += [
            sample.event(f"{turn}/s{number}", "model.request", slots=[]),
            sample.event(f"{turn}/s{number}", "model.result", text=f"Thought {number}."),
        ]
    check = sample.check(at=f"{turn}/s50")
    text = plain(failure(sample.verdict(checks=(check,)), events))
    shown = [n for n in range(1, 101) if f"Thought {n}." in text]
    assert shown == [1, 2, 3, 4, *range(47, 54), 97, 98, 99, 100]
    assert text.count("(42 steps left out)") == 1
    assert "(43 steps left out)" in text
    assert "Thought 50.  <- here" in text


def test_a_step_of_many_calls_shows_its_ends(sample: SimpleNamespace) -> None:
    at = f"{sample.case}/t1/s1"
    calls = [
        sample.event(f"{at}/call{number}", "tool.request", tool=f"tool{number}", args={})
        for number in range(1, 41)
    ]
    text = plain(failure(sample.verdict(checks=(sample.check(at=f"{at}/call20"),)), calls))
    shown = [number for number in range(1, 41) if f"tool{number}()" in text]
    assert shown == [1, 2, 3, 4, *range(17, 24), 37, 38, 39, 40]
    assert "(12 calls left out)" in text
    assert "(13 calls left out)" in text


def test_hostile_words_cannot_leave_their_place(sample: SimpleNamespace) -> None:
    bad = "\x1b[2J\u202e\r\x9b"
    turn = f"{sample.case}/t1"
    call = {"tool": f"t{bad}", "args": {f"a{bad}": f"b{bad}"}}
    slots = [{"slot": bad, "state": bad, "origin": bad, "text": bad}]
    events = [
        sample.event(turn.replace("c:", "u:"), "user.result", text=f"{bad}\nfake: passed"),
        sample.event(f"{turn}/s1", "model.request", slots=slots),
        sample.event(f"{turn}/s1", "model.result", text=f"say{bad}", calls=[call]),
        sample.event(f"{turn}/s1/call1", "tool.request", **call),
        sample.event(f"{turn}/s1/call1", "tool.result", status=bad, source=bad, text=bad,
                     side={"detail": bad}),
    ]  # fmt: skip
    verdict = sample.verdict(case=f"case{bad}", checks=(sample.check(at=f"{turn}/s1"),))
    lines = failure(verdict, events)
    raw = "".join(text for line in lines for text, _ in line)
    assert not set(raw) & set("\x1b\u202e\r\x9b\n")  # safe before it is measured, not only painted
    assert not any(line.startswith("fake: passed") for line in plain(lines).splitlines())


def test_a_typed_command_quotes_what_a_shell_would_take_apart(sample: SimpleNamespace) -> None:
    verdict = sample.verdict(case="it's $(rm -rf) late", outcome="errored", checks=())
    text = plain(failure(verdict, []))
    assert f"""agentbox run '{FILE}::it'"'"'s $(rm -rf) late'""" in text


def test_a_check_that_points_at_a_turn_marks_the_turn(sample: SimpleNamespace) -> None:
    check = sample.check(at=f"{sample.case}/t1")
    text = plain(failure(sample.verdict(checks=(check,)), sample.events()))
    assert re.search(r"^  turn 1 +<- here$", text, re.MULTILINE)


def test_a_passed_case_has_its_warnings_to_tell_and_no_more(sample: SimpleNamespace) -> None:
    warning = sample.check(level="warn")
    verdict = sample.verdict(outcome="passed", checks=(CheckResult("ended", "passed"), warning))
    text = plain(failure(verdict, sample.events()))
    assert text.startswith("WARNING overdue_upgrade: says March 19\n")
    assert "support_bot_no_date.yaml:24:19" in text
    assert "agentbox show" not in text


def test_a_warning_beside_a_failure_is_told_as_one(sample: SimpleNamespace) -> None:
    warning = sample.check(level="warn", claim="says March 18")
    verdict = sample.verdict(checks=(sample.check(), warning))
    text = plain(failure(verdict, sample.events()))
    assert "FAILED overdue_upgrade: says March 19\n" in text
    assert "WARNING overdue_upgrade: says March 18\n" in text


def test_a_case_that_failed_by_its_end_says_so_whatever_warns(sample: SimpleNamespace) -> None:
    warning = sample.check(level="warn")
    verdict = sample.verdict(checks=(warning,), end="limit: steps")
    assert "the run ended by limit: steps" in plain(failure(verdict, sample.events()))


def test_a_case_without_a_trace_is_run_again_and_not_shown(sample: SimpleNamespace) -> None:
    text = plain(failure(sample.verdict(trace=""), sample.events()))
    assert "agentbox run" in text
    assert "agentbox show" not in text


def test_what_a_server_has_the_model_say_is_no_step_of_the_story(sample: SimpleNamespace) -> None:
    events = sample.events()
    child = f"{sample.case}/t1/s1/call1/child1"
    request = sample.event(child, "model.request", aside="sampling")
    said = sample.event(child, "model.result", text="for the server alone")
    told = plain(failure(sample.verdict(), [*events[:8], request, said, *events[8:]]))
    assert told == plain(failure(sample.verdict(), events))
