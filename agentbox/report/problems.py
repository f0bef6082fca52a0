"""What is wrong, and where: the place, the source line, a caret, a remedy."""

from __future__ import annotations

from collections.abc import Sequence

from agentbox.core.errors import Mark, Problem
from agentbox.report.text import (
    BLANK,
    ELLIPSIS,
    Line,
    Style,
    cells,
    count,
    cut,
    safe,
    split_at,
    styled,
    wrap,
)

_TAB = 4
_NOTE_MIN = 24
"""Cells a note needs beside its carets; with fewer it stands under them."""


def problems(found: Sequence[Problem], *, width: int = 100, word: str = "error") -> list[Line]:
    """Return each problem with its place and remedy, then how many there are, where several."""
    lines: list[Line] = []
    for one in found:
        lines += [*problem(one, width=width, word=word), BLANK]
    if len(found) > 1:
        files = {one.mark.file for one in found if one.mark}
        where = f" in {count(len(files), 'file')}" if files else ""
        lines.append(styled(f"{count(len(found), word)}{where}", "bold"))
    return lines if len(found) > 1 else lines[:-1]


def problem(
    found: Problem, *, width: int = 100, word: str = "error", style: Style = "bad"
) -> list[Line]:
    """Return one problem: its message, its place in the source, its hint."""
    head, *more = found.message.split("\n")
    lines: list[Line] = [((safe(word), style), (f": {safe(head)}", "bold"))]
    lines += [styled(f"  {safe(line)}") for line in more]
    mark = found.mark
    if mark and mark.file:
        lines += excerpt(mark, found.source, found.note, width=width, style=style)
    elif found.note:
        lines += [styled(f"  {line}") for line in wrap(found.note, width - 2)]
    return lines + hint(found.hint, mark)


def hint(text: str, mark: Mark | None = None) -> list[Line]:
    """Return a remedy as it stands under an excerpt."""
    if not text:
        return []
    first, *more = text.split("\n")
    gutter = " " * _gutter(mark)
    start: Line = ((f"{gutter} = ", "accent"), ("hint: ", "bold"), (safe(first), "plain"))
    return [start, *(styled(f"{gutter}         {safe(line)}") for line in more)]


def excerpt(
    mark: Mark, source: str, note: str, *, width: int = 100, style: Style = "bad"
) -> list[Line]:
    """Return a place with its source line, carets under what is meant, and a note beside them."""
    gutter = " " * _gutter(mark)
    lines: list[Line] = [((f"{gutter}--> ", "accent"), (safe(str(mark)), "plain"))]
    if not (source.strip() and mark.line):
        return lines + _notes(note, gutter, 0, width, style)
    shown, start, wide = _window(source.rstrip("\r\n"), mark, width - len(gutter) - 3)
    bar: Line = styled(f"{gutter} |", "accent")
    number: Line = ((f"{mark.line:>{len(gutter)}} | ", "accent"), (shown, "plain"))
    return [*lines, bar, number, *_carets(gutter, (start, wide), note, width, style)]


def _gutter(mark: Mark | None) -> int:
    return max(2, len(str(mark.line))) if mark else 1


def _window(source: str, mark: Mark, width: int) -> tuple[str, int, int]:
    """Return the part of the source line to show, and the carets' first cell and width in it.

    No carets (width 0) where the column lies outside the line: a wrong caret is worse than none.
    """
    first = mark.column - 1
    if not 0 <= first <= len(source):
        return cut(_expanded(source), width), 0, 0
    before = _expanded(source[:first])
    meant = _expanded(source[first : first + max(1, mark.width)], cells(before))
    whole = before + meant + _expanded(source[first + max(1, mark.width) :], cells(before + meant))
    start, wide = cells(before), max(1, cells(meant))
    if cells(whole) <= width:
        return whole, start, wide
    skipped = max(0, start + min(wide, width // 2) - width * 2 // 3)
    if skipped:
        head, whole = split_at(whole, skipped)
        whole = ELLIPSIS + whole
        start -= cells(head) - 1
    return cut(whole, width), start, min(wide, width - start)


def _expanded(text: str, column: int = 0) -> str:
    """Return safe text in which a tab reaches the next stop, counted from `column`."""
    first, *rest = text.split("\t")
    shown = safe(first)
    for piece in rest:
        shown += " " * (_TAB - (column + cells(shown)) % _TAB) + safe(piece)
    return shown


def _carets(gutter: str, span: tuple[int, int], note: str, width: int, style: Style) -> list[Line]:
    start, wide = span
    if not wide:
        return _notes(note, gutter, 0, width, style)
    room = width - len(gutter) - 3 - start - wide - 1
    beside = bool(note) and (cells(safe(note)) <= room or room >= _NOTE_MIN * 2)
    first, *more = wrap(note, room) if beside else [""]
    carets: Line = (
        (f"{gutter} | ", "accent"),
        (" " * start + "^" * wide + (f" {first}" if first else ""), style),
    )
    if beside:
        return [carets, *(_noted(gutter, start + wide + 1, line, style) for line in more)]
    return [carets, *_notes(note, gutter, start, width, style)]


def _notes(note: str, gutter: str, start: int, width: int, style: Style) -> list[Line]:
    if not note:
        return []
    room = width - len(gutter) - 3
    start = start if room - start >= _NOTE_MIN * 2 else 0
    return [_noted(gutter, start, line, style) for line in wrap(note, room - start)]


def _noted(gutter: str, start: int, line: str, style: Style) -> Line:
    return ((f"{gutter} | ", "accent"), (" " * start + line, style))
