"""The `-k` expression: words, `and`, `or`, `not`, parentheses; as pytest reads them.

expression = term ("or" term)*        term = factor ("and" factor)*
factor = "not" factor | "(" expression ")" | word
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from agentbox.core.errors import AuthorError, Problem

Matcher: TypeAlias = Callable[[str], bool]

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")


def matcher(expression: str) -> Matcher:
    """Return what tells whether a text fits `expression`; an empty one fits all.

    Raises:
        AuthorError: the expression cannot be read; the message says where it stops.
    """
    if not expression.strip():
        return lambda _: True
    reading = _Reading(_TOKEN.findall(expression), expression)
    found = reading.expression()
    if reading.next:
        raise reading.wrong()
    return found


class _Reading:
    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens[::-1]
        self._text = text

    @property
    def next(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def wrong(self) -> AuthorError:
        stops = f"at `{self.next}`" if self.next else "at its end"
        hint = "write words with and, or, not: -k 'refund and not slow'"
        return AuthorError(Problem(f"-k {self._text!r} cannot be read {stops}", hint=hint))

    def expression(self) -> Matcher:
        left = self.term()
        while self.next == "or":
            self._tokens.pop()
            left = _either(left, self.term())
        return left

    def term(self) -> Matcher:
        left = self.factor()
        while self.next == "and":
            self._tokens.pop()
            left = _both(left, self.factor())
        return left

    def factor(self) -> Matcher:
        if self.next in ("", "and", "or", ")"):
            raise self.wrong()
        word = self._tokens.pop()
        if word == "not":
            inner = self.factor()
            return lambda text: not inner(text)
        if word == "(":
            inner = self.expression()
            if self.next != ")":
                raise self.wrong()
            self._tokens.pop()
            return inner
        return lambda text: word.lower() in text.lower()


def _either(left: Matcher, right: Matcher) -> Matcher:
    return lambda text: left(text) or right(text)


def _both(left: Matcher, right: Matcher) -> Matcher:
    return lambda text: left(text) and right(text)
