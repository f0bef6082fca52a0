"""Our nouns as the wire's JSON and back, over a real socket, on both interfaces."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fixtures.openai_server import (
    CREATED,
    Answer,
    OpenAIServer,
    chat,
    chunks,
    completion,
    output_call,
    output_text,
    response,
    response_stream,
)

from agentbox.core.errors import WorldError
from agentbox.core.messages import UNKNOWN_USAGE, Message, ToolCall, ToolSpec, Transcript, Usage
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec
from agentbox.models.openai import OpenAIModel
from agentbox.models.openai.chat import WIRE as CHAT
from agentbox.models.openai.responses import WIRE as RESPONSES
from agentbox.models.openai.wire import Ids, Names, loose

pytestmark = pytest.mark.loopback

AT = "c:a/t1/s1"
SCHEMA = {
    "type": "object",
    "properties": {"id": {"type": "string"}},
    "required": ["id"],
    "additionalProperties": False,
}
GET = ToolSpec("accounts.get", "Get an account.", SCHEMA)
LOG = (
    Message("system", "Today is March 20, 2026."),
    Message("user", "Compare A and B."),
    Message(
        "assistant",
        "Looking.",
        (
            ToolCall("accounts.get", {"id": "Ä"}, "t1/s1/call1"),
            ToolCall("accounts.get", {}, "t1/s1/call2", malformed='{"id": '),
        ),
    ),
    Message("tool", "b is broken", (), "t1/s1/call2", failed=True),
    Message("tool", "a", (), "t1/s1/call1"),
)
IMAGE = {"type": "image", "mimeType": "image/png", "data": "iVBORw0="}


def asked(server: OpenAIServer, *log: Message, tools=(), output=None, **spec) -> Said:
    """Ask a server once."""
    wanted = ModelSpec("openai", model="gpt-4o-mini", base_url=server.url)
    model = OpenAIModel(replace(wanted, **spec))

    async def once() -> Said:
        try:
            view = Transcript(messages=log or [Message("user", "Hi")]).view()
            return await model.reply(Ask(view, tuple(tools), output), AT)
        finally:
            await model.close()

    return asyncio.run(once())


def test_chat_is_told_roles_calls_with_ids_results_and_tools() -> None:
    with OpenAIServer(chat("Done.")) as server:
        assert asked(server, *LOG, tools=[GET]) == Said(Message("assistant", "Done."))
    calls = [
        ("call00001", '{"id": "Ä"}'),
        ("call00002", '{"id": '),
    ]
    assert server.requests[0].path == "/v1/chat/completions"
    assert server.body == {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "Today is March 20, 2026."},
            {"role": "user", "content": "Compare A and B."},
            {
                "role": "assistant",
                "content": "Looking.",
                "tool_calls": [
                    {
                        "id": wire,
                        "type": "function",
                        "function": {"name": "accounts__get", "arguments": args},
                    }
                    for wire, args in calls
                ],
            },
            {"role": "tool", "tool_call_id": "call00002", "content": "b is broken"},
            {"role": "tool", "tool_call_id": "call00001", "content": "a"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "accounts__get",
                    "description": "Get an account.",
                    "parameters": SCHEMA,
                },
            }
        ],
    }


def test_responses_is_told_the_same_and_keeps_nothing() -> None:
    with OpenAIServer(response(output_text("Done."))) as server:
        said = asked(server, *LOG, tools=[GET], api="responses")
    assert said == Said(Message("assistant", "Done."))
    assert server.requests[0].path == "/v1/responses"
    call = {"type": "function_call", "name": "accounts__get"}
    assert server.body == {
        "model": "gpt-4o-mini",
        "store": False,
        "input": [
            {"role": "system", "content": "Today is March 20, 2026."},
            {"role": "user", "content": "Compare A and B."},
            {"role": "assistant", "content": "Looking."},
            {**call, "call_id": "call00001", "arguments": '{"id": "Ä"}'},
            {**call, "call_id": "call00002", "arguments": '{"id": '},
            {"type": "function_call_output", "call_id": "call00002", "output": "b is broken"},
            {"type": "function_call_output", "call_id": "call00001", "output": "a"},
        ],
        "tools": [
            {
                "type": "function",
                "name": "accounts__get",
                "description": "Get an account.",
                "strict": False,
                "parameters": SCHEMA,
            }
        ],
    }


WANTED = (
    ToolCall("accounts.get", {"id": "A"}),
    ToolCall("accounts.get", malformed='{"id": "B'),
    ToolCall("accounts.get", malformed="[1]"),
    ToolCall("accounts.get", malformed='{"id": NaN}'),
    ToolCall("accounts.get"),
    ToolCall("invented"),
)
WRITTEN = [
    ("accounts__get", '{"id": "A"}'),
    ("accounts__get", '{"id": "B'),
    ("accounts__get", "[1]"),
    ("accounts__get", '{"id": NaN}'),
    ("accounts__get", ""),
    ("invented", "{}"),
]


def streamed_calls() -> Answer:
    def delta(index: int, **function: str) -> dict:
        return {"tool_calls": [{"index": index, "function": function}]}

    parts = [{"content": None, "role": "assistant"}]
    for index, (name, args) in enumerate(WRITTEN):
        parts.append(delta(index, name=name, arguments=""))
        parts += [delta(index, arguments=letter) for letter in args]
    return chunks(*parts, finish="tool_calls")


@pytest.mark.parametrize(
    ("api", "stream", "answer"),
    [
        ("chat", False, chat(None, WRITTEN)),
        ("chat", True, streamed_calls()),
        ("responses", False, response(*(output_call(*each) for each in WRITTEN))),
        ("responses", True, response_stream(response(*(output_call(*each) for each in WRITTEN)))),
    ],
)
def test_parallel_calls_come_back_by_their_own_names_and_what_is_no_object_as_written(
    api, stream, answer
) -> None:
    with OpenAIServer(answer) as server:
        said = asked(server, tools=[GET], api=api, stream=stream)
    assert said == Said(Message("assistant", "", WANTED))


@pytest.mark.parametrize(
    ("api", "answer", "text", "stop"),
    [
        ("chat", chat(None, refusal="I won't."), "I won't.", "refusal"),
        ("chat", chat("Half", finish="content_filter"), "Half", "refusal"),
        ("chat", chat("Hal", finish="length"), "Hal", "length"),
        ("chat", chat(None), "", "end"),
        ("chat", chat([{"type": "text", "text": "In parts"}]), "In parts", "end"),
        (
            "responses",
            response({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}),
            "No.",
            "refusal",
        ),
        (
            "responses",
            response(
                output_text("Hal"),
                status="incomplete",
                incomplete_details={"reason": "max_output_tokens"},
            ),
            "Hal",
            "length",
        ),
        (
            "responses",
            response(status="incomplete", incomplete_details={"reason": "content_filter"}),
            "",
            "refusal",
        ),
        ("responses", response({"type": "reasoning", "summary": []}), "", "end"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_how_a_reply_ended_is_told(api, answer, text, stop, stream) -> None:
    if stream and api == "responses":
        answer = response_stream(answer, f"response.{answer.body['status']}")
    elif stream:
        choice = answer.body["choices"][0]
        answer = chunks(choice["message"], finish=choice["finish_reason"])
    with OpenAIServer(answer) as server:
        assert asked(server, api=api, stream=stream) == Said(Message("assistant", text), stop=stop)


def test_arguments_that_come_as_an_object_are_taken_as_one() -> None:
    with OpenAIServer(chat(None, [("accounts__get", {"id": "A"})])) as server:
        assert asked(server, tools=[GET]).calls == (ToolCall("accounts.get", {"id": "A"}),)


def test_arguments_too_deep_to_read_are_kept_as_written() -> None:
    deep = "[" * 100_000
    with OpenAIServer(chat(None, [("accounts__get", deep)])) as server:
        assert asked(server, tools=[GET]).calls == (ToolCall("accounts.get", malformed=deep),)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_tool_without_arguments_has_the_empty_properties_that_are_insisted_on(api) -> None:
    answer = chat("Hi") if api == "chat" else response(output_text("Hi"))
    with OpenAIServer(answer) as server:
        asked(server, tools=[ToolSpec("now")], api=api)
    tool = server.body["tools"][0]
    told = tool["function"] if api == "chat" else tool
    assert told["parameters"] == {"type": "object", "properties": {}}


def test_a_call_that_was_cut_off_before_its_arguments_is_not_a_call_without_any() -> None:
    with OpenAIServer(chat(None, [("accounts__get", "")], finish="length")) as server:
        said = asked(server, tools=[GET])
    assert said.stop == "length"
    assert said.calls == (ToolCall("accounts.get", malformed="…"),)


CHAT_USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 64},
    "completion_tokens_details": {"reasoning_tokens": 12},
}
RESPONSES_USAGE = {
    "input_tokens": 100,
    "output_tokens": 20,
    "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 12},
}


@pytest.mark.parametrize(
    ("api", "stream", "answer"),
    [
        ("chat", False, chat("Hi", usage=CHAT_USAGE)),
        ("chat", True, chunks({"content": "Hi"}, usage=CHAT_USAGE)),
        ("responses", False, response(output_text("Hi"), usage=RESPONSES_USAGE)),
        ("responses", True, response_stream(response(output_text("Hi"), usage=RESPONSES_USAGE))),
    ],
)
def test_tokens_are_counted_and_a_local_servers_price_is_unknown(api, stream, answer) -> None:
    with OpenAIServer(answer) as server:
        said = asked(server, api=api, stream=stream)
    assert said.usage == Usage(100, 20, 12, 64, None)
    assert server.body.get("stream", False) is stream
    assert ("stream_options" in server.body) is (stream and api == "chat")


def test_what_a_server_does_not_count_is_unknown() -> None:
    odd = {"prompt_tokens": "many", "completion_tokens": True, "prompt_tokens_details": 7}
    usages = (None, odd, [1], {"prompt_tokens": -1})
    with OpenAIServer(*(chat("Hi", usage=usage) for usage in usages)) as server:
        assert [asked(server).usage for _ in usages] == [UNKNOWN_USAGE] * 4


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_typed_answer_is_asked_for_by_its_schema_strictly_where_that_can_be(api) -> None:
    answer = chat("{}") if api == "chat" else response(output_text("{}"))
    free = {"type": "object", "properties": {"id": {"type": "string"}}}
    with OpenAIServer(answer, answer) as server:
        asked(server, output=SCHEMA, api=api)
        asked(server, output=free, api=api)
    for request, schema, strict in zip(server.requests, (SCHEMA, free), (True, False), strict=True):
        shape = {"name": "answer", "schema": schema, "strict": strict}
        if api == "chat":
            wanted = {"type": "json_schema", "json_schema": shape}
            assert request.body["response_format"] == wanted
        else:
            assert request.body["text"]["format"] == {"type": "json_schema", **shape}


def test_settings_are_sent_as_they_are_and_renamed_for_responses() -> None:
    settings = {
        "temperature": 0,
        "max_tokens": 50,
        "reasoning_effort": "low",
        "verbosity": "low",
        "top_k": 3,
        "tool_choice": "required",
    }
    with OpenAIServer(chat("Hi"), response(output_text("Hi"))) as server:
        asked(server, settings=settings)
        asked(server, settings=settings, api="responses", output=SCHEMA)
    first, second = (request.body for request in server.requests)
    del settings["tool_choice"]  # there is no tool to choose
    assert {key: first[key] for key in settings} == settings
    assert "tool_choice" not in first
    assert second["max_output_tokens"] == 50
    assert second["reasoning"] == {"effort": "low"}
    assert second["text"]["verbosity"] == "low"
    assert second["text"]["format"]["name"] == "answer"
    assert (second["temperature"], second["top_k"]) == (0, 3)
    assert not {"max_tokens", "reasoning_effort", "verbosity"} & second.keys()


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_strict_is_asked_of_tools_that_can_be_and_refused_with_every_reason(api) -> None:
    answer = chat("Hi") if api == "chat" else response(output_text("Hi"))
    free = ToolSpec("find", "", {"type": "object", "properties": {"q": {"type": "string"}}})
    with OpenAIServer(answer) as server:
        asked(server, tools=[GET], strict=True, api=api)
        with pytest.raises(WorldError) as caught:
            asked(server, tools=[GET, free], strict=True, api=api)
    tool = server.body["tools"][0]
    assert (tool["function"] if api == "chat" else tool)["strict"] is True
    assert len(server.requests) == 1
    assert str(caught.value) == (
        "`strict: true`, but the schema of `find` cannot be: "
        "$ lacks `additionalProperties: false`; $.q is optional"
    )


def test_what_keeps_a_schema_from_being_strict_is_found_at_any_depth() -> None:
    inner = {"type": "object", "properties": {"a": {"not": {}}}, "required": []}
    schema = {
        **SCHEMA,
        "properties": {"id": {"type": ["array", "null"], "items": inner}},
        "$defs": {"x": {"anyOf": [{"oneOf": []}, {"type": "string"}, 7]}},
    }
    assert list(loose(schema)) == [
        "$.id.items lacks `additionalProperties: false`",
        "$.id.items.a is optional",
        "$.id.items.a has `not`",
        "$.$defs.x.anyOf[0] has `oneOf`",
        "$.$defs.x.anyOf[2] is no object",
    ]


PARTS = (
    IMAGE,
    {"type": "audio", "mimeType": "audio/wav", "data": "AAAA"},
    {"type": "resource_link", "name": "log", "uri": "file:///log"},
    {"type": "resource", "resource": {"uri": "doc://1", "text": "Clause 7"}},
)
NOTES = (
    "seen\n[left out, for it cannot be shown here: {}audio (audio/wav)]\n"
    "[resource link: log, file:///log]\n[doc://1]\nClause 7"
)


def test_a_results_image_is_shown_where_it_can_be_and_else_said_to_be_left_out() -> None:
    log = [
        Message("user", "Look"),
        Message("assistant", "", (ToolCall("see", {}, "c"),)),
        Message("tool", "seen", (), "c", parts=PARTS),
    ]
    with OpenAIServer(chat("Hi"), response(output_text("Hi"))) as server:
        asked(server, *log)
        asked(server, *log, api="responses")
    image = "image (image/png)]\n[left out, for it cannot be shown here: "
    assert server.requests[0].body["messages"][-1]["content"] == NOTES.format(image)
    assert server.requests[1].body["input"][-1]["output"] == [
        {"type": "input_text", "text": NOTES.format("")},
        {
            "type": "input_image",
            "image_url": "data:image/png;base64,iVBORw0=",
            "detail": "auto",
        },
    ]


def test_a_users_image_is_shown_on_both() -> None:
    log = Message("user", "Look", parts=(IMAGE,))
    with OpenAIServer(chat("Hi"), response(output_text("Hi"))) as server:
        asked(server, log)
        asked(server, log, api="responses")
    url = "data:image/png;base64,iVBORw0="
    assert server.requests[0].body["messages"][0]["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    assert server.requests[1].body["input"][0]["content"][1]["image_url"] == url


def test_names_are_legal_unique_and_reversible() -> None:
    names = Names()
    ours = ["a.b", "a__b", "a__b.", "ü", "ö", "", "x" * 64, "x" * 65, f"{'x' * 64}y", "a.b"]
    names.add(ours)
    wires = [names.wire(name) for name in ours]
    assert [names.ours(wire) for wire in wires] == ours
    assert len(set(wires)) == len(set(ours))
    assert all(0 < len(wire) <= 64 and wire.isascii() for wire in wires)
    assert all(wire.replace("_", "").replace("-", "").isalnum() or wire == "_" for wire in wires)
    assert names.wire("a__b") == "a__b"  # what is legal stays, whoever came first
    before = names.wire("a.b")
    names.add(["a.b", "new.tool"])
    assert names.wire("a.b") == before
    assert names.ours("never.given") == "never.given"


def test_ids_follow_the_calls_even_where_a_history_gives_none() -> None:
    ids = Ids()
    first, second = ids.called(ToolCall("a")), ids.called(ToolCall("b"))
    assert (first, second) == ("call00001", "call00002")
    assert [ids.answered(""), ids.answered("")] == [first, second]
    assert ids.answered("t1/s9/call1") == "t1_s9_call1"  # of a call that is not in the prompt


def test_a_stream_is_gathered_whatever_index_a_server_gives_its_calls() -> None:
    def call(call_id: str, name: str, args: str) -> dict:
        function = {"name": name, "arguments": args}
        return {"tool_calls": [{"index": 0, "id": call_id, "function": function}]}

    events = chunks(call("a", "one", "{}"), call("b", "two", '{"n":'), call("", "", "2}")).events
    whole = CHAT.gathered([event for event in events if isinstance(event, dict)])
    assert CHAT.said(whole, Names()).calls == (ToolCall("one"), ToolCall("two", {"n": 2}))
    assert whole["created"] == CREATED


JUNK = (None, 7, "x", [], {}, [None], [7], [[]], {"a": 1}, [{}], [{"type": "message"}])


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_any_place_of_a_reply_is_read_as_nothing(junk) -> None:
    choice = {"message": {"content": junk, "tool_calls": junk, "refusal": junk}}
    replies = [
        CHAT.said(
            completion([{**choice, "finish_reason": junk}], {"prompt_tokens": junk}), Names()
        ),
        CHAT.said({"choices": [{"message": junk}], "usage": junk}, Names()),
        RESPONSES.said({"output": junk, "incomplete_details": junk, "usage": junk}, Names()),
        RESPONSES.said({"output": [{"type": "message", "content": junk}]}, Names()),
    ]
    words = [reply.message.text for reply in replies]
    assert words in (["", "", "", ""], ["x", "", "", ""])
