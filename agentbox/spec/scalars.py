"""What a scalar stands for: YAML 1.2's core schema, less what JSON cannot say."""

from __future__ import annotations

import re

_WORDS = {
    word: value
    for value, name in ((None, "null"), (True, "true"), (False, "false"))
    for word in (name, name.capitalize(), name.upper())
} | {"": None, "~": None}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_MAX_DIGITS = 300  # a float holds up to 308, and any number may be wanted as one
_SURROGATE = re.compile("[\ud800-\udfff]")


def resolved(text: str) -> bool | float | str | None:
    """Return what a plain scalar stands for. `yes`, `12:30` and a date are text.

    Raises:
        ValueError: it is a number that JSON cannot write.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _NO_JSON.fullmatch(text):
        raise ValueError(f"`{text}` is no number that JSON can write")
    if _INT.fullmatch(text):
        return _integer(text)
    return _real(text) if _FLOAT.fullmatch(text) else text


def paired(text: str) -> str:
    """Return `text` with two escapes of a surrogate each, JSON's way past U+FFFF, made one.

    Raises:
        ValueError: half of a pair stands alone.
    """
    if not _SURROGATE.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("half of a surrogate pair is no character") from None


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits is too large")
    return int(text, 0 if text[1:2] in ("o", "x") else 10)


def _real(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("this number is too large")
    return value
