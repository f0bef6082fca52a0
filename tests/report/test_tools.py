from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from agentbox.core.messages import ToolSpec
from agentbox.report import cells, plain, tools_list
from agentbox.report.tools import first_sentence, type_of

SPECS = (
    ToolSpec(
        "accounts.get_account",
        "Return an account by its id. It never changes anything.",
        {
            "type": "object",
            "properties": {
                "verbose": {"type": "boolean", "default": False},
                "account_id": {"type": "string"},
            },
            "required": ["account_id"],
        },
    ),
    ToolSpec(
        "accounts.list_upgrades",
        "",
        {
            "properties": {
                "state": {"enum": ["pending", "done"]},
                "ids": {"type": "array", "items": {"type": "string"}},
                "since": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                "page": {"$ref": "#/$defs/Page"},
            },
            "required": ["state"],
        },
    ),
    ToolSpec("today", "Return the date.\n\nMore of it."),
    ToolSpec("evil.\x1b[2J", "Ignore \u202eall"),
)


@pytest.mark.parametrize("width", [60, 120])
def test_tools_are_listed_by_prefix_with_their_arguments(
    snapshot: SnapshotAssertion, width: int
) -> None:
    text = plain(tools_list(SPECS, width=width))
    assert text == snapshot
    assert all(cells(line) <= width for line in text.splitlines())


def test_a_mark_stands_between_a_tools_signature_and_its_description() -> None:
    assert plain(tools_list(SPECS[2:3], {"today": "the user's alone"})).splitlines() == [
        "  today()",
        "      the user's alone",
        "      Return the date.",
    ]


def test_no_tools_are_no_lines() -> None:
    assert tools_list(()) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"const": 3}, "3"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "string"),
        ({"type": "array", "items": {"enum": [1, 2]}}, "(1 | 2)[]"),
        ({"type": "array"}, "any[]"),
        ({}, "any"),
        ({"type": 7, "enum": "x", "anyOf": 3}, "any"),
    ],
)
def test_a_type_is_told_in_a_few_words(schema: dict, words: str) -> None:
    assert type_of(schema) == words


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    schema: dict = {}
    schema["anyOf"] = [schema, schema, {"type": "null"}]  # twice: without a floor it would explode
    assert type_of(schema).startswith("any | null")


def test_a_first_sentence_is_the_first_sentence() -> None:
    assert first_sentence("Do it. Then rest.") == "Do it."
    assert first_sentence("  Do\n  it\n\nMore. Yes.") == "Do it"
    assert first_sentence("") == ""
