"""What the adapter adds to a call of the bare SDK: both ask the same server, in turn.

Prints a line for each interface, whole and streamed: its name, then the medians of ours and of the
bare call in µs. The server is a process of its own, so that its work is in neither.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
from openai import AsyncOpenAI

from agentbox.core.messages import Message, ToolCall, ToolSpec, Transcript
from agentbox.core.requests import Ask
from agentbox.core.scenario import ModelSpec
from agentbox.models.openai import OpenAIModel
from agentbox.models.openai.chat import WIRE as CHAT
from agentbox.models.openai.responses import WIRE as RESPONSES
from agentbox.models.openai.wire import Names

ROUNDS = 60
WIRES = {"chat": CHAT, "responses": RESPONSES}
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
TOOLS = tuple(ToolSpec(f"accounts.get_{n}", "Get it.", SCHEMA) for n in range(10))


def serve(api: str, how: str) -> None:
    """Answer for ever; the first line on stdout is the address."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from fixtures import openai_server as fake  # noqa: PLC0415 - it lies beside the tests

    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    whole = fake.response(fake.output_text("Hi"), usage={"input_tokens": 10, "output_tokens": 5})
    answers = {
        ("chat", "whole"): fake.chat("Hi", usage=usage),
        ("chat", "streamed"): fake.chunks(*[{"content": "word "}] * 20, usage=usage),
        ("responses", "whole"): whole,
        ("responses", "streamed"): fake.response_stream(whole),
    }
    with fake.OpenAIServer(answers[api, how], forever=True) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def log() -> Transcript:
    """Return a conversation of ten steps."""
    made = Transcript(messages=[Message("user", "Hi")])
    for step in range(10):
        call = ToolCall("accounts.get_1", {"id": "A" * 40}, f"t1/s{step}/call1")
        made.add(Message("assistant", "", (call,)), Message("tool", "found " * 20, (), call.id))
    return made


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Return the wall seconds of a call."""
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


async def compared(url: str, api: str, *, stream: bool) -> tuple[float, float]:
    """Return the medians of ours and of a bare call."""
    spec = ModelSpec("openai", model="gpt-4o-mini", api=api, stream=stream, base_url=url)
    ask = Ask(log().view(), TOOLS)
    model, wire = OpenAIModel(spec), WIRES[api]
    http = httpx2.AsyncClient(trust_env=False, verify=False)
    client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0, http_client=http)
    interface = client.chat.completions if api == "chat" else client.responses
    body = wire.body(ask, Names(), spec) | (wire.streamed if stream else {})

    async def bare() -> None:
        got = await interface.create(**body)
        if stream:
            assert [event async for event in got]

    async def ours() -> None:
        await model.reply(ask, "c:a/t1/s1")

    await ours()
    await bare()
    both = [(await timed(ours), await timed(bare)) for _ in range(ROUNDS)]
    await model.close()
    await client.close()
    return statistics.median(o for o, _ in both), statistics.median(b for _, b in both)


def main() -> None:
    """Compare every interface."""
    for api in WIRES:
        for how in ("whole", "streamed"):
            server = subprocess.Popen(
                [sys.executable, __file__, api, how],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            url = server.stdout.readline().strip()
            ours, bare = asyncio.run(compared(url, api, stream=how == "streamed"))
            print(api, how, ours * 1e6, bare * 1e6, flush=True)
            server.communicate()


if __name__ == "__main__":
    serve(*sys.argv[1:]) if sys.argv[1:] else main()
