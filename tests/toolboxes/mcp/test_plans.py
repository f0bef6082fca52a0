"""What a server entry means, before anything starts."""

from __future__ import annotations

import sys

import pytest

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp.environment import environment, posix_zone
from agentbox.toolboxes.mcp.plans import plans

ECHO = "tests/fixtures/servers/echo.py"


def plan(bench, **entry):
    return plans({"s": Server(**entry)}, bench.site)[0]


@pytest.mark.parametrize(
    "entry",
    [
        {"command": ("python", ECHO, "--port", "1")},
        {"command": f"python3 {ECHO} --port 1"},
        {"command": "python", "args": (ECHO, "--port", "1")},
    ],
)
def test_a_command_is_a_list_a_line_or_a_program_with_arguments(bench, entry):
    argv = plan(bench, **entry).argv
    assert argv == (sys.executable, str(bench.site.root / ECHO), "--port", "1")


def test_only_what_names_a_file_of_the_project_becomes_a_path(bench):
    words = ("node", "tests", "-x", ECHO, "no/such", "a" * 5000)
    argv = plan(bench, command=words).argv
    assert argv == ("node", "tests", "-x", str(bench.site.root / ECHO), "no/such", "a" * 5000)


def test_references_are_expanded_and_what_is_recorded_is_as_written(bench):
    made = plan(bench, command=("node", "${SECRET}"), env={"A": "${SECRET}!", "B": "${NONE:-b}"})
    assert made.argv == ("node", "from the host")
    assert made.env == {"A": "from the host!", "B": "b"}
    assert made.written == "node '${SECRET}'"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "has none of them"),
        ({"command": ("x",), "memory": f"{ECHO}:s"}, "has `command` and `memory`"),
        ({"command": "x 'y"}, "is no command line"),
        ({"command": "${GONE}"}, r"needs \${GONE} in `command`"),
        ({"url": "http://127.0.0.1/${GONE}"}, r"needs \${GONE} in `url`"),
        ({"url": "http://localhost", "headers": {"A": "${GONE}"}}, "in `headers.A`"),
        ({"memory": ECHO}, "names no file of the project"),
        ({"memory": "../elsewhere.py:s"}, "names no file of the project"),
    ],
)
def test_a_wrong_entry_is_an_error_of_its_author(bench, entry, message):
    with pytest.raises(AuthorError, match=message) as caught:
        plan(bench, **entry)
    assert caught.value.problems[0].hint


@pytest.mark.parametrize("host", ["localhost", "127.8.9.1", "[::1]:80"])
def test_loopback_is_reached_offline(bench, host):
    assert plan(bench, url=f"http://{host}/mcp").transport == "http"


def test_a_live_run_reaches_any_address(bench):
    assert plan(bench.at(live=True), url="https://example.com/mcp").url


@pytest.mark.parametrize(
    ("zone", "posix"),
    [
        ("UTC", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("UTC+01:00", "<UTC+01:00>-01:00"),
        ("UTC-05:30", "<UTC-05:30>+05:30"),
    ],
)
def test_a_zone_is_written_as_posix_counts_it(zone, posix):
    assert posix_zone(zone) == posix


def test_the_contract_is_stronger_than_the_hosts_environment_and_weaker_than_the_entrys(bench):
    clock = Clock.at("2026-03-20T14:30:00+01:00")
    bench.at(clock=clock, environ={"TZ": "Asia/Tokyo", "AGENTBOX_SEED": "9", "X": "1"})
    made = plan(bench, command=("x",), sandbox="off", env={"AGENTBOX_SEED": "3"})
    found = environment(made, bench.site, bench.site.root)
    assert found["TZ"] == "<UTC+01:00>-01:00"
    assert found["AGENTBOX_NOW"] == "2026-03-20T14:30:00+01:00"
    assert (found["AGENTBOX_SEED"], found["X"]) == ("3", "1")
