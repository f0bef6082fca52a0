"""Tools answered from the scenario file."""

from __future__ import annotations

import asyncio

import pytest

from agentbox import Clock, ToolCall
from agentbox.core.errors import AuthorError, WorldError
from agentbox.core.mock import Mock, MockResult
from agentbox.core.runtime import CallContext
from agentbox.toolboxes import Merged, MockToolbox

FIND = Mock(
    "Find an order.",
    results=(
        MockResult({"id": 1}, "packed"),
        MockResult({"id": 2}, structured={"state": "sent"}),
        MockResult({"id": 1}, "sent"),
        MockResult({"id": 3}, "none", status="failed", source="transport"),
        MockResult({"id": 4}, "", {"a": 1}, ({"type": "image"},), {"m": 1}),
    ),
)


def _call(box, name="orders.find", **args):
    context = CallContext("c:a/t1/s1/call1", Clock.at("2026-01-15T09:00:00Z"))
    return asyncio.run(box.call(ToolCall(name, args), context))


def _box(*results, **mocks):
    return MockToolbox({"orders.find": Mock(results=results), **mocks}, "s.yaml::a")


def test_results_of_equal_arguments_come_one_after_another_and_the_last_stays():
    box = MockToolbox({"orders.find": FIND}, "s.yaml::a")
    told = [_call(box, id=number).text for number in (1, 2, 1, 1)]
    assert told == ["packed", '{\n  "state": "sent"\n}', "sent", "sent"]


def test_two_cases_share_no_count():
    boxes = [MockToolbox({"orders.find": FIND}, "s.yaml::a") for _ in range(2)]
    assert [_call(box, id=1).text for box in boxes] == ["packed", "packed"]


def test_a_result_is_what_the_file_says():
    box = MockToolbox({"orders.find": FIND}, "s.yaml::a")
    failed, whole = _call(box, id=3), _call(box, id=4)
    assert (failed.status, failed.source, failed.text) == ("failed", "transport", "none")
    assert (whole.text, whole.structured, whole.parts) == ("", {"a": 1}, ({"type": "image"},))
    assert whole.meta == {"m": 1}


def test_a_result_without_arguments_is_for_any_call_that_no_earlier_one_fits():
    box = _box(MockResult({"id": 1}, "one"), MockResult(text="other"), MockResult({"id": 2}, "two"))
    assert [_call(box, id=number).text for number in (1, 2, 1, 9)] == [
        *("one", "other"),
        *("one", "other"),
    ]


def test_arguments_are_compared_as_json():
    box = _box(MockResult({"id": 1.0}, "one"), MockResult({"id": True}, "yes"))
    assert [_call(box, id=each).text for each in (1, True)] == ["one", "yes"]


def test_a_call_that_no_result_fits_is_an_error_with_case_place_and_the_nearest():
    box = _box(MockResult({"id": 7, "of": "x"}, ""), MockResult({"id": 1}, ""))
    with pytest.raises(WorldError) as caught:
        _call(box, id=2)
    (problem,) = caught.value.problems
    assert problem.message == (
        's.yaml::a: the mock `orders.find` has no result for {"id": 2}, at c:a/t1/s1/call1'
    )
    assert problem.note == 'the nearest it has is {"id": 1}: `$.id` is 1 there and 2 here'
    assert "mocks: {orders.find: {results: [..., {args: " in problem.hint
    with pytest.raises(WorldError) as caught:
        _call(box, id=7)
    assert '`$.of` is "x" there and missing here' in caught.value.problems[0].note


def test_a_mock_without_results_must_not_be_called():
    with pytest.raises(WorldError) as caught:
        _call(_box(), id="x" * 300)
    (problem,) = caught.value.problems
    assert problem.note == "it has no results: it is not to be called"
    assert len(problem.message) < 400


def test_a_mock_is_named_like_a_servers_tool_and_clashes_like_any_other():
    box = MockToolbox({"orders.find": FIND}, "s.yaml::a")
    merged = Merged((), {}, box)
    assert [spec.name for spec in merged.specs()] == ["orders.find"]
    assert _call(merged, id=3).text == "none"
    plain = MockToolbox({"look": Mock()}, "s.yaml::a")
    with pytest.raises(AuthorError, match="two tools are named `look`"):
        Merged([plain], {}, MockToolbox({"look": Mock()}, "s.yaml::a"))
    with pytest.raises(AuthorError, match=r"has a `\.` in its name"):
        Merged([box])
