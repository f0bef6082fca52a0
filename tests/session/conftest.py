"""A project to write a scenario into."""

from __future__ import annotations

from pathlib import Path

import pytest
from played import Played


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)
