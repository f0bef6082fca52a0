from __future__ import annotations

from agentbox.core.leak import Leak
from agentbox.report import plain
from agentbox.report.scan import leak_line, scan_summary

LEAK = Leak(12, "c:a/t1/s1/call1", "$.text", "value of API_KEY, in base64", "sk", 24)


def test_a_leak_is_a_line_that_an_editor_can_follow() -> None:
    lines = [leak_line("runs/x.jsonl", LEAK), leak_line("a\x1b.txt", Leak(3, kind="jwt", length=1))]
    assert plain(lines) == (
        "runs/x.jsonl:12: t1/s1/call1 $.text: value of API_KEY, in base64  sk…, 24 characters\n"
        "a\\x1b.txt:3: jwt  1 character\n"
    )


def test_a_summary_says_how_much_was_scanned_and_what_to_do() -> None:
    assert plain(scan_summary(1, [], 0)) == "1 file scanned: nothing found\n"
    assert plain(scan_summary(3, [], 1)) == (
        "2 files scanned, 1 could not be: nothing found in those\n"
    )
    told = plain(scan_summary(2, [LEAK], 0))
    assert told.startswith("2 files scanned: 1 leak\n  whoever has the file has the secret")
    assert "`secrets: [NAME]`" in told
    assert "secrets:" not in plain(scan_summary(2, [Leak(1, kind="jwt")], 0))
