"""Traces that nobody should trust: 1,000 mutations, each told clearly, none a way in.

Half of them have right hashes and a right seal, as who writes a trace on purpose would see to.
"""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from played import Played
from tapes import Line, event, lines_of, rich, scenario, sealed

from agentbox.cli import run_command

pytestmark = pytest.mark.slow

ROUNDS, EACH = 8, 125
COMMANDS = (("show",), ("show", "--json"), ("judge",), ("show", "--canonical"))
EVIL = "from pathlib import Path\nPath(__file__).with_name('was-run').touch()\n"


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


VALUES: tuple[Callable[[], Any], ...] = (
    *(lambda value=value: value for value in (None, True, 0, -1, 2**70, 1e308, "", "x", "é" * 50)),
    *(lambda value=value: value for value in ("..", "/", "\x00", "a" * 5000, "\x1b[31m", "c:rich")),
    *(
        lambda value=value: value
        for value in ("evil.py", "evil.py:f", "os:system", "react", "real")
    ),
    *(lambda depth=depth: deep(depth) for depth in (3, 150, 250)),
    list,
    dict,
    lambda: {"$blob": "0"},
    lambda: {"$blob": {}},
    lambda: [1, "x", None],
    lambda: {"kind": "tool", "tool": "evil.py", "function": "evil.py:f"},
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything in a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else ()
    for key, member in enumerate(value) if isinstance(value, list) else inside:
        yield from places(member, (*path, key))


def put(value: Any, path: tuple[Any, ...], chance: random.Random) -> None:
    """Put something else at a path of a value, or take out what is there."""
    *way, last = path
    for key in way:
        value = value[key]
    if chance.random() < 0.25:
        del value[last]
    else:
        value[last] = chance.choice(VALUES)()


def other_values(lines: list[Line], chance: random.Random) -> bytes:
    """Change values anywhere."""
    for _ in range(chance.randint(1, 3)):
        line = chance.choice(lines)
        found = [path for path in places(line) if path]
        if found:
            put(line, chance.choice(found), chance)
    return sealed(lines)


def other_header(lines: list[Line], chance: random.Random) -> bytes:
    """Change what the header says."""
    scenario(lines)
    start = event(lines, "run.start")
    for _ in range(chance.randint(1, 3)):
        put(start, chance.choice([path for path in places(start) if path]), chance)
    return sealed(lines)


def other_lines(lines: list[Line], chance: random.Random) -> bytes:
    """Take lines out, double, swap and rename them."""
    for _ in range(chance.randint(1, 3)):
        one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        how = chance.randrange(4)
        if how == 0:
            del lines[one]
        elif how == 1:
            lines.insert(other, lines[one])
        elif how == 2:
            lines[one], lines[other] = lines[other], lines[one]
        else:
            lines[one] = {**lines[one], "kind": lines[other].get("kind")}
    return sealed(lines)


def other_bytes(lines: list[Line], chance: random.Random) -> bytes:
    """Flip bytes, cut pieces out, and put rubbish in."""
    content = bytearray(sealed(lines))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content))
        how = chance.randrange(3)
        if how == 0:
            content[place] = chance.randrange(256)
        elif how == 1:
            del content[place : place + chance.randrange(2000)]
        else:
            rubbish = (b"[" * 100_000, b"9" * 5000, b"\n\n\x00\xff", b'{"at":"","kind":"seal"}\n')
            content[place:place] = chance.choice(rubbish)
    return bytes(content)


WAYS = (other_values, other_header, other_lines, other_bytes)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Line]]]:
    """A project, the working directory, and the lines of a trace with nearly everything."""
    project = Played(tmp_path_factory.mktemp("hostile"))
    lines = lines_of(rich(project).read_bytes())
    project.write("evil.py", EVIL)
    before = Path.cwd()
    os.chdir(project.host.root)
    yield project.host.root / "hostile.jsonl", lines
    os.chdir(before)


def typed(*words: str) -> tuple[int, str]:
    """Run a command as it is typed; return its code and what it says."""
    out, said = TextIOWrapper(BytesIO()), StringIO()
    with redirect_stdout(out), redirect_stderr(said):
        code = run_command(words)
    return code, said.getvalue()


@pytest.mark.parametrize("number", range(ROUNDS))
def test_no_trace_whatever_it_holds_breaks_or_misleads_who_reads_it(hostile, number: int) -> None:
    path, lines = hostile
    codes: dict[str, set[int]] = {"replay": set(), "show": set(), "judge": set()}
    for seed in range(number * EACH, (number + 1) * EACH):
        chance = random.Random(seed)  # noqa: S311 - no secret is made of it
        path.write_bytes(WAYS[seed % 4](copy.deepcopy(lines), chance))
        for command in (("replay",), COMMANDS[seed // 4 % 4]):
            code, said = typed(*command, str(path))
            assert "Traceback" not in said, (seed, command, said[-2000:])
            assert said or code == 0, (seed, command)
            codes[command[0]].add(code)
    assert codes["replay"] == {0, 2, 4}
    assert codes["show"] <= {0, 2}
    assert codes["judge"] <= {0, 1, 2, 3}
    assert not path.with_name("was-run").exists()
