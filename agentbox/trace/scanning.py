"""Finds secrets that are left in a trace, or in any other text.

Looked for are values that are known, in the forms in which they travel: as they are, inside JSON of
any writer, in base64 at any offset, in hex, URL-encoded; the patterns that are redacted; and what
looks random where a secret belongs, by its key. What the format itself writes is none: fields that
neither a tool nor a model writes, its words, its hashes.

A leak does not hold the value: its first two characters and its length, and no path tells more.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ahocorasick_rs import BytesAhoCorasick

from agentbox.core.leak import Leak
from agentbox.core.messages import Json, is_list, is_object
from agentbox.core.trace import SIDE_FIELDS, Position
from agentbox.trace.encoding import decode, lines_of
from agentbox.trace.forms import FORMS
from agentbox.trace.redaction import ANCHORS, KEPT, MIN_SECRET, WORDS, is_name, patterns

RANDOM = "random text"
"""The kind of what only looks like a secret, by where it stands."""
_HIDDEN = "«hidden»"
_HEAD = 2
_HEADED = 8
"""Of what is shorter, not even the first characters are told."""
_OWN = KEPT | (SIDE_FIELDS - {"side"})
_HASHES = {("run.ready", "tools"), ("run.start", "code")}
"""Fields whose keys are names from outside, and whose values are hashes of the format's own."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in a JSON value: where, under which key, and whether it is a key itself."""

    path: str
    name: str
    text: str
    is_key: bool = False


class Search:
    """Looks for known values, known patterns and what looks random where it should not be."""

    def __init__(self, values: Mapping[str, str], public: Iterable[str] = ()) -> None:
        """Look for `values`, by name; a text that is one of `public` as a whole is no leak."""
        self._kinds: dict[str, str] = {}
        for how, forms in FORMS.items():
            for name, value in values.items():
                for form in forms(value) if len(value) >= MIN_SECRET else ():
                    self._kinds.setdefault(form, f"value of {name}{how}")
        self.values = frozenset(values.values())
        self._public = WORDS.union(public)
        longest_first = sorted(self._kinds, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if self._kinds else None
        lowered = {form.encode(errors="replace").lower() for form in self._kinds}
        anchors = {anchor.lower() for anchor in ANCHORS}
        self._anchors = BytesAhoCorasick([*lowered, *anchors, *_WORDS_ABOUT])

    def suspects(self, line: bytes) -> bool:
        r"""Return whether a line may hold a leak: `\u0041` and `\/` may stand for any letter."""
        escaped = b"\\u" in line or b"\\/" in line
        return escaped or bool(self._anchors.find_matches_as_indexes(line.lower()))

    def found(self, text: str, name: str = "", *, known: bool = True) -> Iterator[tuple[str, str]]:
        """Yield the kind and the value of each leak in a text that stands under the key `name`."""
        if not self.suspects(f"{name} {text}".encode(errors="replace")):
            return
        rest = _TOKEN.sub("«»", text)
        for kind, pattern in self._patterns(known=known and text not in self._public):
            for hit in pattern.finditer(rest):
                yield kind or self._kinds[hit.group()], hit.group()
            rest = pattern.sub("«»", rest)
        yield from ((RANDOM, value) for value in _random_in(rest, name))

    def hidden(self, text: str) -> str:
        """Return a text without what is known to be a secret."""
        if is_name(text) and text not in self.values:
            return text
        for _, pattern in self._patterns(known=text not in self._public):
            text = pattern.sub(_HIDDEN, text)
        return text

    def _patterns(self, *, known: bool) -> Iterator[tuple[str, re.Pattern[str]]]:
        if self._known and known:
            yield "", self._known
        yield from patterns()


_TOKEN = re.compile(r"«[\w-]+:[^«»]*»")
"""What stands for a redacted value."""


def scan(content: bytes, search: Search) -> list[Leak]:
    """Return the leaks in the lines of a trace, or of any text, in order."""
    leaks: list[Leak] = []
    blobs: dict[int, bytes] = {}
    for number, line in enumerate(lines_of(content), 1):
        if search.suspects(line):
            found = _in_line(line, number, search)
            leaks += found
            name = _BLOB.search(line) if found and not found[0].at else None
            if name:
                blobs[number] = name[1]
    users = _users(content) if blobs else {}
    return [
        replace(leak, at=search.hidden(users.get(blobs[leak.line], "")))
        if leak.line in blobs
        else leak
        for leak in leaks
    ]


_BLOB = re.compile(rb'"id":"([0-9a-f]{16})","kind":"blob"')
_AT = re.compile(rb'"at":("[^"\\]+")')
_NAMES = re.compile(rb'"([0-9a-f]{16})"')


def _users(content: bytes) -> dict[bytes, Position]:
    """Return the position of the first event that names each blob."""
    users: dict[bytes, Position] = {}
    for line in lines_of(content):
        at = _AT.search(line)
        for name in _NAMES.findall(line) if at else ():
            users.setdefault(name, str(decode(at[1])) if at else "")
    return users


def _in_line(line: bytes, number: int, search: Search) -> list[Leak]:
    try:
        value = decode(line)
    except ValueError:
        value = None
    if not is_object(value) and not is_list(value):
        texts = [_Text("", "", line.decode(errors="replace"))]
        return _leaks(texts, Leak(number), search)
    event = value if is_object(value) and isinstance(value.get("kind"), str) else {}
    leak = Leak(number, search.hidden(str(event.get("at", ""))))
    return _leaks(_told(value, event, search), leak, search)


def _told(value: Json, event: Mapping[str, Json], search: Search) -> Iterator[_Text]:
    """Yield the texts of a line that may be leaks: of an event, not what the format says."""
    if not event:
        yield from _texts("$", value, search)
        return
    for field, inside in event.items():
        if field not in _OWN:
            for text in _texts(f"$.{field}", inside, search, field):
                own = (event["kind"], field) in _HASHES
                yield replace(text, name="") if own else text


def _leaks(texts: Iterable[_Text], leak: Leak, search: Search) -> list[Leak]:
    found: dict[tuple[str, str, str], Leak] = {}
    for each in texts:
        known = not each.is_key or not is_name(each.text) or each.text in search.values
        for kind, value in search.found(each.text, each.name, known=known):
            head = value[:_HEAD] if len(value) >= _HEADED else ""
            found[each.path, kind, value] = replace(
                leak, path=each.path, kind=kind, head=head, length=len(value)
            )
    return list(found.values())


def _texts(path: str, value: Json, search: Search, name: str = "") -> Iterator[_Text]:
    """Yield all texts in a JSON value, keys too, in order; a number is a text, too.

    It keeps a stack of its own: what is read may be nested as deep as anybody likes.
    """
    stack: list[tuple[str, str, Json]] = [(path, name, value)]
    while stack:
        path, name, value = stack.pop()
        if is_object(value):
            inside: list[tuple[str, str, Json]] = []
            for key, each in value.items():
                yield _Text(f"{path}.{_HIDDEN}", "", key, is_key=True)
                inside.append((f"{path}.{search.hidden(key)}", key, each))
            stack += reversed(inside)
        elif is_list(value):
            stack += reversed([(f"{path}[{i}]", name, each) for i, each in enumerate(value)])
        elif isinstance(value, str):
            yield _Text(path, name, value)
        elif isinstance(value, (int, float)) and str(value) in search.values:
            yield _Text(path, name, str(value))


# -- what looks random where a secret belongs


def names_secret(name: str) -> bool:
    """Return whether what stands under a key is a secret, by the last words of its name."""
    *before, last = [word.lower() for word in _WORD.findall(name)] or [""]
    if last == "key":
        return bool(before) and before[-1] in _KEYS
    return last in _SECRETS and (not before or before[-1] not in _PASSING)


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRETS = frozenset(
    [
        *("apikey", "authorization", "credential", "credentials", "passphrase", "passwd"),
        *("password", "pwd", "secret", "token"),
    ]
)
_KEYS = frozenset(["access", "api", "auth", "encryption", "master", "private", "secret", "signing"])
_PASSING = frozenset(["continuation", "next", "page", "previous", "progress", "sync"])
"""Tokens of these tell a place in a list, or a request."""
_WORDS_ABOUT = (*(word.encode() for word in _SECRETS), b"key")

_ASSIGNED = re.compile(
    r"([A-Za-z][\w-]{0,40})[\"'\\]{0,4}\s{0,2}[:=]\s{0,2}[\"'\\]{0,4}([^\s\"'\\,;&<>(){}]{12,})"
)
"""A name and its value inside a text: in JSON, in a query, in a file of settings."""
_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_SECRETISH = re.compile("|".join([*_SECRETS, "key"]), re.IGNORECASE)
_PLAIN = re.compile(
    r"[A-Za-z]+|[\d.,:_-]+|\d{4}-\d\d-\d\d.*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|.*(?:«|://|\$\{|\.\.\.).*"
    r"|[~.]{0,2}/.*|.*[\s<>*].*",
    re.DOTALL,
)
"""Words, numbers, times, names of variables, what was redacted, addresses, paths, placeholders."""
_SHORTEST = 12
_LONGEST = 4096
_LEAST_BITS = 2.5
"""Bits a character: of 16 random hexadecimal digits there are 3 or more, of `xxxxxxxxxxx1` 0.4."""


def _random_in(text: str, name: str) -> Iterator[str]:
    if name and names_secret(name) and _is_random(text):
        yield text
    elif _SECRETISH.search(text):
        for key, value in _ASSIGNED.findall(_REFERENCE.sub("«»", text)):
            if names_secret(key) and _is_random(value):
                yield value


def _is_random(text: str) -> bool:
    if not _SHORTEST <= len(text) <= _LONGEST or _PLAIN.fullmatch(text):
        return False
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts) >= _LEAST_BITS
