"""Verdicts as lines and as JSON: one case, a whole run. What is unknown is never shown as zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from agentbox.core.clock import Clock
from agentbox.core.errors import Mark, Problem
from agentbox.core.messages import Json
from agentbox.core.scenario import Scenario
from agentbox.core.trace import TraceEvent
from agentbox.core.verdict import CheckResult, Stats, Verdict
from agentbox.report.problems import problem
from agentbox.report.story import text_of
from agentbox.report.text import (
    BLANK,
    Line,
    Span,
    Style,
    cells,
    count,
    cut_line,
    flat,
    one_line,
    pad,
    safe,
    styled,
)

Standing: TypeAlias = Literal["failed", "errored", "unexpected pass", "passed", "known failure"]
"""A verdict beside what was expected of it."""

_SHOWN: dict[Standing, tuple[str, str, Style]] = {
    "failed": ("✗", "FAIL ", "bad"),
    "errored": ("!", "ERROR", "bad"),
    "unexpected pass": ("✗", "FAIL ", "bad"),
    "passed": ("✓", "PASS ", "good"),
    "known failure": ("✓", "KNOWN", "good"),
}
_LABEL_MOST = 60
_PLURALS: dict[Standing, str] = {
    "unexpected pass": "unexpected passes",
    "known failure": "known failures",
}


def standing(verdict: Verdict) -> Standing:
    """Return the verdict as people count it."""
    if verdict.known_failure and verdict.outcome != "errored":
        return "known failure" if verdict.green else "unexpected pass"
    return verdict.outcome


# -- one case ------------------------------------------------------------------------------------


def verdict_line(
    verdict: Verdict,
    *,
    label: str = "",
    label_width: int = 0,
    glyphs: bool = True,
    width: int = 100,
) -> Line:
    """Return a case's line: how it stands, its name, what it used, a word on why.

    `label` replaces the case's name; `label_width` (cells of the longest) aligns the columns.
    """
    glyph, word, style = _SHOWN[standing(verdict)]
    name = one_line(label or verdict.case, _LABEL_MOST)
    spans: list[Span] = [
        (f"  {glyph if glyphs else word} ", style),
        (f"{pad(name, min(label_width, _LABEL_MOST))}   ", "plain"),
        (_used(verdict), "dim"),
    ]
    why = _why(verdict)
    if why:
        spans.append((f"   {why}", "dim" if verdict.green else style))
    return cut_line(tuple(spans), width)


def _used(verdict: Verdict) -> str:
    stats = verdict.stats
    columns = (("turn", stats.turns), ("step", stats.steps), ("tool", stats.tool_calls))
    amounts = (f"{n:>2} {noun if n == 1 else noun + 's':<5}" for noun, n in columns)
    told = (_tokens([stats]), _cost([stats])) if _asked(stats) else ()
    spent = "".join(f"  {part}" for part in told if part)
    return f"{'  '.join(amounts)} {verdict.wall:6.2f}s{spent}"


def _why(verdict: Verdict) -> str:
    kind = standing(verdict)
    if kind == "known failure":
        return f"known failure: {_brief(verdict.known_failure)}"
    if kind == "unexpected pass":
        return f"passes, but is a known failure: {_brief(verdict.known_failure)}"
    if kind == "passed":
        return ", ".join(filter(None, [_attack(verdict), _warnings([verdict])]))
    if verdict.problems:
        return _brief(verdict.problems[0].message.partition("\n")[0])
    bad = sum(check.outcome != "passed" and not check.warns for check in verdict.checks)
    words = f"{bad} of {len(verdict.checks)} {kind}" if bad else _brief(verdict.end)
    return ", ".join(filter(None, [words, _attack(verdict), _warnings([verdict])]))


def _attack(verdict: Verdict) -> str:
    """Return whether the case was useful, and whether an attack on it worked."""
    if "attacked" not in verdict.facts:
        return ""
    words = {name: name if verdict.facts[name] else f"not {name}" for name in verdict.facts}
    return f"{words.get('useful', '')} and {words['attacked']}"


def _warnings(verdicts: Sequence[Verdict]) -> str:
    number = sum(check.warns for verdict in verdicts for check in verdict.checks)
    return count(number, "warning") if number else ""


def _brief(text: str) -> str:
    return one_line(text, 200)


# -- a whole run ---------------------------------------------------------------------------------


def run_header(version: str, scenarios: Sequence[Scenario], *, mode: str = "offline") -> Line:
    """Return what a run starts with: `agentbox 0.1.0 · offline · now … · seed 7`."""
    moments = dict.fromkeys(moment(one.now, one.zone) for one in scenarios)
    seeds = dict.fromkeys(str(one.seed) for one in scenarios)
    rest = [mode, _first_of("now", moments), _first_of("seed", seeds)]
    return ((f"agentbox {version}", "bold"), *((f" · {part}", "dim") for part in rest if part))


def _first_of(word: str, values: Iterable[str]) -> str:
    first, *more = [*values] or [""]
    if not first:
        return ""
    return f"{word} {first}" + (f" and {len(more)} more" if more else "")


def moment(now: str, zone: str = "") -> str:
    """Return a pinned time as people read it: `2026-03-20 14:30 UTC`."""
    for place in (zone, ""):  # a trace may name a zone that is no IANA zone: UTC+01:00
        try:
            clock = Clock.at(now, place)
        except ValueError:
            continue
        return f"{clock.now():%Y-%m-%d %H:%M} {clock.zone}"
    return one_line(now, 40)


def summary(
    verdicts: Sequence[Verdict], wall_seconds: float, run_folder: str = "", *, width: int = 100
) -> list[Line]:
    """Return a run's last line: how many came to what, what was used, where the traces are.

    Where that is more than fits, the traces get a line of their own.
    """
    counts = Counter(map(standing, verdicts))
    spans: list[Span] = []
    for kind in _SHOWN:
        if counts[kind]:
            comma = styled(", ") if spans else BLANK
            spans += comma + styled(_counted(counts[kind], kind), _SHOWN[kind][2])
    spans = spans or [("nothing was judged", "warn")]
    spans.append((f" in {wall_seconds:.1f}s", "plain"))
    stats = [verdict.stats for verdict in verdicts]
    used = [_warnings(verdicts), *_facts(verdicts), *_spent(stats)]
    spans += [span for part in used if part for span in styled(f" · {part}", "dim")]
    return _with_trace(tuple(spans), f"trace {run_folder}" if run_folder else "", width)


def _with_trace(line: Line, trace: str, width: int) -> list[Line]:
    if not trace:
        return [line]
    if cells(flat(line)) + cells(safe(trace)) + 3 > width:
        return [line, styled(f"  {safe(trace)}", "dim")]
    return [line + styled(f" · {safe(trace)}", "dim")]


def _facts(verdicts: Sequence[Verdict]) -> list[str]:
    """Return how many of the attacked cases were useful, and on how many the attack worked."""
    told = [verdict.facts for verdict in verdicts if "attacked" in verdict.facts]
    names = ("useful", "attacked") if told else ()
    return [f"{name} {sum(bool(f.get(name)) for f in told)} of {len(told)}" for name in names]


def _counted(number: int, kind: Standing) -> str:
    return f"{number} {kind if number == 1 else _PLURALS.get(kind, kind)}"


def _spent(stats: Sequence[Stats]) -> list[str]:
    """Return what was used: calls, tokens, money; what of it is unknown is said so."""
    calls = [count(sum(one.steps for one in stats), "model call")]
    tools = sum(one.tool_calls for one in stats)
    calls += [count(tools, "tool call")] if tools else []
    stats = list(filter(_asked, stats))
    tokens, cost = _tokens(stats), _cost(stats)
    if not stats:
        return calls
    unknown = " and ".join(name for name, told in (("tokens", tokens), ("cost", cost)) if not told)
    return [*calls, *filter(None, (tokens, cost)), *([f"{unknown} unknown"] if unknown else [])]


def _asked(stats: Stats) -> bool:
    """Return whether a model was asked: what was not has nothing to tell, zero tokens least."""
    return stats.steps > 0 or stats.tokens != 0


def _tokens(stats: Sequence[Stats]) -> str:
    """Return `1,200 tokens (300 reasoning)`, or nothing where none are known."""
    known = [one.tokens for one in stats if one.tokens is not None]
    if not known:
        return ""
    thought = [one.reasoning for one in stats if one.reasoning is not None]
    apart = f" ({sum(thought):,} reasoning)" if sum(thought) else ""
    return f"{count(sum(known), 'token')}{apart}{_unknown(len(stats) - len(known))}"


def _cost(stats: Sequence[Stats]) -> str:
    known = [one.cost_usd for one in stats if one.cost_usd is not None]
    return f"${sum(known):.4f}{_unknown(len(stats) - len(known))}" if known else ""


def _unknown(cases: int) -> str:
    return f" and {count(cases, 'case')} unknown" if cases else ""


def findings(events: Iterable[TraceEvent], *, width: int = 100) -> list[Line]:
    """Return the warnings that a trace holds, each once: a bad tool, a junk line."""
    found: dict[tuple[str, str, str], Problem] = {}
    for event in events:
        if event.kind == "finding":
            where, code, message = _finding(event)
            text = f"{where}: {message}" if where else message
            found.setdefault((where, code, message), Problem(f"{text} [{code}]" if code else text))
    return [
        line
        for one in found.values()
        for line in problem(one, word="warning", style="warn", width=width)
    ]


def _finding(event: TraceEvent) -> tuple[str, str, str]:
    server, tool, code, message = (
        text_of(event.data.get(key)) for key in ("server", "tool", "code", "message")
    )
    where = tool if not server or tool.startswith(f"{server}.") else f"{server}.{tool}".rstrip(".")
    return where, code, message


# -- JSON ----------------------------------------------------------------------------------------


def verdict_json(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict as plain JSON values with stable keys; what is unknown is null."""
    return {
        "node": f"{verdict.file}::{verdict.case}",
        "file": verdict.file,
        "case": verdict.case,
        "outcome": verdict.outcome,
        "green": verdict.green,
        "known_failure": verdict.known_failure or None,
        "end": verdict.end or None,
        "checks": [_check_json(check) for check in verdict.checks],
        "problems": [problem_json(one) for one in verdict.problems],
        "problem_at": verdict.problem_at or None,
        "stats": stats_json(verdict.stats),
        "wall_seconds": round(verdict.wall, 6),
        "trace": verdict.trace or None,
        "facts": dict(verdict.facts),
    }


def stats_json(stats: Stats) -> dict[str, Json]:
    """Return what a run used as plain JSON values; what is unknown is null."""
    return {
        "turns": stats.turns,
        "steps": stats.steps,
        "tool_calls": stats.tool_calls,
        "tokens": stats.tokens,
        "reasoning_tokens": stats.reasoning,
        "cost_usd": stats.cost_usd,
        "virtual_seconds": stats.virtual_seconds,
    }


def used_json(verdicts: Sequence[Verdict]) -> dict[str, Json]:
    """Return what a run used in all, as far as it is known, and of how many cases it is not."""
    stats = [verdict.stats for verdict in verdicts]
    amounts: dict[str, list[int | float | None]] = {
        "tokens": [one.tokens for one in stats],
        "reasoning_tokens": [one.reasoning for one in stats],
        "cost_usd": [one.cost_usd for one in stats],
    }
    known = {name: [n for n in found if n is not None] for name, found in amounts.items()}
    return {
        "steps": sum(one.steps for one in stats),
        "tool_calls": sum(one.tool_calls for one in stats),
        **{name: sum(found) if found else None for name, found in known.items()},
        "unknown": {name: len(stats) - len(found) for name, found in known.items()},
    }


def problem_json(found: Problem) -> dict[str, Json]:
    """Return a problem as plain JSON values."""
    texts = {"note": found.note, "source": found.source, "hint": found.hint}
    return {
        "message": found.message,
        **_mark_json(found.mark),
        **{key: text or None for key, text in texts.items()},
    }


def _check_json(check: CheckResult) -> dict[str, Json]:
    return {
        "kind": check.kind,
        "claim": check.claim or None,
        "outcome": check.outcome,
        "level": check.level,
        "message": check.message or None,
        "turn": check.turn,
        "at": check.at or None,
        **_mark_json(check.mark),
    }


def _mark_json(mark: Mark | None) -> dict[str, Json]:
    if mark is None or not mark.file:
        return {"file": None, "line": None, "column": None}
    return {"file": mark.file, "line": mark.line or None, "column": mark.column or None}
