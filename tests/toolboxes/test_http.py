"""HTTP tools against a real server on a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from stage import staged

from agentbox import call, say
from agentbox.core.errors import AuthorError
from agentbox.core.scenario import Deadlines
from agentbox.toolboxes import read_definitions
from agentbox.toolboxes.http import MAX_BODY
from agentbox.toolboxes.network import Network


class _Echo(BaseHTTPRequestHandler):
    """Answers by path; anything else is echoed as JSON."""

    gate = threading.Event()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        if self.path.startswith("/status/"):
            self._send(int(self.path.rpartition("/")[2]), b"why it failed")
        elif self.path == "/moved":
            self._send(302, b"", ("Location", "http://10.0.0.1/"))
        elif self.path == "/huge":
            self._send(200, b"x" * (MAX_BODY + 1))
        elif self.path == "/charset":
            self._send(200, "é".encode(), ("Content-Type", "text/plain; charset=foo"))
        elif self.path == "/hang":
            self.gate.wait(30)
        elif self.path == "/drop":
            self.connection.close()
        else:
            told = {
                "method": self.command,
                "path": self.path,
                "token": self.headers.get("Authorization"),
                "host": self.headers.get("Host"),
                "body": json.loads(body) if body else None,
            }
            self._send(200, json.dumps(told).encode(), ("Content-Type", "application/json"))

    do_GET = do_POST = do_DELETE = do_PUT = _answer  # noqa: N815 - the names the server calls

    def _send(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    _Echo.gate.clear()
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    _Echo.gate.set()
    running.shutdown()
    thread.join()
    running.server_close()


def _tool(http: dict[str, Any], **network: Any):
    entry = {"name": "web", "inputSchema": {"type": "object"}, "implementation": {"http": http}}
    return read_definitions(json.dumps(entry), "t.json", lambda _: None, Network(**network))


def _send(http: dict[str, Any], args: dict[str, Any], deadline: float = 10, **network: Any):
    def model(messages, tools):
        return say("done") if messages[-1].role == "tool" else call("web", **args)

    stage = staged(model, _tool(http, **network), deadlines=Deadlines(call=deadline))
    assert stage.error is None
    return stage.events("tool.result")[0].data


@pytest.mark.loopback
def test_arguments_fill_the_url_and_the_rest_is_the_query(server: str) -> None:
    data = _send({"url": f"{server}/x/{{id}}"}, {"id": "a/b c", "deep": True, "n": [1, 2]})
    assert data["structured"]["path"] == "/x/a%2Fb%20c?deep=true&n=1&n=2"
    assert data["structured"]["method"] == "GET"


@pytest.mark.loopback
def test_a_post_sends_the_rest_as_json_with_headers_from_the_environment(server: str) -> None:
    http = {
        "method": "post",
        "url": f"{server}/x/{{id}}",
        "headers": {"Authorization": "Bearer ${TOKEN}"},
    }
    data = _send(http, {"id": 7, "note": "hi"}, environ={"TOKEN": "t0k3n-12345678"})
    told = data["structured"]
    assert told["path"] == "/x/7"
    assert told["body"] == {"note": "hi"}
    assert told["token"] == "«bearer:1»", "a known kind of secret is redacted in the trace"


@pytest.mark.loopback
def test_the_host_header_names_the_host_that_was_asked_for(server: str) -> None:
    url = server.replace("127.0.0.1", "localhost")
    assert _send({"url": f"{url}/"}, {})["structured"]["host"] == url.removeprefix("http://")


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/status/404", "failed", "HTTP 404 Not Found\nwhy it failed"),
        ("/status/429", "retryable", "HTTP 429 Too Many Requests\nwhy it failed"),
        (
            "/moved",
            "failed",
            "HTTP 302 Found to http://10.0.0.1/, which is not followed",
        ),
        ("/huge", "failed", f"The answer is longer than {MAX_BODY} bytes."),
        ("/drop", "unknown", "The answer was lost"),
    ],
)
def test_what_is_no_success_is_a_result_that_says_so(
    server: str, path: str, status: str, text: str
) -> None:
    data = _send({"url": server + path}, {})
    assert data["status"] == status
    assert data["text"].startswith(text)


@pytest.mark.loopback
def test_no_connection_is_known_not_to_have_run(server: str) -> None:
    import socket  # noqa: PLC0415 - beside its one use

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = _send({"url": f"http://127.0.0.1:{port}/"}, {})
    assert (data["status"], data["source"]) == ("retryable", "transport")


@pytest.mark.loopback
def test_a_server_that_hangs_is_a_timeout(server: str) -> None:
    data = _send({"url": f"{server}/hang"}, {}, deadline=0.1)
    assert data["status"] == "timeout"


def test_offline_only_this_machine_is_reached() -> None:
    data = _send({"url": "https://example.org/x"}, {})
    assert data["status"] == "denied"
    assert data["text"] == "Offline: `example.org` is not on this machine. --live allows it."


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "192.168.1.1", "[fd00::1]"])
def test_live_a_private_address_is_refused_unless_allowed(host: str) -> None:
    data = _send({"url": f"http://{host}/x"}, {}, live=True)
    assert data["status"] == "denied"
    assert "private address" in data["text"]


def test_a_host_cannot_be_filled_by_an_argument() -> None:
    for url in ("http://{host}/x", "ftp://h/x", "no url", "http://u:{p}@h/"):
        with pytest.raises(AuthorError, match="with a fixed host"):
            _tool({"url": url})


def test_an_unset_variable_is_an_error_at_start() -> None:
    with pytest.raises(AuthorError, match=r"\$\{TOKEN\} is not set"):
        _tool({"url": "http://127.0.0.1/", "headers": {"Authorization": "Bearer ${TOKEN}"}})


@pytest.mark.loopback
def test_a_fixed_query_stays_beside_arguments_and_a_null_is_left_out(server: str) -> None:
    sent = _send({"url": f"{server}/api?key=1"}, {"q": {"a": None}, "none": None, "yes": True})
    assert json.loads(sent["text"])["path"] == "/api?key=1&q=%7B%22a%22%3A+null%7D&yes=true"


@pytest.mark.parametrize("part", ["..", ".", ""])
def test_an_argument_cannot_leave_its_place_in_the_path(server: str, part: str) -> None:
    sent = _send({"url": f"{server}/api/{{id}}"}, {"id": part})
    assert sent["status"] == "denied"
    assert "`id` may not be" in sent["text"]


def test_what_cannot_be_sent_is_a_failed_result(server: str) -> None:
    sent = _send({"url": f"{server}/api/{{id}}"}, {"id": "x" * 70_000})
    assert sent["status"] == "failed"
    assert "cannot be sent" in sent["text"]


@pytest.mark.loopback
def test_an_unknown_charset_is_read_as_utf_8(server: str) -> None:
    assert _send({"url": f"{server}/charset"}, {})["text"] == "é"
