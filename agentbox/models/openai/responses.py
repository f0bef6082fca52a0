"""The Responses interface: our nouns as its JSON, its JSON as our nouns. Nothing is sent from here.

Every request brings the whole conversation and asks that nothing be kept (`store: false`), so that
a run depends on nothing but what is in its trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentbox.core.errors import ModelFailed
from agentbox.core.messages import Json, Message, ToolSpec
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec
from agentbox.models.openai.wire import (
    Body,
    Ids,
    Names,
    Path,
    Stop,
    Wire,
    called,
    counted,
    image_url,
    known,
    loose,
    obj,
    objects,
    parameters,
    refuse_error,
    settings_of,
    text_of,
    with_notes,
    written,
)

_SETTINGS: Mapping[str, Path] = {
    "max_tokens": ("max_output_tokens",),
    "max_completion_tokens": ("max_output_tokens",),
    "reasoning_effort": ("reasoning", "effort"),
    "verbosity": ("text", "verbosity"),
}
"""Settings that Chat Completions names otherwise: a scenario may change its `api` alone."""
_STOPS: Mapping[str, Stop] = {
    "max_output_tokens": "length",
    "content_filter": "refusal",
}
_USAGE = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "reasoning": ("output_tokens_details", "reasoning_tokens"),
    "cached": ("input_tokens_details", "cached_tokens"),
}
_LAST = frozenset(["response.completed", "response.incomplete", "response.failed"])


def body(ask: Ask, names: Names, spec: ModelSpec) -> Body:
    """Return the request."""
    known(ask.messages, ask, names)
    ids = Ids()
    items = [item for message in ask.messages for item in _items(message, names, ids)]
    made: Body = {"model": spec.model, "input": items, "store": False}
    if ask.tools:
        made["tools"] = [_tool(tool, names, strict=spec.strict) for tool in ask.tools]
    for key, value in settings_of(spec, ask).items():
        _set(made, _SETTINGS.get(key, (key,)), value)
    if ask.output is not None:
        strict = not any(loose(ask.output))
        shape = {"type": "json_schema", "name": "answer", "schema": ask.output, "strict": strict}
        _set(made, ("text", "format"), shape)
    return made


def _set(made: Body, path: Path, value: Json) -> None:
    """Set a value at a path; objects at the same place are joined."""
    key, *rest = path
    if rest:
        value = {rest[0]: value}
    made[key] = {**obj(made.get(key)), **value} if isinstance(value, dict) else value


def _tool(tool: ToolSpec, names: Names, *, strict: bool) -> Body:
    """Return a tool. `strict` is always said: left out, this interface would rewrite the schema."""
    made: Body = {"type": "function", "name": names.wire(tool.name), "strict": strict}
    if tool.description:
        made["description"] = tool.description
    return {**made, "parameters": parameters(tool.input_schema)}


def _items(message: Message, names: Names, ids: Ids) -> Iterator[Body]:
    if message.role == "tool":
        output = list(_content(message)) if message.parts else message.text
        call_id = ids.answered(message.call_id)
        yield {"type": "function_call_output", "call_id": call_id, "output": output}
        return
    if message.text or not message.calls:
        parted = message.role == "user" and message.parts
        content = list(_content(message)) if parted else message.text
        yield {"role": message.role, "content": content}
    for call in message.calls:
        yield {
            "type": "function_call",
            "call_id": ids.called(call),
            "name": names.wire(call.name),
            "arguments": written(call),
        }


def _content(message: Message) -> Iterator[Body]:
    rest = [part for part in message.parts if not image_url(part)]
    text = with_notes(message.text, rest)
    if text:
        yield {"type": "input_text", "text": text}
    for part in message.parts:
        if url := image_url(part):
            yield {"type": "input_image", "image_url": url, "detail": "auto"}


def said(reply: Body, names: Names) -> Said:
    """Return what a whole reply says.

    Raises:
        ModelFailed: it says nothing at all, or that the server failed.
    """
    refuse_error(reply)
    if reply.get("status") == "failed" or "output" not in reply:
        raise ModelFailed("the server's reply holds no output")
    output = objects(reply.get("output"))
    stop: Stop = _STOPS.get(text_of(obj(reply.get("incomplete_details")).get("reason")), "end")
    calls = tuple(
        called(item.get("name"), item.get("arguments"), names, cut=stop == "length")
        for item in output
        if item.get("type") == "function_call"
    )
    parts = [part for item in output for part in _parts(item)]
    refusal = "".join(text_of(part.get("refusal")) for part in parts)
    text = "".join(text_of(part.get("text")) for part in parts) or refusal
    usage = counted(reply.get("usage"), _USAGE)
    return Said(Message("assistant", text, calls), usage, "refusal" if refusal else stop)


def _parts(item: Body) -> list[Body]:
    return objects(item.get("content")) if item.get("type") == "message" else []


def gathered(events: Sequence[Json]) -> Body:
    """Return the whole reply that a stream ends with.

    Raises:
        ModelFailed: the stream broke off, or ended with an error.
    """
    for event in map(obj, events):
        kind = event.get("type")
        if kind in _LAST:
            return obj(event.get("response"))
        if kind == "error":
            refuse_error({"error": event})
    raise ModelFailed("the stream broke off before the reply was whole", "retryable")


WIRE = Wire("/responses", body, said, gathered, {"stream": True})
