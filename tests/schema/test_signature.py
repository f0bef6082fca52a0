from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from agentbox import Clock
from agentbox.schema import signature_of


class Plan(BaseModel):
    name: Literal["free", "enterprise"]
    seats: int = 1


class Found(TypedDict):
    total: int


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


def test_the_schema_comes_from_signature_and_docstring() -> None:
    def refund(account: str, cents: Annotated[int, Field(ge=1)], reason: str = "other") -> str:
        """Pay money back.

        Only for accounts in good standing.

        Args:
            account: Whose money it is.
            cents: How much.
            reason: Why,
                in a word.
        """
        return ""

    spec = signature_of(refund).spec
    assert spec.name == "refund"
    assert spec.description == "Pay money back.\n\nOnly for accounts in good standing."
    assert spec.input_schema == {
        "type": "object",
        "properties": {
            "account": {"type": "string", "description": "Whose money it is."},
            "cents": {"type": "integer", "minimum": 1, "description": "How much."},
            "reason": {"type": "string", "default": "other", "description": "Why,\nin a word."},
        },
        "required": ["account", "cents"],
        "additionalProperties": False,
    }
    assert spec.output_schema is None


def test_rich_types_arrive_as_python_values() -> None:
    def book(day: date, plan: Plan, colour: Colour, point: Point, days: list[date]) -> None: ...

    kwargs = signature_of(book).arguments(
        {
            "day": "2026-03-20",
            "plan": {"name": "free"},
            "colour": "red",
            "point": {"x": 1},
            "days": ["2026-03-21"],
        }
    )
    assert kwargs == {
        "day": date(2026, 3, 20),
        "plan": Plan(name="free"),
        "colour": Colour.RED,
        "point": Point(1),
        "days": [date(2026, 3, 21)],
    }


def test_defaults_are_the_functions_own() -> None:
    marker: list[int] = []

    def keep(items: list[int] = marker) -> None: ...

    assert signature_of(keep).arguments({}) == {}


def test_an_object_result_gives_an_output_schema() -> None:
    def count() -> Found:
        return {"total": 1}

    signature = signature_of(count)
    assert signature.spec.output_schema == {
        "type": "object",
        "properties": {"total": {"type": "integer"}},
        "required": ["total"],
    }
    assert signature.result({"total": 1}) == {"total": 1}


def test_a_result_of_no_declared_type_becomes_json_all_the_same() -> None:
    def found():
        return {"on": date(2026, 3, 20)}

    signature = signature_of(found)
    assert signature.spec.output_schema is None
    assert signature.spec.description == ""
    assert signature.result(found()) == {"on": "2026-03-20"}


def test_lists_in_a_schema_lose_their_titles_too() -> None:
    def book(plan: Plan | int) -> None: ...

    schema = signature_of(book).spec.input_schema
    assert "title" not in str(schema)


def test_the_clock_is_no_argument_of_the_model() -> None:
    def today(clock: Clock, short: bool = False) -> str: ...  # noqa: FBT001, FBT002 - a tool's own

    signature = signature_of(today)
    assert signature.clock == "clock"
    assert list(signature.spec.input_schema["properties"]) == ["short"]


def test_a_property_named_title_keeps_its_name() -> None:
    def book(title: str) -> None: ...

    assert signature_of(book).spec.input_schema["properties"] == {"title": {"type": "string"}}


def test_what_cannot_be_a_tool_says_why() -> None:
    def untyped(a): ...
    def star(*a: int): ...
    def only(a: int, /): ...
    def strange(a: Stranger): ...  # type: ignore[name-defined]  # noqa: F821 - on purpose

    for function, message in (
        (untyped, "parameter `a` has no type"),
        (star, "parameter `a` cannot be given by name"),
        (only, "parameter `a` cannot be given by name"),
        (strange, "Stranger"),
    ):
        with pytest.raises(ValueError, match=message):
            signature_of(function)
