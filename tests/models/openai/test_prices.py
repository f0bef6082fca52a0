"""Prices: known by server, model and day; unknown is None and never zero."""

from __future__ import annotations

import pytest
from fixtures.openai_server import CREATED, chat, response

from agentbox.models.openai.prices import cost_usd

HOME = "https://api.openai.com/v1"
USAGE = {
    "prompt_tokens": 1_000_000,
    "completion_tokens": 1_000_000,
    "prompt_tokens_details": {"cached_tokens": 400_000},
}
BODY = {"model": "gpt-4o-mini", "created": CREATED, "usage": USAGE}


def test_cached_input_is_cheaper_and_both_interfaces_are_known() -> None:
    assert cost_usd(BODY, HOME, "chat") == pytest.approx(0.6 * 0.15 + 0.4 * 0.075 + 0.6)
    usage = {
        "input_tokens": 1_000_000,
        "output_tokens": 0,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    assert cost_usd(response(usage=usage).body, HOME, "responses") == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("change", "address"),
    [
        ({}, "http://127.0.0.1:8000/v1"),
        ({}, "https://models.example.com/v1"),
        ({}, "https://example.com/https://api.openai.com/v1"),
        ({"model": "no-such-model-9"}, HOME),
        ({"model": None}, HOME),
        ({"usage": None}, HOME),
        ({"usage": {"prompt_tokens": -1, "completion_tokens": 1}}, HOME),
        ({"usage": {"prompt_tokens": "many", "completion_tokens": 1}}, HOME),
    ],
)
def test_what_is_not_known_is_none(change, address) -> None:
    assert cost_usd({**BODY, **change}, address, "chat") is None


@pytest.mark.parametrize("created", [None, "soon", 1e300, -1e300, True])
def test_a_reply_of_no_date_is_priced_all_the_same(created) -> None:
    assert cost_usd({**BODY, "created": created}, HOME, "chat") == pytest.approx(0.72)


def test_the_day_is_the_servers() -> None:
    body = {**chat(usage={"prompt_tokens": 1_000_000, "completion_tokens": 0}).body, "model": "o3"}
    early, late = ({**body, "created": each} for each in (1_746_057_600, CREATED))
    assert cost_usd(early, HOME, "chat") == pytest.approx(10)  # a fifth of it since June 2025
    assert cost_usd(late, HOME, "chat") == pytest.approx(2)
