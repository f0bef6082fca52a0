from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agentbox.schema import schema_problem, shape_of

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers(2**60, 2**70)
    | st.floats(-5, 5, allow_nan=False)
    | st.sampled_from(["", "x", "xy", "2026-03-20", "é"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(NAMES, inner, max_size=3),
                "required": st.lists(NAMES, unique=True, max_size=2),
                "additionalProperties": st.booleans() | inner,
                "minProperties": st.integers(0, 2),
            },
        ),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "minItems": st.integers(0, 2),
                "uniqueItems": st.booleans(),
            },
        ),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    )


LEAVES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])},
        optional={
            "minimum": st.integers(-3, 3),
            "maxLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^x", "y$"]),
            "format": st.just("date"),
        },
    ),
    st.fixed_dictionaries({"const": SCALARS}),
    st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"$ref": st.just("#/$defs/named")}),
    st.just(value=True),
    st.just({}),
)
SCHEMAS = st.recursive(LEAVES, _schemas, max_leaves=6)


@settings(max_examples=500)
@given(SCHEMAS, VALUES)
def test_the_fast_validator_and_the_one_that_words_errors_agree(schema: Any, value: Any) -> None:
    whole = {"allOf": [schema], "$defs": {"named": {"type": "string", "minLength": 1}}}
    fits = Draft202012Validator(whole).is_valid(value)
    assert (shape_of(whole).errors(value) == ()) == fits


def test_every_error_is_listed_with_its_path() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}},
        "required": ["a", "c"],
        "additionalProperties": False,
    }
    assert shape_of(schema).errors({"a": "1", "b": "z", "d": 0}) == (
        "$: 'c' is a required property",
        "$: Additional properties are not allowed ('d' was unexpected)",
        "$.a: '1' is not of type 'integer'",
        "$.b: 'z' is not one of ['x', 'y']",
    )


@pytest.mark.parametrize(
    ("dialect", "fits"),
    [
        ("http://json-schema.org/draft-07/schema#", True),
        ("https://json-schema.org/draft/2020-12/schema", False),
    ],
)
def test_a_schema_is_read_in_its_own_dialect(dialect: str, fits: bool) -> None:  # noqa: FBT001 - a row of the table
    """`prefixItems` means something from 2020-12 on; before, it is no keyword."""
    schema = {"$schema": dialect, "prefixItems": [{"type": "string"}]}
    assert (shape_of(schema).errors([1]) == ()) == fits


def test_a_reference_that_leads_out_is_never_fetched() -> None:
    with pytest.raises(ValueError, match=r"example\.invalid"):
        shape_of({"$ref": "http://example.invalid/schema.json"})


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ([], "it is list, not an object"),
        (None, "it is NoneType, not an object"),
        ({"type": "strin"}, '"strin"'),
        ({"properties": 3}, "3"),
        ({"$ref": "#/$defs/none"}, "none"),
    ],
)
def test_what_is_no_schema_says_why(schema: Any, problem: str) -> None:
    assert problem in schema_problem(schema)


def test_a_long_value_is_cut_in_its_message() -> None:
    (error,) = shape_of({"type": "integer"}).errors("x" * 10_000)
    assert len(error) < 400


def test_equal_schemas_are_compiled_once() -> None:
    assert shape_of({"type": "string"}) is shape_of({"type": "string"})


def test_what_jsonschema_cannot_word_is_worded_by_the_fast_validator() -> None:
    """Python's re does not know the pattern that the other one does."""
    (error,) = shape_of({"type": "string", "pattern": r"^\p{L}+$"}).errors("123")
    assert error.startswith("$: ")
    assert "123" in error


def test_a_schema_with_a_number_beyond_64_bits_is_a_schema() -> None:
    assert shape_of({"maximum": 2**70}).errors(2**65) == ()
    assert shape_of({"maximum": 2**70}).errors(2**71)
