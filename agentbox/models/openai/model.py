"""A model behind a server, asked through the `openai` SDK.

What holds here:
- The SDK is imported with the first reply (0.5 s), and only here.
- Nothing is taken from the process: no key, address, organisation or header that the scenario and
  the session do not name. Only where the server is elsewhere may a proxy or a certificate be named
  by the usual variables, `HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`: whoever needs one cannot do
  without.
- Nothing but the given address is reached: redirects are not followed.
- The SDK neither retries nor times out: both are the run's, which records them. A reply that is
  given up is cancelled, and its connection closed.
- A server that was asked and gave no answer is a `ModelFailed`: recorded, and judged. One that
  cannot be asked at all (nobody is there, no such model, a key that is refused) is a `WorldError`:
  nothing can be said of the agent. No text of either holds the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentbox.core.errors import FailedStatus, ModelFailed, Problem, WorldError
from agentbox.core.messages import UNKNOWN_USAGE, Json, is_object
from agentbox.core.requests import Ask, Said
from agentbox.core.scenario import ModelSpec
from agentbox.core.trace import Position
from agentbox.models.openai import chat, responses
from agentbox.models.openai.prices import cost_usd
from agentbox.models.openai.wire import Body, Names, Wire, obj, require_strict, status_of, text_of

if TYPE_CHECKING:
    import ssl

    import httpx2
    from openai import APIStatusError, AsyncOpenAI

HOME = "https://api.openai.com/v1"
_WIRES: Mapping[str, Wire] = {"chat": chat.WIRE, "responses": responses.WIRE}
_SENT = frozenset(
    (
        *("accept", "accept-encoding", "authorization", "connection"),
        *("content-length", "content-type", "host", "user-agent"),
    )
)
"""The headers that are sent. The SDK would add what it finds out about the machine, and what
`OPENAI_CUSTOM_HEADERS` and its like hold."""
_CLOSED: Mapping[int, str] = {
    401: "check what {key} holds",
    402: "add credit, or use another key in {key}",
    403: "check what the key in {key} may do",
    404: "check `model` and `base_url`, which ends before {path}",
    405: "check `base_url`, which ends before {path}",
}
"""Answers to a request that say nothing of it: the door is the wrong one, or closed to the key."""
_BUSY = 429
_NO_CREDIT = "insufficient_quota"
_SHOWN = 500


def is_loopback(spec: ModelSpec) -> bool:
    """Return whether a model is asked on this machine: no key, no `--live`."""
    try:
        host = urlsplit(spec.base_url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class OpenAIModel:
    """A model behind a server, one for each case and actor. Close it in the loop it was asked in.

    `spec` is one that the reader took: with a `model`, and an address that all read alike.
    """

    def __init__(self, spec: ModelSpec, key: str = "") -> None:
        """Ask as `spec` says; without a `key` none is sent."""
        self.name = spec.name or spec.model
        self._spec = spec
        self._address = (spec.base_url or HOME).rstrip("/")
        self._key = key
        self._wire = _WIRES[spec.api]
        self._names = Names()
        self._opened: AsyncOpenAI | None = None

    async def reply(self, ask: Ask, at: Position) -> Said:  # noqa: ARG002 - the protocol's
        """Return what the server says.

        Raises:
            ModelFailed: the server was asked and gave no answer.
            WorldError: it cannot be asked; or `strict` is, and a tool's schema cannot be.
        """
        if self._spec.strict:
            require_strict(ask)
        body = self._wire.body(ask, self._names, self._spec)
        try:
            answer = await self._answer(body)
            said = self._wire.said(answer, self._names)
        except ModelFailed as error:
            raise self._failed(str(error), error.status, error.retry_after) from None
        if said.usage is UNKNOWN_USAGE:
            return said
        cost = cost_usd(answer, self._address, self._spec.api)
        return replace(said, usage=replace(said.usage, cost_usd=cost))

    def leftovers(self) -> tuple[Problem, ...]:
        """Return nothing: a server has nothing prepared."""
        return ()

    async def close(self) -> None:
        """Close the connections that are kept."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    # -- asking

    async def _answer(self, body: Body) -> Body:
        content = _written({**body, **self._wire.streamed} if self._spec.stream else body)
        try:
            return await (self._gathered(content) if self._spec.stream else self._whole(content))
        except WorldError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises ends here, as ours
            raise self._failure(error) from None

    async def _whole(self, content: bytes) -> Body:
        import httpx2  # noqa: PLC0415 - with the SDK, on the first reply

        got = await self._client().post(self._wire.path, cast_to=httpx2.Response, content=content)
        return _read(got.content)

    async def _gathered(self, content: bytes) -> Body:
        client = self._client()
        from openai import AsyncStream  # noqa: PLC0415 - as above

        kind = AsyncStream[object]
        stream = await client.post(
            self._wire.path, cast_to=object, content=content, stream=True, stream_cls=kind
        )
        async with stream:
            return self._wire.gathered([event async for event in stream])

    def _client(self) -> AsyncOpenAI:
        if self._opened is None:
            self._opened = _client(self._address, self._key, live=not is_loopback(self._spec))
        return self._opened

    # -- failing

    def _failure(self, error: Exception) -> WorldError:
        import httpx2  # noqa: PLC0415 - it is loaded: the SDK raised
        import openai  # noqa: PLC0415 - as above

        if isinstance(error, openai.APIStatusError):
            return self._refused(error)
        if isinstance(error, openai.APIConnectionError):
            cause = error.__cause__
            text = f"no answer from {self._address}: {cause or error}"
            if isinstance(cause, (httpx2.ConnectError, httpx2.ProxyError)):
                return self._closed(text, "is it running? check `base_url`")
            return self._failed(text, "retryable")
        if isinstance(error, openai.APIError):  # an event of a stream
            code = status_of(error.code or error.type)
            return self._failed(f"{self._address} gave up: {error.message}", code)
        what = "sent what is no JSON: " if isinstance(error, (ValueError, RecursionError)) else ""
        return self._failed(f"{self._address} {what}{type(error).__name__}: {error}")

    def _refused(self, error: APIStatusError) -> WorldError:
        code = error.status_code
        if error.response.is_redirect:
            place = error.response.headers.get("location")
            text = f"{self._address} redirects to {place}, which is not followed"
            return self._closed(text, "give `base_url` the address it moved to")
        told = text_of(obj(error.body).get("message")) or _short(error.body) or "nothing more"
        text = f"{self._address} answered {code}: {told}"
        remedy = _CLOSED[402] if error.code == _NO_CREDIT else _CLOSED.get(code)
        if remedy:
            return self._closed(text, remedy.format(key=self._spec.key, path=self._wire.path))
        if code == _BUSY:
            text += " (wait, or ask for less at once: --jobs 1)"
        return self._failed(text, status_of(code), _retry_after(error.response.headers))

    def _failed(
        self, text: str, status: FailedStatus = "failed", retry_after: float | None = None
    ) -> ModelFailed:
        return ModelFailed(self._clean(text), status, retry_after)

    def _closed(self, text: str, hint: str) -> WorldError:
        return WorldError(Problem(self._clean(text), hint=hint))

    def _clean(self, text: str) -> str:
        """Return a text without the key in it, whatever the server echoes."""
        return text.replace(self._key, f"«secret:{self._spec.key}»") if self._key else text


def _client(address: str, key: str, *, live: bool) -> AsyncOpenAI:
    import httpx2  # noqa: PLC0415 - with the SDK, on the first reply
    from openai import AsyncOpenAI  # noqa: PLC0415 - 0.5 s, on the first reply

    async def ours_alone(request: httpx2.Request) -> None:
        for name in [name for name in request.headers if name not in _SENT]:
            del request.headers[name]
        if not key:
            del request.headers["authorization"]

    return AsyncOpenAI(
        api_key=key or "none",
        base_url=address,
        timeout=None,
        max_retries=0,
        default_headers={"Authorization": f"Bearer {key}"},  # else a header of the process wins
        http_client=httpx2.AsyncClient(
            timeout=None,
            trust_env=live,
            verify=_certificates() if address.startswith("https:") else False,
            follow_redirects=False,
            event_hooks={"request": [ours_alone]},
        ),
    )


@cache
def _certificates() -> ssl.SSLContext:
    """Return whom to trust. Loading them takes 50 ms, and once is enough for a suite."""
    import httpx2  # noqa: PLC0415 - with the SDK, on the first reply

    return httpx2.create_ssl_context()


def _written(body: Body) -> bytes:
    """Return a request's JSON.

    Raises:
        WorldError: it has none.
    """
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise WorldError(f"the request cannot be sent: {type(error).__name__}: {error}") from None


def _read(content: bytes) -> Body:
    """Return a whole reply's JSON.

    Raises:
        ModelFailed: it is no JSON object.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not is_object(value):
        raise ModelFailed(f"the server sent what is no JSON object: {content[:_SHOWN]!r}")
    return value


def _short(body: Json) -> str:
    if not body:
        return ""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds a server asks to wait: a number, or a date as seen from its own."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        if re.fullmatch(r"\d{1,9}(\.\d+)?", headers.get(name, "")):
            return float(headers[name]) / unit
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only where there is a date

    try:
        until, now = (parsedate_to_datetime(headers[name]) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None
