"""Leaks as lines: where each is and of what kind, never what it is."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.leak import Leak
from agentbox.report.story import short
from agentbox.report.text import Line, count, safe, styled


def leak_line(file: str, leak: Leak) -> Line:
    """Return a leak in one line, its file and line number first: nothing of it is cut off."""
    place = " ".join(filter(None, (short(leak.at), leak.path)))
    head = f"{safe(leak.head)}…, " if leak.head else ""
    return (
        (f"{safe(file)}:{leak.line}: ", "plain"),
        (f"{safe(place)}: " if place else "", "accent"),
        (safe(leak.kind), "bad"),
        (f"  {head}{count(leak.length, 'character')}", "dim"),
    )


def scan_summary(files: int, leaks: Sequence[Leak], unread: int) -> list[Line]:
    """Return what a scan came to; of a clean one, that it is."""
    scanned = f"{count(files - unread, 'file')} scanned"
    not_read = f", {unread} could not be" if unread else ""
    if not leaks:
        word = "nothing found in those" if unread else "nothing found"
        return [((f"{scanned}{not_read}: ", "plain"), (word, "warn" if unread else "good"))]
    lines: list[Line] = [
        ((f"{scanned}{not_read}: ", "plain"), (count(len(leaks), "leak"), "bad")),
        styled("  whoever has the file has the secret: change it, and remove the file", "dim"),
    ]
    if any(leak.kind.startswith("value of ") for leak in leaks):
        hint = "  `secrets: [NAME]` in a scenario keeps a variable's value out of its traces"
        lines.append(styled(hint, "dim"))
    return lines
