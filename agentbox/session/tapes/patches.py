"""What a fork changes: `PATH=VALUE`, by the layer that the path belongs to.

context.SLOT=...          context: fill or replace a slot; null drops it
context.SLOT.cut=N        context: only its first N characters
instruction=...           reasoning: one more sentence of the system text
answer=..., answer.calls=[...]      reasoning: what the model says, at the place of its call
model.KEY=..., agent.KEY=..., ...   reasoning: any key of the scenario: model, limits, loop
args.KEY=...              retrieval, tool: call with other arguments, at the place of the call
retrieval.k=N             the same, for `k`
retrieval.drop=ID, retrieval.order=[ID, ...], retrieval.add={...}     what a search gives
result.text=..., result.structured.KEY=..., result.status=...         tool, protocol: a result
tools.NAME.description=..., tools.NAME.input_schema.KEY=...           tool: how it is described
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from typing import Any, cast, get_args

from agentbox.core.clock import Clock
from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import (
    Json,
    Message,
    Source,
    Status,
    ToolCall,
    ToolResult,
    ToolSpec,
    is_list,
    is_object,
)
from agentbox.core.requests import Said
from agentbox.core.scenario import Scenario
from agentbox.spec.shapes import keys_of

_PLACED = ("answer", "args", "result", "retrieval")
_SCENARIO = tuple(name for name in keys_of(Scenario) if name not in ("version", "cases"))
_HEADS = ("context", "instruction", *_PLACED, "tools", *_SCENARIO)
_RETRIEVAL = "agentbox/retrieval"


@dataclass(frozen=True, slots=True)
class Patch:
    """One change."""

    path: tuple[str, ...]
    value: Json

    @property
    def head(self) -> str:
        """What it changes."""
        return self.path[0]

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}={json.dumps(self.value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Patches:
    """The changes of one fork."""

    all: tuple[Patch, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Patches:
        """Read changes as they are typed. A value is JSON where it can be read as JSON, else text.

        Raises:
            AuthorError: a path changes nothing; all of them, with the nearest that does.
        """
        problems: list[Problem] = []
        found: list[Patch] = []
        for text in texts:
            path, equals, value = text.partition("=")
            patch = Patch(_steps(path), _value(value))
            wrong = _wrong(patch, text) if equals else f"`{text}` is no PATH=VALUE"
            if wrong:
                close = nearest(patch.head, _HEADS)
                note = f"did you mean `{close}`?" if close and close != patch.head else ""
                problems.append(Problem(wrong, note=note, hint=f"one of: {', '.join(_HEADS)}"))
            found.append(patch)
        if problems:
            raise AuthorError(*problems)
        return cls(tuple(found))

    def __bool__(self) -> bool:
        return bool(self.all)

    @property
    def placed(self) -> bool:
        """Whether any of them needs a place: a call or an answer."""
        return any(patch.head in _PLACED for patch in self.all)

    def _of(self, *heads: str) -> list[Patch]:
        return [patch for patch in self.all if patch.head in heads]

    # -- what they change

    def scenario(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Return a scenario as JSON, changed."""
        whole: dict[str, Json] = deepcopy(dict(given))
        for patch in self.all:
            if patch.head == "context":
                _fill(whole, patch)
            elif patch.head == "instruction":
                agent = whole.setdefault("agent", {})
                agent["system"] = f"{agent.get('system', '')}\n\n{patch.value}".lstrip("\n")
            elif patch.head in _SCENARIO and not (patch.head == "tools" and patch.path[1:]):
                _put(whole, patch.path, patch.value)
        return whole

    def said(self, said: Said) -> Said:
        """Return what a model says, changed."""
        for patch in self._of("answer"):
            message = said.message
            if patch.path[1:] == ("calls",):
                calls = tuple(_call(each) for each in patch.value)
                message = Message("assistant", message.text, calls)
            else:
                message = Message("assistant", str(patch.value))
            said = replace(said, message=message)
        return said

    @property
    def answers(self) -> bool:
        """Whether one of them says what the model says."""
        return bool(self._of("answer"))

    @property
    def asks_otherwise(self) -> bool:
        """Whether one of them changes the arguments of a call."""
        return bool(self._args())

    def call(self, call: ToolCall) -> ToolCall:
        """Return a call with its arguments changed."""
        args: dict[str, Json] = deepcopy(dict(call.args))
        for path, value in self._args():
            _put(args, path, value)
        return replace(call, args=args)

    def _args(self) -> list[tuple[tuple[str, ...], Json]]:
        args = [(patch.path[1:], patch.value) for patch in self._of("args")]
        return args + [(("k",), p.value) for p in self._of("retrieval") if p.path[1:] == ("k",)]

    def result(self, result: ToolResult) -> ToolResult:
        """Return a result, changed."""
        for patch in self._of("retrieval"):
            if patch.path[1:] != ("k",):
                result = _retrieved(result, patch)
        for patch in self._of("result"):
            data = asdict(result)
            data["parts"] = list(result.parts)
            _put(data, patch.path[1:], patch.value)
            data["parts"] = tuple(data["parts"])
            result = ToolResult(**data)
        return result

    def specs(self, specs: Sequence[ToolSpec]) -> list[ToolSpec]:
        """Return tools, described otherwise."""
        return [self._spec(spec) for spec in specs]

    def _spec(self, spec: ToolSpec) -> ToolSpec:
        for patch in self._of("tools"):
            if _tool_of(patch) == spec.name:
                data: dict[str, Any] = deepcopy(asdict(spec))
                _put(data, patch.path[1 + spec.name.count(".") + 1 :], patch.value)
                spec = ToolSpec(**data)
        return spec


# -- reading


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.strip().split("."))


def _value(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wrong(patch: Patch, text: str) -> str:
    """Return what is wrong with a change; nothing where it is one."""
    head, rest = patch.head, patch.path[1:]
    if head not in _HEADS:
        return f"`{text}` changes nothing: there is no `{head}`"
    if head in ("context", "args", "result", "retrieval") and not rest:
        return f"`{text}` does not say what of `{head}` it changes"
    if head in _PARTS and rest and rest[0] not in _PARTS[head]:
        return f"`{text}`: of `{head}` can be changed: {', '.join(_PARTS[head])}"
    allowed = _VALUES.get((head, *rest))
    if allowed and patch.value not in allowed:
        return f"`{text}`: it is one of {', '.join(allowed)}"
    if (head, *rest) == ("answer", "calls") and not _are_calls(patch.value):
        return f'`{text}`: calls are written [{{"tool": NAME, "args": {{...}}}}]'
    return ""


_PARTS: Mapping[str, Sequence[str]] = {
    "result": ("text", "structured", "status", "source", "meta", "parts"),
    "retrieval": ("k", "drop", "order", "add"),
    "answer": ("calls",),
}
_VALUES: Mapping[tuple[str, ...], Sequence[str]] = {
    ("result", "status"): get_args(Status),
    ("result", "source"): get_args(Source),
}


def _are_calls(value: Json) -> bool:
    return is_list(value) and all(is_object(each) and "tool" in each for each in value)


def _call(value: Mapping[str, Json]) -> ToolCall:
    return ToolCall(str(value["tool"]), value.get("args") or {})


def _tool_of(patch: Patch) -> str:
    """Return the tool whose description is changed: its name may have a dot in it."""
    known = ("name", "description", "input_schema", "output_schema", "annotations", "title")
    end = next((i for i, part in enumerate(patch.path) if i and part in known), len(patch.path))
    return ".".join(patch.path[1:end])


# -- changing


def _put(whole: dict[str, Any], path: Sequence[str], value: Json) -> None:
    """Put a value where a path leads, through lists by number; null takes it away.

    Raises:
        AuthorError: the path leads through something that holds nothing.
    """
    *way, last = path
    here: Any = whole
    for step in way:
        inside = here[int(step)] if is_list(here) and step.isdecimal() else None
        if is_object(here):
            inside = here.get(step)
            if inside is None:
                inside = here[step] = {}
        if not isinstance(inside, (dict, list)):
            raise AuthorError(
                Problem(f"`{'.'.join(path)}` leads nowhere: at `{step}` is no object")
            )
        here = cast("Any", inside)
    if is_list(here):
        index = int(last) if last.isdecimal() else len(here)
        here[index : index + 1] = [] if value is None else [value]
    elif value is None:
        here.pop(last, None)
    else:
        here[last] = value


def _fill(whole: dict[str, Json], patch: Patch) -> None:
    """Fill, replace, cut or drop a slot."""
    slot, *rest = patch.path[1:]
    agent = whole.setdefault("agent", {})
    slots = [each for each in agent.get("slots", []) if each != slot]
    context = whole.setdefault("context", {})
    if rest == ["cut"]:
        context[slot] = str(context.get(slot, ""))[: int(patch.value)]
        return
    if patch.value is None:
        agent["slots"] = slots
        context.pop(slot, None)
    elif slot == "now":
        agent["slots"] = ["now", *slots]
        whole["now"] = _moment(str(patch.value), str(whole.get("now", "")))
    else:
        _put(context, patch.path[1:], patch.value)
        agent["slots"] = (
            agent.get("slots", []) if slot in agent.get("slots", []) else [*slots, slot]
        )
    if not context:
        del whole["context"]


def _moment(value: str, pinned: str) -> str:
    """Return the time that `context.now` stands for: a day alone keeps the pinned time of day."""
    day, rest = value[:10], pinned[10:]
    moment = value if len(value) > len(day) else day + rest
    try:
        Clock.at(moment, "UTC")
    except ValueError as error:
        hint = "write --set context.now=2026-03-20, or a whole RFC 3339 time"
        raise AuthorError(Problem(f"`context.now`: {error}", hint=hint)) from None
    return moment


def _retrieved(result: ToolResult, patch: Patch) -> ToolResult:
    """Return a search's result with a candidate dropped or added, or all put in another order.

    Raises:
        AuthorError: the result says nothing of its candidates, or not of this one.
    """
    meta = deepcopy(dict(result.meta or {}))
    told = meta.get(_RETRIEVAL)
    candidates = told.get("candidates") if is_object(told) else None
    if not is_list(candidates):
        hint = f"change the result itself: --set result.structured...; or have it tell {_RETRIEVAL}"
        raise AuthorError(Problem("this result tells nothing of its candidates", hint=hint))
    kept = [str(each.get("id")) for each in candidates if is_object(each) and each.get("kept")]
    structured = deepcopy(result.structured)
    shown = _list_of(structured, len(kept))
    if shown is None:
        raise AuthorError(Problem("no list of this result holds what the search has kept"))
    found = dict(zip(kept, shown, strict=True))
    order = _ordered(patch, kept)
    shown[:] = [found[each] for each in order]
    if patch.path[1] == "add":
        shown.append(patch.value)
    for each in candidates:
        each["kept"] = str(each.get("id")) in order
    text = _like(result.text, structured)
    return replace(result, text=text, structured=structured, meta=meta)


def _ordered(patch: Patch, kept: Sequence[str]) -> list[str]:
    operator = patch.path[1]
    wanted = list(map(str, patch.value)) if is_list(patch.value) else [str(patch.value)]
    strange = [each for each in wanted if each not in kept] if operator != "add" else []
    if strange:
        raise AuthorError(
            Problem(f"the search did not keep {strange[0]}: it kept {', '.join(kept)}")
        )
    if operator == "drop":
        return [each for each in kept if each not in wanted]
    return wanted if operator == "order" else list(kept)


def _list_of(value: Json, size: int) -> list[Json] | None:
    """Return the first list of that many items in a value: what a search shows."""
    if is_list(value) and len(value) == size:
        return value
    inside = value.values() if is_object(value) else ()
    return next((found for each in inside if (found := _list_of(each, size)) is not None), None)


def _like(text: str, structured: Json) -> str:
    """Return data as the text of a result: indented, where that was."""
    return json.dumps(structured, ensure_ascii=False, indent=2 if "\n" in text else None)
