from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agentbox.core.trace import position_key, slug


def test_numbers_in_positions_compare_as_numbers() -> None:
    places = [f"c:case/t1/s{n}/call{m}" for n in (1, 2, 10) for m in (1, 2, 11)]
    assert sorted(set(places), key=position_key) == places


def test_a_parent_comes_before_its_children() -> None:
    places = [
        "c:a",
        "c:a/t1",
        "c:a/t1/s1",
        "c:a/t1/s1/call1",
        "c:a/t1/s1/call1/child1",
        "c:a/t1/s2",
    ]
    assert sorted(set(places), key=position_key) == places


@given(st.text())
def test_a_slug_has_no_separator_and_is_never_empty(name: str) -> None:
    found = slug(name)
    assert found
    assert not set(found) & set("/\\: \n\x00")
    assert found not in (".", "..")
