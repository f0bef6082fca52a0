"""Sockets are blocked in every test but those marked `loopback`, which get 127.0.0.1 alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
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


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """End the measuring that pytest-cov starts in a worker before the worker's own.

    It would go on under that one, and what is marked `no_cover` be traced by it (pytest-cov 7.1).
    """
    measures = session.config.pluginmanager.get_plugin("_cov")
    if measures is not None and hasattr(session.config, "workerinput"):
        measures.cov_controller.cov.stop()


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


@pytest.fixture(scope="session")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's scenarios, servers and tools in a folder of their own, all run there once.

    A run starts two dozen servers, so the test processes share it: the first to come makes it.
    """
    temporary = tmp_path_factory.getbasetemp()
    shared = temporary.parent if "PYTEST_XDIST_WORKER" in os.environ else temporary
    made = shared / "lessons"
    with (shared / "lessons.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not made.exists():
            _play_lessons(shared / "played")
            (shared / "played").rename(made)
    return made


def _play_lessons(folder: Path) -> None:
    for name in ("scenarios", "servers", "tools"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "pyproject.toml").touch()
    command = [sys.executable, "-m", "agentbox", "run", "scenarios", "-j", "3"]
    environ = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, timeout=100)  # noqa: PLW1510 - its code is looked at
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def root() -> Path:
    """The project's own root."""
    return ROOT
