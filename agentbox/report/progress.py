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
    """Return `3/12 · 2 passed · 1 failed · 0.4s · overdue_upgrade, refund and 2 more`.

    `counts` are cases by how they stand; zeros are left out. `elapsed` is in seconds.
    """
    spans: list[Span] = [(f"  {done}/{total}", "bold")]
    for name, number in counts.items():
        if number:
            spans += styled(" · ", "dim") + styled(f"{number} {name}", _STYLES.get(name, "plain"))
    if elapsed is not None:
        spans.append((f" · {elapsed:.1f}s", "dim"))
    if running:
        spans += styled(" · ", "dim") + styled(_names(running), "accent")
    return tuple(spans)


def _names(running: Sequence[str]) -> str:
    shown = ", ".join(one_line(name, 40) for name in running[:_NAMES_SHOWN])
    more = len(running) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
