"""A help desk's model, played by rules: the answer stands in its prompt, and it finds it there.

Offered tools, it does what models do: it looks things up first that it was told already, and then
gives the same answer. It counts its tokens as a provider would, a token for four characters of all
that it is shown and says, so that what the detour costs can be read in the summary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from agentbox import Message, Said, ToolSpec, Usage, call, say

INPUT_USD, OUTPUT_USD = 1e-6, 4e-6
"""The price of a token in, and of one out."""
_CHARACTERS = 4
_COMMON = frozenset(
    "a and are can do for how i in is it my of on or the to what when you your".split()  # noqa: SIM905 - reads better
)


def reply(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Said:
    """Answer from the prompt; where a search is offered, only after a needless one."""
    asked = _words(messages)
    search = next((t.name for t in tools if re.split(r"\W", t.name)[-1] == "search"), "")
    looked = any(m.role == "tool" for m in messages)
    said = call(search, query=asked) if search and not looked else say(_answer(asked, messages))
    return Said(said, _usage(messages, tools, said))


def _words(messages: Sequence[Message]) -> str:
    return next((m.text for m in reversed(messages) if m.role == "user"), "")


def _answer(asked: str, messages: Sequence[Message]) -> str:
    """Return the paragraph of the prompt that shares most words with the question, whole."""
    system = "\n\n".join(m.text for m in messages if m.role == "system")
    paragraphs = [" ".join(part.split()) for part in system.split("\n\n") if part.strip()]
    wanted = _keywords(asked)
    best = max(paragraphs, key=lambda part: len(wanted & _keywords(part)), default="")
    return _without_question(best) if wanted & _keywords(best) else "The FAQ does not say."


def _keywords(text: str) -> frozenset[str]:
    """Return the words that tell something, singular and plural taken as one."""
    return frozenset(w.rstrip("s") for w in re.findall(r"\w+", text.lower()) if w not in _COMMON)


def _without_question(paragraph: str) -> str:
    """Return an entry's answer: what stands after `Q: ...? A:`."""
    return re.sub(r"^Q:.*?\bA:\s*", "", paragraph)


def _usage(messages: Sequence[Message], tools: Sequence[ToolSpec], said: Message) -> Usage:
    read = sum(_size(message) for message in messages)
    read += sum(len(t.name) + len(t.description) + len(json.dumps(t.input_schema)) for t in tools)
    into, out = read // _CHARACTERS, _size(said) // _CHARACTERS
    return Usage(into, out, cost_usd=into * INPUT_USD + out * OUTPUT_USD)


def _size(message: Message) -> int:
    calls = sum(len(one.name) + len(json.dumps(dict(one.args))) for one in message.calls)
    return len(message.text) + calls
