from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import Tools, staged

from agentbox import Message, Said, ToolCall, ToolSpec, Usage, say
from agentbox.core.messages import Transcript, View
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


MARKS = [
    "Action:",
    "Action Input:",
    "Observation:",
    "Final Answer:",
    "**Action:** look",
    "\\Action:",
]
TEXTS = st.lists(st.text(max_size=20) | st.sampled_from(MARKS), max_size=4).map("\n".join)


@given(CALLS, TEXTS)
def test_calls_survive_being_written_and_read_with_any_words(
    calls: list[ToolCall], words: str
) -> None:
    message = Message("assistant", words, tuple(calls))
    again = parsed(_rendered(message, told=True).text)
    assert again.calls == message.calls
    assert again.text == words.strip()


@given(TEXTS)
def test_an_answer_survives_being_written_and_read_whatever_is_in_it(words: str) -> None:
    again = parsed(_rendered(Message("assistant", words), told=True).text)
    assert again == Message("assistant", words.strip())


def test_arguments_that_were_malformed_survive_too() -> None:
    message = Message("assistant", "", (ToolCall("look", malformed='{"key": '), ToolCall("look")))
    again = parsed(_rendered(message, told=True).text)
    assert again.calls == (ToolCall("look", malformed='{"key":'), ToolCall("look"))


@given(text=st.text(max_size=300) | TEXTS, cut=st.booleans())
def test_any_text_is_read_as_something(text: str, *, cut: bool) -> None:
    message = parsed(text, cut=cut)
    assert message.calls or message.text or not text.strip() or "Final Answer" in text


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


def test_an_observation_before_any_action_ends_the_words_or_is_all_there_is() -> None:
    assert parsed("I will look.\nObservation: gold\nAction: look") == say("I will look.")
    assert parsed("Observation: it rains.").text == "Observation: it rains."
    assert parsed("Observation: gold\nAction: look").calls == ()


def test_what_stands_after_an_answer_belongs_to_it_and_an_answer_before_the_results_is_dropped():
    text = "To restart:\nAction: press the button\nObservation: it restarts"
    assert parsed(f"Final Answer: {text}") == say(text)
    text = "Action: look\nAction Input: {}\nFinal Answer: gold"
    assert parsed(text) == Message("assistant", "", (ToolCall("look"),))


@pytest.mark.parametrize(
    "text",
    [
        '**Action:** look\n**Action Input:** {"key": "a"}',
        '> Action 1: "look"\n> Action Input 1:\n\n{"key": "a"} as asked',
        'Action:look\r\nAction Input:{"key": "a"}\r\n',
        'Action: look\naction input: ```\n{"key":\n"a"}\n```\nThat is all.',
        'Action: look\nAction Input: `{"key": "a"}`',
        'Action: look\nThat needs a key.\nAction Input: {"key": "a"}',
    ],
)
def test_marks_are_read_as_models_write_them(text: str) -> None:
    assert parsed(text).calls == (ToolCall("look", {"key": "a"}),)


def test_arguments_may_hold_fences_marks_and_line_breaks() -> None:
    code = "```python\nx\n```\nObservation: none\nAction: none"
    args = json.dumps({"code": code})
    assert parsed(f"Action: run\nAction Input: {args}").calls == (ToolCall("run", {"code": code}),)
    broken = args.replace("\\n", "\n")
    assert parsed(f"Action: run\nAction Input: {broken}\nAction: b").calls == (
        ToolCall("run", {"code": code}),
        ToolCall("b"),
    )


@pytest.mark.parametrize(
    "given",
    ["[1]", '{"key":', "Paris", "3 apples", '{"key": NaN}', '{"key": "\\ud800"}', "[" * 100_000],
)
def test_what_is_no_object_is_malformed_and_hides_no_other_call(given: str) -> None:
    text = f"Action: look\nAction Input: {given}\nAction: now\nAction Input: {{}}"
    assert parsed(text).calls == (ToolCall("look", malformed=given), ToolCall("now"))


def test_a_call_that_was_cut_off_is_not_run_as_if_it_were_whole() -> None:
    (whole, last) = parsed("Action: look\nAction: delete_all", cut=True).calls
    assert (whole.malformed, last.malformed) == ("", "…")
    (last,) = parsed('Action: look\nAction Input: {"a": 1}\nAnd', cut=True).calls
    assert last == ToolCall("look", {"a": 1})


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


class _Talk:
    """A conversation with a wrapped model, which keeps what that model is shown."""

    def __init__(self, *messages: Message) -> None:
        self.asked: list[Ask] = []
        self.seen: list[list[Message]] = []
        self.log = Transcript(messages=messages)
        self.model = TextCalls(self)
        self.answer = Said(say("Final Answer: ok"))
        self.name = "inner"

    name = "inner"

    async def reply(self, ask: Ask, at: str) -> Said:
        self.asked.append(ask)
        self.seen.append(list(ask.messages))
        return self.answer

    def leftovers(self):
        return ("left",)

    def say(self, tools: tuple[ToolSpec, ...] = (), output: Any = None) -> Said:
        return asyncio.run(self.model.reply(Ask(self.log.view(), tools, output), "c:a/t1/s1"))


TOOLS = (ToolSpec("look", "Look it up.", {"type": "object"}),)
HELLO = (Message("system", "Be kind."), Message("user", "Hi"))


def test_the_tools_are_told_once_at_the_top_and_history_is_rendered_once() -> None:
    talk = _Talk(*HELLO)
    talk.say(TOOLS)
    image = {"type": "image", "data": ""}
    talk.log.add(Message("assistant", "", (ToolCall("look", {"a": 1}),)))
    talk.log.add(Message("tool", "found", parts=(image,)), Message("assistant", "It is here."))
    talk.say(TOOLS)
    first, second = talk.seen
    assert "- look: Look it up." in second[0].text
    assert json.dumps({"type": "object"}) in second[0].text
    assert [(m.role, m.text) for m in second[1:]] == [
        ("system", "Be kind."),
        ("user", "Hi"),
        ("assistant", 'Action: look\nAction Input: {"a": 1}'),
        ("user", "Observation: found"),
        ("assistant", "Final Answer: It is here."),
    ]
    assert second[4].parts == (image,)
    assert all(one is two for one, two in zip(first, second[: len(first)], strict=True))
    assert [ask.tools for ask in talk.asked] == [(), ()]
    assert talk.model.leftovers() == ("left",)


def test_a_view_stays_as_it_was_when_the_conversation_goes_on() -> None:
    talk = _Talk(*HELLO)
    talk.say(TOOLS)
    talk.log.add(Message("tool", "found"))
    talk.say()
    assert list(talk.asked[0].messages) == talk.seen[0]
    assert len(talk.seen[1]) == len(talk.seen[0]) + 2


def test_a_long_conversation_costs_what_is_new_in_it() -> None:
    talk = _Talk(*HELLO)
    talk.reply = _quick  # what is measured is the wrapper
    rendered = 0

    class Counted(View):
        def since(self, index: int) -> list[Message]:
            nonlocal rendered
            new = super().since(index)
            rendered += len(new)
            return new

    messages = list(HELLO)
    for _ in range(300):
        messages += [Message("assistant", "", (ToolCall("look"),)), Message("tool", "found")]
        asyncio.run(
            talk.model.reply(Ask(Counted("main", messages, len(messages)), TOOLS), "c:a/t1")
        )
    assert rendered == len(messages)


async def _quick(ask: Ask, at: str) -> Said:
    return Said(say("Final Answer: ok"))


def test_tools_that_are_withdrawn_or_changed_are_told_at_the_end() -> None:
    talk = _Talk(*HELLO)
    talk.say(TOOLS)
    talk.answer = Said(say("Action: look"))
    talk.log.add(Message("tool", "found"))
    assert talk.say().message == say("Action: look"), "no tool is offered: there is none to call"
    assert talk.seen[1][-1] == Message(
        "system", "No tool can be used now. Write:\nFinal Answer: the answer"
    )
    assert talk.say((ToolSpec("other"),)).calls == (ToolCall("look"),)
    assert "- other: " in talk.seen[2][-1].text
    assert talk.seen[2][:-1] == talk.seen[1]


def test_another_conversation_of_the_same_name_is_not_mixed_up_with_it() -> None:
    talk = _Talk(*HELLO, Message("user", "One"), Message("user", "Two"))
    talk.say(TOOLS)
    talk.log = Transcript(messages=[Message("user", "Other")])
    talk.say(TOOLS)
    assert [message.text for message in talk.seen[1][1:]] == ["Other"]
    talk.log = Transcript(messages=[Message("user", "A third"), Message("user", "More")])
    talk.say(TOOLS)
    assert [message.text for message in talk.seen[2][1:]] == ["A third", "More"]


def test_the_answers_schema_is_told_where_it_cannot_be_enforced() -> None:
    talk = _Talk(*HELLO)
    schema = {"type": "object", "title": "Refund"}
    talk.say(TOOLS, schema)
    assert json.dumps(schema) in talk.seen[0][0].text
    talk.say((), schema)
    assert [ask.output for ask in talk.asked] == [None, schema]


@pytest.mark.parametrize("stop", ["refusal", "failed"])
def test_a_refusal_calls_nothing(stop: Any) -> None:
    talk = _Talk(*HELLO)
    usage = Usage(3, 4)
    talk.answer = Said(say("Action: look\nNo."), usage, stop, error="why")
    assert talk.say(TOOLS) == talk.answer
    talk.answer = Said(say("Final Answer: No."), usage, stop)
    assert talk.say(TOOLS) == Said(say("No."), usage, stop)


def test_what_is_said_beside_the_text_is_kept() -> None:
    talk = _Talk(*HELLO)
    made = ToolCall("look", {"native": True})
    part = {"type": "image"}
    inner = Message("assistant", "Hm.\nAction: look", (made,), parts=(part,))
    talk.answer = Said(inner, Usage(1, 2), "length")
    said = talk.say(TOOLS)
    cut = ToolCall("look", malformed="…")
    assert said.message == Message("assistant", "Hm.", (made, cut), parts=(part,))
    assert (said.usage, said.stop) == (Usage(1, 2), "length")


def test_without_tools_the_model_is_left_alone() -> None:
    talk = _Talk(*HELLO, Message("assistant", "Words."))
    talk.answer = Said(say("Final Answer: Action: look"))
    assert talk.say() == talk.answer
    assert talk.seen == [[*HELLO, Message("assistant", "Words.")]]
    talk.log.add(Message("assistant", "", (ToolCall("look"),)), Message("tool", "found"))
    talk.say()
    assert [message.role for message in talk.seen[1]][-2:] == ["assistant", "user"], "as text"
