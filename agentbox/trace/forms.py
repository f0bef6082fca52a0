"""The forms in which a value travels: in JSON, in a URL, in base64, in hex."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, quote_plus

_SHORTEST = 8
"""Of a shorter piece of base64 or hex, other text is full."""


def _in_json(value: str) -> Iterator[str]:
    """Yield a value as it is, and as it stands in JSON, and in JSON inside a text of JSON.

    Writers differ: some escape all but ASCII, some the slash, some what is special in HTML.
    """
    yield value
    for text in (value, json.dumps(value)[1:-1]):
        for ascii_only in (False, True):
            escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            yield escaped
            yield escaped.replace("/", r"\/")
            for char in "<>&":
                escaped = escaped.replace(char, f"\\u{ord(char):04x}")
            yield escaped


def _in_a_url(value: str) -> Iterator[str]:
    content = value.encode(errors="surrogatepass")
    for form in (quote(content, safe=""), quote(content), quote_plus(content)):
        yield form
        yield _lowered(form)


def _lowered(form: str) -> str:
    """Return a URL-encoded text with its hexadecimal digits in lower case."""
    first, *rest = form.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _in_base64(value: str) -> Iterator[str]:
    """Yield what base64 makes of a value wherever it begins in what is encoded."""
    content = value.encode(errors="surrogatepass")
    for before, touched in enumerate((0, 2, 3)):
        whole = (before + len(content)) * 8 // 6
        for encoded in (b64encode, urlsafe_b64encode):
            form = encoded(bytes(before) + content)[touched:whole].decode()
            if len(form) >= _SHORTEST:
                yield form


def _in_hex(value: str) -> Iterator[str]:
    form = value.encode(errors="surrogatepass").hex()
    yield from (form, form.upper())


FORMS: Mapping[str, Callable[[str], Iterator[str]]] = {
    "": _in_json,
    ", URL-encoded": _in_a_url,
    ", in base64": _in_base64,
    ", in hex": _in_hex,
}
"""By what is said of it."""
