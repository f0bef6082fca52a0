from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import Tools, staged

from agentbox import ToolSpec, call, say
from agentbox.trace import Redactor, canonical_lines
from agentbox.trace.encoding import encode

SECRET = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20).filter(
    lambda s: s.strip() and not s.isdigit() and len(set(s)) > 2
)


@given(SECRET, st.text(max_size=10), st.text(max_size=10))
def test_a_registered_secret_never_survives_in_a_line(secret: str, before: str, after: str) -> None:
    value = {"text": before + secret + after, "nested": [json.dumps({"inner": secret})], secret: 1}
    line = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        line.decode()
    except UnicodeDecodeError:
        return
    clean = Redactor({"KEY": secret}).line(line)
    found = json.loads(clean)
    assert secret not in found["text"] or secret in "«secret:KEY»" + before + after
    assert "«secret:KEY»" in json.dumps(found, ensure_ascii=False)
    assert secret not in [key for key in found if key not in ("text", "nested")]


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("Authorization: Bearer abcdef.ghijkl-12345", "«bearer:1»"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "«basic:1»"),
        ("key sk-proj-abcdefghij0123456789", "«api-key:1»"),
        ("ghp_0123456789abcdefghij0123456789abcdef", "«github-token:1»"),
        ("AKIAIOSFODNN7EXAMPLE", "«aws-key:1»"),
        ("AIza" + "a" * 35, "«google-key:1»"),
        ("xoxb-123456789012-abcdefghij", "«slack-token:1»"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_def", "«jwt:1»"),
        ("glpat-abcdefghij0123456789", "«gitlab-token:1»"),
        ("postgres://user:hunter22@db/main", "«url-password:1»"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "«private-key:1»"),
    ],
)
def test_known_kinds_are_replaced_without_being_registered(text: str, token: str) -> None:
    line = json.dumps({"text": text}).encode()
    assert token in json.loads(Redactor().line(line))["text"]


@pytest.mark.parametrize(
    "text",
    ["a task-oriented basic plan", "https://example.org/path", "bearer of news", "risk_of_rain"],
)
def test_plain_words_are_left_alone(text: str) -> None:
    line = json.dumps({"text": text}).encode()
    assert Redactor().line(line) == line


def test_one_value_has_one_token_and_two_values_have_two() -> None:
    one = Redactor().text(
        "sk-aaaaaaaaaaaaaaaaaaaa, sk-bbbbbbbbbbbbbbbbbbbb, sk-aaaaaaaaaaaaaaaaaaaa"
    )
    assert one == "«api-key:1», «api-key:2», «api-key:1»"


def test_tokens_are_counted_anew_in_each_line_whichever_call_finished_first() -> None:
    redactor = Redactor()
    lines = [json.dumps({"text": f"sk-{letter * 20}"}).encode() for letter in "ab"]
    assert [json.loads(redactor.line(line))["text"] for line in lines] == ["«api-key:1»"] * 2


def test_a_secret_that_is_a_number_is_replaced_as_a_number() -> None:
    assert json.loads(Redactor({"PIN": "482913"}).line(b'{"pin":482913,"n":4829130}')) == {
        "pin": "«secret:PIN»",
        "n": 4829130,
    }


def test_no_secret_reaches_a_trace_by_any_way() -> None:
    """Through the prompt, the arguments, the result, its structure, and a blob."""
    secret = 'p4ss"word\\n'

    async def look(key):
        return f"you sent {key}, and again {secret} " + "long " * 300

    def model(messages, tools):
        return say(secret) if messages[-1].role == "tool" else call("look", key=secret)

    spec = ToolSpec("look", secret, {"type": "object"})
    stage = staged(model, Tools({"look": look}, (spec,)), turns=(secret,), secrets={"KEY": secret})
    inside = json.dumps(secret)[1:-1].encode()
    assert inside not in stage.content
    assert stage.content.count("«secret:KEY»".encode()) >= 6
    assert stage.end is not None
    assert stage.end.answer == secret, "the run itself is not redacted"


def test_a_secret_that_is_an_ordinary_word_leaves_the_events_place_and_kind() -> None:
    line = b'{"at":"c:tool/t1","kind":"tool.request","clock":"2026","text":"a tool"}'
    clean = json.loads(Redactor({"MODE": "tool"}).line(line))
    assert clean == {
        "at": "c:tool/t1",
        "kind": "tool.request",
        "clock": "2026",
        "text": "a «secret:MODE»",
    }


@pytest.mark.parametrize("word", ["tool", "failed", "look", "case", "text", "status", "call"])
def test_a_secret_that_is_an_ordinary_word_renames_nothing(word: str) -> None:
    """No field, no closed word, no tool: the trace can be read and judged as any other."""
    redactor = Redactor({"MODE": word})
    redactor.publish(["look"])
    event = {
        "at": "c:case/t1/s1/call1",
        "kind": "tool.result",
        "clock": 0,
        "tool": "look",
        "status": "failed",
        "source": "tool",
        "text": f"a {word} or two",
        "calls": [{"tool": "look", "args": {"key": 1}}],
    }
    clean = json.loads(redactor.line(json.dumps(event).encode()))
    assert clean == event | {"text": "a «secret:MODE» or two"}


def test_a_number_of_the_events_own_is_no_secret() -> None:
    event = {"at": "c:a", "clock": 8080, "n": 8080, "text": "8080", "usage": {"input": 8080}}
    clean = json.loads(Redactor({"PORT": "8080"}).line(json.dumps(event).encode()))
    assert (clean["clock"], clean["n"], clean["usage"]) == (8080, 8080, {"input": 8080})
    assert clean["text"] == "«secret:PORT»"


def test_a_trace_tells_nothing_of_a_secrets_value_not_even_by_a_hash() -> None:
    """Two runs that differ in the secret alone have one canonical form: prompt hashes too."""

    def play(secret: str) -> list[bytes]:
        async def look(key):
            return f"you sent {key}"

        def model(messages, tools):
            return say(secret) if messages[-1].role == "tool" else call("look", key=secret)

        spec = ToolSpec("look", secret, {"type": "object"})
        tools = Tools({"look": look}, (spec,))
        stage = staged(model, tools, turns=(secret, "and now?"), secrets={"KEY": secret})
        return list(canonical_lines(stage.content))

    assert play("correct horse") == play("battery staple")


def test_what_is_no_number_is_null_beside_a_half_surrogate_too() -> None:
    line = encode({"nan": float("nan"), "inf": [float("inf")], "text": "\ud800 NaN"})
    assert json.loads(line, parse_constant=pytest.fail) == {
        "nan": None,
        "inf": [None],
        "text": "? NaN",
    }


def test_what_is_redacted_already_is_counted_as_it_would_be_where_it_comes_to() -> None:
    """A header counts over a whole scenario, and the line of one turn for itself."""
    keys = [f"sk-{letter * 20}" for letter in "ab"]
    redactor = Redactor()
    header = json.loads(redactor.line(encode({"turns": keys})))["turns"]
    assert header == ["«api-key:1»", "«api-key:2»"]
    for key, token in zip(keys, header, strict=True):
        recorded = redactor.line(encode({"text": f"Keep {key}"}))
        assert redactor.line(encode({"text": f"Keep {token}"})) == recorded
        assert redactor.line(recorded) == recorded
    both = redactor.line(encode({"text": f"{header[1]} {keys[0]} {header[1]}"}))
    assert json.loads(both)["text"] == "«api-key:1» «api-key:2» «api-key:1»"
