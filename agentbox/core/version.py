"""The version, beside `pyproject.toml`'s; a test holds them together."""

from __future__ import annotations

VERSION = "0.1.0"
