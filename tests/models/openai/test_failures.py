"""How a model behind a server fails: with the server's words, and never with the key."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest
from fixtures.openai_server import (
    Answer,
    OpenAIServer,
    chunks,
    completion,
    output_text,
    response,
    response_stream,
)

from agentbox.core.errors import ModelFailed, WorldError
from agentbox.core.messages import Message, ToolSpec, Transcript
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec
from agentbox.models.openai import OpenAIModel

pytestmark = pytest.mark.loopback

KEY = "sk-test-0123456789abcdef"
LIVE = ModelSpec("openai", model="gpt-4o-mini")
ASK = Ask(Transcript(messages=[Message("user", "Hi")]).view())


async def reply(model: OpenAIModel, ask: Ask = ASK) -> Said:
    try:
        return await model.reply(ask, "c:a/t1/s1")
    finally:
        await model.close()


def local(server: OpenAIServer, key: str = "", **spec) -> OpenAIModel:
    return OpenAIModel(replace(LIVE, base_url=server.url, **spec), key)


def raised(*answers: Answer, key: str = KEY, **spec) -> WorldError:
    """Return what a model raises that is answered so, and that it asks once."""
    with OpenAIServer(*answers) as server:
        with pytest.raises(WorldError) as caught:
            asyncio.run(reply(local(server, key, **spec)))
        assert len(server.requests) == 1
        assert KEY not in str(caught.value)
    told = caught.value
    told.text = str(told).replace(server.url, "URL")
    return told


def failure(*answers: Answer, **spec) -> ModelFailed:
    """Return how a model fails that was asked."""
    failed = raised(*answers, **spec)
    assert isinstance(failed, ModelFailed)
    return failed


def error(message: str, **more: str) -> dict:
    return {"error": {"message": message, "type": "x", **more}}


CASES = {
    "bad request": (
        Answer(error("Unsupported parameter: 'top_k'"), 400),
        "URL answered 400: Unsupported parameter: 'top_k'",
        "failed",
        None,
    ),
    "too many": (
        Answer(error("Rate limit reached"), 429, {"Retry-After": "7"}),
        "URL answered 429: Rate limit reached (wait, or ask for less at once: --jobs 1)",
        "retryable",
        7,
    ),
    "too many, in ms": (
        Answer(error("Wait"), 429, {"retry-after-ms": "250", "Retry-After": "7"}),
        "URL answered 429: Wait (wait, or ask for less at once: --jobs 1)",
        "retryable",
        0.25,
    ),
    "down": (Answer(b"<html>", 500), "URL answered 500: <html>", "retryable", None),
    "down until": (
        Answer(
            b"",
            503,
            {
                "Date": "Fri, 20 Mar 2026 14:30:00 GMT",
                "Retry-After": "Fri, 20 Mar 2026 14:31:30 GMT",
            },
        ),
        "URL answered 503: nothing more",
        "retryable",
        90,
    ),
    "odd wait": (
        Answer([], 503, {"Retry-After": "nan"}),
        "URL answered 503: nothing more",
        "retryable",
        None,
    ),
    "long": (
        Answer(b"x" * 9000, 502),
        f"URL answered 502: {'x' * 499}…",
        "retryable",
        None,
    ),
    "no JSON": (
        Answer(b'{"choices": ['),
        "the server sent what is no JSON object: b'{\"choices\": ['",
        "failed",
        None,
    ),
    "a list": (Answer([1]), "the server sent what is no JSON object: b'[1]'", "failed", None),
    "deep": (Answer(b"[" * 200_000), None, "failed", None),
    "nothing": (Answer({}), "the server's reply holds no choices", "failed", None),
    "an error as a success": (
        Answer({"error": {"message": "No capacity", "code": 503}}),
        "the server gave up: No capacity",
        "retryable",
        None,
    ),
    "an error as a choice": (
        Answer(completion([{"error": {"code": 400, "message": "Bad tool"}}])),
        "the server gave up: Bad tool",
        "failed",
        None,
    ),
}


CLOSED = {
    "wrong key": (
        Answer(error(f"Incorrect API key provided: {KEY}."), 401),
        "URL answered 401: Incorrect API key provided: «secret:OPENAI_API_KEY».",
        "check what OPENAI_API_KEY holds",
    ),
    "forbidden": (
        Answer(error("Not for you"), 403),
        "URL answered 403: Not for you",
        "check what the key in OPENAI_API_KEY may do",
    ),
    "no such model": (
        Answer(error("The model `gpt-4o-mini` does not exist"), 404),
        "URL answered 404: The model `gpt-4o-mini` does not exist",
        "check `model` and `base_url`, which ends before /chat/completions",
    ),
    "no credit": (
        Answer(error("You exceeded your quota", code="insufficient_quota"), 429),
        "URL answered 429: You exceeded your quota",
        "add credit, or use another key in OPENAI_API_KEY",
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_a_server_that_cannot_be_asked_is_a_broken_world_with_what_to_do(case) -> None:
    answer, text, hint = CLOSED[case]
    told = raised(answer)
    assert not isinstance(told, ModelFailed)
    assert (told.text, told.problems[0].hint) == (text, hint)


@pytest.mark.parametrize("case", CASES)
def test_no_answer_is_told_with_the_servers_words_and_whether_it_may_pass(case) -> None:
    answer, text, status, retry_after = CASES[case]
    failed = failure(answer)
    if text is not None:
        assert failed.text == text
    assert (failed.status, failed.retry_after) == (status, retry_after)


@pytest.mark.parametrize(
    ("answer", "text", "status"),
    [
        (
            response(status="failed", error={"code": "server_error", "message": "Oops"}),
            "the server gave up: Oops",
            "retryable",
        ),
        (
            response(status="failed", error={"code": "invalid_prompt", "message": "No"}),
            "the server gave up: No",
            "failed",
        ),
        (Answer({"status": "completed"}), "the server's reply holds no output", "failed"),
    ],
)
def test_a_response_that_failed_is_a_failure_whole_or_streamed(answer, text, status) -> None:
    stream = response_stream(answer, "response.failed")
    for failed in (failure(answer, api="responses"), failure(stream, api="responses", stream=True)):
        assert (failed.text, failed.status) == (text, status)


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        ("chat", chunks({"content": "Half of"}, finish="")),
        ("chat", replace(chunks({"content": "Half of"}, finish=""), broken=True)),
        ("chat", Answer(events=["data: [DONE]\n\n"])),
        ("responses", Answer(events=response_stream(response(output_text("x"))).events[:2])),
        (
            "responses",
            Answer(events=response_stream(response(output_text("x"))).events[:2], broken=True),
        ),
    ],
)
def test_a_stream_that_breaks_off_is_a_failure_and_no_reply(api, answer) -> None:
    failed = failure(answer, api=api, stream=True)
    assert failed.status == "retryable"
    assert "broke off" in failed.text or "no answer from URL: " in failed.text


@pytest.mark.parametrize(
    ("api", "event", "text", "status"),
    [
        ("chat", error("Overloaded", code="server_error"), "URL gave up: Overloaded", "retryable"),
        ("chat", error("Bad"), "URL gave up: Bad", "failed"),
        (
            "chat",
            {"choices": [{"error": {"code": 502, "message": "Upstream"}}]},
            "the server gave up: Upstream",
            "retryable",
        ),
        ("chat", 'data: {"cho\n\n', "URL sent what is no JSON: ", "failed"),
        ("chat", f"data: {'[' * 100_000}\n\n", "URL sent what is no JSON: ", "failed"),
        (
            "responses",
            {"type": "error", "code": "rate_limit_exceeded", "message": "Slow"},
            "the server gave up: Slow",
            "retryable",
        ),
    ],
)
def test_an_error_within_a_stream_is_a_failure(api, event, text, status) -> None:
    first = {"choices": [{"delta": {"content": "Half"}}]}
    failed = failure(Answer(events=[first, event]), api=api, stream=True)
    assert failed.text.startswith(text)
    assert failed.status == status


def unreachable(url: str) -> WorldError:
    with pytest.raises(WorldError) as caught:
        asyncio.run(reply(OpenAIModel(replace(LIVE, base_url=url))))
    assert not isinstance(caught.value, ModelFailed)
    return caught.value


def test_a_server_that_is_not_there_is_a_broken_world() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    told = unreachable(url)
    assert str(told).startswith(f"no answer from {url}: ")
    assert told.problems[0].hint == "is it running? check `base_url`"


def test_a_server_that_speaks_no_tls_is_a_broken_world() -> None:
    with OpenAIServer() as server:
        told = unreachable(server.url.replace("http:", "https:"))
    assert str(told).startswith("no answer from https://127")


@pytest.mark.parametrize(
    "answer", [Answer(hangs=True), replace(chunks({"content": "Half"}, finish=""), hangs=True)]
)
def test_who_is_given_up_is_hung_up_on(answer) -> None:
    async def given_up(server: OpenAIServer, model: OpenAIModel) -> None:
        task = asyncio.create_task(model.reply(ASK, "c:a/t1/s1"))
        await asyncio.to_thread(server.asked.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(server.closed.wait, 20)
        await model.close()

    with OpenAIServer(answer) as server:
        asyncio.run(given_up(server, local(server, stream=bool(answer.events))))


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}])
def test_a_request_that_is_no_json_is_told_and_not_sent(value) -> None:
    tool = ToolSpec("t", "", {"type": "object", "default": value})
    with OpenAIServer() as server, pytest.raises(WorldError, match="cannot be sent"):
        asyncio.run(reply(local(server), replace(ASK, tools=(tool,))))
    assert server.requests == []
