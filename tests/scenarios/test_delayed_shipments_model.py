"""The freight desk's model plans, goes step by step and says what it found; its twin says more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lessons import MODELS, Played
from loading import loaded

from agentbox.core.requests import End
from agentbox.loops import plan_execute, react

DELAYED = loaded(MODELS / "delayed_shipments.py")
ROWS = [
    {"shipment_id": "SHP-7", "customer": "Ada", "tier": "plus", "status": "delayed"},
    {"shipment_id": "SHP-8", "customer": "Bo", "tier": "enterprise", "status": "delayed"},
]
POLICIES = [
    ("POL-1", "strike", ["plus"], "2020-01-01", "2026-07-15", 1, 9.0),
    ("POL-2", "strike", ["plus", "standard"], "2026-07-16", None, 3, 2.5),
    ("POL-3", "flood", ["enterprise"], "2020-01-01", None, 9, 4.0),
]
QUESTION = "Which shipments of last week are delayed, why, and which policy applies to each?"


def freight(**other: Any) -> dict[str, Callable[..., Any]]:
    def title(one: tuple) -> dict:
        keys = ("policy_id", "cause", "tiers", "valid_from", "valid_until")
        return dict(zip(keys, one, strict=False))

    def list_shipments(cursor: str = "", **_: Any) -> dict:
        row, following = (ROWS[1], None) if cursor else (ROWS[0], "SHP-7")
        return {"shipments": [row], "total": 2, "next_cursor": following}

    def get_shipment(shipment_id: str) -> dict:
        row = next(row for row in ROWS if row["shipment_id"] == shipment_id)
        cause = {"SHP-7": "strike", "SHP-8": "flood"}[shipment_id]
        event = {"event_id": f"EV-{shipment_id[4:]}-1", "kind": "exception", "cause": cause}
        return {**row, "days_late": 5, "events": [event]}

    def get_policy(policy_id: str) -> dict:
        one = next(one for one in POLICIES if one[0] == policy_id)
        return {
            **title(one),
            "from_days_late": one[5],
            "credit_percent": one[6],
            "remedy": "Do so.",
        }

    return {
        "freight.list_shipments": list_shipments,
        "freight.get_shipment": get_shipment,
        "freight.list_policies": lambda: {"policies": [title(one) for one in POLICIES]},
        "freight.get_policy": get_policy,
        **other,
    }


ANSWER = (
    "2 shipments of last week are delayed.\n"
    "- SHP-7 for Ada (plus), 5 days late: strike (EV-7-1). POL-2 applies, a credit of 2.5 %: "
    "Do so.\n"
    "- SHP-8 for Bo (enterprise), 5 days late: flood (EV-8-1). No policy applies."
)


@pytest.mark.parametrize("loop", [react, plan_execute])
def test_a_freight_desk_says_only_what_it_found_in_either_loop(loop):
    played = Played(DELAYED.reply, freight(), loop=loop)
    assert played.user(QUESTION) == End("answered", ANSWER)
    wanted = {"status": "delayed", "from_day": "2026-07-06", "to_day": "2026-07-12"}
    assert played.calls[0] == ("freight.list_shipments", wanted)
    assert played.calls[1] == ("freight.list_shipments", {**wanted, "cursor": "SHP-7"})
    assert len(played.calls) == len({json.dumps(call) for call in played.calls}) == 7


def test_a_plan_has_three_steps_and_each_is_done():
    played = Played(DELAYED.reply, freight(), loop=plan_execute)
    played.user(QUESTION)
    assert played.notes == ["plan.made", *["plan.step"] * 3]


def test_a_step_that_fails_is_said_so_and_what_is_left_is_planned_again():
    tries = []

    def list_policies() -> dict:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("closed for lunch")
        return freight()["freight.list_policies"]()

    played = Played(
        DELAYED.reply, freight(**{"freight.list_policies": list_policies}), loop=plan_execute
    )
    assert played.user(QUESTION) == End("answered", ANSWER)
    assert played.notes == ["plan.made", *["plan.step"] * 3, "plan.revised", "plan.step"]
    assert played.called.count("freight.get_shipment") == 2


def test_a_freight_desk_whose_tools_fail_does_not_end_in_a_loop():
    def closed(**_: Any) -> dict:
        raise OSError("closed")

    played = Played(DELAYED.reply, freight(**{"freight.list_shipments": closed}))
    assert played.user(QUESTION).answer.startswith("FAILED: freight.list_shipments gave: closed")


def test_the_twin_does_the_same_and_cites_a_policy_that_nobody_wrote():
    played = Played(DELAYED.reply_inventing, freight(), loop=plan_execute)
    answer = played.user(QUESTION).answer
    assert answer.startswith(ANSWER)
    assert "POL-60" in answer
    assert len(played.calls) == 7


def test_not_told_the_date_it_takes_last_week_to_be_long_ago():
    played = Played(DELAYED.reply, freight(), now="")
    played.user(QUESTION)
    assert played.calls[0][1]["from_day"] == "2025-05-26"
