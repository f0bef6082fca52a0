"""Keeps a prompt within a context window: who cuts, what stays, and that it is told.

System messages, the user's last words and the newest messages stay; a call and its answers stay or
go together. A cut frees half of the window, so that one is seldom needed: a log is rewritten, and
a provider's prompt cache lost, once in many steps and not at each.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from agentbox.core.messages import Message, ToolSpec, Transcript, message_tokens
from agentbox.core.requests import Ask, LimitName, Note, Reply, Request, Said
from agentbox.core.window import ContextWindow

LIMIT: LimitName = "context_window"
_SUM_UP = (
    "You keep the minutes of a conversation that has grown too long. Sum up what follows for the "
    "one who goes on with it: what was asked, found, decided and promised, with every id, figure "
    "and date. Write nothing else."
)
_SUMMED_UP = "What was said before, summed up:\n"


@dataclass(frozen=True, slots=True)
class _Parted:
    kept: Sequence[Message]
    gone: Sequence[Message]
    head: int
    """How many of `kept` stand before what is gone."""


def make_room(
    log: Transcript, window: ContextWindow, tools: tuple[ToolSpec, ...]
) -> Generator[Request, Reply, LimitName | None]:
    """Cut a log's oldest messages off where its window is full; the limit's name if that fails."""
    before = log.tokens(tools)
    if before <= window.tokens:
        return None
    parted = _parted(log, window, before)
    if window.on_full == "fail" or not parted.gone:
        yield Note("context.full", {"window": window.tokens, "tokens": before})
        return LIMIT
    kept = parted.kept
    if window.on_full == "summarise":
        summary = yield from _summary(log, parted.gone)
        kept = [*kept[: parted.head], *summary, *kept[parted.head :]]
    log.go_on(f"{log.name.partition('~')[0]}~{log.cut + len(parted.gone)}", kept, len(parted.gone))
    log.segments = tuple(
        replace(s, state="truncated", text=truncated(log)) if s.slot == "history" else s
        for s in log.segments
    )
    after = log.tokens(tools)
    yield Note(
        "context.truncated",
        {
            "window": window.tokens,
            "tokens": before,
            "left": after,
            "cut": len(parted.gone),
            "how": window.on_full,
            "log": log.name,
        },
    )
    return LIMIT if after > window.tokens else None


def truncated(log: Transcript) -> str:
    """Return the words for a history of which a part was cut off."""
    return f"{len(log)} messages; {log.cut} were cut off"


def _parted(log: Transcript, window: ContextWindow, tokens: int) -> _Parted:
    """Part a log in what stays and what goes; `tokens` is its prompt's whole size."""
    messages = list(log.view())
    last_words = max((i for i, m in enumerate(messages) if m.role == "user"), default=-1)
    start = _newest(messages, window, tokens - log.tokens(()))
    pinned = {i for i, m in enumerate(messages[:start]) if m.role == "system" or i == last_words}
    gone = [m for i, m in enumerate(messages[:start]) if i not in pinned]
    kept = [messages[i] for i in sorted(pinned)]
    head = len(list(takewhile(lambda message: message.role == "system", kept)))
    return _Parted([*kept, *messages[start:]], gone, head)


def _newest(messages: Sequence[Message], window: ContextWindow, used: int) -> int:
    """Return where the messages begin that stay because they are new."""
    start = max(0, len(messages) - window.keep)
    used += sum(map(message_tokens, messages[start:]))
    while start > 0:
        used += message_tokens(messages[start - 1])
        if used > window.tokens // 2:
            break
        start -= 1
    while start > 0 and messages[start].role == "tool":  # an answer without its call means nothing
        start -= 1
    return start


def _summary(
    log: Transcript, gone: Sequence[Message]
) -> Generator[Request, Reply, Sequence[Message]]:
    """Have the model sum up what goes; where it does not, it goes without."""
    told = "\n".join(f"{message.role}: {_words(message)}" for message in gone)
    minutes = Transcript(f"{log.name}/summary", [Message("system", _SUM_UP), Message("user", told)])
    said = yield Ask(minutes.view(), aside="summary")
    if isinstance(said, Said) and said.message.text:
        return [Message("user", _SUMMED_UP + said.message.text)]
    return []


def _words(message: Message) -> str:
    calls = [f"{call.name}({dict(call.args)})" for call in message.calls]
    return " ".join([message.text, *calls]).strip()
