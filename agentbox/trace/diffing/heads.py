"""What stands at both ends of two traces, side by side: headers, and what the checks said."""

from __future__ import annotations

from collections.abc import Mapping

from agentbox.core.comparing import GONE, Change
from agentbox.core.differing import changed
from agentbox.core.messages import Json
from agentbox.core.trace import EVENT_FIELDS
from agentbox.trace.reader import Trace

PINNED = ("now", "zone", "seed")
"""What all that happens may follow from."""
_INFORMATION = ("agentbox", "code")
_RESULT = ("outcome", "level", "message")


def header_changes(one: Trace, other: Trace) -> list[Change]:
    """Return where two headers differ, but for the code that ran."""
    before, after = _start(one), _start(other)
    names = [name for name in {**before, **after} if name not in _INFORMATION]
    return [
        change
        for name in names
        for change in changed(before.get(name, GONE), after.get(name, GONE), name)
    ]


def code_changes(one: Trace, other: Trace) -> list[Change]:
    """Return what differs of the code that ran: a hash by file, and agentbox's version."""
    before, after = _start(one), _start(other)
    names = [name for name in _INFORMATION if name in before and name in after]
    return [change for name in names for change in changed(before[name], after[name], name)]


def check_changes(one: Trace, other: Trace) -> list[Change]:
    """Return the checks whose results differ, by title, and why a run could not be judged.

    What a run that was cut short did not judge is no difference.
    """
    if not (outcome_of(one)[0] and outcome_of(other)[0]):
        return []
    before, after = _checks(one), _checks(other)
    found = [
        Change(name, before.get(name, GONE), after.get(name, GONE))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    problems = [_data(trace, "run.end").get("problems", GONE) for trace in (one, other)]
    if problems[0] == problems[1]:
        return found
    return [*found, *changed(problems[0], problems[1], "problems")]


def _start(trace: Trace) -> dict[str, Json]:
    data = _data(trace, "run.start")
    return {key: value for key, value in data.items() if key not in EVENT_FIELDS}


def _data(trace: Trace, kind: str) -> Mapping[str, Json]:
    return next((event.data for event in trace.events if event.kind == kind), _NOTHING)


def _checks(trace: Trace) -> dict[str, Json]:
    """Return what each check came to, by its title; of one title several are numbered."""
    found: dict[str, Json] = {}
    for event in trace.events:
        if event.kind == "check.result":
            data = event.data
            turn = f" (turn {data['turn']})" if "turn" in data else ""
            title = name = f"{data.get('claim') or data.get('check')}{turn}"
            number = 1
            while name in found:
                number += 1
                name = f"{title} #{number}"
            found[name] = {key: data[key] for key in _RESULT if key in data}
    return found


def outcome_of(trace: Trace) -> tuple[str, str]:
    """Return what a run came to and how it ended; empty where the trace does not say."""
    end = _data(trace, "run.end")
    return str(end.get("outcome") or ""), str(end.get("end") or "")


_NOTHING: Mapping[str, Json] = {}
