"""What the tests of MCP servers share."""

from __future__ import annotations

import tempfile

import pytest
from bench import Bench


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A bench whose servers have their temporary folders where no other run's are."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Bench()
