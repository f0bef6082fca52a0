from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import CaseDiff, Difference, RunDiff, Told, TraceDiff
from agentbox.core.errors import Problem
from agentbox.core.verdict import Stats
from agentbox.report import plain
from agentbox.report.diff import diff_json, diff_lines, run_diff_json, run_diff_lines
from agentbox.report.text import cells

AT = "c:overdue/t1/s1"
CALL = {"tool": "accounts.get_account", "args": {"account_id": "LLM-4829"}}
ABSENT = {"slot": "now", "state": "absent", "origin": "", "text": ""}
FILLED = {"slot": "now", "state": "filled", "origin": "clock", "text": "Today is March 20, 2026."}
LONG = "Your account LLM-4829 was updated on March 15 and the upgrade will complete " * 5


def one(kind: Any, *changes: Change, what: str = "model", **more: Any) -> Difference:
    places = {"before_at": AT, "after_at": AT} | more
    return Difference(kind, what=what, changes=changes, **places)


def root() -> Difference:
    follows = (
        one("event", Change("", GONE, {"iso": "x"}), what="clock.read", why="of the prompt"),
        one("reply", Change("text", LONG + "tomorrow.", LONG + "late."), why="of its prompt"),
    )
    return one("slot", Change("slots.now", ABSENT, FILLED), follows=follows)


def diff(**changes: Any) -> TraceDiff:
    given: dict[str, Any] = {
        "before": Told("no_date", "overdue", "failed", "answered", Stats(2, 3, 1, 367)),
        "after": Told("with_date", "overdue", "passed", "answered", Stats(2, 4, 1, 400)),
        "roots": (root(),),
        "header": (Change("scenario.agent.slots[0]", GONE, "now"),),
        "checks": (
            Change("says March 19", {"outcome": "failed"}, {"outcome": "passed"}),
            Change("never_says x", {"outcome": "failed"}, {"outcome": "failed", "message": "x"}),
            Change("ended", GONE, {"outcome": "passed"}),
            Change("problems[0]", "it broke", GONE),
        ),
        "code": (Change("code.m.py", "1", "2"),),
    }
    return TraceDiff(**{**given, **changes})


@pytest.mark.parametrize("width", [80, 110])
@pytest.mark.parametrize("everything", [False, True])
def test_two_traces_stand_side_by_side(
    snapshot: SnapshotAssertion,
    width: int,
    everything: bool,  # noqa: FBT001 - as `--all`
) -> None:
    lines = diff_lines(diff(), width=width, everything=everything)
    assert all(cells("".join(text for text, _ in line)) <= width for line in lines)
    assert plain(lines) == snapshot


def test_the_first_difference_is_named_with_the_states_of_its_slot() -> None:
    text = plain(diff_lines(diff()))
    assert text.startswith("failed -> passed\n")
    assert "first difference  t1/s1  what the model was shown\n    now: absent -> filled\n" in text
    assert "and 2 that follow from it (--all shows them)" in text
    assert "never_says" not in text


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (one("slot", Change("slots.now", FILLED, {**FILLED, "text": "x"})), "now: filled, and not"),
        (one("slot", Change("slots.a", GONE, FILLED)), "a: not there -> filled"),
        (one("args", Change("args.id", 1, 2), what="box.get"), "the arguments of box.get"),
        (one("args", Change("args.id", 1, 2), what="box.get"), "args.id: 1 -> 2"),
        (one("missing", Change("", {"calls": [CALL]}), after_at=""), "only in the first: a model"),
        (one("missing", Change("", {"calls": [CALL]}), after_at=""), "- calls accounts.get_acc"),
        (one("extra", Change("", GONE, CALL), what="a.b", before_at=""), "+ accounts.get_account("),
        (
            one("now", Change("now", "a", "b"), before_at="c:x", after_at="c:y"),
            "  the run  the pin",
        ),
        (one("reply", Change("text", "a", "b"), after_at="c:o/t1/s2"), "t1/s1 -> t1/s2"),
        (one("reply", *(Change(f"p[{n}]", n, -n) for n in range(1, 9))), "and 3 more in it"),
        (one("reply", Change("text", LONG + "\x1b[2Jx", LONG + "y")), "…"),
        (one("reply", Change("x", {"a": 1}, None)), 'x: {"a": 1} -> null'),
        (one("prompt"), "what the model was shown"),
    ],
)
def test_a_difference_is_told_by_what_it_is(difference: Difference, said: str) -> None:
    text = plain(diff_lines(diff(roots=(difference,))))
    assert said in text
    assert "\x1b" not in text


def test_of_many_roots_the_first_are_told() -> None:
    five = (root(),) * 5
    assert "and 1 more that stands by itself" in plain(diff_lines(diff(roots=five)))
    assert "and 2 more that stand by themselves" in plain(diff_lines(diff(roots=(*five, root()))))
    assert plain(diff_lines(diff(roots=five), everything=True)).count("stands by itself") == 4


def test_of_many_changes_of_the_scenario_the_first_are_told() -> None:
    header = tuple(Change(f"scenario.x[{n}]", n, n + 1) for n in range(9))
    assert "and 4 more (--all shows them)" in plain(diff_lines(diff(header=header)))


def test_one_that_follows_is_told_in_the_singular() -> None:
    alone = one("reply", Change("text", "a", "b"), follows=(one("usage"),))
    assert "and 1 that follows from it" in plain(diff_lines(diff(roots=(alone,))))
    told = plain(diff_lines(diff(roots=(alone,)), everything=True))
    assert "1 that follows from it" in told


def test_what_is_the_same_is_said_in_a_line_with_the_code_that_is_not() -> None:
    told = Told("a", "a", "passed", "answered")
    same = TraceDiff(told, Told("b", "a", "passed", "answered"), code=diff().code)
    assert same.same
    assert plain(diff_lines(same)) == (
        "identical\n  - a   answered\n  + b   answered\nother code ran: m.py\n"
    )


def test_what_was_done_may_be_the_same_as_far_as_a_trace_goes() -> None:
    torn = Told("b", sealed=False, problems=(Problem("b was cut short"),))
    cut = TraceDiff(Told("a", "a", "passed", "answered"), torn)
    text = plain(diff_lines(cut))
    assert text.startswith("passed -> no verdict\n  - a   answered\n  + b   no end · cut short\n")
    assert "nothing that was done differs, as far as both go" in text
    assert cut.problems == torn.problems
    both = TraceDiff(torn, torn, checks=(Change("a", GONE, {"outcome": "passed"}),))
    assert "both no verdict" in plain(diff_lines(both))
    assert "nothing that was done differs\n" in plain(diff_lines(diff(roots=())))


def runs() -> RunDiff:
    same = Told("a", "a", "passed", "answered")
    return RunDiff(
        (
            CaseDiff("s__flips", "failed", "passed", diff()),
            CaseDiff("s__differs", "passed", "passed", diff(roots=(root(), one("usage")))),
            CaseDiff("s__same", "passed", "passed", TraceDiff(same, same)),
            CaseDiff("s__args", "passed", "passed", diff(roots=(one("args", Change("a", 1, 2)),))),
            CaseDiff("s__gone", "passed"),
            CaseDiff("s__new", "", "failed"),
            CaseDiff("s__extra", "passed", "", diff(roots=(one("extra", Change("", GONE, CALL)),))),
            CaseDiff("s__only_checks", "passed", "passed", diff(roots=(one("prompt"),))),
            CaseDiff("s__header", "passed", "passed", diff(roots=())),
        )
    )


def test_two_runs_are_told_case_by_case(snapshot: SnapshotAssertion) -> None:
    assert plain(run_diff_lines(runs(), width=80)) == snapshot
    assert "s__same" in plain(run_diff_lines(runs(), everything=True))
    assert not runs().same


def test_runs_of_no_case_and_of_the_same_cases() -> None:
    assert plain(run_diff_lines(RunDiff(()))) == "no cases\n"
    same = RunDiff((runs().cases[2],))
    assert same.same
    assert plain(run_diff_lines(same)) == "1 the same\n"


def test_json_leaves_out_what_is_not_there() -> None:
    data = diff_json(diff())
    assert data["same"] is False
    first = data["differences"][0]
    assert first["changes"] == [{"path": "slots.now", "before": ABSENT, "after": FILLED}]
    assert [each["because"] for each in first["follows"]] == ["of the prompt", "of its prompt"]
    assert data["header"] == [{"path": "scenario.agent.slots[0]", "after": "now"}]
    assert data["before"]["stats"]["tokens"] == 367
    cases = run_diff_json(runs())["cases"]
    assert [case["standing"] for case in cases[:3]] == ["changed verdict", "differ", "the same"]
    assert cases[4]["diff"] is None
