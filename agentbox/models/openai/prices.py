"""What a reply costs, from the prices that genai-prices brings along; it never asks the network.

A price is known by the server's address, the model's name and the day the server says it answered:
the host's clock is not read. What is not known is None, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from agentbox.core.messages import Json


def cost_usd(reply: Mapping[str, Json], address: str, api: str) -> float | None:
    """Return the price of a reply in US dollars, or None where it is not known.

    `reply` is the JSON body of a chat completion or a response; `address` the server's base URL.
    """
    from genai_prices import extract_usage  # noqa: PLC0415 - 35 ms with its table of prices

    tier = reply.get("service_tier")
    try:
        usage = extract_usage(reply, provider_api_url=address, api_flavor=api)
        price = usage.calc_price(
            genai_request_timestamp=_served(reply),
            price_context={"service_tier": tier} if isinstance(tier, str) else None,
        )
    except (LookupError, ValueError, TypeError):  # no such server, model or count of tokens
        return None
    return float(price.total_price)


def _served(reply: Mapping[str, Json]) -> datetime:
    """Return when a reply was made; where it does not say, the newest price holds."""
    made = reply.get("created", reply.get("created_at"))
    try:
        return datetime.fromtimestamp(made, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
