from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from stage import Tools, staged

from agentbox import Message, Said, ToolCall, ToolSpec, say
from agentbox.core.messages import Transcript
from agentbox.core.requests import Ask, End
from agentbox.models import FunctionModel
from agentbox.models.text import TextCalls, _rendered, parsed

NAMES = st.from_regex(r"[a-z][a-z0-9_.]{0,12}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CALLS = st.lists(
    st.builds(
        ToolCall, NAMES, st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=3)
    ),
    min_size=1,
    max_size=3,
)


@given(CALLS)
def test_calls_survive_being_written_and_read(calls: list[ToolCall]) -> None:
    text = _rendered(Message("assistant", "I must look.", tuple(calls))).text
    again = parsed(text)
    assert [(c.name, c.args) for c in again.calls] == [(c.name, c.args) for c in calls]
    assert again.text == "I must look."


@given(st.text(max_size=300))
def test_any_text_is_read_as_something(text: str) -> None:
    message = parsed(text)
    assert message.role == "assistant"


def test_one_action_with_a_thought_and_arguments_over_several_lines() -> None:
    message = parsed('Thought: I need it\nAction: look\nAction Input: {\n  "key": "a"\n}\n')
    assert message.calls == (ToolCall("look", {"key": "a"}),)
    assert message.text == "Thought: I need it"


def test_several_actions_fences_and_missing_inputs() -> None:
    text = 'Action: `look`\nAction Input:\n```json\n{"key": "a"}\n```\nAction: now\n'
    assert parsed(text).calls == (ToolCall("look", {"key": "a"}), ToolCall("now"))


def test_an_invented_observation_is_cut_off_with_all_that_follows() -> None:
    text = "Action: look\nAction Input: {}\nObservation: I found gold\nFinal Answer: gold"
    assert parsed(text) == Message("assistant", "", (ToolCall("look"),))


def test_a_final_answer_is_the_text_after_it() -> None:
    assert parsed("Thought: I know\nFinal Answer: It is 3.\nReally.").text == "It is 3.\nReally."
    assert parsed("Plain words.").text == "Plain words."


def test_what_is_no_object_is_malformed() -> None:
    (call,) = parsed("Action: look\nAction Input: [1]").calls
    assert call.malformed == "[1]"
    (call,) = parsed('Action: look\nAction Input: {"key": ').calls
    assert call.malformed == '{"key":'


def _writes(messages, tools):
    """A model that knows no function calling."""
    assert tools == ()
    last = messages[-1].text
    if last.startswith("Observation: "):
        return say("Final Answer: " + last.removeprefix("Observation: "))
    return say('Action: look\nAction Input: {"key": "x"}')


class _Wrapped:
    """`FunctionModel` as the stage makes one, wrapped."""

    def __new__(cls, function):
        inner = TextCalls(FunctionModel(function))

        async def reply(messages, tools):
            ask = Ask(messages, tools)
            return await inner.reply(ask, "c:case/t1/s1")

        return reply


def test_a_loop_knows_nothing_of_it() -> None:
    async def look(key):
        return f"found {key}"

    stage = staged(_Wrapped(_writes), Tools({"look": look}))
    assert stage.end == End("answered", "found x")
    (call,) = stage.events("tool.request")
    assert call.data["args"] == {"key": "x"}
    roles = [m["role"] for m in stage.events("model.request")[0].data["new"]]
    assert roles == ["system", "user"], "what the loop keeps is unchanged"


def test_the_tools_are_told_once_at_the_top_and_history_is_rendered_once() -> None:
    import asyncio  # noqa: PLC0415 - beside its one use

    seen: list[list[Message]] = []

    def model(messages, tools):
        seen.append(list(messages))
        return Said(say("Final Answer: ok"))

    wrapped = TextCalls(FunctionModel(model))
    log = Transcript(messages=[Message("system", "Be kind."), Message("user", "Hi")])
    tools = (ToolSpec("look", "Look it up.", {"type": "object"}),)
    asyncio.run(wrapped.reply(Ask(log.view(), tools), "c:a/t1/s1"))
    log.add(Message("assistant", "", (ToolCall("look", {"a": 1}),)), Message("tool", "found"))
    asyncio.run(wrapped.reply(Ask(log.view(), tools), "c:a/t1/s2"))
    assert "- look: Look it up." in seen[1][0].text
    assert json.dumps({"type": "object"}) in seen[1][0].text
    assert [message.text for message in seen[1][1:]] == [
        "Be kind.",
        "Hi",
        'Action: look\nAction Input: {"a": 1}',
        "Observation: found",
    ]
    assert seen[0][1] is seen[1][1]
    assert wrapped.leftovers() == ()


def test_without_tools_the_model_is_left_alone() -> None:
    import asyncio  # noqa: PLC0415 - beside its one use

    wrapped = TextCalls(FunctionModel(lambda messages, tools: "Action: look"))
    log = Transcript(messages=[Message("user", "Hi")])
    said = asyncio.run(wrapped.reply(Ask(log.view()), "c:a/t1/s1"))
    assert said.message == say("Action: look")
