from __future__ import annotations

from stage import LOOK, Tools, look, staged

from agentbox import Message, Said, ToolCall, Usage, call, say
from agentbox.core.messages import Transcript
from agentbox.core.requests import Ask, End, Enter, Leave, LimitReached, Loop
from agentbox.core.scenario import Limits
from agentbox.loops import ask


def _insatiable(messages, tools):
    """Calls for ever; without tools it gives up in words."""
    return call("look", key="again") if tools else say("That is all I found.")


def test_steps_end_a_run_by_name_after_one_last_word() -> None:
    stage = staged(_insatiable, limits=Limits(steps=3))
    assert stage.end == End("limit", "That is all I found.", {"limit": "steps"})
    assert len(stage.events("model.request")) == 4
    (refused,) = stage.events("budget.refused")
    assert refused.data["limit"] == "steps"


def test_a_batch_is_reserved_whole_and_in_call_order() -> None:
    def model(messages, tools):
        if not tools:
            return say("enough")
        keys = "abcd"
        return Message("assistant", calls=tuple(ToolCall("look", {"key": k}) for k in keys))

    stage = staged(model, limits=Limits(tool_calls=6))
    ran = [event.data["args"]["key"] for event in stage.events("tool.request")]
    assert ran == ["a", "b", "c", "d", "a", "b"]
    refused = [event.at for event in stage.events("budget.refused")]
    assert refused[:2] == ["c:case/t1/s2/call3", "c:case/t1/s2/call4"]
    assert stage.end == End("limit", "enough", {"limit": "tool_calls"})


def test_a_loop_without_tools_ends_by_a_limit_as_one_with_tools_does() -> None:
    asked: list[tuple[str, str]] = []

    def toolless() -> Loop:
        yield Enter("run", Limits(steps=2))
        for _ in range(3):
            said = yield from ask(Transcript())
            asked.append((said.message.text, said.limit))
        yield Leave()
        return End("answered")

    stage = staged(lambda messages, tools: "word", loop=toolless())
    assert asked == [("word", ""), ("word", ""), ("word", "steps")]
    assert len(stage.events("budget.refused")) == 1


def test_a_summary_that_a_limit_refuses_tells_the_loop_of_no_limit() -> None:
    def summing() -> Loop:
        yield Enter("run", Limits(steps=1))
        yield from ask(Transcript())
        refused = yield Ask(Transcript().view(), aside="summary")
        assert refused == LimitReached("steps")
        said = yield from ask(Transcript())
        assert (said.message.text, said.limit) == ("word", "steps")
        yield Leave()
        return End("answered")

    stage = staged(lambda messages, tools: "word", loop=summing())
    assert len(stage.events("model.request")) == 2


def test_tokens_are_counted_as_the_model_counts_them() -> None:
    def model(messages, tools):
        said = _insatiable(messages, tools)
        return Said(said, Usage(input=40, output=10))

    stage = staged(model, limits=Limits(tokens=100))
    assert len(stage.events("model.request")) == 3
    assert stage.end == End("limit", "That is all I found.", {"limit": "tokens"})


def test_a_limit_on_what_the_model_does_not_tell_is_said_once_not_to_be_kept() -> None:
    stage = staged(_insatiable, limits=Limits(tokens=100, cost_usd=1, steps=3))
    assert [(e.at, e.data["code"], e.data["message"]) for e in stage.events("finding")] == [
        (
            "c:case/t1/s1",
            "unknown-usage",
            f"the limit `{limit}` is not kept: the agent's model tells no usage",
        )
        for limit in ("tokens", "cost_usd")
    ]


def test_half_of_the_tokens_is_not_the_tokens() -> None:
    stage = staged(
        lambda m, t: Said(say("word"), Usage(output=3, cost_usd=0.1)),
        limits=Limits(tokens=100, cost_usd=1),
    )
    (finding,) = stage.events("finding")
    assert "the limit `tokens` is not kept" in finding.data["message"]
    told = Usage(input=1, output=3, cost_usd=0.1)
    stage = staged(lambda m, t: Said(say("word"), told), limits=Limits(tokens=100, cost_usd=1))
    assert stage.events("finding") == []


def test_spent_money_grants_no_last_word() -> None:
    def model(messages, tools):
        return Said(_insatiable(messages, tools), Usage(cost_usd=0.02))

    stage = staged(model, limits=Limits(cost_usd=0.03))
    assert stage.end == End("limit", "", {"limit": "cost_usd"})
    assert len(stage.events("model.request")) == 2


def test_seconds_are_virtual() -> None:
    stage = staged(_insatiable, limits=Limits(seconds=10), tick=2.5)
    assert stage.end == End("limit", "", {"limit": "seconds"})
    assert stage.clock.offset == 10


def test_zero_tool_calls_means_none() -> None:
    stage = staged(_insatiable, Tools({"look": look}), limits=Limits(tool_calls=0))
    assert stage.events("tool.request") == []
    assert stage.end == End("limit", "That is all I found.", {"limit": "tool_calls"})


def test_an_inner_scope_spends_the_outer_ones_budget_too() -> None:
    limits_met: list[str] = []

    def nested() -> Loop:
        yield Enter("run", Limits(steps=3))
        for _ in range(2):
            yield Enter("step", Limits(steps=2))
            for _ in range(2):
                said = yield from ask(Transcript(), (LOOK,))
                limits_met.append(said.limit)
            yield Leave()
        yield Leave()
        return End("answered")

    stage = staged(lambda messages, tools: "word", loop=nested())
    assert limits_met == ["", "", "", "steps"]
    assert len(stage.events("model.request")) == 4


def test_an_agent_without_tools_has_no_step_beyond_its_limit_but_the_last_word() -> None:
    stage = staged(
        lambda m, t: "word", Tools({}, ()), turns=("a", "b", "c"), limits=Limits(steps=2)
    )
    assert stage.end == End("limit", "word", {"limit": "steps"})
    assert len(stage.events("model.request")) == 3
    (refused,) = stage.events("budget.refused")
    assert refused.at == "c:case/t3/s1"


def test_a_scope_that_is_left_no_longer_counts() -> None:
    def twice() -> Loop:
        for _ in range(2):
            yield Enter("turn", Limits(steps=1))
            said = yield from ask(Transcript(), (LOOK,))
            assert said.limit == ""
            yield Leave()
        return End("answered")

    assert staged(lambda messages, tools: "word", loop=twice()).end == End("answered")
