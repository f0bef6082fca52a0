"""Sockets are blocked in every test but those marked `loopback`, which get 127.0.0.1 alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")  # what a run covers is not left to chance; fuzz with another profile
_reachable: list[tuple[str, ...]] = [LOOPBACK]


def _guard(event: str, args: tuple[object, ...]) -> None:
    """Refuse to reach an address; names are looked up only to be reached."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host not in _reachable[-1]:
        raise PermissionError(f"this test may not reach {host!r}: mark it loopback, or offline it")


sys.addaudithook(_guard)


@pytest.hookimpl(trylast=True)  # hypothesis marks its tests in this hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what tries hundreds of inputs untraced: coverage is that of the plain examples."""
    for item in items:
        if item.get_closest_marker("hypothesis") or item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    marked = request.node.get_closest_marker("loopback") is not None
    _reachable.append(LOOPBACK if marked else ())
    yield
    _reachable.pop()


@pytest.fixture
def root() -> Path:
    """The project's own root."""
    return ROOT
