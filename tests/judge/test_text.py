"""says, never_says, equals, regex, length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbox.judge.evidence import Evidence, Utterance
from agentbox.judge.text import Equals, Length, NeverSays, Regex, Says, equals, never_says, says


def test_says_holds_for_any_message_of_its_scope(tape):
    tape.turn().call(("a.b", {}, {}), text="Looking at March 19.").say("It is late.")
    assert tape.judge("says", text="March 19").outcome == "passed"


def test_says_shows_the_last_answer_and_points_at_its_step(tape):
    found = tape.turn().say("Hello.").say("It will\ncomplete tomorrow.").judge("says", text="late")
    assert found.outcome == "failed"
    assert found.message == (
        '"late" was not said (case counts); the last answer: "It will complete tomorrow."'
    )
    assert found.at == "c:case/t1/s2"


def test_says_shortens_a_long_answer(tape):
    found = tape.turn().say("very " * 200).judge("says", text="late")
    assert found.message.endswith('very very…"')
    assert len(found.message) < 320


def test_says_tells_that_only_the_case_differs(tape):
    found = tape.turn().say("On MARCH 19 it was due.").judge("says", text="March 19")
    assert found.message.startswith(
        '"March 19" was not said (case counts), but "MARCH 19" was; the last answer:'
    )


def test_says_may_ignore_the_case(tape):
    tape.turn().say("On MARCH 19 it was due.")
    assert tape.judge("says", text="March 19", ignore_case=True).outcome == "passed"


def test_says_that_ignores_the_case_says_so(tape):
    found = tape.turn().say("Soon.").judge("says", text="Late", ignore_case=True)
    assert found.message == '"Late" was not said (case ignored); the last answer: "Soon."'


def test_says_of_a_silent_turn_says_so(tape):
    found = tape.turn().say("").judge("says", text="late")
    assert (found.outcome, found.message) == ("failed", 'nothing was said, so not "late"')


def test_a_turns_check_looks_at_that_turn_alone(tape):
    tape.turn().say("March 19.").turn().say("Tomorrow.")
    assert tape.judge("says", turn=1, text="March 19").outcome == "passed"
    second = tape.judge("says", turn=2, text="March 19")
    assert (second.outcome, second.turn, second.at) == ("failed", 2, "c:case/t2/s1")
    assert tape.judge("says", text="March 19").outcome == "passed"


@pytest.mark.parametrize("params", [Says, NeverSays])
def test_one_of_text_any_all_must_be_given_and_none_may_be_empty(params):
    for some in ({}, {"text": "a", "any": ("b",)}, {"any": ("a",), "all": ("b",)}):
        with pytest.raises(ValueError, match=r"^give exactly one of `text`, `any`, `all`$"):
            params(**some)
    with pytest.raises(ValueError, match=r"^a text is empty: every message contains that$"):
        params(any=("a", ""))


def test_says_any_holds_if_one_of_them_is_said(tape):
    tape.turn().say("On March 19.")
    assert tape.judge("says", any=("March 18", "March 19")).outcome == "passed"
    found = tape.judge("says", any=("a day", "MARCH 19"))
    assert (found.outcome, found.claim) == ("failed", "says any of a day, MARCH 19")
    assert found.message == (
        '"a day" or "MARCH 19" was not said (case counts), but "March 19" was; '
        'the last answer: "On March 19."'
    )


def test_says_all_holds_if_each_is_said_in_whatever_message(tape):
    tape.turn().call(("a.b", {}, {}), text="On March 19.").say("It is late.")
    assert tape.judge("says", all=("March 19", "late")).outcome == "passed"
    found = tape.judge("says", all=("late", "sorry", "soon"))
    assert found.claim == "says all of late, sorry, soon"
    assert found.message == (
        '"sorry", "soon" was not said (case counts); the last answer: "It is late."'
    )


def test_never_says_any_fails_at_the_first_that_was_said(tape):
    tape.turn().say("Soon. Or tomorrow.")
    assert tape.judge("never_says", any=("later", "never")).outcome == "passed"
    found = tape.judge("never_says", any=("later", "tomorrow", "soon"))
    assert found.message == '"tomorrow" was said (case ignored): "Or tomorrow."'


def test_never_says_all_fails_only_where_all_were_said(tape):
    tape.turn().say("Soon.").say("Or tomorrow.")
    assert tape.judge("never_says", all=("soon", "never")).outcome == "passed"
    found = tape.judge("never_says", all=("soon", "tomorrow"))
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2")
    assert found.message == (
        '"soon" was said (case ignored): "Soon."; '
        '"tomorrow" was said (case ignored): "Or tomorrow."'
    )


def test_regex_holds_for_any_message_or_for_the_last_alone(tape):
    tape.turn().say("Ticket T-12 is open.").say("Bye.")
    assert tape.judge("regex", pattern=r"T-\d+").outcome == "passed"
    found = tape.judge("regex", pattern=r"T-\d+", last=True)
    assert (found.outcome, found.at) == ("failed", "c:case/t1/s2")
    assert found.message == r'the answer does not fit /T-\d+/ (case counts): "Bye."'
    found = tape.judge("regex", pattern="t-12$")
    assert found.message == 'no message fits /t-12$/ (case counts): "Bye."'
    assert tape.judge("regex", pattern="t-12", ignore_case=True).outcome == "passed"
    found = tape.judge("regex", pattern="x", ignore_case=True)
    assert found.message == 'no message fits /x/ (case ignored): "Bye."'


def test_regex_of_a_silent_turn_says_so(tape):
    found = tape.turn().say("").judge("regex", pattern="x")
    assert found.message == "no message fits /x/ (case counts): nothing was said"


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<n>"])
def test_a_pattern_that_is_none_is_refused(pattern):
    with pytest.raises(ValueError, match="is no regular expression: "):
        Regex(pattern)


def test_length_is_that_of_the_last_answer_in_words_or_characters(tape):
    tape.turn().say("A first message that is long.").say(" It is  late. ")
    assert tape.judge("length", min=3, max=3).outcome == "passed"
    found = tape.judge("length", min=4)
    assert (found.message, found.claim, found.at) == (
        "the answer has 3 words, fewer than 4",
        "length at least 4 words",
        "c:case/t1/s2",
    )
    found = tape.judge("length", min=1, max=11, unit="characters")
    assert found.message == "the answer has 12 characters, more than 11"
    assert found.claim == "length at least 1 and at most 11 characters"
    assert tape.judge("length", max=12, unit="characters").outcome == "passed"


def test_bounds_that_bound_nothing_are_refused():
    with pytest.raises(ValueError, match=r"^give `min`, `max` or both$"):
        Length()
    with pytest.raises(ValueError, match=r"^`min: 3` is more than `max: 2`$"):
        Length(3, 2)


def test_never_says_holds_where_nothing_says_it(tape):
    tape.turn().say("It was due on March 19.")
    assert tape.judge("never_says", text="tomorrow").outcome == "passed"


def test_never_says_points_at_the_step_that_said_it_and_quotes_the_sentence(tape):
    tape.turn().say("One moment. It will complete tomorrow, March 18. Sorry.").say("Anything else?")
    found = tape.judge("never_says", text="tomorrow")
    assert found.outcome == "failed"
    assert found.at == "c:case/t1/s1"
    assert found.message == (
        '"tomorrow" was said (case ignored): "It will complete tomorrow, March 18."'
    )


def test_never_says_ignores_the_case_unless_told(tape):
    tape.turn().say("Tomorrow it will complete.")
    assert tape.judge("never_says", text="tomorrow").outcome == "failed"
    assert tape.judge("never_says", text="tomorrow", ignore_case=False).outcome == "passed"


def test_never_says_crops_a_long_sentence_around_what_was_said(tape):
    tape.turn().say("so " * 100 + "it completes tomorrow " + "and " * 100)
    assert tape.judge("never_says", text="tomorrow").message == (
        f'"tomorrow" was said (case ignored): "…{"so " * 21}it completes tomorrow{" and" * 19}…"'
    )


def test_never_says_quotes_nothing_of_the_next_sentence(tape):
    tape.turn().say("so " * 100 + "it completes tomorrow. Goodbye.")
    message = tape.judge("never_says", text="tomorrow").message
    assert message.endswith('so it completes tomorrow."')


def test_a_message_that_a_server_had_written_is_no_answer(tape):
    tape.turn().say("Hello.")
    at = "c:case/t1/s1/call1/child1"
    tape.emit(at, "model.result", text="tomorrow")
    assert tape.judge("never_says", text="tomorrow").outcome == "passed"


def test_the_users_words_are_not_the_assistants(tape):
    tape.turn("Tomorrow?").say("No.")
    assert tape.judge("never_says", text="tomorrow").outcome == "passed"


def test_equals_compares_the_final_answer_without_blanks_around_it(tape):
    tape.turn().say("Let me see.").say(" 42\n")
    assert tape.judge("equals", text="42").outcome == "passed"


def test_equals_shows_where_two_texts_part(tape):
    tape.turn().say("One moment.").say("It is March 18.")
    found = tape.judge("equals", text="It is March 19.")
    assert found.outcome == "failed"
    assert found.at == "c:case/t1/s2"
    assert found.message == (
        'the answer is "It is March 18.", not "It is March 19." (they differ from character 14 on)'
    )


def test_equals_shows_the_part_that_differs_of_long_texts(tape):
    found = tape.turn().say("x" * 500 + "A").judge("equals", text="x" * 500 + "B")
    assert found.message == (
        f'the answer is "…{"x" * 30}A", not "…{"x" * 30}B" (they differ from character 501 on)'
    )


def test_equals_of_a_beginning_names_the_character_after_it(tape):
    found = tape.turn().say("4").judge("equals", text="42")
    assert found.message.endswith("(they differ from character 2 on)")


def test_nothing_in_an_answer_can_move_the_cursor_or_turn_the_line(tape):
    found = tape.turn().say("\x1b[2J\u202ered\r\nalert\x00").judge("says", text="calm")
    assert found.message.endswith('"�[2J�red alert�"')


@given(st.text(min_size=1), st.text(), st.text())
def test_what_was_said_is_found_wherever_it_stands(wanted, before, after):
    seen = Evidence("turn 1", "t", (Utterance(before + wanted + after, "s1"),))
    assert says(Says(wanted), seen) is None
    failure = never_says(NeverSays(wanted), seen)
    assert failure
    assert failure.at == "s1"
    assert "\n" not in failure.message


@given(st.text(), st.text())
def test_equals_holds_exactly_for_equal_texts(one, other):
    seen = Evidence("turn 1", "t", end={"reason": "answered", "answer": one})
    assert (equals(Equals(other), seen) is None) == (one.strip() == other.strip())
    assert equals(Equals(one), seen) is None
