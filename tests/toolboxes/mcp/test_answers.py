"""What a server asks in the middle of a call: answered where somebody does, else declined."""

from __future__ import annotations

import asyncio
import json

import pytest

from agentbox.core.errors import WorldError
from agentbox.core.messages import Message
from agentbox.core.requests import Ask, Done, Elicit, Elicited, Failed, LimitReached, Said
from agentbox.core.scenario import Server
from agentbox.toolboxes.mcp.answers import Answers
from agentbox.toolboxes.mcp.frames import Exchange, Wire
from agentbox.toolboxes.mcp.plans import plans

run = asyncio.run
CALL = "c:a-case/t1/s1/call1"
FORM, SAMPLE, ROOTS = "elicitation/create", "sampling/createMessage", "roots/list"
EVERYTHING = {"sampling": "allow", "roots": ("servers", "README.md")}
ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


class Host:
    """Answers what is asked of a run, and keeps it."""

    def __init__(self, form=None, said=None):
        self.replies = {
            Elicit: form or Elicited("accept", {"id": "A-1"}),
            Ask: said or Said(Message("assistant", "Hello.")),
        }
        self.asked = []

    async def __call__(self, at, request):
        self.asked.append((at, request))
        reply = self.replies[type(request)]
        if isinstance(reply, Exception):
            raise reply
        return reply


def asking(bench, era, tool, host=None, *wanted, **options):
    words = "modern" if era == "modern" else ""

    async def check():
        name = " ".join(["asks.py", words, *wanted]).strip()
        async with bench.one(name, era=era, **options) as tools:
            return await bench.call(tools, tool, reenter=host)

    return run(check())


def server_events(bench):
    return [
        (event["at"].removeprefix(f"{CALL}/"), event["kind"], event["data"])
        for event in bench.events
        if event["kind"] in ("server.request", "server.result")
    ]


def test_what_nobody_answers_is_declined_and_recorded_under_its_call(bench):
    heard = json.loads(asking(bench, "legacy", "asks").text)
    assert heard.pop("ping") == {}
    assert all(answer["code"] < 0 for answer in heard.values())
    told = server_events(bench)
    assert [(at, kind) for at, kind, _ in told] == [
        (f"child{number}", kind)
        for number in (1, 2, 3, 4)
        for kind in ("server.request", "server.result")
    ]
    asked = [data["method"] for _, kind, data in told if kind == "server.request"]
    assert asked == [FORM, SAMPLE, ROOTS, "tasks/unheard_of"]
    assert told[0][2]["params"]["message"] == "Which account?"
    assert all(data["declined"] for _, kind, data in told if kind == "server.result")


def test_input_that_nobody_gives_ends_the_call_and_the_model_is_told(bench):
    result = asking(bench, "modern", "needs")
    assert (result.status, result.source) == ("failed", "protocol")
    assert f"{FORM}, {SAMPLE}" in result.text
    assert [at for at, _, _ in server_events(bench)] == ["child1"] * 2 + ["child2"] * 2


@ERAS
def test_a_server_is_told_of_what_is_answered_and_of_nothing_else(bench, era):
    assert json.loads(asking(bench, era, "told").text) == {}
    everything = asking(bench.at(forms=True), era, "told", **EVERYTHING)
    assert json.loads(everything.text) == {"elicitation": {"form": {}}, "sampling": {}, "roots": {}}
    forms = asking(bench.at(forms=True), era, "told")
    assert json.loads(forms.text) == {"elicitation": {"form": {}}}


@pytest.mark.parametrize(("era", "tool"), [("legacy", "asks"), ("modern", "needs")])
def test_forms_go_to_the_user_sampling_to_the_model_and_roots_come_from_the_entry(bench, era, tool):
    host = Host()
    wanted = (FORM, SAMPLE, ROOTS) if era == "modern" else ()
    result = asking(bench.at(forms=True), era, tool, host, *wanted, **EVERYTHING)
    heard = json.loads(result.text)
    assert heard[FORM] == {"action": "accept", "content": {"id": "A-1"}}
    assert heard[SAMPLE]["content"] == {"type": "text", "text": "Hello."}
    assert [root["name"] for root in heard[ROOTS]["roots"]] == ["servers", "README.md"]
    assert [root["uri"] for root in heard[ROOTS]["roots"]] == [
        "file://«root»/servers",
        "file://«root»/README.md",
    ]
    (form_at, form), (ask_at, ask) = host.asked
    assert (form_at, ask_at) == (f"{CALL}/child1", f"{CALL}/child2")
    assert form.message == "Which account?"
    assert (list(ask.messages), ask.aside) == ([Message("user", "hi")], "sampling")
    told = server_events(bench)
    assert told[-3 if era == "legacy" else -1][2]["result"] == {"roots": ["servers", "README.md"]}
    if era == "modern":
        assert heard["state"] == "s"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (LimitReached("steps"), "the limit `steps` is reached"),
        (Failed("it is tired"), "the model failed: it is tired"),
        (Said(Message("assistant", "I will not."), stop="refusal"), "the model would not: I will"),
        (Done(), "there is no model here"),
    ],
)
def test_a_model_that_does_not_write_is_a_no_with_its_reason(bench, said, why):
    result = asking(bench, "modern", "needs", Host(said=said), SAMPLE, sampling="allow")
    assert result.status == "failed"
    assert server_events(bench)[-1][2]["declined"].startswith(why)


def test_a_user_may_refuse_a_form_and_the_tool_hears_it(bench):
    host = Host(form=Elicited("decline"))
    result = asking(bench.at(forms=True), "modern", "needs", host, FORM)
    assert json.loads(result.text)[FORM] == {"action": "decline"}


def test_a_form_outside_of_a_run_is_filled_in_by_nobody(bench):
    result = asking(bench.at(forms=True), "modern", "needs", None, FORM)
    assert result.status == "failed"
    assert server_events(bench)[-1][2]["declined"] == "nobody fills in forms here"


def answered(bench, method, params, host):
    """Answer one request of a server's, without a server."""
    plan = plans({"s": Server(command=("x",), sampling="allow")}, bench.at(forms=True).site)[0]
    wire = Wire(plan, "h:c/server-s", bench.events, frames=False)
    asked = wire.asks(Exchange(CALL, reenter=host), method, params)
    return run(Answers(plan, bench.site, wire).answer(asked))


def test_an_address_to_open_is_declined(bench):
    params = {
        "mode": "url",
        "message": "Open it",
        "url": "https://example.org",
        "elicitationId": "1",
    }
    assert answered(bench, FORM, params, Host()) == {"action": "decline"}


def test_a_model_is_shown_what_a_server_wants_it_to_see(bench):
    image = {"type": "image", "data": "", "mimeType": "image/png"}
    params = {
        "systemPrompt": "Be brief.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image, "junk"]},
            {"role": "assistant", "content": {"type": "text", "text": "A cat"}},
            "junk",
        ],
    }
    host = Host(said=Said(Message("assistant", "A dog"), stop="length"))
    result = answered(bench, SAMPLE, params, host)
    assert (result["content"]["text"], result["stopReason"]) == ("A dog", "maxTokens")
    ((_, ask),) = host.asked
    assert list(ask.messages) == [
        Message("system", "Be brief."),
        Message("user", "What is it?", parts=(image,)),
        Message("assistant", "A cat"),
    ]
    assert answered(bench, SAMPLE, None, Host())["content"]["text"] == "Hello."


@pytest.mark.parametrize(("era", "tool"), [("legacy", "asks"), ("modern", "needs")])
def test_what_breaks_the_run_while_a_tool_waits_is_raised_by_its_call(bench, era, tool):
    host = Host(said=WorldError("the script has run out"))
    with pytest.raises(WorldError, match="has run out"):
        asking(bench.at(forms=True), era, tool, host, sampling="allow")
    assert server_events(bench)[3][2]["declined"] == "the script has run out"


def test_a_tool_that_never_has_enough_is_stopped(bench):
    result = asking(bench, "modern", "endless")
    assert (result.status, result.source) == ("failed", "protocol")
    assert "after 10 rounds" in result.text


@ERAS
def test_progress_and_logs_are_recorded_at_the_place_of_their_call(bench, era):
    assert asking(bench, era, "reports").text == "done"
    told = [
        (event["at"], event["kind"], event["data"])
        for event in bench.events
        if event["kind"] in ("server.progress", "server.log")
    ]
    assert told == [
        (CALL, "server.progress", {"server": "asks", "progress": 1, "total": 2}),
        (CALL, "server.progress", {"server": "asks", "progress": 2, "total": 2}),
        (
            CALL,
            "server.log",
            {"server": "asks", "level": "info", "logger": "x", "data": {"half": "way"}},
        ),
    ]
