from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentbox import Message, Usage
from agentbox.core.errors import WorldError
from agentbox.core.messages import UNKNOWN_USAGE, Transcript
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ScriptCall, ScriptStep
from agentbox.models.scripted import ScriptedModel, literal

NODE = "s.yaml::a"


def _model(*turns: list[ScriptStep]) -> ScriptedModel:
    return ScriptedModel(turns, NODE)


def _reply(model: ScriptedModel, *messages: Message, at: str = "c:a/t1/s1") -> Said:
    log = Transcript(messages=list(messages) or [Message("user", "Hello")])
    return asyncio.run(model.reply(Ask(log.view()), at))


def _results(*texts: str, turn: int = 1) -> list[Message]:
    ids = [f"t{turn}/s{n}/call1" for n in range(1, len(texts) + 1)]
    tools = [Message("tool", text, call_id=at) for text, at in zip(texts, ids, strict=True)]
    return [Message("user", "Hello"), *tools]


def _fails(model: ScriptedModel, *messages: Message) -> tuple[str, str]:
    with pytest.raises(WorldError) as caught:
        _reply(model, *messages)
    (problem,) = caught.value.problems
    return problem.message, problem.note


def test_steps_are_taken_in_order_each_turn_from_its_own_script() -> None:
    model = _model([ScriptStep(say="one"), ScriptStep(say="two")], [ScriptStep(say="three")])
    said = [_reply(model, at=at).message.text for at in ("c:a/t1/s1", "c:a/t1/s2", "c:a/t2/s1")]
    assert said == ["one", "two", "three"]


def test_words_and_several_calls_stand_in_one_message() -> None:
    step = ScriptStep("Looking", "look", {"key": "a"}, (ScriptCall("put", {"key": "b"}),))
    message = _reply(_model([step])).message
    assert message.text == "Looking"
    assert [(call.name, call.args) for call in message.calls] == [
        ("look", {"key": "a"}),
        ("put", {"key": "b"}),
    ]


def test_mistakes_can_be_made_on_purpose() -> None:
    step = ScriptStep(calls=(ScriptCall("look", malformed='{"key": '), ScriptCall("no_such_tool")))
    message = _reply(_model([step])).message
    assert [call.malformed for call in message.calls] == ['{"key": ', ""]
    assert _reply(_model([ScriptStep(say="I can't.", refuse=True)])).stop == "refusal"
    assert _reply(_model([ScriptStep(say="x", tokens=(7, 3))])).usage == Usage(7, 3)
    assert _reply(_model([ScriptStep(say="x", cost_usd=0.5)])).usage == Usage(cost_usd=0.5)
    assert _reply(_model([ScriptStep(say="x")])).usage is UNKNOWN_USAGE


def test_running_out_names_case_turn_and_what_was_shown() -> None:
    model = _model([ScriptStep(say="one")])
    _reply(model)
    message, _ = _fails(model, Message("user", "And now?"))
    assert message == (
        "s.yaml::a, turn 1: the script has run out at c:a/t1/s1; it has 1 step, and the model was "
        "shown: 'And now?'"
    )
    with pytest.raises(WorldError, match="turn 3: the script has run out") as caught:
        _reply(model, at="c:a/t3/s1")
    assert caught.value.problems[0].hint.startswith("give turn 3 a step 1: ")
    with pytest.raises(WorldError) as caught:
        _reply(model, at="c:t1/s1")
    assert caught.value.problems[0].hint == "scripts belong to turns, and this was asked in none"


def test_running_out_says_which_steps_were_passed_over_and_why() -> None:
    model = _model([ScriptStep(say="one"), ScriptStep(say="two", when="sold out")])
    _reply(model)
    _, note = _fails(model, *_results("in stock"))
    assert note == "passed over, for `when` was not found in it: step 2 ('sold out')"


def test_a_step_never_taken_is_left_over_unless_it_is_conditional() -> None:
    steps = [ScriptStep(say="one"), ScriptStep(say="two"), ScriptStep(say="x", when="never")]
    model = _model(steps, [ScriptStep(say="a turn that was never played")])
    (problem,) = model.leftovers()
    assert problem.message == "s.yaml::a, turn 1: the script's steps 1, 2 were never taken"
    _reply(model)
    (problem,) = model.leftovers()
    assert problem.message == "s.yaml::a, turn 1: the script's step 2 was never taken"
    _reply(model)
    assert model.leftovers() == ()


def test_a_turn_that_was_played_without_asking_leaves_its_script_over() -> None:
    two = [ScriptStep(say="two"), ScriptStep(say="more")]
    model = _model([ScriptStep(say="one")], two, [ScriptStep(say="three")])
    _reply(model, at="c:a/t2/s1")
    assert [problem.message for problem in model.leftovers()] == [
        "s.yaml::a, turn 1: the script's step 1 was never taken",
        "s.yaml::a, turn 2: the script's step 2 was never taken",
    ]
    assert _model().leftovers() == ()


def test_a_step_passed_over_is_neither_taken_later_nor_left_over() -> None:
    model = _model([ScriptStep(say="sold", when="sold"), ScriptStep(say="a"), ScriptStep(say="b")])
    assert _reply(model, *_results("in stock")).message.text == "a"
    assert _reply(model, *_results("sold")).message.text == "b"
    assert model.leftovers() == ()


def test_a_rule_on_the_last_result_takes_or_passes_over_a_step() -> None:
    steps = [ScriptStep(say="sold out", when="stock.*0"), ScriptStep(say="in stock")]
    assert _reply(_model(steps), *_results('{"stock": 0}')).message.text == "sold out"
    assert _reply(_model(steps), *_results('{"stock": 5}')).message.text == "in stock"


def test_a_rule_reads_what_the_model_was_told_last_not_what_it_said() -> None:
    steps = [ScriptStep(say="sold out", when="stock.*0"), ScriptStep(say="in stock")]
    said = Message("assistant", "so the stock is not 0")
    assert _reply(_model(steps), *_results('{"stock": 5}'), said).message.text == "in stock"
    assert _reply(_model(steps), *_results('{"stock": 0}'), said).message.text == "sold out"


def test_what_the_model_was_shown_can_be_asserted() -> None:
    step = ScriptStep(say="ok", shown=("Today is March 20",))
    shown = Message("system", "Be kind.\nToday is March 20, 2026.")
    assert _reply(_model([step]), shown).message.text == "ok"
    message, note = _fails(_model([step]), Message("system", "Be kind.\nToday is March 2"))
    assert message == (
        "s.yaml::a, turn 1, script step 1: the model was not shown 'Today is March 20'"
    )
    assert note == "the nearest line: 'Today is March 2'"


def test_every_text_that_was_not_shown_is_named_with_the_nearest_line() -> None:
    step = ScriptStep(say="ok", shown=("Today is March 20", "Be kind.", "§", "x" * 5000))
    long = Message("user", f"Today is March 19, 2026. Current time: 14:30 UTC.\n{'y' * 100_000}")
    with pytest.raises(WorldError) as caught:
        _reply(_model([step]), Message("system", "Be kind."), long)
    today, sign, xs = caught.value.problems
    assert today.note == f"the nearest line: {long.text.splitlines()[0]!r}"
    assert sign.message.endswith("the model was not shown '§'")
    assert sign.note == xs.note == ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("$call1.id", 7),
        ("$call2.items[1].name", "b"),
        ("$last.items[0]", {"name": "a"}),
        ("$call1", {"id": 7, "order-id": "a/b", "no.such": True}),
        ("$call1.id$call1.id", "77"),
        ("order $call1.id of $call2.items[1].name!", "order 7 of b!"),
        ("costs $$5", "costs $5"),
        ("no reference", "no reference"),
        ("$$call1.id", "$call1.id"),
        ("$$", "$"),
        ("$lastly, $call1st, $callback, $5, $", "$lastly, $call1st, $callback, $5, $"),
        ("$call99999999", "$call99999999"),
        ("It is $call1.id.", "It is 7."),
        ('$call1["order-id"]', "a/b"),
        ('$call1["no.such"]', True),
        ({"deep": ["$call1.id"]}, {"deep": [7]}),
        (3, 3),
    ],
)
def test_arguments_may_refer_to_earlier_results(written: Any, meant: Any) -> None:
    model = _model([ScriptStep(call="look", args={"x": written})])
    first = '{"id": 7, "order-id": "a/b", "no.such": true}'
    messages = _results(first, '{"items": [{"name": "a"}, {"name": "b"}]}')
    assert _reply(model, *messages).message.calls[0].args == {"x": meant}


def test_references_count_the_calls_of_their_own_turn_whatever_the_loop_says_in_between() -> None:
    earlier = [Message("tool", "past", call_id="history/call1"), *_results("old")]
    between = Message("user", "Step 2: do the rest")
    model = _model([], [ScriptStep(call="look", args={"x": "$call1", "y": "$call2", "z": "$last"})])
    first, second = _results("new", "newer", turn=2)[1:]
    said = _reply(model, *earlier, first, between, second, at="c:a/t2/s3.2")
    assert said.message.calls[0].args == {"x": "new", "y": "newer", "z": "newer"}
    assert _reply(_model([], [ScriptStep(say="x")]), *earlier, at="u:a/t2/s1").message.text == "x"


@pytest.mark.parametrize("hostile", ["[" * 100_000, "1" * 10_000, "{", "", "\x00"])
def test_a_result_that_is_no_json_is_the_text_it_is(hostile: str) -> None:
    step = ScriptStep(call="look", args={"x": "$call1"})
    assert _reply(_model([step]), *_results(hostile)).message.calls[0].args == {"x": hostile}
    step = ScriptStep(call="look", args={"x": "$call1.id"})
    message, _ = _fails(_model([step]), *_results(hostile))
    assert message.endswith("`$call1.id` refers to nothing")


def test_what_a_call_is_given_is_its_own() -> None:
    step = ScriptStep(call="look", args={"deep": {"list": [1]}})
    one, two = (_reply(_model([step])).message.calls[0].args for _ in range(2))
    one["deep"]["list"].append(2)
    assert two == step.args == {"deep": {"list": [1]}}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("$call3.id", "the turn has 1 results so far"),
        ("$call1.no", "there is no `no` among id, list"),
        ("$call0", "the turn has 1 results so far"),
        ("$call1[0]", '`0` leads nowhere in {"id": 7, "list": [1]}'),
        ('$call1[""]', "there is no `` among id, list"),
        ("$call1.list[5]", "`5` leads nowhere in [1]"),
        ("$call1.id.deeper", "`deeper` leads nowhere in 7"),
    ],
)
def test_a_reference_to_nothing_says_what_there_is(written: str, why: str) -> None:
    model = _model([ScriptStep(call="look", args={"x": written})])
    message, note = _fails(model, *_results('{"id": 7, "list": [1]}'))
    assert message == f"s.yaml::a, turn 1, script step 1: `{written}` refers to nothing"
    assert note == why


def test_two_cases_share_nothing() -> None:
    script = [ScriptStep(say="one")]
    first, second = _model(script), _model(script)
    assert _reply(first).message.text == _reply(second).message.text == "one"


@pytest.mark.parametrize(
    "args",
    [
        {"a": "$last", "b": ["$call2.id for $$5", {"c": "$lastly, $5 and $"}], "d": 1},
        {"a": "$$", "b": "$$$last[0]", "c": '$call1["x"]', "d": None},
    ],
)
def test_arguments_that_look_like_references_can_be_written_as_they_are(args: Any) -> None:
    step = ScriptStep(call="look", args=literal(args))
    assert _reply(_model([step])).message.calls[0].args == args
