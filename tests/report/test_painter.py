from __future__ import annotations

import io
import subprocess
import sys

import pytest

import agentbox.report
from agentbox.report import (
    Painter,
    Progress,
    progress_line,
    wants_color,
    wants_glyphs,
    wants_redraw,
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def bytes_stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def written(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode(stream.encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("terminal", "environ", "wanted"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_color_is_decided_by_stream_and_environment(
    *, terminal: bool, environ: dict[str, str], wanted: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert wants_color(stream, environ) is wanted


def test_a_line_is_redrawn_only_on_a_terminal_that_can() -> None:
    assert wants_redraw(Terminal(), {})
    assert not wants_redraw(Terminal(), {"TERM": "dumb"})
    assert not wants_redraw(io.StringIO(), {})


def test_glyphs_need_a_terminal_whose_encoding_has_them() -> None:
    ascii_terminal = type("A", (Terminal,), {"encoding": "ascii"})()
    assert wants_glyphs(Terminal())
    assert not wants_glyphs(ascii_terminal)
    assert not wants_glyphs(io.StringIO())


def test_without_color_lines_are_plain_text() -> None:
    stream = io.StringIO()
    Painter(stream).write([(("ok", "good"), (" fine  ", "plain")), ()])
    assert stream.getvalue() == "ok fine\n\n"


def test_with_color_each_span_has_its_own() -> None:
    stream = io.StringIO()
    Painter(stream, color=True).write([(("ok", "good"), (" fine", "plain"), (" no", "bad"))])
    assert stream.getvalue() == "\x1b[32mok\x1b[0m fine\x1b[1;31m no\x1b[0m\n"


def test_colored_text_is_no_markup_and_brings_no_escapes_of_its_own() -> None:
    stream = io.StringIO()
    Painter(stream, color=True).write([(("[red]:smile:\x1b[2J", "good"),)])
    assert stream.getvalue() == "\x1b[32m[red]:smile:\\x1b[2J\x1b[0m\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "✓ a · b… «x» é 日"),
        ("latin-1", "+ a - b... <x> é \\u65e5"),
        ("ascii", "+ a - b... <x> \\xe9 \\u65e5"),
    ],
)
def test_what_the_encoding_lacks_is_replaced_and_never_an_error(encoding: str, shown: str) -> None:
    stream = bytes_stream(encoding)
    Painter(stream).write([(("✓ a · b… «x» é 日", "plain"),)])
    assert written(stream) == shown + "\n"


def test_the_live_line_is_drawn_over_and_leaves_nothing_behind() -> None:
    stream = Terminal()
    with Progress(Painter(stream), live=True, width=12) as progress:
        progress.draw((("0123456789abcdef", "plain"),))
        progress.write([(("kept", "plain"),)])
    wipe = "\r\x1b[K"
    live = "0123456789…"  # one cell is left free
    assert stream.getvalue() == f"{wipe}{live}{wipe}kept\n{live}{wipe}"


def test_where_nothing_may_be_redrawn_only_lasting_lines_are_written() -> None:
    stream = io.StringIO()
    with Progress(Painter(stream), live=False) as progress:
        progress.draw((("working", "plain"),))
        progress.write([(("kept", "plain"),)])
    assert stream.getvalue() == "kept\n"


def test_the_live_line_is_gone_when_the_run_is_interrupted() -> None:
    stream = Terminal()
    progress = Progress(Painter(stream), live=True)

    def interrupted() -> None:
        with progress:
            progress.draw((("working", "plain"),))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().endswith("working\r\x1b[K")


def test_progress_shows_what_runs_and_how_many_came_to_what() -> None:
    line = progress_line(
        ["a", "b\x1b[0m", "c"], 3, 12, {"passed": 2, "failed": 1, "errored": 0}, 0.42
    )
    assert agentbox.report.plain([line]) == (
        "  3/12 · 2 passed · 1 failed · 0.4s · 7.1/s, 1.3s left · a, b\\x1b[0m and 1 more\n"
    )


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "told"),
    [
        (0, 12, 30.0, "30s"),
        (12, 12, 30.0, "30s"),
        (1, 2, 0.0, "0.0s"),
        (100, 300, 5.0, "5.0s · 20/s, 10s left"),
        (5, 20, 40.0, "40s · 7.5/min, 2m00s left"),
        (30, 100, 90.0, "1m30s · 20/min, 3m30s left"),
        (2, 12, 1800.0, "30m00s · 4.0/h, 2h30m left"),
        (1, 100, 7200.0, "2h00m · 0.5/h, 198h00m left"),
    ],
)
def test_progress_tells_the_rate_and_the_time_left(done, total, elapsed, told) -> None:
    line = progress_line([], done, total, {}, elapsed)
    assert agentbox.report.plain([line]) == f"  {done}/{total} · {told}\n"


def test_progress_without_clock_or_work_is_the_count_alone() -> None:
    assert agentbox.report.plain([progress_line([], 0, 1, {})]) == "  0/1\n"


def test_a_line_of_nothing_but_blanks_is_empty() -> None:
    stream = io.StringIO()
    Painter(stream, color=True).write([(("a ", "bad"), ("  ", "dim")), (("  ", "bad"),)])
    assert stream.getvalue() == "\x1b[1;31ma\x1b[0m\n\n"


def test_a_piped_run_never_imports_rich_nor_a_parser_of_commands() -> None:
    program = (
        "import sys, io; from agentbox.report import *\n"
        "Painter(io.StringIO()).write([(('x', 'good'),)])\n"
        "print(sorted({'rich', 'shlex', 'asyncio', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_public_names_are_sorted_and_exist() -> None:
    names = agentbox.report.__all__
    assert names == sorted(names)
    assert all(hasattr(agentbox.report, name) for name in names)
