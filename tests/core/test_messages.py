from __future__ import annotations

import pytest

from agentbox import Message
from agentbox.core.errors import place_of
from agentbox.core.messages import Transcript, json_in


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 3}',
        ' {"n": 3}\n',
        '```json\n{"n": 3}\n```',
        '```{"n": 3}```',
        '```json {"n": 3} ```\n',
    ],
)
def test_a_models_json_is_read_with_or_without_a_code_fence(text: str) -> None:
    assert json_in(text) == {"n": 3}


@pytest.mark.parametrize("text", ["", "three", '```json\n{"n": 3}', '{"n": NaN}', "```\n```"])
def test_what_is_no_json_is_not_taken_for_it(text: str) -> None:
    with pytest.raises(ValueError):
        json_in(text)


def _log(*texts: str) -> Transcript:
    return Transcript(messages=[Message("user", text) for text in texts])


def test_a_view_is_a_sequence_of_what_was_there_when_it_was_taken() -> None:
    log = _log("a", "b", "c")
    view = log.view()
    log.add(Message("user", "d"))
    assert len(view) == 3
    assert len(log) == 4
    assert [message.text for message in view] == ["a", "b", "c"]
    assert [message.text for message in view[1:]] == ["b", "c"]
    assert [message.text for message in view[::-1]] == ["c", "b", "a"]
    assert (view[-1].text, view[0].text) == ("c", "a")
    assert [message.text for message in view.since(2)] == ["c"]


@pytest.mark.parametrize("index", [3, -4])
def test_what_was_added_later_is_out_of_range(index: int) -> None:
    log = _log("a", "b", "c")
    view = log.view()
    log.add(Message("user", "d"))
    with pytest.raises(IndexError):
        view[index]


def _raises() -> None:
    _ = "é", {}["é"]


def test_an_error_is_placed_where_it_was_raised() -> None:
    with pytest.raises(KeyError) as caught:
        _raises()
    mark, source = place_of(caught.value)
    assert mark.file == __file__
    assert source[mark.column - 1 :][: mark.width] == '{}["é"]'


def test_an_error_that_was_never_raised_has_no_place() -> None:
    mark, source = place_of(KeyError("x"))
    assert (str(mark), source) == ("an unknown place", "")
