"""The work that ours and the floors do: N times `lookup(key, n) -> 75 characters`, then done."""

from __future__ import annotations

SCHEMA = {
    "type": "object",
    "properties": {"key": {"type": "string"}, "n": {"type": "integer"}},
    "required": ["key", "n"],
    "additionalProperties": False,
}


async def lookup(key: str, n: int) -> str:
    """Return 75 characters at once."""
    return f"value {n:04} for {key}: a line of words as tools give them, so and so long it is."
