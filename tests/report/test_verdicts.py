from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from syrupy.assertion import SnapshotAssertion

from agentbox.core.errors import Mark, Problem
from agentbox.core.scenario import ModelSpec, Scenario
from agentbox.core.verdict import CheckResult, Stats, Verdict
from agentbox.report import (
    cells,
    findings,
    plain,
    run_header,
    standing,
    summary,
    used_json,
    verdict_json,
    verdict_line,
)
from agentbox.report.verdicts import moment


def variety(sample: SimpleNamespace) -> list:
    why = "nobody tells the bot what day it is"
    died = Problem("the server `accounts` died (exit code 3)\nTraceback")
    return [
        sample.verdict(outcome="passed", case="refund_inside_window", stats=Stats(12, 30, 0)),
        sample.verdict(),
        sample.verdict(known_failure=why),
        sample.verdict(outcome="passed", known_failure=why),
        sample.verdict(outcome="errored", case="dead", checks=(), problems=(died,)),
        sample.verdict(outcome="errored", known_failure=why, checks=(), problems=(died,)),
        sample.verdict(outcome="errored", checks=(CheckResult("sql", "errored"),)),
        sample.verdict(checks=(), end="limit: steps"),
    ]


@pytest.mark.parametrize("glyphs", [True, False])
def test_verdict_lines_are_aligned(
    sample: SimpleNamespace, snapshot: SnapshotAssertion, *, glyphs: bool
) -> None:
    verdicts = variety(sample)
    width = max(cells(verdict.case) for verdict in verdicts)
    lines = [verdict_line(one, label_width=width, glyphs=glyphs, width=120) for one in verdicts]
    assert plain(lines) == snapshot


def test_what_stands_green_is_what_the_verdict_calls_green(sample: SimpleNamespace) -> None:
    for verdict in variety(sample):
        assert verdict.green == (standing(verdict) in ("passed", "known failure"))
        assert (verdict_line(verdict)[0][1] == "good") == verdict.green


def test_a_verdict_line_fits_its_width_whatever_the_case_is_called(
    sample: SimpleNamespace,
) -> None:
    verdict = sample.verdict(case="日本\x1b[2J" * 60, known_failure="why " * 60)
    for width in (40, 80, 120):
        text = plain([verdict_line(verdict, label_width=500, width=width)])
        assert cells(text.rstrip("\n")) <= width
        assert "\x1b" not in text


def test_a_label_replaces_the_name(sample: SimpleNamespace) -> None:
    text = plain([verdict_line(sample.verdict(), label="support_bot.yaml::overdue")])
    assert "support_bot.yaml::overdue " in text


def test_the_summary_counts_each_standing(sample: SimpleNamespace) -> None:
    assert plain(summary(variety(sample), 0.74, "runs/1", width=200)) == (
        "2 failed, 3 errored, 1 unexpected pass, 1 passed, 1 known failure in 0.7s"
        " · 44 model calls · 7 tool calls · tokens and cost unknown · trace runs/1\n"
    )


def test_the_traces_get_a_line_of_their_own_where_they_do_not_fit(sample: SimpleNamespace) -> None:
    text = plain(summary([sample.verdict()], 0.7, "a/folder/with/a/long/name", width=60))
    assert text.splitlines()[1] == "  trace a/folder/with/a/long/name"


def test_what_is_unknown_is_never_shown_as_zero(sample: SimpleNamespace) -> None:
    def told(*stats: Stats) -> str:
        return plain(summary([sample.verdict(stats=one) for one in stats], 1))

    known = Stats(tokens=1200, cost_usd=0.5)
    assert "tokens and cost unknown" in told(Stats())
    assert "$" not in told(Stats())
    assert "1,200 tokens · cost unknown" in told(Stats(tokens=1200))
    assert "1,200 tokens · $0.5000" in told(known)
    assert "unknown" not in told(known)
    assert "1,200 tokens and 1 case unknown · $0.5000 and 1 case unknown" in told(known, Stats())
    assert "0 tokens" in told(Stats(steps=1, tokens=0))


def test_a_case_that_asked_no_model_tells_nothing_of_tokens(sample: SimpleNamespace) -> None:
    idle, one = sample.verdict(stats=Stats(tokens=0, cost_usd=0)), sample.verdict(stats=Stats(1, 2))
    assert plain([verdict_line(idle)]).endswith("0.21s   1 of 2 failed\n")
    assert " · 0 model calls\n" in plain(summary([idle], 1))
    assert " · 2 model calls · tokens and cost unknown\n" in plain(summary([idle, one], 1))


def test_reasoning_stands_apart_in_the_summary_and_in_the_line_of_a_case(sample) -> None:
    verdict = sample.verdict(stats=Stats(1, 2, 1, 1200, 300, 0.00125))
    assert "1 tool call · 1,200 tokens (300 reasoning) · $0.0013" in plain(summary([verdict], 1))
    line = plain([verdict_line(verdict, width=200)])
    assert "s  1,200 tokens (300 reasoning)  $0.0013" in line


def test_what_a_run_used_is_summed_as_far_as_it_is_known(sample) -> None:
    known = Stats(1, 2, 1, 1200, 300, 0.25)
    verdicts = [sample.verdict(stats=stats) for stats in (known, known, Stats(1, 1, 0, 10))]
    assert used_json(verdicts) == {
        "steps": 5,
        "tool_calls": 2,
        "tokens": 2410,
        "reasoning_tokens": 600,
        "cost_usd": 0.5,
        "unknown": {"tokens": 0, "reasoning_tokens": 1, "cost_usd": 1},
    }
    assert used_json([sample.verdict()])["tokens"] is None
    assert used_json([])["cost_usd"] is None


def test_a_run_of_which_nothing_was_judged_says_so() -> None:
    assert plain(summary([], 0)) == "nothing was judged in 0.0s · 0 model calls\n"


def scenario(now: str, seed: int = 7, zone: str = "") -> Scenario:
    return Scenario(1, now, (), ModelSpec(), seed=seed, zone=zone)


def test_the_header_tells_the_pinned_time_and_the_seed() -> None:
    one = scenario("2026-03-20T14:30:00Z")
    assert plain([run_header("0.1.0", [one, one])]) == (
        "agentbox 0.1.0 · offline · now 2026-03-20 14:30 UTC · seed 7\n"
    )


def test_a_header_of_no_scenario_names_no_time() -> None:
    assert plain([run_header("0.1.0", [])]) == "agentbox 0.1.0 · offline\n"


def test_the_header_tells_when_cases_differ() -> None:
    many = [scenario(f"2026-03-2{day}T14:30:00", day, "Europe/Berlin") for day in range(3)]
    assert plain([run_header("0.1.0", many, mode="live")]) == (
        "agentbox 0.1.0 · live · now 2026-03-20 14:30 Europe/Berlin and 2 more"
        " · seed 0 and 2 more\n"
    )


@pytest.mark.parametrize(
    ("now", "zone", "shown"),
    [
        ("2026-03-20T14:30:00+01:00", "UTC+01:00", "2026-03-20 14:30 UTC+01:00"),
        ("2026-03-20T14:30:00Z", "Europe/Berlin", "2026-03-20 15:30 Europe/Berlin"),
        ("real", "", "real"),
        ("\x1b[2J", "", "\\x1b[2J"),
        ("", "", ""),
    ],
)
def test_a_pinned_time_is_told_as_people_read_it(now: str, zone: str, shown: str) -> None:
    assert moment(now, zone) == shown


def test_findings_are_warnings_each_told_once(sample: SimpleNamespace) -> None:
    one = {"server": "accounts", "tool": "get_x", "code": "bad_schema", "message": "no object"}
    prefixed = {**one, "tool": "accounts.get_y"}
    server = {"server": "accounts", "code": "junk", "message": "not JSON: \x1b[2J"}
    events = [sample.event("c:x", "finding", **data) for data in (one, prefixed, one, server, {})]
    assert plain(findings(events)) == (
        "warning: accounts.get_x: no object [bad_schema]\n"
        "warning: accounts.get_y: no object [bad_schema]\n"
        "warning: accounts: not JSON: \\x1b[2J [junk]\n"
        "warning:\n"
    )


def test_the_json_of_a_verdict_has_stable_keys(
    sample: SimpleNamespace, snapshot: SnapshotAssertion
) -> None:
    problem = Problem("died", Mark("x.yaml", 3, 1), hint="restart it")
    verdict = sample.verdict(problems=(problem, Problem("bare")))
    assert json.dumps(verdict_json(verdict), indent=1) == snapshot


def warned(sample: SimpleNamespace, **changes) -> Verdict:
    warning = sample.check(level="warn", claim="says March 18")
    checks = (CheckResult("ended", "passed"), warning)
    return sample.verdict(**{"outcome": "passed", "checks": checks, **changes})


def test_a_case_with_a_warning_stands_green_and_says_so(sample: SimpleNamespace) -> None:
    verdict = warned(sample)
    assert standing(verdict) == "passed"
    assert plain([verdict_line(verdict)]).endswith("0.21s   1 warning\n")
    assert "2 passed in 1.0s · 2 warnings · " in plain(summary([verdict, verdict], 1))
    assert verdict_json(verdict)["checks"][1]["level"] == "warn"


def test_a_warning_is_no_failure_in_the_count_of_a_case_that_failed(
    sample: SimpleNamespace,
) -> None:
    checks = (*warned(sample).checks, sample.check())
    verdict = warned(sample, outcome="failed", checks=checks)
    assert plain([verdict_line(verdict)]).endswith("1 of 3 failed, 1 warning\n")


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"useful": True, "attacked": False}, "useful and not attacked"),
        ({"useful": False, "attacked": True}, "not useful and attacked"),
    ],
)
def test_whether_it_was_useful_and_attacked_stands_beside_a_case(
    sample: SimpleNamespace, facts: dict, told: str
) -> None:
    passed = sample.verdict(outcome="passed", checks=(), facts=facts)
    assert plain([verdict_line(passed)]).endswith(f"   {told}\n")
    failed = sample.verdict(facts=facts)
    assert plain([verdict_line(failed)]).endswith(f"1 of 2 failed, {told}\n")
    plainly = sample.verdict(outcome="passed")
    counted = [f"{name} {int(facts[name])} of 1" for name in ("useful", "attacked")]
    assert f" · {counted[0]} · {counted[1]} · " in plain(summary([passed, plainly], 1, width=200))
