"""Secrets leave a trace before they are in it.

Registered values become `«secret:NAME»`, known patterns `«kind:n»`, n counted in each line in order
of appearance, so that it does not depend on which call finished first; never a hash of the value,
which could be guessed back. A token that comes from elsewhere, such as a header, is counted anew.
Lines are searched as bytes, which is nearly free; only a line with a hit is taken apart, so that
what replaces the secret is valid JSON wherever the secret stood: in a string, in a key or as a bare
number.

A value given by the environment may be an ordinary word. What is no secret because the format or
the tool list says it anyway is left alone: fields that neither a tool nor a model writes, and a
string that is, as a whole, a word of the format or the name of a tool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias, get_args

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from agentbox.core.messages import Json, Role, SlotState, Source, Status, is_list, is_object
from agentbox.core.requests import EndReason
from agentbox.trace.encoding import decode, encode

Suspect: TypeAlias = Callable[[bytes], object]
"""Finds, in a line, what may be part of a secret: nothing, where there is none."""

MIN_SECRET = 4
"""Shorter registered values are not replaced: they would tear every other word apart."""

PATTERNS: Mapping[str, str] = {
    "private-key": (
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    ),
    "bearer": r"(?:[Bb]earer|BEARER) +[A-Za-z0-9._~+/=-]{8,}",
    "basic": r"(?:[Bb]asic|BASIC) +[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9])",
    "jwt": r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
    "api-key": r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "gitlab-token": r"\bglpat-[A-Za-z0-9_-]{16,}",
    "slack-token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "aws-key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "google-key": r"\bAIza[0-9A-Za-z_-]{35}",
    "url-password": r"(?<=://)[^/\s:@\"]{1,64}:[^/\s@\"]{1,128}(?=@)",
}
"""What is redacted without being registered: the kinds that leak most often."""

ANCHORS = (
    b"PRIVATE KEY,earer ,EARER ,asic ,ASIC ,eyJ,sk-,sk_,pk-,pk_,rk-,rk_,ghp_,gho_,ghu_,ghs_,ghr_,"
    b'github_pat_,glpat-,xox,AKIA,ASIA,AIza,://,"$blob"'
).split(b",")
"""One of these is in whatever a pattern matches, and in what looks like a reference to a blob. None
is shorter than 3 bytes: then one look for all of them takes 0.2 µs a line, where a regular
expression takes 1 and the patterns themselves 12."""

KEPT = frozenset(
    [
        "at",
        "kind",
        "clock",
        "n",
        "prompt",
        "slots",
        "log",
        "usage",
        "status",
        "source",
        "stop",
        "aside",
    ]
)
"""Fields of an event that neither a tool nor a model writes."""

WORDS = frozenset(
    [
        *("args", "calls", "call_id", "content", "data", "detail", "error", "input_schema", "meta"),
        *("model", "name", "new", "output_schema", "parts", "role", "scenario", "score", "state"),
        *("structured", "text", "tool", "tools", "type", "description", "annotations", *KEPT),
        *(word for kind in (Role, SlotState, Source, Status, EndReason) for word in get_args(kind)),
    ]
)
"""What the format itself says: a string that is one of these, as a whole, tells no secret."""

is_name = re.compile(r"[a-z][a-z0-9_]*").fullmatch
"""Whether a key is an ordinary name, which holds no secret, though it may be one."""


class Redactor:
    """Replaces registered secrets and known patterns in lines of JSON."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        self._names = {
            form: name
            for name, value in (secrets or {}).items()
            if len(value) >= MIN_SECRET
            for form in (value, _in_json(value))
        }
        self._secrets, self.suspect = _searches(frozenset(self._names))
        self._public = WORDS

    def publish(self, names: Iterable[str]) -> None:
        """Leave alone a string that is, as a whole, one of these: tools', and keys of the file."""
        self._public = self._public.union(names)

    def line(self, line: bytes) -> bytes:
        """Return a line of JSON without its secrets."""
        if not self.suspect(line):
            return line
        value = decode(line)
        tokens: dict[str, str] = {}
        clean = self._event(value, tokens) if is_object(value) else self._value(value, tokens)
        return line if clean == value else encode(clean)

    def text(self, text: str) -> str:
        """Return a string without its secrets."""
        return self._text(text, {})

    def _event(self, event: Mapping[str, Any], tokens: dict[str, str]) -> Any:
        kept = {key: event[key] for key in event if key in KEPT}
        told = {key: event[key] for key in event if key not in KEPT}
        return kept | self._value(told, tokens)

    def _value(self, value: Any, tokens: dict[str, str]) -> Any:
        if isinstance(value, str):
            return self._text(value, tokens)
        if is_object(value):
            return {
                self._key(key, tokens): self._value(each, tokens) for key, each in value.items()
            }
        if is_list(value):
            return [self._value(item, tokens) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            name = self._names.get(str(value))
            return f"«secret:{name}»" if name else value
        return value

    def _key(self, key: str, tokens: dict[str, str]) -> str:
        """Return a key without its secrets: an ordinary name is one, or holds none."""
        return key if is_name(key) and key not in self._names else self._text(key, tokens)

    def _text(self, text: str, tokens: dict[str, str]) -> str:
        if text in self._public:
            return text
        if self._secrets:
            text = self._secrets.sub(lambda hit: f"«secret:{self._names[hit.group()]}»", text)
        for kind, pattern in patterns():
            text = pattern.sub(lambda hit, kind=kind: _token(kind, hit.group(), tokens), text)
        return text


def keys_in(value: Json) -> Iterator[str]:
    """Yield every key in a JSON value: what a file calls things is no secret."""
    if is_object(value):
        yield from value
    inside = value.values() if is_object(value) else value if is_list(value) else ()
    for each in inside:
        yield from keys_in(each)


def _token(kind: str, value: str, tokens: dict[str, str]) -> str:
    """Return what stands for a value in this line: the same each time, another for each value."""
    if value not in tokens:
        number = sum(token.startswith(f"«{kind}:") for token in tokens.values()) + 1
        tokens[value] = f"«{kind}:{number}»"
    return tokens[value]


@lru_cache(maxsize=64)
def _searches(secrets: frozenset[str]) -> tuple[re.Pattern[str] | None, Suspect]:
    """Return what finds secrets in a text, and what tells whether a line may hold any."""
    longest_first = sorted(secrets, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, longest_first))) if secrets else None
    forms = {form.encode() for secret in secrets for form in (secret, _in_json(secret))}
    tokens = (f"«{kind}:".encode() for kind in PATTERNS)
    looked_for = BytesAhoCorasick([*ANCHORS, *tokens, *forms], MatchKind.LeftmostFirst)
    return found, looked_for.find_matches_as_indexes


@cache
def patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return the known patterns, compiled, with the kinds they find; what stands for one too."""
    return [(kind, re.compile(f"{pattern}|«{kind}:[0-9]+»")) for kind, pattern in PATTERNS.items()]


def _in_json(secret: str) -> str:
    """Return the secret as it stands in a JSON string; a text may hold JSON of its own."""
    return encode(secret).decode()[1:-1]
