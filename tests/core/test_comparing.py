from __future__ import annotations

from agentbox.core.comparing import GONE, changes, edits


def test_an_item_put_into_an_array_is_one_change() -> None:
    one, other = {"slots": ["customer", "docs"]}, {"slots": ["now", "customer", "docs"]}
    assert [*edits(one, other)] == [("$.slots[0]", GONE, "now")]
    assert [*edits(other, one)] == [("$.slots[0]", "now", GONE)]
    assert len([*changes(one, other)]) == 3


def test_items_that_changed_stand_side_by_side() -> None:
    one = [{"a": 1, "b": 2}, "x", "y"]
    other = [{"a": 1, "b": 3}, "x", "z", "w"]
    assert [*edits(one, other)] == [("$[0].b", 2, 3), ("$[2]", "y", "z"), ("$[3]", GONE, "w")]


def test_values_of_another_type_differ_as_a_whole() -> None:
    assert [*edits({"a": [1]}, {"a": {"b": 1}})] == [("$.a", [1], {"b": 1})]
    assert [*edits({"a": 1}, {"a": 1.0})] == []
    assert [*edits({"a": True}, {"b": None})] == [("$.a", True, GONE), ("$.b", GONE, None)]
