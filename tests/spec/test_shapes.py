"""What a dataclass looks like as keys of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any, Literal, get_type_hints

import pytest

from agentbox.core import scenario
from agentbox.core.scenario import Deadlines, Scenario, Server, Turn
from agentbox.spec.shapes import all_keys, keys_of, kinds_of, options, short_of


@pytest.mark.parametrize("name", ["Scenario", "Case", "Turn", "Agent", "Limits", "Server"])
def test_types_are_resolved_as_python_resolves_them(name):
    cls = getattr(scenario, name)
    hints = get_type_hints(cls)
    assert {key.name: key.type for key in all_keys(cls)} == hints


def test_a_field_that_the_reader_fills_is_no_key():
    assert "path" in {key.name for key in all_keys(Scenario)}
    assert "path" not in keys_of(Scenario)


def test_a_key_without_a_default_is_required():
    assert [key.name for key in keys_of(Scenario).values() if key.required] == [
        "version",
        "now",
        "cases",
        "model",
    ]


def test_a_short_field_is_found():
    assert short_of(Turn).name == "user"
    assert short_of(Server) is None


def test_a_field_may_have_the_name_of_a_type():
    assert keys_of(Deadlines)["list"].type is float


@dataclass(frozen=True)
class Parent:
    near: Annotated[int, "Inherited."] = 1


@dataclass(frozen=True)
class Child(Parent):
    far: Annotated[str, "Its own."] = ""


def test_inherited_fields_are_keys_too():
    assert [(key.name, key.type, key.doc) for key in keys_of(Child).values()] == [
        ("near", int, "Inherited."),
        ("far", str, "Its own."),
    ]


def test_types_need_not_be_written_as_text():
    made = make_dataclass("Made", [("near", Annotated[int, "Close."])])
    assert [(key.name, key.type, key.doc) for key in keys_of(made).values()] == [
        ("near", int, "Close.")
    ]


def test_each_type_takes_its_kinds_of_value():
    assert kinds_of(float) == {"int", "float"}
    assert kinds_of(int) == {"int"}
    assert kinds_of(Literal["a", 1]) == {"str", "int"}
    assert kinds_of(tuple[str, ...]) == {"list"}
    assert kinds_of(Mapping[str, int]) == {"map"}
    assert kinds_of(Turn) == {"map", "str"}
    assert kinds_of(Any) == {"null", "bool", "int", "float", "str", "list", "map"}
    assert options(str | tuple[str, ...] | None) == (str, tuple[str, ...], type(None))


@pytest.mark.parametrize("kind", [bytes, tuple[int, int], set[str], list[str]])
def test_a_type_that_no_file_can_give_is_refused(kind):
    with pytest.raises(TypeError, match="no type for a key of a scenario file"):
        kinds_of(kind)
