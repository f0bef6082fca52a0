"""What the functions of functions.json do: nothing that lasts, for only their calls are judged."""

from __future__ import annotations


def weather(city: str, unit: str = "celsius", day: str = "today") -> dict[str, object]:
    """Tell the weather."""
    return {"city": city, "unit": unit, "day": day, "high": 21}


def convert(amount: float, source: str, target: str) -> dict[str, object]:
    """Convert money at two to one."""
    return {"amount": amount / 2, "currency": target, "from": source}


def route(origin: str, destination: str, mode: str = "walk") -> dict[str, object]:
    """Find a route."""
    return {"from": origin, "to": destination, "mode": mode, "minutes": 25}


def tides(harbour: str, day: str) -> dict[str, object]:
    """List high waters."""
    return {"harbour": harbour, "day": day, "high_water": ["04:10", "16:35"]}
