"""What a run shows of itself while it works: one line, from numbers that are handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentbox.report.text import Line, Span, Style, one_line, styled

_STYLES: dict[str, Style] = {"passed": "good", "failed": "bad", "errored": "bad"}
_NAMES_SHOWN = 2


def progress_line(
    running: Sequence[str],
    done: int,
    total: int,
    counts: Mapping[str, int],
    elapsed: float | None = None,
) -> Line:
    """Return `3/12 · 2 passed · 1 failed · 6.0s · 30/min, 18s left · refund, overdue and 2 more`.

    `counts` are cases by how they stand; zeros are left out. `elapsed` is in seconds. The rate and
    the time left are those of the cases that are done: none is told before the first is.
    """
    spans: list[Span] = [(f"  {done}/{total}", "bold")]
    for name, number in counts.items():
        if number:
            spans += styled(" · ", "dim") + styled(f"{number} {name}", _STYLES.get(name, "plain"))
    if elapsed is not None:
        spans.append((f" · {_time(elapsed)}", "dim"))
        if 0 < done < total and elapsed > 0:
            left = _time((total - done) * elapsed / done)
            spans.append((f" · {_rate(done / elapsed)}, {left} left", "dim"))
    if running:
        spans += styled(" · ", "dim") + styled(_names(running), "accent")
    return tuple(spans)


def _rate(cases: float) -> str:
    """Return a rate of so many cases a second; of slow ones, by the minute or the hour."""
    for unit, seconds in (("s", 1), ("min", 60)):
        if cases * seconds >= 1:
            return f"{cases * seconds:.{cases * seconds < 10:d}f}/{unit}"  # noqa: PLR2004 - one digit
    return f"{cases * 3600:.1f}/h"


def _time(seconds: float) -> str:
    """Return `0.4s`, `18s`, `3m20s`, `2h05m`."""
    if seconds < 10:  # noqa: PLR2004 - from then on tenths only flicker
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def _names(running: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, 40) for name in running[:_NAMES_SHOWN])
    more = len(running) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
