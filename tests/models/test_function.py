from __future__ import annotations

import asyncio

from agentbox import Message, Said, ToolCall, call, say
from agentbox.core.messages import Transcript
from agentbox.core.requests import Ask
from agentbox.models import FunctionModel


def _reply(function) -> Said:
    log = Transcript(messages=[Message("user", "Hi")])
    return asyncio.run(FunctionModel(function).reply(Ask(log.view()), "c:a/t1/s1"))


def test_a_function_may_return_words_a_message_or_a_whole_reply() -> None:
    assert _reply(lambda m, t: "Hi") == Said(say("Hi"))
    assert _reply(lambda m, t: call("look", key="a")).calls == (ToolCall("look", {"key": "a"}),)
    assert _reply(lambda m, t: Message("user", "Hi")).message == say("Hi")
    refused = Said(say("No."), stop="refusal")
    assert _reply(lambda m, t: refused) is refused


def test_a_function_may_be_async_and_is_named_after_itself() -> None:
    async def thinks(messages, tools):
        return "Hm."

    assert _reply(thinks) == Said(say("Hm."))
    assert FunctionModel(thinks).name == "thinks"
    assert FunctionModel(thinks, "m").name == "m"
    assert FunctionModel(thinks).leftovers() == ()
