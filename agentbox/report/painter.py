"""Puts lines on a stream: colour where it is wanted, a line redrawn where the screen allows it.

Who constructs a painter decides; `wants_color` and the others say what the stream and the
environment ask for. rich is imported only when a colour is painted: a piped run never pays for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self

from agentbox.report.text import Line, Style, cut_line, safe

_STYLES: Mapping[Style, str] = {
    "bold": "bold",
    "dim": "dim",
    "accent": "cyan",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
}
_GLYPHS = "✓✗"
_WITHOUT = str.maketrans({"✓": "+", "✗": "x", "…": "...", "·": "-", "«": "<", "»": ">"})
"""What stands for our own marks where the stream's encoding lacks them."""


class Stream(Protocol):
    """What a painter needs of a stream."""

    @property
    def encoding(self) -> str | None:
        """The name of the stream's encoding."""
        ...

    def write(self, text: str, /) -> object:
        """Write text."""
        ...

    def flush(self) -> object:
        """Hand over what was written."""
        ...

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        ...


def wants_color(stream: Stream, environ: Mapping[str, str]) -> bool:
    """Return whether to colour: NO_COLOR says no, FORCE_COLOR says yes, else a terminal decides."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return wants_redraw(stream, environ)


def wants_redraw(stream: Stream, environ: Mapping[str, str]) -> bool:
    """Return whether a line may be drawn over: only on a terminal that is not a dumb one."""
    return stream.isatty() and environ.get("TERM") != "dumb"


def wants_glyphs(stream: Stream) -> bool:
    """Return whether ✓ and ✗ may stand for words: on a terminal whose encoding has them."""
    return stream.isatty() and _encodes(stream, _GLYPHS)


class Painter:
    """Writes lines to a stream."""

    def __init__(self, stream: Stream, *, color: bool = False) -> None:
        self._stream = stream
        self._color = color

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines and flush."""
        self.put("".join(f"{self.rendered(line)}\n" for line in lines))

    def put(self, text: str) -> None:
        """Write text as it is, and flush."""
        self._stream.write(text)
        self._stream.flush()

    def rendered(self, line: Line) -> str:
        """Return a line as the stream can take it: safe, encodable, coloured where wanted."""
        texts = [self._fit(safe(text)) for text, _ in line]
        while texts and not texts[-1].strip():
            texts.pop()
        if texts:
            texts[-1] = texts[-1].rstrip()
        if not self._color:
            return "".join(texts)
        return "".join(_colored(text, style) for text, (_, style) in zip(texts, line, strict=False))

    def _fit(self, text: str) -> str:
        if text.isascii() or _encodes(self._stream, text):
            return text
        name = self._stream.encoding or "ascii"
        return text.translate(_WITHOUT).encode(name, "backslashreplace").decode(name)


def _colored(text: str, style: Style) -> str:
    if style == "plain" or not text:
        return text
    from rich.color import ColorSystem  # noqa: PLC0415 - 9 ms, wanted only for colour
    from rich.style import Style as RichStyle  # noqa: PLC0415 - as above

    return RichStyle.parse(_STYLES[style]).render(text, color_system=ColorSystem.STANDARD)


def _encodes(stream: Stream, text: str) -> bool:
    try:
        text.encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


class Progress:
    """Keeps one live line under what is written; where nothing may be redrawn, it shows none."""

    def __init__(self, painter: Painter, *, live: bool, width: int = 100) -> None:
        self._painter = painter
        self._live = live
        self._width = width
        self._drawn = ""

    def draw(self, line: Line) -> None:
        """Show `line` in place of the live line before it."""
        if self._live:
            # One cell is left free: a full line makes some terminals wrap.
            self._drawn = self._painter.rendered(cut_line(line, self._width - 1))
            self._painter.put(f"\r\x1b[K{self._drawn}")

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines that stay, above the live line."""
        drawn = self._drawn
        self.clear()
        self._painter.write(lines)
        if drawn:
            self._drawn = drawn
            self._painter.put(drawn)

    def clear(self) -> None:
        """Take the live line away."""
        if self._drawn:
            self._drawn = ""
            self._painter.put("\r\x1b[K")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()
