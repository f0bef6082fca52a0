"""The model behind a server: whom it reaches, and what it brings back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest
from fixtures.openai_server import (
    Answer,
    OpenAIServer,
    chat,
)
from stage import Stage, play_on

from agentbox.core.errors import WorldError
from agentbox.core.messages import Message, Transcript, Usage
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec
from agentbox.models.openai import OpenAIModel, is_loopback
from agentbox.models.openai.model import HOME

KEY = "sk-test-0123456789abcdef"
LIVE = ModelSpec("openai", model="gpt-4o-mini")
ASK = Ask(Transcript(messages=[Message("user", "Hi")]).view())
loopback = pytest.mark.loopback


async def reply(model: OpenAIModel, ask: Ask = ASK) -> Said:
    try:
        return await model.reply(ask, "c:a/t1/s1")
    finally:
        await model.close()


def local(server: OpenAIServer, key: str = "", **spec) -> OpenAIModel:
    return OpenAIModel(replace(LIVE, base_url=server.url, **spec), key)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost/v1", True),
        ("https://[::1]:8443", True),
        ("http://127.9.9.9", True),
        ("", False),
        ("https://api.openai.com/v1", False),
        ("http://127.0.0.1@evil.example/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("http://localhost.evil.example/", False),
        ("http://0.0.0.0/", False),
        ("http://[::1", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_that_looks_like_it(url, wanted) -> None:
    assert is_loopback(replace(LIVE, base_url=url)) is wanted


def test_it_is_named_by_the_scenario_or_the_model_and_has_nothing_left_over() -> None:
    assert OpenAIModel(LIVE).name == "gpt-4o-mini"
    model = OpenAIModel(replace(LIVE, name="m"))
    assert (model.name, model.leftovers()) == ("m", ())
    asyncio.run(model.close())  # never opened


def test_making_one_imports_no_sdk() -> None:
    code = (
        "import sys\n"
        "from agentbox.core.scenario import ModelSpec\n"
        "from agentbox.models.openai import OpenAIModel\n"
        "OpenAIModel(ModelSpec('openai', model='m'), 'k')\n"
        "print(sorted({'openai', 'httpx2', 'pydantic', 'genai_prices'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- whom it reaches


@loopback
def test_loopback_needs_no_key_and_is_sent_none_and_nothing_of_this_machine(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-process")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-this-process")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "Authorization: Bearer x\nX-Secret: of-this-process"
    )
    with OpenAIServer(chat("Hi")) as server:
        asyncio.run(reply(local(server)))
    headers = server.requests[0].headers
    assert "authorization" not in headers
    assert "process" not in str(headers)
    assert not [name for name in headers if name.startswith(("x-", "openai-"))]


@loopback
def test_the_key_is_the_one_it_is_given_alone(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-process")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "authorization: Bearer of-this-process")
    with OpenAIServer(chat("Hi")) as server:
        asyncio.run(reply(local(server, KEY)))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@loopback
def test_no_proxy_and_no_other_address_is_reached(monkeypatch) -> None:
    with OpenAIServer(chat("Wrong"), chat("Wrong")) as other:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_BASE_URL"):
            monkeypatch.setenv(name, other.url.removesuffix("/v1"))
        moved = Answer({}, 307, {"Location": f"{other.url}/chat/completions"})
        with OpenAIServer(chat("Hi"), moved) as server:
            assert asyncio.run(reply(local(server))).message.text == "Hi"
            with pytest.raises(WorldError) as caught:
                asyncio.run(reply(local(server)))
        assert other.requests == []
    (problem,) = caught.value.problems
    assert problem.message == (
        f"{server.url} redirects to {other.url}/chat/completions, which is not followed"
    )
    assert problem.hint == "give `base_url` the address it moved to"


@loopback
def test_one_connection_serves_many_replies_and_many_at_once_are_kept_apart() -> None:
    async def many(model: OpenAIModel) -> list[str]:
        try:
            said = [await model.reply(ASK, "c:a/t1/s1") for _ in range(3)]
            said += await asyncio.gather(*(model.reply(ASK, "c:a/t1/s1") for _ in range(20)))
            return [each.message.text for each in said]
        finally:
            await model.close()

    with OpenAIServer(*(chat(str(n)) for n in range(23))) as server:
        words = asyncio.run(many(local(server)))
    assert words[:3] == ["0", "1", "2"]
    assert sorted(map(int, words)) == list(range(23))


@loopback
def test_the_price_of_a_reply_stands_beside_its_tokens() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    with OpenAIServer(chat("Hi", usage=usage)) as server:
        model = local(server)
        model._client()
        model._address = HOME  # whoever was reached, it is that server's price
        said = asyncio.run(reply(model))
    assert said.usage == Usage(1_000_000, 0, cost_usd=0.15)


@loopback
def test_a_loop_finds_its_results_again_over_the_wire() -> None:
    with OpenAIServer(chat(None, [("look", '{"key": "a"}')] * 2), chat("Found it.")) as server:
        model = local(server)

        async def played() -> Stage:
            stage = await play_on(Stage(), lambda log, tools: model.reply(Ask(log, tools), "c:a"))
            await model.close()
            return stage

        stage = asyncio.run(played())
    assert stage.end.answer == "Found it."
    asked, *answered = server.body["messages"][-3:]
    assert [call["id"] for call in asked["tool_calls"]] == ["call00001", "call00002"]
    assert [each["tool_call_id"] for each in answered] == ["call00001", "call00002"]
    assert {each["content"] for each in answered} == {"found a"}
