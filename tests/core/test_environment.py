from __future__ import annotations

import pytest

from agentbox.core.environment import expand, unset, variables


def test_references_are_replaced_and_defaults_serve_where_unset() -> None:
    assert expand("Bearer ${TOKEN} ${X:-none}", {"TOKEN": "t"}) == "Bearer t none"
    assert expand("${X:-none}", {"X": "set"}) == "set"
    assert expand("$X and {X}", {"X": "set"}) == "$X and {X}"


def test_an_unset_variable_is_named() -> None:
    with pytest.raises(KeyError, match="TOKEN"):
        expand("${TOKEN}", {})
    assert unset("${A} ${B:-x} ${C}", {"C": ""}) == ["A"]
    assert list(variables("${A} ${B:-x}")) == ["A", "B"]
