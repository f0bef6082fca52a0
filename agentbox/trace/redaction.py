"""Secrets leave a trace before they are in it.

Registered values become `«secret:NAME»`, known patterns `«kind:n»`, n counted per trace in order of
appearance; never a hash of the value, which could be guessed back. Lines are searched as bytes,
which is nearly free; only a line with a hit is taken apart, so that what replaces the secret is
valid JSON wherever the secret stood: in a string, in a key or as a bare number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, TypeAlias

from agentbox.core.messages import is_list, is_object
from agentbox.trace.encoding import decode, encode

_Search: TypeAlias = Callable[[bytes], re.Match[bytes] | None]

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

_ANCHORS = (
    b"PRIVATE KEY,Bearer ,bearer ,BEARER ,Basic ,basic ,BASIC ,yJ,k-,k_,ghp_,gho_,ghu_,ghs_,ghr_,"
    b"b_pat_,glpat-,xox,AKIA,ASIA,AIza,@"
).split(b",")
"""One of these is in whatever a pattern matches. Literals that begin with a rare letter, so that a
regular expression passes a line of 200 bytes in 1 µs; one of the patterns themselves takes 12."""

_COMMON = ' etaoinshrdlcumwfgypbvk0123456789":,/._-\\'


_STRUCTURE = frozenset({"at", "kind", "clock"})
"""What every event is read by: a secret that is an ordinary word must not rename it."""


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
        """Whether there may be a secret in a line: where it finds nothing, there is none."""
        self._tokens: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def line(self, line: bytes) -> bytes:
        """Return a line of JSON without its secrets."""
        if self.suspect(line) is None:
            return line
        value = decode(line)
        clean = self._event(value) if is_object(value) else self.value(value)
        return line if clean == value else encode(clean)

    def _event(self, event: Mapping[str, Any]) -> Any:
        kept = {key: event[key] for key in event if key in _STRUCTURE}
        told = {key: event[key] for key in event if key not in _STRUCTURE}
        return kept | self.value(told)

    def value(self, value: Any) -> Any:
        """Return a JSON value without its secrets, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if is_object(value):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if is_list(value):
            return [self.value(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            name = self._names.get(str(value))
            return f"«secret:{name}»" if name else value
        return value

    def text(self, text: str) -> str:
        """Return a string without its secrets."""
        if self._secrets:
            text = self._secrets.sub(lambda hit: f"«secret:{self._names[hit.group()]}»", text)
        for kind, pattern in _patterns():
            text = pattern.sub(lambda hit, kind=kind: self._token(kind, hit.group()), text)
        return text

    def _token(self, kind: str, value: str) -> str:
        token = self._tokens.get(value)
        if token is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            token = self._tokens[value] = f"«{kind}:{self._counts[kind]}»"
        return token


@lru_cache(maxsize=64)
def _searches(secrets: frozenset[str]) -> tuple[re.Pattern[str] | None, _Search]:
    """Return what finds secrets in a text, and what tells whether a line may hold any."""
    longest_first = sorted(secrets, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, longest_first))) if secrets else None
    forms = {form for secret in secrets for form in (secret, _in_json(secret))}
    literals = sorted({*_ANCHORS, *map(_rarest, forms)}, key=len, reverse=True)
    return found, re.compile(b"|".join(map(re.escape, literals))).search


def _rarest(secret: str) -> bytes:
    """Return a part of a secret that begins with its rarest letter."""
    starts = range(len(secret) - MIN_SECRET + 1)
    start = max(starts, key=lambda i: _COMMON.find(secret[i]) % 99)  # one that is not common: 98
    return secret[start : start + 8].encode()


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(kind, re.compile(pattern)) for kind, pattern in PATTERNS.items()]


def _in_json(secret: str) -> str:
    """Return the secret as it stands in a JSON string; a text may hold JSON of its own."""
    return encode(secret).decode()[1:-1]
