"""Tools that are HTTP requests: a method, a URL template, headers from named environment values.

Offline only loopback is reached. Live, names are resolved first, private addresses are refused
unless the tool allows them, and the request goes to the very address that was checked. Redirects
are not followed: where they lead nobody has checked.
"""

from __future__ import annotations

import asyncio
import codecs
import ipaddress
import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from agentbox.core.environment import expand, unset
from agentbox.core.errors import AuthorError, Problem, nearest
from agentbox.core.messages import Json, Status, ToolCall, ToolResult, is_list, is_object
from agentbox.core.runtime import CallContext
from agentbox.toolboxes.network import Network, address_of, is_loopback

if TYPE_CHECKING:
    import httpx

MAX_BODY = 4 * 1024 * 1024
_KEYS = ("method", "url", "headers", "allow_private")
_METHODS = ("GET", "HEAD", "DELETE", "POST", "PUT", "PATCH")
_IN_QUERY = frozenset({"GET", "HEAD", "DELETE"})
_TEMPLATE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_RETRYABLE = frozenset({429, 503})


class _Refused(Exception):
    """The request must not be sent."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A tool's request. Arguments named in the URL fill it; the rest is query or JSON body."""

    method: str
    url: str
    headers: Mapping[str, str]
    allow_private: bool
    network: Network

    @classmethod
    def of(cls, told: Mapping[str, Json], where: str, network: Network) -> HttpRequest:
        """Return the request that a tool file describes.

        Raises:
            AuthorError: something in it is wrong; all of it is named.
        """
        problems = [*_unknown_keys(told, where), *_bad_values(told, where, network)]
        if problems:
            raise AuthorError(*problems)
        return cls(
            str(told.get("method", "GET")).upper(),
            str(told["url"]),
            told.get("headers") or {},
            bool(told.get("allow_private", False)),
            network,
        )

    async def call(self, call: ToolCall, context: CallContext) -> ToolResult:
        """Send the request; whatever goes wrong is a result."""
        import httpx  # noqa: PLC0415 - 130 ms, wanted by HTTP tools only

        try:
            async with httpx.AsyncClient(timeout=context.deadline, trust_env=False) as client:
                request = await self._request(client, call.args)
                response = await client.send(request, stream=True)
                try:
                    return await _result(response)
                finally:
                    await response.aclose()
        except _Refused as error:
            return ToolResult("denied", str(error), "transport")
        except (httpx.InvalidURL, ValueError) as error:  # a half surrogate, a too long URL
            return ToolResult("failed", f"This cannot be sent: {error}", "schema")
        except httpx.ConnectError as error:
            return ToolResult("retryable", f"No connection: {error}", "transport")
        except httpx.TimeoutException:
            return ToolResult("timeout", f"No answer within {context.deadline:g} s.", "transport")
        except httpx.HTTPError as error:
            return ToolResult("unknown", f"The answer was lost: {error!r}", "transport")

    async def _request(self, client: httpx.AsyncClient, args: Mapping[str, Json]) -> httpx.Request:
        rest = dict(args)
        filled = {name: _plain(rest.pop(name, "")) for name in _TEMPLATE.findall(self.url)}
        for name, value in filled.items():
            if value in ("", ".", ".."):
                raise _Refused(f"`{name}` may not be {value!r}: it is a part of the address.")
        url = _TEMPLATE.sub(lambda found: quote(filled[found[1]], safe=""), self.url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        address = await self._address(host, parts.port or (443 if parts.scheme == "https" else 80))
        target = f"[{address}]" if ":" in address else address
        port = f":{parts.port}" if parts.port else ""
        headers = {name: expand(v, self.network.environ) for name, v in self.headers.items()}
        body: dict[str, Any] = {}
        if rest and self.method in _IN_QUERY:
            query = "&".join(filter(None, (parts.query, urlencode(_query(rest), doseq=True))))
            parts = parts._replace(query=query)
        elif rest:
            body = {"json": rest}
        return client.build_request(
            self.method,
            parts._replace(netloc=target + port).geturl(),
            headers={**headers, "Host": parts.netloc.rpartition("@")[2]},
            extensions={"sni_hostname": host},
            **body,
        )

    async def _address(self, host: str, port: int) -> str:
        """Return the checked address to send to.

        Raises:
            _Refused: it must not be reached.
        """
        if is_loopback(host):
            return "127.0.0.1" if host == "localhost" else host
        if not self.network.live:
            raise _Refused(f"Offline: `{host}` is not on this machine. --live allows it.")
        addresses = [host] if address_of(host) else await _resolved(host, port)
        private = [a for a in addresses if not ipaddress.ip_address(a).is_global]
        if private and not self.allow_private:
            raise _Refused(
                f"`{host}` is the private address {private[0]}; the tool does not say "
                '"allow_private": true.'
            )
        return addresses[0]


async def _resolved(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _Refused(f"`{host}` has no address: {error}") from None
    return [str(each[4][0]) for each in found]


async def _result(response: httpx.Response) -> ToolResult:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_BODY:
            return ToolResult("failed", f"The answer is longer than {MAX_BODY} bytes.", "tool")
    text = body.decode(_charset(response.charset_encoding), "replace")
    if response.is_success:
        return ToolResult(text=text, structured=_structured(response, text))
    status: Status = "retryable" if response.status_code in _RETRYABLE else "failed"
    where = response.headers.get("location", "")
    moved = f" to {where}, which is not followed" if response.is_redirect else ""
    head = f"HTTP {response.status_code} {response.reason_phrase}{moved}"
    return ToolResult(status, f"{head}\n{text}".strip(), "tool")


def _charset(named: str | None) -> str:
    try:
        return codecs.lookup(named or "utf-8").name
    except LookupError:
        return "utf-8"


def _structured(response: httpx.Response, text: str) -> Json:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if is_object(value) else None


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _query(args: Mapping[str, Json]) -> dict[str, Any]:
    told = {k: v for k, v in args.items() if v is not None}
    return {k: [_plain(i) for i in v] if is_list(v) else _plain(v) for k, v in told.items()}


def _unknown_keys(told: Mapping[str, Json], where: str) -> list[Problem]:
    return [
        Problem(
            f"{where}: unknown key `{key}` in its http implementation",
            note=f"did you mean `{close}`?" if (close := nearest(key, _KEYS)) else "",
            hint="it may have: " + ", ".join(_KEYS),
        )
        for key in told
        if key not in _KEYS
    ]


def _bad_values(told: Mapping[str, Json], where: str, network: Network) -> list[Problem]:
    problems: list[Problem] = []
    method = told.get("method", "GET")
    if not isinstance(method, str) or method.upper() not in _METHODS:
        problems.append(Problem(f"{where}: {method!r} is none of {', '.join(_METHODS)}"))
    url = told.get("url")
    if not isinstance(url, str) or not _fixed_host(url):
        problems.append(
            Problem(
                f"{where}: {url!r} is no http(s) URL with a fixed host",
                hint="write https://host/path/{argument}; the host takes no {argument}",
            )
        )
    headers: Json = told.get("headers") or {}
    if not is_object(headers) or not all(isinstance(v, str) for v in headers.values()):
        return [*problems, Problem(f"{where}: headers are a mapping of text to text")]
    missing = [name for value in headers.values() for name in unset(value, network.environ)]
    problems += [
        Problem(f"{where}: ${{{name}}} is not set", hint=f"export {name}=..., or write a default")
        for name in missing
    ]
    return problems


def _fixed_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in parts.netloc
