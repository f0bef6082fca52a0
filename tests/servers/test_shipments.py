"""The shipments server: exact filters, logs that say why, policies that say what follows."""

from __future__ import annotations

from typing import Any

from stdio import called, conversation, text

LAST_WEEK = {"from_day": "2026-03-09", "to_day": "2026-03-15"}
NOW = {"agentbox/now": "2026-03-20T14:30:00Z"}


def ids(result: Any) -> list[str]:
    return [row["shipment_id"] for row in result.structured_content["shipments"]]


def test_filters_are_exact_and_their_days_included(tmp_path):
    late, day_before, day_after, carrier, none = called(
        "shipments",
        tmp_path,
        ("list_shipments", {"status": "delayed", **LAST_WEEK}),
        ("list_shipments", {"status": "delayed", **LAST_WEEK, "from_day": "2026-03-08"}),
        ("list_shipments", {"status": "delayed", **LAST_WEEK, "to_day": "2026-03-16"}),
        ("list_shipments", {"status": "delayed", **LAST_WEEK, "carrier": "Baltica"}),
        ("list_shipments", {"from_day": "2026-03-16", "to_day": "2026-03-09"}),
    )
    assert ids(late) == ["SHP-1270", "SHP-1274", "SHP-1278", "SHP-1282", "SHP-1286"]
    assert late.structured_content["total"] == 5
    assert ids(day_before) == ["SHP-1266", *ids(late)]
    assert ids(day_after) == [*ids(late), "SHP-1303"]
    assert ids(carrier) == ["SHP-1286"]
    assert none.structured_content == {"shipments": [], "total": 0, "next_cursor": None}


def test_pages_follow_each_other_without_gap_or_overlap(tmp_path):
    async def talk(client: Any) -> list[str]:
        seen, cursor = [], None
        while True:
            page = await client.call_tool("list_shipments", {"limit": 100, "cursor": cursor})
            assert page.structured_content["total"] == 320
            seen += ids(page)
            cursor = page.structured_content["next_cursor"]
            if cursor is None:
                return seen

    assert conversation("shipments", tmp_path, talk) == [f"SHP-{n}" for n in range(1001, 1321)]


def test_a_log_says_why_and_how_late_by_the_pinned_day(tmp_path):
    today, later, before, arrived = called(
        "shipments",
        tmp_path,
        ("get_shipment", {"shipment_id": "SHP-1278"}, NOW),
        ("get_shipment", {"shipment_id": "SHP-1278"}, {"agentbox/now": "2026-04-01T00:00:00Z"}),
        ("get_shipment", {"shipment_id": "SHP-1278"}, {"agentbox/now": "2026-03-01T00:00:00Z"}),
        ("get_shipment", {"shipment_id": "SHP-1001"}, NOW),
    )
    log = today.structured_content
    assert [event["event_id"] for event in log["events"]] == [f"EV-1278-{n}" for n in (1, 2, 3)]
    assert [event["cause"] for event in log["events"]] == [None, None, "customs_hold"]
    assert [one.structured_content["days_late"] for one in (today, later, before)] == [10, 22, 0]
    assert arrived.structured_content["status"] == "delivered"
    assert arrived.structured_content["events"][-1]["kind"] == "delivered"


def test_policies_are_listed_by_cause_and_tier_and_old_ones_too(tmp_path):
    by_both, every, read, unknown = called(
        "shipments",
        tmp_path,
        ("list_policies", {"cause": "carrier_capacity", "tier": "plus"}),
        ("list_policies", {}),
        ("get_policy", {"policy_id": "POL-32"}),
        ("get_policy", {"policy_id": "POL-60"}),
    )
    named = [one["policy_id"] for one in by_both.structured_content["policies"]]
    assert named == ["POL-31", "POL-32"]
    assert len(every.structured_content["policies"]) == 9
    assert read.structured_content["valid_until"] == "2025-12-31"
    assert read.structured_content["tiers"] == ["plus", "enterprise"]
    assert unknown.is_error


def test_a_filter_that_is_none_is_an_error(tmp_path):
    wrong = (
        {"from_day": "2026-02-30"},
        {"to_day": "last week"},
        {"status": "late"},
        {"carrier": "x' OR 1=1 --"},
        {"limit": 101},
    )
    results = called("shipments", tmp_path, *(("list_shipments", wanted) for wanted in wrong))
    for found, wanted in zip(results, wrong, strict=True):
        assert found.is_error
        assert next(iter(wanted)) in text(found)
