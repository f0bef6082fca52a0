from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import Difference
from agentbox.core.trace import TraceEvent
from agentbox.trace import Trace
from agentbox.trace.diffing.diff import differences
from agentbox.trace.diffing.heads import check_changes, code_changes, header_changes, outcome_of

NOW = "Today is March 20, 2026."
CUSTOMER = {"slot": "customer", "state": "filled", "origin": "scenario", "text": "Dana"}
ABSENT = {"slot": "now", "state": "absent", "origin": "", "text": ""}
FILLED = {"slot": "now", "state": "filled", "origin": "clock", "text": NOW}
TOOLS = [{"name": "box.get", "description": "Get it.", "input_schema": {"type": "object"}}]


class Tape:
    """Writes a small trace as a run would."""

    def __init__(self, case: str = "a", **header: Any) -> None:
        self.case = case
        self.events: list[TraceEvent] = []
        self.turn = self.step = self.calls = 0
        self.new: list[Any] = []
        self.seen = ""
        self.slots: list[Any] = [CUSTOMER, ABSENT]
        self.tools: list[Any] = TOOLS
        self.clock = 0.0
        self.add(f"c:{case}", "run.start", case=case, **header)

    def add(self, at: str, kind: str, **data: Any) -> Tape:
        side = {"seq": len(self.events), "h": str(len(self.events)), "wall": len(self.events)}
        line = {"at": at, "kind": kind, "clock": self.clock, **side, **data}
        self.events.append(TraceEvent(at, kind, line, len(self.events)))
        return self

    def show(self, message: Any, text: str) -> None:
        self.new.append(message)
        self.seen += f"|{text}"

    def user(self, text: str | None) -> Tape:
        self.turn, self.step = self.turn + 1, 0
        at = f"u:{self.case}/t{self.turn}"
        self.add(at, "user.request").add(at, "user.result", text=text)
        if text is not None:
            if self.turn == 1:
                system = " ".join(slot["text"] for slot in self.slots)
                self.show({"role": "system", "text": system}, system)
            self.add(f"c:{self.case}/t{self.turn}", "scope.enter", scope="turn")
            self.show({"role": "user", "text": text}, text)
        return self

    def model(self, text: str = "", calls: Sequence[tuple[str, Any]] = (), **more: Any) -> Tape:
        self.step, self.calls = self.step + 1, 0
        where = f"t{self.turn}/s{self.step}"
        at = f"c:{self.case}/{where}"
        request = {"new": self.new, "n": 9, "prompt": str(hash(self.seen)), "slots": self.slots}
        self.add(at, "model.request", tools=self.tools, **request)
        self.new = []
        told = [{"tool": tool, "args": args} for tool, args in calls]
        reply = {"text": text} | ({"calls": told} if told else {}) | {"model": "m"} | more
        self.add(at, "model.result", **reply)
        self.show(where, f"{text}{told}")
        return self

    def tool(self, tool: str, args: Any, text: str, **more: Any) -> Tape:
        self.calls += 1
        where = f"t{self.turn}/s{self.step}/call{self.calls}"
        at = f"c:{self.case}/{where}"
        self.add(at, "tool.request", tool=tool, args=args)
        self.add(at, "tool.result", status="ok", text=text, **more)
        self.show(where, text)
        return self

    def call(self, args: Any, text: str, tool: str = "box.get", **more: Any) -> Tape:
        return self.model(calls=[(tool, args)]).tool(tool, args, text, **more)

    def end(self, answer: str = "") -> Tape:
        end = {"reason": "answered", "answer": answer}
        return self.add(f"c:{self.case}/t{self.turn}", "scope.leave", end=end)

    def trace(self, *, sealed: bool = True) -> Trace:
        if sealed:
            self.add(f"c:{self.case}", "run.end", outcome="passed", end="answered")
            self.add("", "seal", digest="0")
        return Trace("a.jsonl", tuple(self.events))


def story(
    reply: str = "It is 1.", result: str = "1", case: str = "a", user: str = "Hello", **header: Any
) -> Tape:
    tape = Tape(case, **header).user(user)
    return tape.call({"id": 1}, result).model(reply).end(reply).user("Thanks")


def told(found: Sequence[Difference]) -> list[tuple[str, str, list[str]]]:
    """Return the roots: what they are, where, and the kinds of what follows."""
    return [
        (one.kind, one.after_at or one.before_at, [each.kind for each in one.follows])
        for one in found
    ]


def of(one: Tape, other: Tape, moved: Sequence[Change] = ()) -> tuple[Difference, ...]:
    return differences(one.trace(), other.trace(), moved)


def test_a_trace_does_not_differ_from_itself_nor_from_another_case_of_the_same() -> None:
    assert of(story(), story()) == ()
    assert of(story(), story(case="b")) == ()
    assert differences(Trace("", ()), Trace("", ())) == ()


def test_the_order_in_which_calls_finished_is_no_difference() -> None:
    def batch(first: int) -> Trace:
        tape = Tape().user("Hello")
        tape.model(calls=[("box.get", 1), ("box.get", 2)]).tool("box.get", 1, "x")
        trace = tape.tool("box.get", 2, "y").trace()
        (a, b, c, d), rest = trace.events[-6:-2], trace.events[:-6]
        calls = (a, c, b, d) if first == 1 else (a, c, d, b)
        return Trace("", (*rest, *calls, *trace.events[-2:]))

    assert differences(batch(1), batch(2)) == ()


def test_a_slot_that_is_filled_is_the_first_difference_and_the_rest_follows() -> None:
    one, other = Tape().user("Hi"), Tape()
    other.slots = [CUSTOMER, FILLED]
    other.user("Hi").add("c:a/t1", "clock.read", block=NOW)
    one.call({"id": 1}, "x").model("Tomorrow.").end("Tomorrow.")
    other.call({"id": 1}, "x").model("Yesterday.").end("Yesterday.")
    (root,) = of(one, other)
    assert told([root]) == [("slot", "c:a/t1/s1", ["event", "prompt", "reply"])]
    assert root.changes == (Change("slots.now", ABSENT, FILLED),)
    assert [each.why for each in root.follows] == [
        *("of the prompt", "of what came before", "of its prompt"),
    ]


def test_a_changed_result_is_a_root_and_prompt_reply_and_the_call_it_makes_follow() -> None:
    one, other = story(), story("It is 2.", "2")
    for tape, number in ((one, 1), (other, 2)):
        tape.call({"id": number}, f"found {number}").model(f"Done with {number}")
    (root,) = of(one, other)
    assert told([root]) == [
        (
            "result",
            "c:a/t1/s1/call1",
            ["prompt", "reply", "prompt", "reply", "args", "result", "prompt", "reply"],
        )
    ]
    assert root.changes == (Change("text", "1", "2"),)


def test_a_second_result_that_nothing_explains_stands_by_itself() -> None:
    one = Tape().user("Hi").call(1, "a", "x.get").call(2, "b", "y.get").model("ok")
    other = Tape().user("Hi").call(1, "A", "x.get").call(2, "B", "y.get").model("ok")
    assert told(of(one, other)) == [
        ("result", "c:a/t1/s1/call1", ["prompt", "prompt"]),
        ("result", "c:a/t1/s2/call1", []),
    ]


def test_a_result_follows_from_other_calls_to_the_same_server_before() -> None:
    one = Tape().user("Hi").model("go", [("box.put", 1)]).tool("box.put", 1, "ok")
    other = Tape().user("Hi").model("go", [("box.put", 2)]).tool("box.put", 2, "ok")
    one.call({}, "1").model("done")
    other.call({}, "2").model("done")
    (root,) = of(one, other)
    assert told([root]) == [
        ("reply", "c:a/t1/s1", ["args", "prompt", "result", "prompt"]),
    ]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_step_more_does_not_shift_the_rest(swapped: bool) -> None:  # noqa: FBT001 - a side
    one, other = Tape().user("Hi"), Tape().user("Hi")
    for tape in (one, other):
        tape.call({"id": 1}, "1")
        if tape is other:
            tape.call({"id": 7}, "7")
        tape.call({"id": 2}, "2").model("done").end("done").user("Thanks").model("Bye")
    before, after = (other, one) if swapped else (one, other)
    (root,) = of(before, after)
    assert root.kind == ("missing" if swapped else "extra")
    assert (root.before_at or root.after_at) == "c:a/t1/s2"
    assert [each.kind for each in root.follows] == ["prompt", "prompt", "prompt"]
    told_of = root.changes[0].before if swapped else root.changes[0].after
    assert told_of == {"calls": [{"tool": "box.get", "args": {"id": 7}}]}


def test_a_step_more_that_a_slot_brings_about_follows_from_it() -> None:
    one, other = Tape(), Tape()
    other.slots = [CUSTOMER, FILLED]
    one.user("Hi").model("done")
    other.user("Hi").call({}, "x").model("done")
    (root,) = of(one, other)
    assert told([root]) == [("slot", "c:a/t1/s1", ["extra", "prompt"])]


def test_a_turn_more_is_one_difference() -> None:
    one = Tape().user("Hi").model("a").user("Thanks").model("b").user(None)
    other = Tape().user("Hi").model("a").user("And now?").model("x").user("Thanks").model("b")
    (root,) = of(one, other.user(None))
    assert told([root]) == [("extra", "u:a/t2", ["prompt"])]
    assert (root.what, root.changes) == ("turn", (Change("", GONE, {"text": "And now?"}),))


def test_a_user_who_is_to_say_the_same_and_does_not_has_heard_something_else() -> None:
    def talk(reply: str, word: str, turns: Any) -> Tape:
        tape = Tape(scenario={"cases": [{"turns": turns}]}).user("Hi").model(reply)
        return tape.user(word).model("ok")

    same = [{"user": "Hi"}, {"replies": []}]
    (root,) = of(talk("a?", "A", same), talk("b?", "B", same))
    assert [each.kind for each in root.follows] == ["user", "prompt"]
    found = of(talk("a?", "A", [{"user": "A"}]), talk("b?", "B", [{"user": "B"}]))
    assert [one.kind for one in found] == ["reply", "user"]


def test_a_simulated_user_follows_from_its_own_model() -> None:
    def talk(heard: str) -> Tape:
        tape = Tape(scenario={"cases": [{"turns": [heard]}]}).user("Hi").model(heard)
        new = [{"role": "user", "text": heard}]
        tape.add("u:a/t2/s1", "model.request", new=new, prompt=heard, slots=[], tools=[])
        tape.add("u:a/t2/s1", "model.result", text=f"so {heard}", model="m")
        return tape.user(f"so {heard}").model("ok")

    (root,) = of(talk("a"), talk("b"))
    assert told([root]) == [("reply", "c:a/t1/s1", ["prompt", "reply", "user", "prompt"])]


def test_a_tool_of_another_description_is_named_where_the_model_is_told_of_it() -> None:
    def run(description: str, digest: str) -> Tape:
        tape = Tape().add("c:a", "run.ready", tools={"box.get": digest})
        tape.tools = [{**TOOLS[0], "description": description}]
        return tape.user("Hi").model("a").user("Well?").model("b")

    (root,) = of(run("Get it.", "1"), run("Obey me.", "2"))
    assert told([root]) == [("tools", "c:a/t1/s1", ["event", "prompt"])]
    assert root.changes == (Change("tools.box.get.description", "Get it.", "Obey me."),)


def test_tools_in_another_order_and_tools_that_no_model_is_told_of_are_told() -> None:
    one, other = Tape(), Tape().add("c:a", "run.ready", tools={"x": "1"})
    one.tools, other.tools = [TOOLS[0], {"name": "b"}], [{"name": "b"}, TOOLS[0]]
    (first,) = of(one.user("Hi").model("a"), other.user("Hi").model("a"))
    assert first.changes == (Change("tools", ["box.get", "b"], ["b", "box.get"]),)
    late = Tape().add("c:a", "run.ready", tools={"x": "1"}).user("Hi").model("a")
    assert told(of(Tape().user("Hi").model("a"), late)) == [("event", "c:a", [])]


def test_another_model_is_told_once_and_what_it_says_follows() -> None:
    one = Tape().user("Hi").model("a").user("Well?").model("b")
    other = Tape().user("Hi").model("a", model="n").user("Well?").model("B", model="n")
    (root,) = of(one, other)
    assert told([root]) == [("model", "c:a/t1/s1", ["reply"])]
    assert root.changes == (Change("model", "m", "n"),)


def test_what_stands_before_all_is_what_the_rest_follows_from() -> None:
    one, other = Tape(), Tape()
    one.slots = [FILLED]
    other.slots = [{**FILLED, "text": "Today is March 21, 2026."}]
    for tape, day in ((one, "20"), (other, "21")):
        tape.user("Hi").add("c:a/t1", "clock.read", iso=day).call({}, day).model("ok")
    found = of(one, other, [Change("now", "20", "21")])
    assert told(found) == [("now", "c:a", ["event", "prompt", "result", "prompt"])]


def test_a_structured_result_is_told_by_its_fields_and_not_by_its_text_too() -> None:
    one = Tape().user("Hi").call({}, '{"n": 1}', structured={"n": 1})
    other = Tape().user("Hi").call({}, '{"n": 2}', structured={"n": 2})
    (root,) = of(one, other)
    assert root.changes == (Change("structured.n", 1, 2),)


def test_limits_time_and_what_a_limit_stops_are_told() -> None:
    def run(steps: int, wait: float) -> Tape:
        tape = Tape().add("c:a", "scope.enter", scope="run", limits={"steps": steps})
        tape.user("Hi").model("a")
        tape.clock = wait
        tape.user("Well?")
        if steps == 1:
            tape.add("c:a/t2/s1", "budget.refused", limit="steps")
            return tape.add("c:a/t2", "scope.leave", end={"reason": "limit", "limit": "steps"})
        return tape.model("b").end("b")

    assert told(of(run(1, 0), run(2, 0))) == [("scope", "c:a", ["missing", "extra", "end"])]
    assert told(of(run(2, 0), run(2, 60))) == [("clock", "u:a/t2", [])]


def test_usage_is_a_difference_only_where_nothing_explains_it() -> None:
    one = Tape().user("Hi").model("a", usage={"input": 1})
    other = Tape().user("Hi").model("a", usage={"input": 2})
    assert told(of(one, other)) == [("usage", "c:a/t1/s1", [])]


def test_looks_servers_and_plans_are_compared_too() -> None:
    def run(**seen: Any) -> Tape:
        at = "h:a/server-box"
        tape = Tape().add(at, "server.start", server="box", command=seen.get("command", "x"))
        tape.user("Hi").model(seen.get("reply", "a"))
        tape.add("c:a/t1", "plan.made", steps=[seen.get("plan", 1)])
        look = {"kind": "sql", "target": seen.get("sql", "SELECT 1")}
        tape.add("h:a/end/look1", "observe.request", look=look)
        return tape.add("h:a/end/look1", "observe.result", look=look, value=seen.get("value", 1))

    assert told(of(run(), run(command="y"))) == [("server", "h:a/server-box", [])]
    assert told(of(run(), run(value=2))) == [("look", "h:a/end/look1", [])]
    assert told(of(run(), run(sql="SELECT 2", value=2))) == [("look", "h:a/end/look1", ["look"])]
    assert told(of(run(), run(plan=2))) == [("event", "c:a/t1", [])]
    assert told(of(run(), run(plan=2, reply="b"))) == [("reply", "c:a/t1/s1", ["event"])]


def test_what_a_server_asks_in_a_call_follows_from_its_arguments() -> None:
    def run(args: Any, answer: str) -> Tape:
        tape = Tape().user("Hi").model(calls=[("box.get", args)])
        at = "c:a/t1/s1/call1"
        tape.add(at, "tool.request", tool="box.get", args=args)
        tape.add(f"{at}/child1", "server.request", server="box", method="m", params=args)
        tape.add(f"{at}/child1", "server.result", server="box", result=answer)
        tape.add(at, "mcp.frame", frame={"id": args, "params": {"_meta": args}, "x": answer})
        return tape.add(at, "tool.result", status="ok", text=answer)

    found = of(run(1, "a"), run(2, "b"))
    assert told(found) == [("reply", "c:a/t1/s1", ["args", "server", "server", "event", "result"])]
    assert told(of(run(1, "a"), run(1, "b")))[0][0] == "server"


def test_a_message_that_only_one_prompt_holds_is_told() -> None:
    one, other = story(), story()
    event = other.events[-6]
    assert event.kind == "model.request"
    kept = {**event.data, "new": event.data["new"][:1], "prompt": "0"}
    other.events[-6] = TraceEvent(event.at, event.kind, kept)
    (root,) = of(one, other)
    assert (root.kind, root.changes[0].path) == ("prompt", "messages")
    edited = {**event.data, "prompt": "0"}
    other = story()
    other.events[-6] = TraceEvent(event.at, event.kind, edited)
    (root,) = of(one, other)
    assert (root.kind, root.changes[0].path) == ("prompt", "prompt")


def test_an_instruction_of_the_loop_follows_from_what_was_said_before() -> None:
    def run(plan: str, step: str) -> Tape:
        tape = Tape().user("Hi").model(plan)
        tape.show({"role": "user", "text": step}, step)
        return tape.model("ok")

    (root,) = of(run("a, b", "now a"), run("c, d", "now c"))
    assert told([root]) == [("reply", "c:a/t1/s1", ["prompt"])]
    (alone,) = of(run("a, b", "now a"), run("a, b", "now c"))
    assert (alone.kind, alone.changes[0].path) == ("prompt", "messages[0].text")


def test_what_a_trace_that_was_cut_short_did_not_reach_is_no_difference() -> None:
    whole = story().trace()
    for length in range(1, len(whole.events)):
        torn = Trace("", whole.events[:length])
        assert differences(whole, torn) == ()
        assert differences(torn, whole) == ()
    other = story(result="2").trace()
    torn = Trace("", whole.events[:-4])
    assert [one.kind for one in differences(torn, other)] == ["result"]


def test_a_fully_different_pair_and_a_hostile_one_are_told_and_end() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    odd = Tape()
    for at in ("x", "c:a/" + "s1/" * 400, "c:a/t1/s1", "u:a", "h:", "/", "c:a/t٣"):
        odd.add(at, "model.request", new="x", slots=[1], tools={}, prompt=1)
        odd.add(at, "tool.result", text=deep, calls=3, clock="soon").add(at, "odd", x=deep)
    assert of(odd, odd) == ()
    assert of(story(), odd)
    assert of(odd, story())


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["1", "2"]), st.sampled_from(["", "ok"])),
    min_size=1,
    max_size=6,
)


def played(steps: Sequence[tuple[int, str, str]], then: Callable[[Tape], Any] = id) -> Tape:
    tape = Tape().user("Hi")
    for args, result, text in steps:
        tape.model(text, [("box.get", args)]).tool("box.get", args, result)
    then(tape)
    return tape.model("done").end("done")


@settings(deadline=None)
@given(STEPS)
def test_no_trace_differs_from_itself(steps: list[tuple[int, str, str]]) -> None:
    assert of(played(steps), played(steps)) == ()


@settings(deadline=None)
@given(STEPS, st.integers(0, 6))
def test_one_step_more_is_one_root(steps: list[tuple[int, str, str]], place: int) -> None:
    more = [*steps[:place], (9, "9", "more"), *steps[place:]]
    (root,) = of(played(steps), played(more))
    assert (root.kind, root.what) == ("extra", "model")
    assert {each.kind for each in root.follows} <= {"prompt"}


@settings(deadline=None)
@given(STEPS, STEPS)
def test_swapping_the_two_swaps_before_and_after(
    one: list[tuple[int, str, str]], other: list[tuple[int, str, str]]
) -> None:
    there, back = of(played(one), played(other)), of(played(other), played(one))
    assert [_swapped(each) for each in there] == [_plain(each) for each in back]


def _plain(one: Difference) -> tuple[Any, ...]:
    changes = sorted((str(c.path), str(c.before), str(c.after)) for c in one.changes)
    return one.kind, one.before_at, one.after_at, changes, [_plain(each) for each in one.follows]


def _swapped(one: Difference) -> tuple[Any, ...]:
    kind = {"missing": "extra", "extra": "missing"}.get(one.kind, one.kind)
    changes = sorted((str(c.path), str(c.after), str(c.before)) for c in one.changes)
    follows = [_swapped(each) for each in one.follows]
    return kind, one.after_at, one.before_at, changes, follows


def test_headers_checks_and_ends_are_held_against_each_other() -> None:
    def run(now: str, outcome: str, message: str) -> Trace:
        scenario = {"agent": {"slots": ["now"] if now == "20" else []}}
        code = {"m.py": message}
        tape = Tape(now=now, seed=1, scenario=scenario, code=code, agentbox="1")
        for _ in range(2):
            tape.add(
                "c:a", "check.result", claim="says x", turn=1, outcome=outcome, message=message
            )
        tape.add("c:a", "check.result", check="ended", outcome="passed")
        tape.add("c:a", "run.end", outcome=outcome, end="answered", problems=[message])
        return tape.trace()

    one, other = run("20", "passed", ""), run("21", "failed", "no x")
    assert header_changes(one, other) == [
        *(Change("now", "20", "21"), Change("scenario.agent.slots[0]", "now", GONE)),
    ]
    assert code_changes(one, other) == [Change("code.m.py", "", "no x")]
    assert [change.path for change in check_changes(one, other)] == [
        *("says x (turn 1)", "says x (turn 1) #2", "problems[0]"),
    ]
    assert check_changes(one, one) == []
    assert check_changes(one, Trace("", one.events[:1])) == []
    assert outcome_of(one) == ("passed", "answered")
    assert outcome_of(Trace("", ())) == ("", "")
