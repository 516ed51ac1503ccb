# Generated from ../_async/test_expect_continue.py by tools/make_sync.py: edit that file, then run it.
"""`Expect: 100-continue` with real servers."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from httpcore import ConnectionPool, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.node import NodeServer

pytestmark = pytest.mark.anyio

TIMEOUTS: dict[str, Any] = {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}
SIZE = 150_000


class Client(NamedTuple):
    """The arguments of a pool, and which of a server's addresses it is for."""

    kind: str
    arguments: dict[str, Any]


@pytest.fixture(params=["http_url", "https_url", "HTTP/2"])
def client(request: pytest.FixtureRequest, certificates: Certificates) -> Client:
    """HTTP/1.1 with and without TLS, and HTTP/2 over TLS."""
    if request.param == "http_url":
        return Client("http_url", {})
    return Client("https_url", {"http2": request.param == "HTTP/2", "ssl_context": certificates.client_context()})


class Upload:
    """A body that tells how much of it was sent; and the interim responses to it."""

    def __init__(self) -> None:
        self.sent = 0
        self.interim: list[int] = []

    def __iter__(self) -> Iterator[bytes]:
        while self.sent < SIZE:
            self.sent += 10_000
            yield bytes(10_000)

    def trace(self, name: str, info: dict[str, Any]) -> None:
        if name.endswith("receive_informational_response.complete"):
            self.interim.append(next(item for item in info["return_value"] if isinstance(item, int)))

    def post(self, pool: ConnectionPool, url: str) -> Response:
        headers = {"Expect": "100-continue", "Content-Length": str(SIZE)}
        extensions = {"timeout": TIMEOUTS, "trace": self.trace}
        return pool.request("POST", url, headers=headers, content=self, extensions=extensions)


def assert_usable(pool: ConnectionPool, url: str) -> None:
    assert (pool.request("GET", f"{url}/", extensions={"timeout": TIMEOUTS})).status == 200


@pytest.mark.parametrize(("server", "agrees"), [("node", True), ("caddy", True), ("hypercorn", None)])
def test_a_server_that_wants_the_body(
    request: pytest.FixtureRequest, client: Client, server: str, agrees: bool | None
) -> None:
    running: CaddyServer | HypercornServer | NodeServer = request.getfixturevalue(server)
    url = getattr(running, client.kind)
    upload = Upload()
    with ConnectionPool(**client.arguments) as pool:
        response = upload.post(pool, f"{url}/echo")
        assert response.content == bytes(SIZE)
        assert upload.sent == SIZE
        # Hypercorn does not agree over HTTP/2, and the body is sent after a second.
        assert upload.interim == [100] or agrees is None
        assert_usable(pool, url)
        assert pool.stats().opened == 1


def test_node_does_not_want_the_body(node: NodeServer, client: Client) -> None:
    url = getattr(node, client.kind)
    upload = Upload()
    with ConnectionPool(**client.arguments) as pool:
        response = upload.post(pool, f"{url}/rejected")
        assert (response.status, response.content) == (413, b"too large")
        assert (upload.sent, upload.interim) == (0, [])
        assert_usable(pool, url)


@pytest.mark.parametrize(("path", "status"), [("/status/403", 403), ("/", 200)])
def test_caddy_answers_without_reading_the_body(caddy: CaddyServer, client: Client, path: str, status: int) -> None:
    url = getattr(caddy, client.kind)
    upload = Upload()
    with ConnectionPool(**client.arguments) as pool:
        response = upload.post(pool, url + path)
        assert response.status == status
        assert response.content
        assert upload.interim == []
        # Over HTTP/1.1, Caddy neither agrees nor answers before it has the body, which is sent after a second.
        assert upload.sent == (0 if client.arguments.get("http2") else SIZE)
        assert_usable(pool, url)


def test_node_does_not_know_the_expectation(node: NodeServer, client: Client) -> None:
    url = getattr(node, client.kind)
    upload = Upload()
    with ConnectionPool(**client.arguments) as pool:
        response = upload.post(pool, f"{url}/unexpected")
        assert (response.status, response.content) == (200, str(SIZE).encode())
        assert_usable(pool, url)
