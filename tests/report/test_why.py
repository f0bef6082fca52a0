from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.report import plain
from agentbox.report.seeking import around, pattern_of, places
from agentbox.report.why import why, why_json, why_lines


def found(value: str, text: object) -> list[tuple[str, str]]:
    return list(places(text, pattern_of(value)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A-1", "is A-1 there"),
        ("dana", "Dana said"),
        ("1234", "it costs 1,234 now"),
        ("1,234.50", "it costs 1234.50 now"),
        ("March 18", "due 2026-03-18"),
        ("March 18", "due 2026-03-18T14:30:00Z"),
        ("March 18, 2026", "due 2026-03-18"),
        ("2026-03-18", "due march 18, 2026."),
        ("2026-03-18", "due March 18."),
        ("14", 14),
        ("true", True),
    ],
)
def test_a_value_is_found_as_people_and_programs_write_it(value: str, text: object) -> None:
    assert found(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A-1", "A-12"),
        ("12", "1,234 and 512"),
        ("March 1", "March 18"),
        ("March 18, 2026", "2025-03-18"),
        ("2026-03-18", "March 18, 2025"),
        ("2026-13-18", "March 18"),
        ("[", "nothing"),
    ],
)
def test_a_part_of_another_value_is_not_it(value: str, text: str) -> None:
    assert not [one for one in found(value, text) if "2025" not in one[1]]


def test_the_path_leads_into_json_and_into_json_in_a_text() -> None:
    value = {"a": [{"b": "x"}, "x"], "c": '{"d": ["x"]}', "x": 1, "e": "[x", "n": None}
    assert found("x", value) == [
        ("$.a[0].b", "x"),
        ("$.a[1]", "x"),
        ("$.c.d[0]", "x"),
        ("$", "x"),
        ("$.e", "[x"),
    ]


def test_what_is_nested_too_deep_is_one_text() -> None:
    deep: object = "x"
    for _ in range(200):
        deep = [deep]
    ((path, text),) = found("x", deep)
    assert path == "$" + "[0]" * 64
    assert '"x"' in text


def test_a_long_text_is_shown_from_a_little_before() -> None:
    assert around("a " * 30 + "here it is", pattern_of("here")).startswith("…")
    assert around("here it is", pattern_of("here")) == "here it is"
    assert around("nothing", pattern_of("here")) == "nothing"


def story(sample: SimpleNamespace) -> list:
    events = sample.events()
    at = f"{sample.case}/t1/s1"
    for event in events:
        if event.kind == "model.request":
            step2 = event.at.endswith("s2")
            event.data["new"] = ["t1/s1", "t1/s1/call1"] if step2 else [
                {"role": "system", "text": 'customer: {"name": "Dana", "plan": "enterprise"}'},
                {"role": "user", "text": sample.user},
            ]  # fmt: skip
    specs = [{"name": "look", "description": "Look at 2030-01-01."}, "rubbish"]
    events[1:1] = [
        sample.event(sample.case, "run.ready", specs=specs),
        sample.event(sample.case, "clock.read", iso="2026-03-20T14:30:00Z"),
    ]
    events[0].data["scenario"] = {
        "path": "s.yaml",
        "context": {"customer": {"name": "Dana"}},
        "cases": [{"turns": [{"user": sample.user, "checks": [{"says": "March 19"}]}]}],
        "tags": ["x"],
    }
    events.append(sample.event(f"{at}/call1/child1", "server.request", method="elicit LLM-4829"))
    return events


def test_a_value_is_followed_from_the_answer_to_where_it_came_from(sample: SimpleNamespace) -> None:
    assert plain(why_lines(why(story(sample), "March 18"))) == (
        "March 18\n"
        "\n"
        "came from\n"
        "  t1/s1/call1  accounts.get_account: $.text.upgrade   2026-03-18\n"
        "\n"
        "shown to the model\n"
        "  t1/s2  message 4   from t1/s1/call1\n"
        "\n"
        "said by the model\n"
        "  t1/s2  $.text   …will complete tomorrow, March 18.\n"
        "\n"
        "so\n"
        "  it was first in accounts.get_account, $.text.upgrade, at t1/s1/call1\n"
        "  t1/s2 had it from t1/s1/call1\n"
    )


def test_what_no_prompt_held_the_model_worked_out(sample: SimpleNamespace) -> None:
    lines = plain(why_lines(why(story(sample), "tomorrow")))
    assert lines.endswith("so\n  t1/s2 worked it out or made it up: its prompt does not hold it\n")


def test_scenario_user_slot_and_server_are_told_apart(sample: SimpleNamespace) -> None:
    told = why(story(sample), "LLM-4829")
    assert [(source.what, source.path) for source in told.sources] == [
        ("scenario", "$.cases[0].turns[0].user"),
        ("the user", "$.text"),
        ("accounts.get_account", "$.text.account_id"),
        ("a server", "$.method"),
    ]
    assert [(one.messages, one.origins) for one in told.shown] == [
        ((2,), ("user",)),
        ((2, 3, 4), ("c:overdue_upgrade/t1/s1", "c:overdue_upgrade/t1/s1/call1", "user")),
    ]
    assert "messages 2, 3, 4   from t1/s1, t1/s1/call1, user" in plain(why_lines(told))
    dana = why(story(sample), "Dana")
    assert [(one.what, one.path) for one in dana.sources] == [
        ("scenario", "$.context.customer.name"),
        ("slot customer", "$.scenario context.customer"),
    ]
    assert dana.shown[0].origins == ("slot customer",)


def test_a_slot_that_stays_is_named_once_and_checks_give_nothing(sample: SimpleNamespace) -> None:
    assert why(story(sample), "March 19").sources == []
    slots = [s for s in why(story(sample), "enterprise").sources if s.what == "slot customer"]
    assert len(slots) == 1


def test_the_clock_and_descriptions_bring_values_too(sample: SimpleNamespace) -> None:
    day = why(story(sample), "March 20").sources
    assert [one.what for one in day] == ["scenario", "the clock"]
    assert [one.what for one in why(story(sample), "2030-01-01").sources] == ["tool look"]


def test_a_result_is_told_once_where_its_text_repeats_its_structure(
    sample: SimpleNamespace,
) -> None:
    events = [
        sample.event("c:a/t1/s1/call1", "tool.result", text="x9", structured={"id": "x9"}),
        sample.event("c:a/t1/s1/call2", "tool.result", text="x9", parts=[{"uri": "x9"}]),
    ]
    assert [(one.what, one.path) for one in why(events, "x9").sources] == [
        ("a tool", "$.structured.id"),
        ("a tool", "$.text"),
        ("a tool", "$.parts[0].uri"),
    ]


def test_what_is_nowhere_is_said_to_be(sample: SimpleNamespace) -> None:
    told = why(story(sample), "z\x1b9")
    assert plain(why_lines(told)) == "z\\x1b9  is nowhere in what was said and shown\n"
    assert why_json(told) == {"value": "z\x1b9", "sources": [], "shown": [], "said": []}


@given(st.text(min_size=1))
def test_any_value_can_be_looked_for(value: str) -> None:
    assert pattern_of(value).search(f" {value} ") or value[:1].isspace() or value != value.strip()
