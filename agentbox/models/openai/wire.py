"""What the two interfaces of the OpenAI wire share: names, ids, arguments, parts, counts.

Pure functions of JSON. A compatible server may send anything, so nothing here trusts a type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, NoReturn, TypeAlias

from agentbox.core.errors import FailedStatus, ModelFailed, Problem, WorldError
from agentbox.core.messages import UNKNOWN_USAGE, Json, ToolCall, Usage, View, is_list, is_object
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec

Body: TypeAlias = dict[str, Json]
Stop: TypeAlias = Literal["end", "length", "refusal"]
Path: TypeAlias = tuple[str, ...]

_LONGEST = 64
_LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
_LOOSE = (
    *("allOf", "oneOf", "not", "if", "then", "else"),
    *("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"),
)
"""Keywords that a strict schema may not have."""
_PASSING = frozenset(
    [408, 409, 429, "server_error", "rate_limit_exceeded", "overloaded", "server_is_overloaded"]
)
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Wire:
    """One interface: where it is asked, and how it says what our nouns say."""

    path: str
    body: Callable[[Ask, Names, ModelSpec], Body]
    """The request, but for `stream`."""
    said: Callable[[Body, Names], Said]
    """A whole reply, read; its cost is not known yet. Raises ModelFailed."""
    gathered: Callable[[Sequence[Json]], Body]
    """A stream's events as the whole reply they make. Raises ModelFailed."""
    streamed: Mapping[str, Json]
    """What the request has more where the answer is streamed."""


class Names:
    """Tools' names as the wire takes them, and back: `accounts.get_account` has a dot.

    A name keeps what it was given for as long as the model lives, so that a prompt stays the same
    however the tools change.
    """

    def __init__(self) -> None:
        self._wire: dict[str, str] = {}
        self._ours: dict[str, str] = {}

    def add(self, names: Iterable[str]) -> None:
        """Give every name its own; those that are legal as they are come first, and stay."""
        for name in sorted(names, key=lambda name: not _LEGAL.fullmatch(name)):
            self.wire(name)

    def wire(self, name: str) -> str:
        """Return what the server calls a tool: at most 64 of its letters, no two alike."""
        if name not in self._wire:
            self._wire[name] = self._free(name)
            self._ours[self._wire[name]] = name
        return self._wire[name]

    def ours(self, wire: str) -> str:
        """Return the tool's own name; one that nobody was given is returned as it is."""
        return self._ours.get(wire, wire)

    def _free(self, name: str) -> str:
        stem = _ILLEGAL.sub("_", name.replace(".", "__")) or "_"
        made, salt = stem, 0
        while len(made) > _LONGEST or made in self._ours:
            key = f"{name}{salt or ''}".encode("utf-8", "surrogatepass")
            made = f"{stem[: _LONGEST - 9]}_{blake2b(key, digest_size=4).hexdigest()}"
            salt += 1
        return made


class Ids:
    """A conversation's call ids as the wire takes them: nine letters and digits, in call order.

    Ours are positions with slashes; some servers take 40 characters, one of them exactly nine.
    """

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[str, list[str]] = {}

    def called(self, call: ToolCall) -> str:
        """Return the id of the conversation's next call."""
        self._count += 1
        wire = f"call{self._count:05}"
        self._open.setdefault(call.id, []).append(wire)
        return wire

    def answered(self, call_id: str) -> str:
        """Return the id of the call that a tool's message answers."""
        waiting = self._open.get(call_id)
        return waiting.pop(0) if waiting else _ILLEGAL.sub("_", call_id)


# -- what is asked


def known(messages: View, ask: Ask, names: Names) -> None:
    """Give names to every tool that is offered or was ever called."""
    names.add(tool.name for tool in ask.tools)
    names.add(call.name for message in messages for call in message.calls)


def settings_of(spec: ModelSpec, ask: Ask) -> Body:
    """Return a scenario's settings, without those that need a tool where there is none."""
    for_tools = () if ask.tools else ("tool_choice", "parallel_tool_calls")
    return {key: value for key, value in spec.settings.items() if key not in for_tools}


def written(call: ToolCall) -> str:
    """Return a call's arguments as the model wrote them."""
    return call.malformed or json.dumps(dict(call.args), ensure_ascii=False)


def image_url(part: Mapping[str, Json]) -> str:
    """Return a part's image as a data URL; empty where it is no image."""
    if part.get("type") != "image":
        return ""
    return f"data:{part.get('mimeType', 'image/png')};base64,{part.get('data', '')}"


def noted(part: Mapping[str, Json]) -> str:
    """Return a part as text, or a note that says what is left out of the prompt."""
    inner = obj(part.get("resource"))
    if isinstance(inner.get("text"), str):
        return f"[{inner.get('uri', 'a resource')}]\n{inner['text']}"
    kind = str(part.get("type", "part")).replace("_", " ")
    about = [part.get("name"), part.get("uri"), inner.get("uri"), part.get("mimeType")]
    told = ", ".join(str(each) for each in about if each)
    if kind == "resource link":
        return f"[resource link: {told}]"
    return f"[left out, for it cannot be shown here: {kind}{f' ({told})' if told else ''}]"


def with_notes(text: str, parts: Iterable[Mapping[str, Json]]) -> str:
    """Return a text with a note for each part that cannot go beside it."""
    return "\n".join([*([text] if text else []), *map(noted, parts)])


def parameters(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a tool's schema verbatim, with the empty `properties` that OpenAI insists on."""
    return schema if "properties" in schema else {**schema, "properties": {}}


def require_strict(ask: Ask) -> None:
    """Refuse a request whose schemas the server cannot hold a model to.

    Raises:
        WorldError: some cannot be strict; all of them are listed.
    """
    wrong = [
        Problem(
            f"`strict: true`, but the schema of `{tool.name}` cannot be: {'; '.join(why)}",
            hint="make every field required (nullable, where it may lack), or drop `strict`",
        )
        for tool in ask.tools
        if (why := list(loose(tool.input_schema)))
    ]
    if wrong:
        raise WorldError(*wrong)


def loose(schema: Json, at: str = "$") -> Iterator[str]:
    """Yield what keeps a schema from being strict, by path."""
    if not is_object(schema):
        yield f"{at} is no object"
        return
    yield from (f"{at} has `{key}`" for key in _LOOSE if key in schema)
    fields = obj(schema.get("properties"))
    if "properties" in schema or "object" in _types(schema):
        if schema.get("additionalProperties") is not False:
            yield f"{at} lacks `additionalProperties: false`"
        required = schema.get("required")
        optional = [key for key in fields if not is_list(required) or key not in required]
        yield from (f"{at}.{key} is optional" for key in optional)
    for key, inner in _inner(schema, fields):
        yield from loose(inner, f"{at}.{key}")


def _inner(schema: Body, fields: Body) -> Iterator[tuple[str, Json]]:
    yield from fields.items()
    for key in ("$defs", "definitions"):
        yield from ((f"{key}.{name}", inner) for name, inner in obj(schema.get(key)).items())
    if "items" in schema:
        yield "items", schema["items"]
    choices = schema.get("anyOf")
    if is_list(choices):
        yield from ((f"anyOf[{n}]", choice) for n, choice in enumerate(choices))


def _types(schema: Body) -> list[Json]:
    kind = schema.get("type")
    return kind if is_list(kind) else [kind]


# -- what is answered


def obj(value: Json) -> Body:
    """Return an object, or an empty one where it is none."""
    return value if is_object(value) else {}


def objects(value: Json) -> list[Body]:
    """Return the objects of a list, and nothing where it is none."""
    return [each for each in value if is_object(each)] if is_list(value) else []


def text_of(value: Json) -> str:
    """Return a string, or an empty one where it is none."""
    return value if isinstance(value, str) else ""


def called(name: Json, given: Json, names: Names, *, cut: bool) -> ToolCall:
    """Return a model's call; arguments that are no JSON object are kept as written.

    `cut`: the reply was cut off, so that arguments of no length are not the wish for none.
    """
    ours = names.ours(text_of(name))
    if is_object(given):
        return ToolCall(ours, given)
    text = text_of(given) or ("…" if cut else "{}")
    try:
        args = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        args = None
    return ToolCall(ours, args) if is_object(args) else ToolCall(ours, malformed=text)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def counted(usage: Json, paths: Mapping[str, Path]) -> Usage:
    """Return the tokens that a reply says it took; what it does not say is unknown."""
    found = {field: _tokens(usage, path) for field, path in paths.items()}
    return Usage(**found) if any(each is not None for each in found.values()) else UNKNOWN_USAGE


def _tokens(value: Json, path: Path) -> int | None:
    for key in path:
        value = obj(value).get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def refuse_error(body: Body) -> None:
    """Refuse a reply that is an error under a status of 200.

    Raises:
        ModelFailed: it is one.
    """
    error = body.get("error")
    if error:
        code = obj(error).get("code")
        told = text_of(obj(error).get("message")) or json.dumps(error, ensure_ascii=False)
        raise ModelFailed(f"the server gave up: {told}", status_of(code))


def status_of(code: Json) -> FailedStatus:
    """Return whether an error may pass by itself: by its HTTP status, or the word for it."""
    if isinstance(code, int):
        return "retryable" if code in _PASSING or code >= _SERVER_ERROR else "failed"
    return "retryable" if isinstance(code, str) and code in _PASSING else "failed"
