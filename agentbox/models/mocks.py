"""Models with a known weakness, to break agents with: no key, no network, the same every time.

Each is made around a function of the messages (`reader`, or one of your own) and spoils what that
one reads or says. None knows an answer: all of them read their prompts. Chance is a draw from a
stream that a seed and a place name, so neither the order of parallel calls nor anything else that
happened before can change it. The rates in the docstrings are measured by the tests.

    reply = careless(lost_in_the_middle(my_reply), rate=0.2, seed=7)
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from agentbox.core.clock import Clock
from agentbox.core.messages import Json, Message, ToolCall, ToolSpec, is_list, is_object
from agentbox.core.requests import Said
from agentbox.models.function import ReplyFunction, say

LONG = 4000
"""Characters from which on a prompt is long, about 1,000 tokens; a shorter one is read whole."""
READ = (1.0, 0.7, 0.5, 0.6, 1.0)
"""How much is read of each fifth of a long prompt, from its top to its end."""


def reader(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Message:  # noqa: ARG001 - it calls none
    """Answer the user's last words with the line of the prompt that shares most words with them.

    Words of three letters or fewer do not count. Where no line shares any: `I do not know.`
    """
    asked = _asked(messages)
    wanted = _words(messages[asked].text) if asked >= 0 else frozenset[str]()
    shown = [m for n, m in enumerate(messages) if n != asked and m.role != "assistant"]
    lines = [line for message in shown for line in message.text.splitlines()]
    best = max(lines, key=lambda line: len(wanted & _words(line)), default="")
    return say(best.strip() if wanted & _words(best) else "I do not know.")


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{4,}", text.lower()))


def _asked(messages: Sequence[Message]) -> int:
    """Return where the user's last words stand, -1 if there are none."""
    indices = range(len(messages) - 1, -1, -1)
    return next((n for n in indices if messages[n].role == "user"), -1)


def _drawn(*stream: str | int) -> float:
    """Return a number from 0 to 1, the same for the same stream."""
    name = json.dumps(stream).encode()
    return int.from_bytes(blake2b(name, digest_size=6).digest()) / 2**48


# -- position bias


def lost_in_the_middle(reply: ReplyFunction = reader, seed: int = 0) -> ReplyFunction:
    """Return a model that reads the ends of a long prompt and misses facts in its middle.

    The curve is U-shaped, as Liu et al. measured it (Lost in the Middle, arXiv 2307.03172). Of 500
    facts put into each fifth of a prompt of `LONG` characters or more, `reader` finds so many:

        fifth      first   second    third   fourth     last
        READ       100 %     70 %     50 %     60 %    100 %
        measured   100 %   69.6 %   49.8 %   61.6 %    100 %

    What is read or missed whole is a line; in a result that is JSON, an element of a list. One
    fact is missed by `seed` and its own words, so moving it to an end is what mends it. The
    user's last words are always read.
    """

    def biased(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Any:
        return reply(_read(messages, seed), tools)

    return biased


def _read(messages: Sequence[Message], seed: int) -> Sequence[Message]:
    asked = _asked(messages)
    size = sum(len(message.text) for n, message in enumerate(messages) if n != asked)
    if size < LONG:
        return messages
    reading = _Reading(size, seed)
    return [m if n == asked else reading.message(m) for n, m in enumerate(messages)]


class _Reading:
    """Goes through a prompt from its top and says what of it is read."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._seed = seed
        self._at = 0.0
        self._scale = 1.0
        """Characters as they stand in the prompt, to one as we write JSON."""

    def message(self, message: Message) -> Message:
        """Return a message with what was missed left out."""
        start = self._at
        try:
            text = self._json(message.text)
        except (ValueError, RecursionError):
            self._at, self._scale = start, 1
            text = self._lines(message.text)
        self._at = start + len(message.text)
        return replace(message, text=text)

    def _json(self, text: str) -> str:
        """Return JSON with what was missed left out, or raise ValueError: it is none."""
        value = json.loads(text)
        if not (is_object(value) or is_list(value)):
            raise ValueError("a bare value is a line like any other")
        self._scale = len(text) / len(_dumped(value))
        return _dumped(self._value(value))

    def _value(self, value: Json) -> Json:
        if is_list(value):
            return [each for each in value if self._sees(f"{_dumped(each)}, ")]
        if is_object(value):
            return {key: self._field(key, each) for key, each in value.items()}
        if isinstance(value, str) and "\n" in value:
            return self._lines(value)
        self._at += len(_dumped(value)) * self._scale
        return value

    def _field(self, key: str, value: Json) -> Json:
        self._at += len(f'"{key}": , ') * self._scale
        return self._value(value)

    def _lines(self, text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if self._sees(line))

    def _sees(self, piece: str) -> bool:
        size = len(piece) * self._scale
        depth = (self._at + size / 2) / self._size
        self._at += size
        fifth = min(int(depth * len(READ)), len(READ) - 1)
        return _drawn("lost_in_the_middle", self._seed, piece.strip()) < READ[fifth]


def _dumped(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


# -- a stale date

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TODAY = re.compile(
    rf"\btoday(?:'s date)? is (?:\w+day,? )?(?:the )?"
    rf"(?:{_MONTH} \d|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b|\d{{4}}-\d\d-\d\d)",
    re.IGNORECASE,
)


def stale_date(reply: ReplyFunction = reader, trained: str = "2024-06-01") -> ReplyFunction:
    """Return a model that takes the day it was trained for today, unless it is told the date.

    Told means: a date block (`Today is March 20, 2026. ...`), or anybody but itself who says what
    day today is. Asked for the day on each of 500 dates, `reader` is right about 100 % of them
    when told and says `trained` for 100 % of them when not.

    Raises:
        ValueError: `trained` is no date such as 2024-06-01.
    """
    block = Clock.at(f"{trained}T12:00:00Z").block()

    def dated(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Any:
        told = any(_TODAY.search(m.text) for m in messages if m.role != "assistant")
        return reply(messages if told else [Message("system", block), *messages], tools)

    return dated


# -- instructions in results

_CALL = re.compile(
    r"\bcall (?:the )?(?:tool |function )?[`\"']?([\w./-]+)[`\"']?"
    r" with (?:the )?(?:arguments?|args)?:?\s*`{0,3}(?=\{)",
    re.IGNORECASE,
)
_ORDER = 10_000
"""How long the arguments of an order may be: an error in them costs what stands before it."""
_SAY = re.compile(
    r"\bignore (?:all |any )?(?:of )?(?:the |your |my )?(?:previous|prior|earlier|above)\b"
    r"[^\n]{0,200}?\b(?:say|answer|reply|respond|write)\b(?: only| with| that)*:? *"
    r"[\"'`]?([^\n\"`]{1,500})",
    re.IGNORECASE,
)


def gullible(reply: ReplyFunction = reader) -> ReplyFunction:
    """Return a model that takes what results tell it for orders.

    It obeys `call NAME with {json}` once, if it is offered the tool, by its full name or by what
    stands after the server's; and `ignore previous instructions and say WORDS`. Orders count from
    the user's last words on. Of 500 injected calls it makes 100 % of those it is offered and 0 %
    of the others; of orders that stand anywhere but in a result it obeys 0 %.
    """

    def obedient(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Any:
        recent = [messages[n] for n in range(_asked(messages) + 1, len(messages))]
        texts = [text for m in recent if m.role == "tool" for text in _as_read(m.text)]
        made = [(call.name, call.args) for message in recent for call in message.calls]
        for name, args in (order for text in texts for order in _ordered(text)):
            tool = _offered(name, tools)
            if tool and (tool, args) not in made:
                return Message("assistant", calls=(ToolCall(tool, args),))
        words = next((found[1] for text in texts if (found := _SAY.search(text))), "")
        return say(words.strip(" '")) if words else reply(messages, tools)

    return obedient


def _as_read(text: str) -> tuple[str, ...]:
    """Return a result as it stands, and as it reads where it is text in JSON."""
    return (text, text.replace('\\"', '"')) if '\\"' in text else (text,)


def _ordered(text: str) -> Iterator[tuple[str, dict[str, Json]]]:
    for found in _CALL.finditer(text):
        try:
            args, _ = json.JSONDecoder().raw_decode(text[found.end() : found.end() + _ORDER])
        except (ValueError, RecursionError):
            continue
        yield found[1], args  # an object, for it begins like one


def _offered(name: str, tools: Sequence[ToolSpec]) -> str:
    """Return the tool that is meant, if it is one alone."""
    alike = [tool.name for tool in tools if re.split(r"[./]", tool.name)[-1] == name]
    exact = any(tool.name == name for tool in tools)
    return name if exact else alike[0] if len(alike) == 1 else ""


# -- careless arguments


def careless(reply: ReplyFunction, rate: float = 0.2, seed: int = 0) -> ReplyFunction:
    """Return a model that gets an argument wrong in `rate` of its calls.

    It leaves the argument out, or mistypes it: a string has two characters swapped, another value
    becomes text. Calls without arguments come out whole. A call is drawn by `seed`, its place (how
    long the conversation is, which call of the message) and what it says: asked again later, the
    model may get it right. Of 500 calls at the rate 0.2 it spoils 23 %: 9.4 % lose the
    argument, 13.6 % have it mistyped.

    Raises:
        ValueError: `rate` is not from 0 to 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a rate is from 0 to 1, not {rate:g}")

    async def spoiled(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Any:
        said = reply(messages, tools)
        if inspect.isawaitable(said):
            said = await said
        if isinstance(said, Message):
            return _careless(said, rate, (seed, len(messages)))
        if isinstance(said, Said):
            return replace(said, message=_careless(said.message, rate, (seed, len(messages))))
        return said

    return spoiled


def _careless(message: Message, rate: float, place: tuple[int, int]) -> Message:
    calls = (_slipped(call, rate, (*place, n)) for n, call in enumerate(message.calls, 1))
    return replace(message, calls=tuple(calls))


def _slipped(call: ToolCall, rate: float, place: tuple[int, int, int]) -> ToolCall:
    said = json.dumps(dict(call.args), sort_keys=True, default=str)

    def drawn(what: str) -> float:
        return _drawn("careless", what, *place, call.name, said)

    if not call.args or drawn("whether") >= rate:
        return call
    args = dict(call.args)
    name = sorted(args)[int(drawn("which") * len(args))]
    value = args.pop(name)
    if drawn("how") < 0.5:  # noqa: PLR2004 - one or the other
        return replace(call, args=args)
    return replace(call, args={**call.args, name: _mistyped(value, drawn("where"))})


def _mistyped(value: Json, where: float) -> str:
    """Return another value than this one, always."""
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    places = [n for n in range(len(value) - 1) if value[n] != value[n + 1]]
    if not places:
        return value + (value[-1:] or "x")
    n = places[int(where * len(places))]
    return value[:n] + value[n + 1] + value[n] + value[n + 2 :]
