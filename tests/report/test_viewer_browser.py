"""The page in a real browser: it opens from a file, asks nobody, and shows what it should."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from agentbox.core.differing import Told, TraceDiff
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import Stats
from agentbox.report.viewer import Opened, page
from agentbox.trace import Trace
from agentbox.trace.diffing.diff import differences

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.no_cover,
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no chromium: apt install chromium"),
]
HOSTILE = "</script><img src=x onerror=\"window.hurt=1\"><svg onload='window.hurt=1'>"
LONG = "long " * 200_000
READY = """new Promise((done) => {
  const isReady = () => performance.getEntriesByName('ready').length > 0;
  const look = () => (isReady() ? done() : requestAnimationFrame(look));
  look();
})"""
FOLLOWED = """(address) => new Promise((done) => {
  addEventListener('hashchange', () => done(), { once: true });
  location.hash = address;
})"""


class Seen:
    """A tab of a browser, what it asked for, what it complained of."""

    def __init__(self, tab: Any) -> None:
        self.tab = tab
        self.asked: list[str] = []
        self.said: list[str] = []
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.on("console", lambda message: self.said.append(message.text))
        tab.on("pageerror", lambda error: self.said.append(str(error)))

    def go(self, url: str) -> None:
        self.tab.goto("about:blank")
        self.asked.clear()
        self.said.clear()
        self.tab.goto(url)
        self.tab.evaluate(READY)  # not wait_for_function: the page's policy allows no eval

    def follow(self, address: str) -> None:
        """Follow a link within the page."""
        self.tab.evaluate(FOLLOWED, address)

    @property
    def picked(self) -> str:
        return self.tab.locator(".row.picked").inner_text()

    @property
    def details(self) -> str:
        return self.tab.locator("#details").inner_text()

    @property
    def address(self) -> str:
        return self.tab.evaluate("location.hash")


@pytest.fixture(scope="module")
def tab() -> Iterator[Seen]:
    """One tab of one Chromium for all of these tests."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield Seen(running.new_page(reduced_motion="reduce"))
        running.close()


@pytest.fixture
def show(tab: Seen, tmp_path: Path) -> Callable[..., Seen]:
    """Return what opens a page of some events, as a person would open the file."""

    def opening(
        *traces: list[TraceEvent],
        at: str = "",
        size: tuple[int, int] = (1280, 800),
        diff: TraceDiff | None = None,
        **media: str,
    ) -> Seen:
        tab.tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.tab.emulate_media(**{"color_scheme": "light", **media})
        file = tmp_path / "page.html"
        opened = [Opened(f"t{n}", each, Stats(1, 2, 1)) for n, each in enumerate(traces)]
        file.write_text(page(opened, diff), "utf-8")
        tab.go(file.as_uri() + at)
        return tab

    return opening


@pytest.fixture
def story(sample) -> list[TraceEvent]:
    """The overdue upgrade, with a search, a refused call and a plan that had to be revised."""
    events = sample.events()
    turn = f"{sample.case}/t1"
    call = {"tool": "accounts.get_account", "args": {"account_id": 7}}
    candidates = [
        {"id": f"BP-{n}", "rank": n, "score": 9 - n, "kept": n < 3, "source": "clause"}
        for n in (1, 2, 3, 4)
    ]
    steps = [{"id": f"s{n}", "goal": f"Goal {n}", "evidence": "a row"} for n in (1, 2, 3)]
    more = [
        sample.event(f"{turn}/s1/call2", "tool.request", **call),
        sample.event(f"{turn}/s1/call2", "tool.result", status="failed", source="schema",
                     text="accounts.get_account was not run: its arguments do not fit"),
        sample.event(f"{turn}/s1/call3", "tool.request", tool="kb.search",
                     args={"query": "refund"}),
        sample.event(f"{turn}/s1/call3", "tool.result", status="ok", text="two clauses", meta={
            "agentbox/retrieval": {"query": "refund", "k": 2, "candidates": candidates}}),
        sample.event(turn, "plan.made", steps=steps[:2]),
        sample.event(turn, "plan.step", **steps[0], status="failed", finding="no such row"),
        sample.event(turn, "plan.revised", because="s1", steps=steps[2:], kept=[], added=["s3"],
                     dropped=["s2"]),
        sample.event(f"{turn}/s1/call4", "tool.request", tool="kb.search", args={}),
    ]  # fmt: skip
    told = "\n\n".join(slot["text"] for slot in sample.slots[:2])
    events[7].data["new"] = [{"role": "system", "text": told}]
    events[11].data["new"] = ["t1/s1", "t1/s1/call1"]
    return [*events[:11], *more, *events[11:]]


def test_it_opens_from_a_file_without_a_complaint_and_asks_for_nothing_else(show, story) -> None:
    seen = show(story)
    assert seen.asked == [seen.tab.url.partition("#")[0]]
    assert seen.said == []
    assert seen.tab.locator("#verdict").inner_text() == "failed"
    for said in ("overdue_upgrade", '"March 19" was not said', "2026-03-20 14:30 UTC", "Goal 3"):
        assert said in seen.details
    lanes = seen.tab.locator("#lanes li").all_inner_texts()
    assert lanes == ["user", "agent", "tools", "accounts", "harness"]


def test_a_deep_link_picks_its_event_and_the_address_follows_what_is_picked(show, story) -> None:
    seen = show(story, at="#c:overdue_upgrade/t1/s1/call1")
    assert "accounts.get_account" in seen.picked
    assert "LLM-4829" in seen.details
    seen.tab.get_by_role("button", name="asked at t1/s1").click()
    assert seen.address == "#c:overdue_upgrade/t1/s1"
    assert "Model call t1/s1" in seen.details
    seen.tab.go_back()
    assert "accounts.get_account" in seen.picked
    enclosing = show(story, at="#c:overdue_upgrade/t1/s1/call1/try7")
    assert "LLM-4829" in enclosing.picked


def test_an_absent_slot_is_red_and_says_so(show, story) -> None:
    seen = show(story, at="#c:overdue_upgrade/t1/s2")
    missing = seen.tab.locator(".slot.missing")
    assert "now: absent" in missing.inner_text()
    red, green, blue = (
        int(part) for part in missing.evaluate("e => getComputedStyle(e).color")[4:-1].split(", ")
    )
    assert red > 150 > green == pytest.approx(blue, abs=40)
    assert "policy: absent" in seen.tab.locator(".slot.others").inner_text()
    assert "now: absent" in seen.tab.locator(".row", has_text="t1/s1").first.inner_text()


def test_a_click_on_an_origin_goes_to_the_event_a_segment_came_from(show, story) -> None:
    seen = show(story, at="#c:overdue_upgrade/t1/s2")
    seen.tab.locator(".slot", has_text="customer").get_by_role("button").click()
    assert seen.address == "#c:overdue_upgrade"
    assert "context.customer in the scenario" in seen.details
    seen.tab.go_back()
    segment = seen.tab.locator(".segment", has_text="You are the support desk")
    assert segment.inner_text().startswith("system · scenario agent.system")
    seen.tab.get_by_role("button", name="from t1/s1", exact=True).click()
    assert seen.address == "#c:overdue_upgrade/t1/s1"


def test_a_tool_call_shows_arguments_status_validation_and_the_server(show, story) -> None:
    seen = show(story, at="#c:overdue_upgrade/t1/s1/call2")
    for said in ("failed (schema)", "its arguments do not fit", "calls itself", "account_id"):
        assert said in seen.details
    assert seen.tab.locator(".row.picked .mark.bad").count() == 1
    assert "in flight" in show(story, at="#c:overdue_upgrade/t1/s1/call4").picked


def test_retrieval_is_a_table_with_the_cut_between_kept_and_not_kept(show, story) -> None:
    seen = show(story, at="#c:overdue_upgrade/t1/s1/call3")
    rows = seen.tab.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[1] if "\t" in row else "cut" for row in rows] == [
        *("BP-1", "BP-2", "cut", "BP-3", "BP-4"),
    ]
    assert "2 of 4 kept" in rows[2]


def test_a_revised_plan_shows_what_was_added_and_what_was_dropped(show, story) -> None:
    seen = show(story)
    seen.tab.locator(".row", has_text="plan revised").click()
    assert seen.address.startswith("#c:overdue_upgrade/t1!")
    cards = seen.tab.locator(".details .card")
    assert "s2 Goal 2" in cards.nth(1).locator(".gone").inner_text()
    assert "s3 Goal 3" in cards.nth(1).locator(".added").inner_text()
    assert "Plan revised" in show(story, at=seen.address).details


def test_the_evidence_of_a_check_is_a_link(show, story) -> None:
    seen = show(story)
    seen.tab.get_by_role("button", name="evidence at t1/s2").click()
    assert seen.address == "#c:overdue_upgrade/t1/s2"


def test_search_finds_in_all_events_and_goes_from_hit_to_hit(show, story) -> None:
    seen = show(story)
    seen.tab.keyboard.press("/")
    seen.tab.keyboard.type("LLM-4829")
    assert seen.tab.locator("#found").inner_text() == "6 hits"
    seen.tab.keyboard.press("Enter")
    assert seen.tab.locator("#found").inner_text() == "1/6"
    assert "My account LLM-4829" in seen.picked
    seen.tab.keyboard.press("Enter")
    assert "t1/s1" in seen.picked
    assert seen.tab.evaluate("CSS.highlights.get('found').size") > 0
    seen.tab.keyboard.press("Escape")
    assert seen.tab.locator("#found").inner_text() == ""


def test_keys_move_and_help_names_them(show, story) -> None:
    seen = show(story)
    press = seen.tab.keyboard.press
    press("j")
    assert "accounts" in seen.picked
    press("ArrowDown")
    assert seen.picked.startswith("user")
    press("k")
    assert "accounts" in seen.picked
    press("f")
    assert "failed" in seen.picked
    press("G")
    assert "ends: failed" in seen.picked
    press("g")
    assert seen.picked.startswith("run")
    shown = seen.tab.locator(".row").count()
    press("a")
    assert seen.tab.locator(".row").count() > shown
    press("?")
    assert seen.tab.get_by_role("dialog").is_visible()
    press("Escape")
    assert not seen.tab.get_by_role("dialog").is_visible()


def test_several_cases_are_picked_from_a_list_and_addressed_by_name(show, story, sample) -> None:
    other = [
        sample.event("c:other", "run.start", case="other"),
        sample.event("c:other", "run.end", outcome="passed", end="answered"),
    ]
    seen = show(story, other, story)
    seen.tab.get_by_label("Case").select_option("1")
    assert seen.tab.locator("#verdict").inner_text() == "passed"
    assert seen.address == "#c:other"
    seen.tab.keyboard.press("]")
    assert seen.address == "#t2::c:overdue_upgrade"
    assert show(story, other, at="#c:other").tab.locator("#verdict").inner_text() == "passed"


def test_two_traces_stand_side_by_side_as_agentbox_diff_has_them(show, story, sample) -> None:
    told = [{**slot, "state": "filled", "text": "Today is March 20, 2026."} if slot["slot"] == "now"
            else slot for slot in sample.slots]  # fmt: skip
    other = sample.events()
    other[11].data.update(slots=told, new=["t1/s1", "t1/s1/call1"])
    other[12].data["text"] = "It was due yesterday."
    told_of = (Told("t0", problems=()), Told("t1", problems=()))
    found = TraceDiff(*told_of, differences(Trace("t0", tuple(story)), Trace("t1", tuple(other))))
    seen = show(story, other, diff=found)
    listed = seen.tab.locator("#details .changes").inner_text()
    assert re.search(r"only here\s+t1/s1/call2", listed)
    seen.tab.get_by_role("button", name="t1/s2 model slot").click()
    changes = seen.tab.locator(".change").all_inner_texts()
    slot = next(change for change in changes if change.startswith("slots.now"))
    assert "absent" in slot
    assert "filled" in slot
    assert any("It was due yesterday." in change for change in changes)
    seen.tab.keyboard.press("D")
    assert "only here" in seen.picked
    seen.tab.keyboard.press("]")
    assert "only there" in seen.tab.locator("#details .changes").inner_text()
    same = TraceDiff(*told_of)
    assert show(story, story, diff=same).details.count("nothing differs") == 1


def test_light_and_dark_differ_and_can_be_changed_by_hand(show, story) -> None:
    def ground(seen: Seen) -> str:
        return seen.tab.evaluate("getComputedStyle(document.body).backgroundColor")

    dark = ground(show(story, color_scheme="dark"))
    seen = show(story, color_scheme="light")
    assert ground(seen) != dark
    seen.tab.keyboard.press("t")
    assert ground(seen) == dark


CONTRASTS = """() => {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const over = (color, ground) => {
    pen.fillStyle = ground; pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((part) => part / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
  const groundOf = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'white';
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || /SCRIPT|STYLE/.test(node.tagName)) continue;
    const ground = groundOf(node);
    const [one, two] = [light(over(getComputedStyle(node).color, ground)), light(over(ground, ground))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${node.className} ${walker.currentNode.data.slice(0, 40)}`);
  }
  return low;
}"""  # noqa: E501 - it is JavaScript


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(show, story, scheme) -> None:
    seen = show(story, color_scheme=scheme)
    for place in ("", "/t1/s2", "/t1/s1/call2", "/t1/s1/call3", "/t1/s1/call4"):
        seen.follow(f"#c:overdue_upgrade{place}")
        assert seen.tab.evaluate(CONTRASTS) == []


def test_hostile_text_is_shown_and_never_run(show, sample) -> None:
    case = "c:x"
    deep: Any = "the bottom"
    for _ in range(400):
        deep = {"in": [deep]}
    events = [
        sample.event(case, "run.start", case=HOSTILE, scenario={"description": HOSTILE}),
        sample.event("u:x/t1", "user.request"),
        sample.event("u:x/t1", "user.result", text=f"{HOSTILE}\x1b[31m \u202egnp.exe \ud800 end"),
        sample.event(f"{case}/t1/s1", "model.request", n=1,
                     new=[{"role": HOSTILE, "text": HOSTILE}],
                     tools=[{"name": HOSTILE, "input_schema": deep}], slots=sample.slots),
        sample.event(f"{case}/t1/s1", "model.result", text=LONG, calls=[{"tool": HOSTILE}]),
        sample.event(f"{case}/t1/s1/call1", "tool.request", tool=HOSTILE, args=deep),
        sample.event(f"{case}/t1/s1/call1", "tool.result", status=HOSTILE, structured=deep,
                     text=LONG, meta={"agentbox/retrieval": {"candidates": [{"id": HOSTILE}]}},
                     parts=[{"type": "image", "mimeType": "image/svg+xml", "data": HOSTILE}]),
        sample.event(case, HOSTILE, **{HOSTILE: deep}),
        sample.event(case, "plan.revised", steps=7, added={"a": 1}, dropped=[[1]]),
        sample.event(case, "check.result", outcome=[1], on=HOSTILE, message={"a": 1}),
        sample.event(case, "run.end", outcome={"a": 1}, end=[HOSTILE]),
    ]  # fmt: skip
    seen = show(events, at="#u:x/t1")
    assert "\\x1b[31m \\u202egnp.exe \\ud800 end" in seen.details
    for _ in range(len(events)):
        seen.tab.keyboard.press("j")
        for summary in seen.tab.locator("#details summary").all():
            summary.click()
    seen.follow("#c:x/t1/s1")
    seen.tab.get_by_role("button", name="Show all 1,000,000 characters").click()
    assert len(seen.details) > 900_000
    assert seen.tab.evaluate("window.hurt") is None
    assert seen.tab.locator("main img").count() == 0
    assert seen.said == []


def many(sample, steps: int) -> list[TraceEvent]:
    """Return a trace of four events a step, all in one turn, every hundredth call failed."""
    call = {"tool": "accounts.get_account", "args": {"account_id": "LLM-4829"}}
    events = [sample.event(sample.case, "run.start", **sample.header)]
    for n in range(1, steps + 1):
        at = f"{sample.case}/t1/s{n}"
        status = "ok" if n % 100 else "failed"
        new = [f"t1/s{n - 1}", f"t1/s{n - 1}/call1"] if n > 1 else [{"role": "user", "text": "Go"}]
        events += [
            sample.event(at, "model.request", n=2 * n, new=new, tools=[], slots=sample.slots),
            sample.event(at, "model.result", calls=[call], usage={"input": 9, "output": 1}),
            sample.event(f"{at}/call1", "tool.request", **call),
            sample.event(f"{at}/call1", "tool.result", status=status, text=f"row {n} " * 20),
        ]  # fmt: skip
    return events


def test_ten_thousand_events_open_in_a_second_and_only_rows_in_sight_exist(show, sample) -> None:
    seen = show(many(sample, 2500))
    times = [seen.tab.evaluate("performance.getEntriesByName('ready')[0].startTime")]
    while min(times) >= 1000 and len(times) < 3:  # whatever else this machine does
        seen.go(seen.tab.url)
        times.append(seen.tab.evaluate("performance.getEntriesByName('ready')[0].startTime"))
    assert min(times) < 1000
    counts = []
    for top in (0, 17_000, 85_000, 10**9):
        seen.tab.evaluate(f"document.getElementById('list').scrollTop = {top}")
        seen.tab.evaluate(
            "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )
        counts.append(seen.tab.locator(".row").count())
    assert max(counts) < 60
    assert "t1/s2500/call1" in seen.tab.locator(".row").last.inner_text()
    seen.follow("#c:overdue_upgrade/t1/s2400")
    assert "The prompt · 4,799 messages".upper() in seen.details.upper()
    assert seen.tab.locator(".message").count() < 20


@pytest.mark.parametrize(
    "place", ["", "#c:overdue_upgrade/t1/s2", "#c:overdue_upgrade/t1/s1/call3"]
)
def test_a_window_of_360_pixels_is_one_column_without_a_horizontal_scroll(
    show, story, place
) -> None:
    seen = show(story, at=place, size=(360, 740))
    assert seen.tab.evaluate("document.documentElement.scrollWidth") == 360
    assert seen.tab.locator(".story").is_visible() == (not place)
    assert seen.tab.locator("#details").is_visible() == bool(place)
    if place:
        seen.tab.get_by_role("button", name="Back to the events").click()
        assert seen.tab.locator(".story").is_visible()


def test_integers_beyond_a_browsers_numbers_keep_their_digits(show, sample) -> None:
    events = [sample.event("c:x", "odd", big=12345678901234567891, small=-0.5)]
    seen = show(events)
    assert "12345678901234567891" in seen.details
    assert "-0.5" in seen.details
