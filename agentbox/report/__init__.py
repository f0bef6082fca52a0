"""A trace or a verdict in, text out: pure functions that return lines of styled spans.

Nothing here opens a file or reads a clock; only the page for browsers (`viewer`, imported where it
is asked for) reads its own looks and scripts, which are package data. Text from outside is made
safe before it is shown, and rich is imported only when a painter colours.
"""

from __future__ import annotations

from agentbox.report.context import context_json, context_lines, prompts_at
from agentbox.report.diff import diff_json, diff_lines, run_diff_json, run_diff_lines
from agentbox.report.divergence import (
    divergence,
    divergence_json,
    drift_json,
    drift_lines,
    replay_line,
    replay_summary,
)
from agentbox.report.failure import failure
from agentbox.report.forks import ForkStory, fork_lines
from agentbox.report.painter import Painter, Progress, wants_color, wants_glyphs, wants_redraw
from agentbox.report.problems import problem, problems
from agentbox.report.progress import progress_line
from agentbox.report.repeats import repeat_lines, repeated_json
from agentbox.report.scan import leak_line, scan_summary
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
from agentbox.report.why import why, why_json, why_lines
from agentbox.report.wrong import wrongs, wrongs_json, wrongs_lines

__all__ = [
    "BLANK",
    "ForkStory",
    "Line",
    "Lines",
    "Painter",
    "Progress",
    "Span",
    "Style",
    "brief",
    "cells",
    "context_json",
    "context_lines",
    "diff_json",
    "diff_lines",
    "divergence",
    "divergence_json",
    "drift_json",
    "drift_lines",
    "failure",
    "find_step",
    "findings",
    "fork_lines",
    "leak_line",
    "plain",
    "problem",
    "problem_json",
    "problems",
    "progress_line",
    "prompts_at",
    "repeat_lines",
    "repeated_json",
    "replay_line",
    "replay_summary",
    "run_diff_json",
    "run_diff_lines",
    "run_header",
    "safe",
    "scan_summary",
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
    "why",
    "why_json",
    "why_lines",
    "wrongs",
    "wrongs_json",
    "wrongs_lines",
]
