from __future__ import annotations

import json
import random
import string
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from planting import RESULT, SAMPLE, planted, resealed

from agentbox.core.leak import Leak
from agentbox.trace import edited, parse_trace
from agentbox.trace.scanning import RANDOM, Search, names_secret, scan

SECRET = "p4ss/w<rd é+&=9"
KEY = "sk-proj-abcdefghij0123456789"
NOTHING = Search({})


def kinds(content: bytes, **values: str) -> list[str]:
    return [leak.kind for leak in scan(content, Search(values))]


def test_a_planted_trace_is_as_sound_as_any() -> None:
    content = planted(SECRET)
    assert edited(parse_trace(content), content) == []


def test_a_sound_trace_holds_nothing() -> None:
    assert scan(SAMPLE.read_bytes(), NOTHING) == []


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (SECRET, ""),
        (f"before {SECRET}after", ""),
        (json.dumps({"inner": SECRET}), ""),
        (json.dumps({"inner": SECRET}, ensure_ascii=False), ""),
        (json.dumps({"inner": json.dumps([SECRET])}), ""),
        (json.dumps([SECRET], ensure_ascii=False).replace("/", r"\/"), ""),
        (json.dumps([SECRET], ensure_ascii=False).replace("<", r"\u003c").replace("&", r"\u0026"),
         ""),
        (f"https://a.example/?q={quote_plus(SECRET)}", ", URL-encoded"),
        (quote(SECRET, safe="").replace("%2F", "%2f").replace("%3C", "%3c").replace("%C3", "%c3")
         .replace("%2B", "%2b").replace("%3D", "%3d").replace("%A9", "%a9"), ", URL-encoded"),
        (b64encode(SECRET.encode()).decode(), ", in base64"),
        ("x" + b64encode(b"me:" + SECRET.encode() + b":you").decode(), ", in base64"),
        (b64encode(b"a" + SECRET.encode()).decode(), ", in base64"),
        (urlsafe_b64encode(b"ab" + SECRET.encode() + b"cd").decode(), ", in base64"),
        (SECRET.encode().hex(), ", in hex"),
    ],
)  # fmt: skip
def test_a_known_value_is_found_in_every_form_it_travels_in(text: str, how: str) -> None:
    (leak,) = scan(planted(text), Search({"API": SECRET}))
    assert (leak.kind, leak.path) == (f"value of API{how}", "$.text")
    assert leak.at == "c:parallel/t1/s1/call3", "the first that was answered"
    assert SECRET not in repr(leak)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"the key {KEY}", "api-key"),
        ("Authorization: Bearer abcdef.ghijkl-12345", "bearer"),
        ("ghp_0123456789abcdefghij0123456789abcdef", "github-token"),
        ("postgres://user:hunter22@db/main", "url-password"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "private-key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private-key"),
    ],
)
def test_known_patterns_are_found(text: str, kind: str) -> None:
    assert kinds(planted(text)) == [kind]


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("structured", {"a": [{"b": KEY}]}, "$.structured.a[0].b"),
        ("structured", [[KEY]], "$.structured[0][0]"),
        ("meta", {KEY: 1}, "$.meta.«hidden»"),
        ("side", {"detail": f"Traceback: {KEY}"}, "$.side.detail"),
    ],
)
def test_a_leak_is_found_wherever_it_stands(field: str, value: object, path: str) -> None:
    (leak,) = scan(planted(value, field), NOTHING)
    assert (leak.path, leak.kind, leak.head, leak.length) == (path, "api-key", "sk", len(KEY))


def test_a_path_through_a_key_that_is_a_secret_does_not_tell_it() -> None:
    found = scan(planted({KEY: {"inner": "ghp_" + "a1" * 20}}, "structured"), NOTHING)
    assert [leak.path for leak in found] == ["$.structured.«hidden»", "$.structured.«hidden».inner"]
    assert KEY not in repr(found)


def test_a_position_that_holds_a_secret_does_not_tell_it() -> None:
    def change(event: dict) -> None:
        event["at"] = event["at"].replace("parallel", "hunter22")
        if event["kind"] == RESULT:
            event["text"] = "hunter22"

    found = scan(resealed(change), Search({"WORD": "hunter22"}))
    assert found
    assert "hunter22" not in repr(found)


def test_of_a_short_value_nothing_is_told_but_its_length() -> None:
    (leak,) = scan(planted("x pin7 x"), Search({"PIN": "pin7"}))
    assert (leak.head, leak.length) == ("", 4)
    assert kinds(planted("x pi7 x"), PIN="pi7") == [], "too short to be told from other text"


def test_a_number_is_found_as_a_value_and_not_among_the_events_own() -> None:
    assert kinds(planted({"pin": 482913}, "structured"), PIN="482913") == ["value of PIN"]

    def change(event: dict) -> None:
        event["wall"] = event["seq"] = event["clock"] = 482913

    assert kinds(resealed(change), PIN="482913") == []


def test_one_leak_is_told_once_for_each_place_and_by_its_name_first() -> None:
    text = f"{KEY}, and again {KEY}"
    assert kinds(planted(text), OPENAI_API_KEY=KEY) == ["value of OPENAI_API_KEY"]


def test_what_was_redacted_is_no_leak() -> None:
    text = "Bearer «bearer:1», https://«url-password:1»@db, token=«secret:API_TOKEN_12345»"
    assert kinds(planted(text), API="secret") == []
    assert kinds(planted({"token": "«secret:API_TOKEN_12345»"}, "structured")) == []


def test_the_formats_own_words_and_names_of_tools_are_no_leak() -> None:
    found = scan(SAMPLE.read_bytes(), Search({"A": "order", "B": "failed", "C": "tool"}, ["order"]))
    words = {"$.text", "$.scenario.cases", "$.specs", "$.check", "$.claim", "$.data"}
    assert {leak.path.partition("[")[0] for leak in found} <= words
    assert all("order" not in leak.path for leak in found)


def test_hashes_under_the_names_of_tools_and_files_are_no_leak() -> None:
    def change(event: dict) -> None:
        if event["kind"] == "run.ready":
            event["tools"] = {"get_token": "9f86d081884c7d65"}
        if event["kind"] == "run.start":
            event["code"] = {"secret": "9f86d081884c7d65"}

    assert kinds(resealed(change)) == []
    assert kinds(planted({"get_token": "9f86d081884c7d65"}, "structured")) == [RANDOM]


@pytest.mark.parametrize(
    "value",
    [
        {"access_token": "Zk3v9QmX2LbT7w"},
        {"headers": {"X-Api-Key": ["Zk3v9QmX2LbT7w"]}},
        {"clientSecret": "a-b_c.9f86d081"},
        {"password": "9f86d081884c7d659a2f"},
        '{"user": "dana", "password": "Zk3v9QmX2LbT7w"}',
        "GET /a?id=3&token=Zk3v9QmX2LbT7w&x=1",
        "DB_PASSWORD=Zk3v9QmX2LbT7w",
    ],
)
def test_random_text_where_a_secret_belongs_is_found(value: object) -> None:
    assert kinds(planted(value, "structured")) == [RANDOM]


@pytest.mark.parametrize(
    "value",
    [
        {"id": "9f86d081884c7d659a2f", "key": "LLM-4829-2026-03-20"},
        {"token": "none", "secret": "OPENAI_API_KEY", "password": "correct horse battery 1"},
        {"token": "2026-03-20T14:30:00Z", "api_key": "${API_KEY:-none-at-all-1}"},
        {"next_page_token": "Zk3v9QmX2LbT7w", "progressToken": "c:a/t1/s1/call1"},
        {"token_count": "123456789012", "tokens": "Zk3v9QmX2LbT7w", "token": 123456789012},
        {"authorization": "https://auth.example/oauth2/v2", "private_key": "/etc/ssl/key1.pem"},
        {"password": "xxxxxxxxxxx1", "secret": "<your secret 1>", "token": "************9"},
        {"tokenizer": "Zk3v9QmX2LbT7w", "password": {"type": "string", "format": "Zk3v9QmX2LbT7w"}},
        "the token: see page 12 of the manual-for-2026; password=changeme",
        "task-oriented basic plan, risk_of_rain_returns_1, https://example.org/a1b2c3d4e5f6",
    ],
)
def test_what_is_no_secret_raises_no_alarm(value: object) -> None:
    assert scan(planted(value, "structured"), NOTHING) == []


def test_a_keys_last_words_tell() -> None:
    yes = ["token", "API_KEY", "apiKey", "x-auth-token", "DB_PASSWORD_2", "Authorization"]
    no = ["key", "", "token_type", "tokens", "primary_key", "keyboard", "page_token", "2"]
    assert all(map(names_secret, yes))
    assert not any(map(names_secret, no))


def test_a_leak_in_a_blob_is_where_the_blob_is_used_first() -> None:
    content = SAMPLE.read_bytes()
    assert b"A-1: sent on March 15." in content

    def change(event: dict) -> None:
        if event["kind"] == "blob" and str(event["data"]).startswith("A-1"):
            event["data"] += KEY

    (leak,) = scan(resealed(change), NOTHING)
    assert (leak.at, leak.path) == ("c:parallel/t1/s2/call1", "$.data")
    lines = resealed(change).splitlines(keepends=True)
    (alone,) = scan(lines[leak.line - 1], NOTHING)
    assert alone.at == ""


def test_a_leak_in_a_blob_does_not_tell_a_position_that_holds_a_secret() -> None:
    def change(event: dict) -> None:
        event["at"] = event["at"].replace("parallel", "hunter22")
        if event["kind"] == "blob" and str(event["data"]).startswith("A-1"):
            event["data"] += KEY

    found = scan(resealed(change), Search({"WORD": "hunter22"}))
    assert "c:«hidden»/t1/s2/call1" in [leak.at for leak in found if leak.path == "$.data"]
    assert "hunter22" not in repr(found)


def test_any_text_is_read_line_by_line() -> None:
    content = (
        b"\xff\xfe rubbish\n[]\nkey = " + KEY.encode() + b'\n["' + KEY.encode() + b'"]\n{"at":'
    )
    assert [(leak.line, leak.path) for leak in scan(content, NOTHING)] == [(3, ""), (4, "$[0]")]


def test_a_deep_value_and_an_escaped_one_are_read_too() -> None:
    deep = "[" * 900 + json.dumps(KEY) + "]" * 900
    escaped = '{"a":"' + "".join(f"\\u{ord(c):04x}" for c in KEY) + '"}'
    found = scan(f"{deep}\n{escaped}\n".encode(), NOTHING)
    assert [leak.kind for leak in found] == ["api-key", "api-key"]


def test_of_a_thousand_planted_secrets_none_is_missed() -> None:
    draw = random.Random(7)  # noqa: S311 - the same secrets each time
    alphabet = string.ascii_letters + string.digits

    def text(size: int, letters: str = alphabet) -> str:
        return "".join(draw.choices(letters, k=size))

    value = text(12) + "/+é&" + text(6)
    makers = [
        lambda: f"sk-{text(24)}",
        lambda: f"{draw.choice(['ghp', 'gho', 'ghs'])}_{text(36)}",
        lambda: f"glpat-{text(20)}",
        lambda: f"xoxb-{text(12, string.digits)}-{text(12)}",
        lambda: f"AKIA{text(16, string.ascii_uppercase + string.digits)}",
        lambda: f"AIza{text(35)}",
        lambda: f"eyJ{text(20)}.{text(24)}.{text(16)}",
        lambda: f"Bearer {text(30)}",
        lambda: f"Basic {b64encode(text(20).encode()).decode()}",
        lambda: f"postgres://dana:{text(12)}@db/main",
        lambda: f"-----BEGIN EC PRIVATE KEY-----\n{text(64)}\n-----END EC PRIVATE KEY-----",
        lambda: value,
        lambda: json.dumps(value),
        lambda: quote(value, safe=""),
        lambda: b64encode((text(draw.randrange(4)) + value + text(3)).encode()).decode(),
        lambda: value.encode().hex(),
    ]
    before = ("", "see ", '{"a": "', "https://a.example/?q=")
    texts = [f"{draw.choice(before)}{draw.choice(makers)()} and more" for _ in range(1000)]
    lines = [
        json.dumps({"at": f"c:a/t1/s{n}", "kind": RESULT, "text": each}, ensure_ascii=n % 2 == 0)
        for n, each in enumerate(texts)
    ]
    found = {leak.line for leak in scan("\n".join(lines).encode(), Search({"API": value}))}
    assert [texts[n - 1] for n in range(1, 1001) if n not in found] == []


def test_a_leak_says_nothing_that_it_was_not_given() -> None:
    assert Leak(3) == Leak(3, "", "", "", "", 0)
