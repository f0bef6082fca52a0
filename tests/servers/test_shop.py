"""A shop's three servers, whose tools have the same names: crm, orders, catalog."""

from __future__ import annotations

from stdio import called, rows, text

ADDRESS = "12 Harbour Street, Leith"


def test_a_name_may_fit_several_customers_and_a_wildcard_fits_none(tmp_path):
    one, two, mail, none = called(
        "crm",
        tmp_path,
        ("search", {"query": "dana osei"}),
        ("search", {"query": "Dana"}),
        ("search", {"query": "bruno@"}),
        ("search", {"query": "%"}),
    )
    found = [[c["customer_id"] for c in r.structured_content["customers"]] for r in (one, two)]
    assert found == [["C-104"], ["C-104", "C-131"]]
    assert len(mail.structured_content["customers"]) == 1
    assert none.structured_content == {"customers": []}


def test_a_customers_record_can_be_changed(tmp_path):
    moved, risen = called(
        "crm",
        tmp_path,
        ("update", {"customer_id": "C-104", "address": ADDRESS}),
        ("set_tier", {"customer_id": "C-104", "tier": "enterprise"}),
    )
    assert moved.structured_content["address"] == ADDRESS
    assert risen.structured_content["tier"] == "enterprise"
    changed = "SELECT customer_id FROM customer WHERE address = '12 Harbour Street, Leith'"
    assert rows(tmp_path / "crm.db", changed) == [("C-104",)]


def test_only_an_open_order_can_go_elsewhere(tmp_path):
    open_, moved, shipped = called(
        "orders",
        tmp_path,
        ("search", {"customer_id": "C-104", "status": "open"}),
        ("update", {"order_id": "O-7731", "address": ADDRESS}),
        ("update", {"order_id": "O-7740", "address": ADDRESS}),
    )
    assert [one["order_id"] for one in open_.structured_content["orders"]] == ["O-7731"]
    assert moved.structured_content["address"] == ADDRESS
    assert text(shipped).endswith("O-7740 is shipped; only an open order can be changed.")


def test_a_refund_is_stamped_with_the_requests_time_and_made_once(tmp_path):
    wanted = {"order_id": "O-7725", "reason": "x'); DROP TABLE refund;--"}
    made, again, never = called(
        "orders",
        tmp_path,
        ("refund", wanted, {"agentbox/now": "2026-03-20T15:30:00+01:00"}),
        ("refund", wanted),
        ("refund", {**wanted, "order_id": "O-7731"}),
    )
    assert made.structured_content == {
        "refund_id": "R-1",
        "order_id": "O-7725",
        "amount": 129.0,
        "refunded_at": "2026-03-20T14:30:00Z",
    }
    assert text(again).endswith("O-7725 is refunded; only a delivered order can be refunded.")
    assert never.is_error
    assert rows(tmp_path / "orders.db", "SELECT order_id FROM refund") == [("O-7725",)]


def test_the_catalogue_knows_stock_and_recommends_what_is_there(tmp_path):
    found, changed, wrong, more = called(
        "catalog",
        tmp_path,
        ("search", {"query": "DESK"}),
        ("update", {"item_id": "I-12", "stock": 3}),
        ("update", {"item_id": "I-12", "stock": -1}),
        ("recommend", {"item_id": "I-14"}),
    )
    assert [one["item_id"] for one in found.structured_content["items"]] == ["I-11", "I-12"]
    assert changed.structured_content["stock"] == 3
    assert wrong.is_error
    assert [one["item_id"] for one in more.structured_content["items"]] == ["I-15", "I-16", "I-11"]
