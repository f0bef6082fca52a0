"""What a server answers when a resource is read."""

from __future__ import annotations

from typing import Any, cast

from agentbox.core.errors import WorldError
from agentbox.toolboxes.mcp.frames import Frame


def text_of(reply: Frame | None) -> str:
    """Return the text of a `resources/read` answer: of several contents, one a line.

    Raises:
        WorldError: it holds no contents, or contents that are no text.
    """
    match reply:
        case {"result": {"contents": [_, *_] as contents}}:
            return "\n".join(_text(content) for content in cast("list[Any]", contents))
        case {"error": {"code": code, "message": message}}:
            raise WorldError(f"{message} (error {code})")
        case None:
            raise WorldError("the server was lost before it answered")
        case _:
            raise WorldError("the answer holds no contents")


def _text(content: Any) -> str:
    match content:
        case {"text": str(text)}:
            return text
        case _:
            raise WorldError("the resource is no text")
