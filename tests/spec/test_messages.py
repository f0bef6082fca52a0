"""Every message of the reader: where it points, what it says, what it suggests."""

from __future__ import annotations

import json

import pytest

from agentbox.core.scenario import ModelSpec
from agentbox.spec.shapes import keys_of

ONE_OF_THE_KEYS = "one of: loop, system, slots, limits, output, corrections, plan, context_window"
BRACKETS = "inside { } a comma begins a new key: text that holds one needs quotes"
PYTHON = "provider: python, function: models/support.py:reply"
PLAIN = "such as http://127.0.0.1:11434/v1, with no key and no query in it"

ROWS = [
    # what is replaced in the sample, by what; under the caret; message; note; hint
    # -- keys
    ("  loop: react", "  lop: react", "lop", "unknown key `lop` in `agent`", "did you mean `loop`?",
     ""),
    ("  loop: react", "  zzz: react", "zzz", "unknown key `zzz` in `agent`", ONE_OF_THE_KEYS, ""),
    ("seed: 7", "limits: {}", "limits", "unknown key `limits` in the file", "it belongs in `agent`",
     ""),
    ("seed: 7", "turns: []", "turns", "unknown key `turns` in the file", "it belongs in a case",
     ""),
    ("    tags: [smoke]", "    servers: {}", "servers", "unknown key `servers` in a case",
     "it belongs in the file, beside `cases`", ""),
    ("    tags: [smoke]", "    tag: [smoke]", "tag", "unknown key `tag` in a case",
     "did you mean `tags`?", ""),
    ("- user: What", "- usr: What", "usr", "unknown key `usr` in an entry of `turns`",
     "did you mean `user`?", ""),
    ("args: {id: A-1}", "arg: {id: A-1}", "arg", "unknown key `arg` in `tool_called`",
     "did you mean `args`?", ""),
    ("name: accounts.get, ", "", "args", "`tool_called` has no `name`", "name: The tool.", ""),
    ("  - name: overdue\n    turns", "  - turns", "turns", "a case has no `name`",
     "name: Unique in the file.", ""),
    ("version: 1\n", "", "description", "the file has no `version`",
     "version: The format's version.", ""),
    # -- types
    ("steps: 8", "steps: 8.0", "8.0",
     "`steps` must be a whole number or null, but it is the number 8.0", "", ""),
    ("steps: 8", 'steps: "8"', '"8"',
     '`steps` must be a whole number or null, but it is the text "8"', "remove the quotes", ""),
    ("steps: 8", "steps: true", "true",
     "`steps` must be a whole number or null, but it is true", "", ""),
    ("cost_usd: 0.05", "cost_usd: [1]", "[1]",
     "`cost_usd` must be a number or null, but it is a list", "", ""),
    ("seed: 7", "seed: null", "null", "`seed` must be a whole number, but it is null", "", ""),
    ("frames: false", "frames: no", "no",
     '`frames` must be true or false, but it is the text "no"', "write true or false", ""),
    ("frames: false", "frames: 0", "0",
     "`frames` must be true or false, but it is the number 0", "", ""),
    ("description: A customer asks about an upgrade that is overdue.", "description: 12", "12",
     "`description` must be text, but it is the number 12", 'quote it: "12"', ""),
    ("says: March 19", "says: 19", "19",
     "`says` must be text, a list or a mapping, but it is the number 19", 'quote it: "19"', ""),
    ("tags: [smoke]", "tags: smoke", "smoke",
     '`tags` must be a list, but it is the text "smoke"',
     "a list is written [a, b], or as lines that begin with `- `", ""),
    ("tags: [smoke]", "tags: [smoke, 1]", "1",
     "an entry of `tags` must be text, but it is the number 1", 'quote it: "1"', ""),
    ("trace: {frames: false}", "trace: full", "full",
     '`trace` must be a mapping, but it is the text "full"', "its keys: frames", ""),
    ("- Thanks", "- 5", "5",
     "an entry of `turns` must be text or a mapping, but it is the number 5", 'quote it: "5"', ""),
    ("- Thanks", "- [Thanks]", "[Thanks]",
     "an entry of `turns` must be text or a mapping, but it is a list",
     "quote text that begins with a bracket", ""),
    ("customer: {name: Dana, plan: enterprise}", "", "context",
     "`context` must be a mapping, but it is left out", "", ""),
    # -- values
    ("version: 1", "version: 2", "2", "`version` cannot be `2`", "one of: 1", ""),
    ("version: 1", 'version: "1"', '"1"',
     '`version` must be 1, but it is the text "1"', "remove the quotes", ""),
    ("version: 1", "version: true", "true", "`version` must be 1, but it is true", "", ""),
    ("era: modern", "era: modren", "modren", "`era` cannot be `modren`",
     "did you mean `modern`?", ""),
    ("era: modern", "era: 1", "1", "`era` must be auto, legacy or modern, but it is the number 1",
     "", ""),
    ("steps: 8", 'steps: "many"', '"many"',
     '`steps` must be a whole number or null, but it is the text "many"', "", ""),
    ("steps: 8", 'steps: ".inf"', '".inf"',
     '`steps` must be a whole number or null, but it is the text ".inf"', "", ""),
    ("system: You are the support desk.", "system: [now]", "[now]",
     "`system` must be text, but it is a list", "quote text that begins with a bracket", ""),
    ("provider: python", "provider: disk", "disk", "`provider` cannot be `disk`",
     "one of: python, scripted, tape, openai", ""),
    ("provider: python", "provider: opanai", "opanai", "`provider` cannot be `opanai`",
     "did you mean `openai`?", ""),
    ("steps: 8", "steps: 0", "0", "`steps` must be at least 1, but it is 0", "Model calls.", ""),
    ("cost_usd: 0.05", "cost_usd: -0.5", "-0.5",
     "`cost_usd` must be at least 0, but it is -0.5", "Money, where the price is known.", ""),
    ("name: accounts.get,", 'name: "",', '""', "`name` is empty", "The tool.", ""),
    ("tool_called: {name: accounts.get, args: {id: A-1}}",
     "tool_called: {name: x, match: subset}", "{name: x, match: subset}",
     "`tool_called`: `match: subset` needs `args`", "", ""),
    # -- checks
    ("{never_says: tomorrow}", "tomorrow", "tomorrow",
     'a check must say what it checks, but this is the text "tomorrow"', "bare text is no check",
     'write `says: "tomorrow"`'),
    ("{never_says: tomorrow}", "3", "3",
     "a check must be a mapping of one key, but it is the number 3",
     "one of: says, never_says, tool_called, equals, span, not", ""),
    ("{never_says: tomorrow}", "{}", "{}",
     "a check must be a mapping of one key, but it is a mapping",
     "one of: says, never_says, tool_called, equals, span, not", ""),
    ("{never_says: tomorrow}", "{level: warn}", "{level: warn}",
     "a check has a `level`, but nothing says what it checks",
     "one of: says, never_says, tool_called, equals, span, not", ""),
    ("{says: March 19}", "{says: March 19, level: note}", "note",
     "`level` cannot be `note`", "one of: fail, warn", ""),
    ("- tool_called:", "- tool_caled:", "tool_caled", "unknown check `tool_caled`",
     "did you mean `tool_called`?", ""),
    ("{says: March 19}, {never_says: tomorrow}", "{says: March 19, never_says: tomorrow}",
     "never_says", "a check has one key, but `never_says` stands beside `says`", "",
     "begin each check with its own `- `, or its own { }"),
    ("{says: March 19}", "{says: March 19, ignore_case: true}", "ignore_case",
     "a check has one key, but `ignore_case` stands beside `says`", "",
     "`ignore_case` is a key of `says`: write `says: {..., ignore_case: ...}`"),
    ("{says: March 19}", "{says: Late, it was: true}", "it was",
     "a check has one key, but `it was` stands beside `says`", "",
     "quote text that holds `: ` or a comma"),
    ("{says: March 19}", "{says: Sorry, that is late}", "that is late",
     "`that is late` has no value", "quote the text", BRACKETS),
    ("{name: Dana, plan: enterprise}", "{name: Dana, of Ohio}", "of Ohio",
     "`of Ohio` has no value", "quote the text", BRACKETS),
    ("[{says: March 19}, {never_says: tomorrow}]", "{says: March 19}", "{says: March 19}",
     "`checks` must be a list, but it is a mapping",
     "a list is written [a, b], or as lines that begin with `- `", ""),
    ("trace: {frames: false}", "max_result_bytes: {accounts.*: 0}", "0",
     "`accounts.*` must be at least 1, but it is 0", "", ""),
    ("trace: {frames: false}", "max_result_bytes: {accounts.*: all}", "all",
     '`accounts.*` must be a whole number, but it is the text "all"', "", ""),
    ("trace: {frames: false}", "max_result_bytes: 100", "100",
     "`max_result_bytes` must be a mapping, but it is the number 100", "", ""),
    ("  loop: react", "  context_window: {tokens: 0}", "0",
     "`tokens` must be at least 1, but it is 0", "Tokens that a prompt may have, tools included.",
     ""),
    ("  loop: react", "  context_window: {keep: 5}", "keep",
     "`context_window` has no `tokens`", "tokens: Tokens that a prompt may have, tools included.",
     ""),
    ("  loop: react", "  context_window: {tokens: 9, on_full: drop_all}", "drop_all",
     "`on_full` cannot be `drop_all`", "did you mean `drop_oldest`?", ""),
    # -- cases
    ("  - name: overdue\n", '  - name: ""\n', '""', "`name` is empty", "Unique in the file.", ""),
    # -- names and files
    ("loop: react", "loop: reakt", "reakt", "unknown loop `reakt`", "did you mean `react`?", ""),
    ("loop: react", "loop: tree", "tree", "unknown loop `tree`",
     "one of: react, single, package.module:function", ""),
    ("loop: react", "loop: my-loops:tree", "my-loops:tree", '`loop` cannot be "my-loops:tree"',
     "write path/to/file.py:name or package.module:name", ""),
    ("models/support.py:reply", "models/suport.py:reply", "models/suport.py:reply",
     "no such file: models/suport.py", "did you mean `models/support.py`?", ""),
    ("models/support.py:reply", "model/support.py:reply", "model/support.py:reply",
     "no such file: model/support.py", "there is no folder model", ""),
    ("models/support.py:reply", "models/support.py", "models/support.py",
     '`function` cannot be "models/support.py"',
     "write path/to/file.py:name or package.module:name", ""),
    ("{provider: python, function: models/support.py:reply}", "{provider: python}",
     "{provider: python}", "`model` has no `function`", "",
     "write `function: path/to/file.py:function`"),
    ("python, function", "python, stream: true, function", "stream",
     "`stream` goes with `provider: openai` only", "", ""),
    (PYTHON, "provider: openai, model: m, function: a:b", "function",
     "`function` goes with `provider: python` only", "", ""),
    (PYTHON, "provider: openai", "{provider: openai}", "`model` has no `model`", "",
     "write `model: NAME`, as the server calls it"),
    (PYTHON, 'provider: openai, model: ""', '""', "`model` is empty",
     "write `model: NAME`, as the server calls it", ""),
    (PYTHON, "provider: openai, model: m, base_url: ftp://localhost", "ftp://localhost",
     "`base_url` is no http or https address", PLAIN, ""),
    (PYTHON, "provider: openai, model: m, key: sk-0123-4567", "sk-0123-4567",
     "`key` is no name of an environment variable",
     "such as OPENAI_API_KEY: never the key itself", ""),
    (PYTHON, "provider: openai, model: m, api: respones", "respones", "`api` cannot be `respones`",
     "did you mean `responses`?", ""),
    (PYTHON, "provider: openai, modle: m, model: m", "modle", "unknown key `modle` in `model`",
     "did you mean `model`?", ""),
    (PYTHON, "provider: openai, model: m, settings: {stream: true}", "stream",
     "`stream` is no setting", "write it beside `settings`", ""),
    (PYTHON, "provider: openai, model: m, settings: {timeout: 3}", "timeout",
     "`timeout` is no setting", "write `deadlines: {model: SECONDS}`", ""),
    (PYTHON, "provider: openai, model: m, settings: low", "low",
     '`settings` must be a mapping, but it is the text "low"', "", ""),
    ("tools/calendar.py", "tools/calender.py", "tools/calender.py",
     "no such file: tools/calender.py", "did you mean `tools/calendar.py`?", ""),
    ("tools/calendar.py", "tools", "tools", "`tools` is no file of tools",
     "its name ends in .py (functions), .json (definitions) or .jsonl (a trace)", ""),
    ("slots: [now, customer]", "slots: [now, custmer]", "custmer",
     "nothing fills the slot `custmer`", "did you mean `customer`?",
     "give it a value: `context: {custmer: ...}`"),
    ("You are the support desk.", "file:prompts/support.md", "file:prompts/support.md",
     "no such file: prompts/support.md", "there is no folder prompts", ""),
    ("{name: Dana, plan: enterprise}", "{}\ncontext: 5", "context",
     "the key `context` stands twice", "first at scenarios/bot.yaml:15:1", ""),
    ("{provider: python, function: models/support.py:reply}", "models/support.py:reply",
     "models/support.py:reply",
     '`model` must be a mapping, but it is the text "models/support.py:reply"',
     f"its keys: {', '.join(keys_of(ModelSpec))}",
     ""),
    ("{provider: python, function: models/support.py:reply}",
     "{provder: scripted, function: models/support.py:reply}", "provder",
     "unknown key `provder` in `model`", "did you mean `provider`?", ""),
    ("function: models/support.py:reply", "function: 5", "5",
     "`function` must be text, but it is the number 5", 'quote it: "5"', ""),
    ("tools: [tools/calendar.py]", "tools: [1]", "1",
     "an entry of `tools` must be text, but it is the number 1", 'quote it: "1"', ""),
    # -- time
    ("2026-03-20T14:30:00Z", "2026-03-20", "2026-03-20",
     "'2026-03-20' is no RFC 3339 time such as 2026-03-20T14:30:00Z", "", ""),
    ("Europe/Berlin", "Europe/Berln", "Europe/Berln",
     "'Europe/Berln' is no IANA zone such as Europe/Berlin", "", ""),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[2]}: {row[3]}"[:70] for row in ROWS])
def test_a_mistake_is_shown_at_its_place_with_its_remedy(row, project, changed, said):
    old, new, *expected = row
    assert [said(p) for p in project.problems(changed(old, new))] == [tuple(expected)]


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@models.example/v1",
        "http://127.0.0.1@models.example/v1",
        "http://localhost\\@models.example",
        "http://localhost:1/v1?key=a",
        "http://localhost/v1#a",
        "localhost:1",
        "http://local host",
        "http://localhost/v1\n",
        "",
    ],
)
def test_an_address_that_two_could_read_differently_is_refused_unquoted(project, changed, url):
    live = f"provider: openai, model: m, base_url: {json.dumps(url)}"
    (problem,) = project.problems(changed(PYTHON, live))
    assert problem.message == "`base_url` is no http or https address"
    assert problem.note == PLAIN


def test_a_time_that_does_not_exist_is_shown_at_its_place(project, changed, said):
    (problem,) = project.problems(changed("2026-03-20T", "2026-02-30T"))
    assert said(problem)[0] == "2026-02-30T14:30:00Z"


def test_a_local_time_without_a_zone_asks_for_one(project, changed, said):
    text = changed("zone: Europe/Berlin\n", "", changed("14:30:00Z", "14:30:00"))
    (problem,) = project.problems(text)
    under, message, _, _ = said(problem)
    assert under == "2026-03-20T14:30:00"
    assert "add Z, an offset such as +01:00, or `zone:`" in message


def test_a_case_that_is_no_mapping_is_shown(project, sample, said):
    (problem,) = project.problems(sample + "  - another\n")
    assert said(problem)[:2] == (
        "another",
        'a case must be a mapping, but it is the text "another"',
    )


def test_a_file_without_cases_is_refused(project, changed, sample, said):
    head = sample.partition("cases:")[0]
    (none,) = project.problems(head)
    assert said(none)[:3] == (
        "version",
        "the file has no `cases`",
        "cases: The conversations to play.",
    )
    (empty,) = project.problems(head + "cases: []\n")
    assert said(empty)[:3] == ("[]", "`cases` is empty", "The conversations to play.")
    (mapping,) = project.problems(head + "cases: {name: a, turns: [b]}\n")
    assert said(mapping)[1:3] == (
        "`cases` must be a list, but it is a mapping",
        "each case begins with `- `",
    )


def test_a_case_without_turns_is_refused(project, sample, said):
    (problem,) = project.problems(sample + "  - name: quiet\n    turns: []\n")
    assert said(problem)[:3] == ("[]", "`turns` is empty", "What the user says, in order.")


def test_two_cases_of_one_name_are_refused_with_both_places(project, sample, said):
    (problem,) = project.problems(sample + "  - name: overdue\n    turns: [hi]\n")
    assert problem.mark.line == 27
    assert said(problem)[:3] == (
        "overdue",
        "a second case is named `overdue`",
        "the first is at scenarios/bot.yaml:19:11",
    )


def test_two_names_that_would_share_a_trace_file_are_refused(project, sample, said):
    more = "  - name: a/b\n    turns: [hi]\n  - name: a b\n    turns: [hi]\n"
    (problem,) = project.problems(sample + more)
    assert said(problem)[:3] == (
        "a b",
        "the traces of `a b` and `a/b` would share a file",
        "the first is at scenarios/bot.yaml:27:11",
    )


def test_what_a_case_inherits_is_told_once(project, changed, sample):
    text = changed("steps: 8", "steps: 0", sample) + (
        "  - name: b\n    turns: [hi]\n    agent: {loop: single}\n"
        "  - name: c\n    turns: [hi]\n    agent: {loop: singel}\n"
    )
    messages = [problem.message for problem in project.problems(text)]
    assert messages == ["`steps` must be at least 1, but it is 0", "unknown loop `singel`"]


def test_a_slot_is_filled_from_the_context_of_its_case(project, sample, said):
    filled = "    context: {ticket: 5}\n    agent: {slots: [ticket]}\n"
    case = "  - name: b\n    turns: [hi]\n"
    assert project.read(sample + case + filled)[1].agent.slots == ("ticket",)
    (problem,) = project.problems(sample + case + filled.replace("ticket:", "tickets:"))
    assert said(problem)[:3] == (
        "ticket",
        "nothing fills the slot `ticket`",
        "did you mean `tickets`?",
    )


def test_a_long_value_is_cut_in_its_message(project, changed, said):
    (problem,) = project.problems(changed("seed: 7", f"seed: {'word ' * 40}"))
    assert said(problem)[1] == (
        "`seed` must be a whole number, but it is the text "
        '"word word word word word word word word…"'
    )


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(project, page):
    found = project.problems(
        "version: 1\n"
        "now: yesterday\n"
        "agent: {lop: react, limits: {steps: many}}\n"
        "model: {function: models/suport.py:reply}\n"
        "cases:\n"
        "  - name: one\n"
        "    turns:\n"
        "      - user: Hello\n"
        "        checks: [{says: Sorry, that is late}, tomorrow]\n"
        "    checks:\n"
        "      - tool_caled: accounts.get\n"
    )
    assert (
        page(found)
        == """\
error: 'yesterday' is no RFC 3339 time such as 2026-03-20T14:30:00Z
 --> scenarios/bot.yaml:2:6
 | now: yesterday
 |      ^^^^^^^^^
error: unknown key `lop` in `agent`
 --> scenarios/bot.yaml:3:9
 | agent: {lop: react, limits: {steps: many}}
 |         ^^^ did you mean `loop`?
error: `steps` must be a whole number or null, but it is the text "many"
 --> scenarios/bot.yaml:3:37
 | agent: {lop: react, limits: {steps: many}}
 |                                     ^^^^
error: no such file: models/suport.py
 --> scenarios/bot.yaml:4:19
 | model: {function: models/suport.py:reply}
 |                   ^^^^^^^^^^^^^^^^^^^^^^ did you mean `models/support.py`?
error: `that is late` has no value
 --> scenarios/bot.yaml:9:32
 |         checks: [{says: Sorry, that is late}, tomorrow]
 |                                ^^^^^^^^^^^^ quote the text
 = inside { } a comma begins a new key: text that holds one needs quotes
error: a check must say what it checks, but this is the text "tomorrow"
 --> scenarios/bot.yaml:9:47
 |         checks: [{says: Sorry, that is late}, tomorrow]
 |                                               ^^^^^^^^ bare text is no check
 = write `says: "tomorrow"`
error: unknown check `tool_caled`
 --> scenarios/bot.yaml:11:9
 |       - tool_caled: accounts.get
 |         ^^^^^^^^^^ did you mean `tool_called`?
"""
    )
