"""Chat Completions: our nouns as its JSON, its JSON as our nouns. Nothing is sent from here."""

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

_STOPS: Mapping[str, Stop] = {
    "length": "length",
    "content_filter": "refusal",
}
_USAGE = {
    "input": ("prompt_tokens",),
    "output": ("completion_tokens",),
    "reasoning": ("completion_tokens_details", "reasoning_tokens"),
    "cached": ("prompt_tokens_details", "cached_tokens"),
}
_KEPT = ("model", "created", "service_tier", "usage")
"""What a stream's chunks say beside the choices; the last one to say it holds."""


def body(ask: Ask, names: Names, spec: ModelSpec) -> Body:
    """Return the request."""
    known(ask.messages, ask, names)
    ids = Ids()
    made: Body = {
        "model": spec.model,
        "messages": [_message(message, names, ids) for message in ask.messages],
    }
    if ask.tools:
        made["tools"] = [_tool(tool, names, strict=spec.strict) for tool in ask.tools]
    if ask.output is not None:
        strict = not any(loose(ask.output))
        shape = {"name": "answer", "schema": ask.output, "strict": strict}
        made["response_format"] = {"type": "json_schema", "json_schema": shape}
    return made | settings_of(spec, ask)


def _tool(tool: ToolSpec, names: Names, *, strict: bool) -> Body:
    function: Body = {"name": names.wire(tool.name), "parameters": parameters(tool.input_schema)}
    if tool.description:
        function["description"] = tool.description
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _message(message: Message, names: Names, ids: Ids) -> Body:
    if message.role == "tool":
        text = with_notes(message.text, message.parts)  # a tool's message takes text alone
        return {"role": "tool", "tool_call_id": ids.answered(message.call_id), "content": text}
    if message.role == "user" and message.parts:
        return {"role": "user", "content": list(_content(message))}
    made: Body = {"role": message.role, "content": message.text}
    if message.calls:
        made["content"] = message.text or None
        made["tool_calls"] = [
            {
                "id": ids.called(call),
                "type": "function",
                "function": {"name": names.wire(call.name), "arguments": written(call)},
            }
            for call in message.calls
        ]
    return made


def _content(message: Message) -> Iterator[Body]:
    rest = [part for part in message.parts if not image_url(part)]
    text = with_notes(message.text, rest)
    if text:
        yield {"type": "text", "text": text}
    for part in message.parts:
        if url := image_url(part):
            yield {"type": "image_url", "image_url": {"url": url}}


def said(reply: Body, names: Names) -> Said:
    """Return what a whole reply says.

    Raises:
        ModelFailed: it says nothing at all, or that the server failed.
    """
    refuse_error(reply)
    choices = objects(reply.get("choices"))
    if not choices:
        raise ModelFailed("the server's reply holds no choices")
    refuse_error(choices[0])
    message = obj(choices[0].get("message"))
    refusal = text_of(message.get("refusal"))
    finish = text_of(choices[0].get("finish_reason"))
    functions = [obj(each.get("function")) for each in objects(message.get("tool_calls"))]
    calls = tuple(
        called(each.get("name"), each.get("arguments"), names, cut=finish == "length")
        for each in functions
        if each
    )
    text = _text(message.get("content")) or refusal
    usage = counted(reply.get("usage"), _USAGE)
    stop: Stop = "refusal" if refusal else _STOPS.get(finish, "end")
    return Said(Message("assistant", text, calls), usage, stop)


def _text(content: Json) -> str:
    """Return a content's words; some servers send them as parts."""
    return text_of(content) or "".join(text_of(part.get("text")) for part in objects(content))


def gathered(chunks: Sequence[Json]) -> Body:
    """Return a stream's chunks as the whole reply they make.

    Raises:
        ModelFailed: the stream broke off.
    """
    reply: Body = {}
    told = _Told()
    for chunk in map(obj, chunks):
        refuse_error(chunk)
        reply |= {key: chunk[key] for key in _KEPT if chunk.get(key) is not None}
        for choice in objects(chunk.get("choices"))[:1]:
            refuse_error(choice)
            told.add(choice)
    if not told.finish:
        raise ModelFailed("the stream broke off before the reply was whole", "retryable")
    return {**reply, "choices": [{"message": told.message(), "finish_reason": told.finish}]}


class _Told:
    """One choice of a stream, as far as it has come."""

    def __init__(self) -> None:
        self.finish = ""
        self._words: dict[str, list[str]] = {"content": [], "refusal": []}
        self._calls: list[dict[str, str]] = []
        self._at: dict[Json, dict[str, str]] = {}

    def add(self, choice: Body) -> None:
        delta = obj(choice.get("delta"))
        for key, words in self._words.items():
            words.append(_text(delta.get(key)))
        for each in objects(delta.get("tool_calls")):
            call = self._call(str(each.get("index")), text_of(each.get("id")))
            function = obj(each.get("function"))
            call["name"] += text_of(function.get("name"))
            call["arguments"] += text_of(function.get("arguments"))
        self.finish = text_of(choice.get("finish_reason")) or self.finish

    def message(self) -> Body:
        words = {key: "".join(words) for key, words in self._words.items()}
        return {**words, "tool_calls": [{"function": call} for call in self._calls]}

    def _call(self, index: str, new: str) -> dict[str, str]:
        """Return the call a delta belongs to; some servers give every call the index 0."""
        call = self._at.get(index)
        if call is None or (new and call["id"] and new != call["id"]):
            call = self._at[index] = {"id": new, "name": "", "arguments": ""}
            self._calls.append(call)
        return call


WIRE = Wire(
    "/chat/completions",
    body,
    said,
    gathered,
    {"stream": True, "stream_options": {"include_usage": True}},
)
