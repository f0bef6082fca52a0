"""A case's own ids and progress tokens in place of those a shared process knows, and back.

A frame that is given is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentbox.core.messages import Json, is_object
from agentbox.toolboxes.mcp.frames import Frame

_SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


def _meta(values: Json) -> Mapping[str, Json]:
    meta: Json = values.get("_meta") if is_object(values) else None
    return meta if is_object(meta) else {}


def numbered(frame: Frame, number: int) -> Frame:
    """Return a request under a number, its progress token too."""
    params = frame.get("params")
    meta = _meta(params)
    if params and "progressToken" in meta:
        params = {**params, "_meta": {**meta, "progressToken": number}}
        return {**frame, "id": number, "params": params}
    return {**frame, "id": number}


def returned(answer: Frame, request: Frame) -> Frame:
    """Return an answer under the id of the request as a case sent it."""
    own = request["id"]
    answer = {**answer, "id": str(own) if isinstance(answer["id"], str) else own}
    if _SUBSCRIPTION in _meta(answer.get("result")):
        answer["result"] = _subscribed(answer["result"], own)
    return answer


def news(frame: Frame, request: Frame) -> Frame:
    """Return news of a request under the names that a case gave it."""
    params = frame["params"]
    if subscription(frame) is not None:
        params = _subscribed(params, request["id"])
    if "progressToken" in params:
        params = {**params, "progressToken": _meta(request.get("params")).get("progressToken")}
    return {**frame, "params": params}


def _subscribed(values: Frame, key: Json) -> Frame:
    return {**values, "_meta": {**values["_meta"], _SUBSCRIPTION: key}}


def subscription(frame: Frame) -> Json:
    """Return the id of the request that asked for such news, if it is named."""
    return _meta(frame.get("params")).get(_SUBSCRIPTION)
