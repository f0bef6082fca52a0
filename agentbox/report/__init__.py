"""A trace or a verdict in, text out: pure functions that return lines of styled spans.

Here is what `run` and `show` tell; what a command tells alone is imported from its own file, so
that the others do not pay for it. Nothing opens a file or reads a clock; only the page for browsers
(`viewer`) reads its own looks and scripts, which are package data. Text from outside is made safe
before it is shown, and rich is imported only when a painter colours.
"""

from __future__ import annotations

from agentbox.report.failure import failure
from agentbox.report.painter import Painter, Progress, wants_color, wants_glyphs, wants_redraw
from agentbox.report.problems import problem, problems
from agentbox.report.progress import progress_line
from agentbox.report.repeats import repeat_lines, repeated_json
from agentbox.report.show import brief, show, show_json
from agentbox.report.step import find_step, show_step, step_json
from agentbox.report.text import BLANK, Line, Lines, Span, Style, cells, plain, safe, styled
from agentbox.report.tools import tools_list
from agentbox.report.verdicts import (
    findings,
    problem_json,
    run_header,
    standing,
    summary,
    used_json,
    verdict_json,
    verdict_line,
)

__all__ = [
    "BLANK",
    "Line",
    "Lines",
    "Painter",
    "Progress",
    "Span",
    "Style",
    "brief",
    "cells",
    "failure",
    "find_step",
    "findings",
    "plain",
    "problem",
    "problem_json",
    "problems",
    "progress_line",
    "repeat_lines",
    "repeated_json",
    "run_header",
    "safe",
    "show",
    "show_json",
    "show_step",
    "standing",
    "step_json",
    "styled",
    "summary",
    "tools_list",
    "used_json",
    "verdict_json",
    "verdict_line",
    "wants_color",
    "wants_glyphs",
    "wants_redraw",
]
