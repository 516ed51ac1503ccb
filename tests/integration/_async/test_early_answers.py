"""Real servers that respond to an upload before reading all of it."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from httpcore import AsyncConnectionPool, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.nginx import NginxServer
from httpcore_test_support.node import NodeServer

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 10.0, "read": 10.0, "write": 10.0, "pool": 10.0}}
PART = bytes(50_000)
LARGE = 20_000_000


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


async def parts(size: int, sent: list[int]) -> AsyncIterator[bytes]:
    """A body of `size` bytes; `sent` counts those that were read from it."""
    for _ in range(0, size, len(PART)):
        yield PART
        sent.append(len(PART))


async def upload(pool: AsyncConnectionPool, url: str, size: int) -> tuple[Response, int]:
    """Return the response to an upload, and how much of the body was sent."""
    sent: list[int] = []
    headers = {"Content-Length": str(size)}
    content = parts(size, sent)
    response = await pool.request("POST", url, headers=headers, content=content, extensions=TIMEOUTS)
    return response, sum(sent)


@pytest.mark.fault("S5", "S6")
async def test_early_200_of_node_does_not_end_the_upload(node: NodeServer, client: Client) -> None:
    url = getattr(node, client.kind)
    async with AsyncConnectionPool(**client.arguments) as pool:
        response, sent = await upload(pool, url + "/early", LARGE)
        assert (response.status, response.content, sent) == (200, b"early", LARGE)
        received = await pool.request("GET", url + "/received", extensions=TIMEOUTS)
        assert int(received.content) == LARGE
        assert pool.stats().opened == 1


@pytest.mark.fault("T21")
async def test_an_echo_waits_in_the_client_until_the_upload_is_complete(
    node: NodeServer, certificates: Certificates
) -> None:
    """Node reads no more of a request than it can send back, and nothing reads the response meanwhile."""
    content = bytes(range(250)) * 56_000
    async with AsyncConnectionPool(http2=True, ssl_context=certificates.client_context()) as pool:
        response = await pool.request("POST", node.https_url + "/echo", content=content, extensions=TIMEOUTS)
        assert response.content == content


@pytest.mark.fault("S5")
async def test_early_200_of_nginx_does_not_end_the_upload(nginx: NginxServer, client: Client) -> None:
    url = getattr(nginx, client.kind)
    async with AsyncConnectionPool(**client.arguments) as pool:
        response, sent = await upload(pool, url + "/early", LARGE)
        assert (response.status, response.content) == (200, b"early")
        # Over HTTP/2, nginx ends the upload by RST_STREAM.
        assert sent == LARGE or response.extensions["http_version"] == b"HTTP/2"
        assert (await pool.request("GET", url + "/", extensions=TIMEOUTS)).status == 200


@pytest.mark.parametrize(
    ("server", "path", "status"),
    [("node", "/rejected", 413), ("nginx", "/limited", 413), ("caddy", "/status/413", 413), ("caddy", "/", 200)],
)
async def test_early_final_response_ends_the_upload(
    request: pytest.FixtureRequest, client: Client, server: str, path: str, status: int
) -> None:
    running: CaddyServer | NginxServer | NodeServer = request.getfixturevalue(server)
    url = getattr(running, client.kind)
    async with AsyncConnectionPool(**client.arguments) as pool:
        response, sent = await upload(pool, url + path, LARGE)
        assert response.status == status
        assert response.content
        assert sent < LARGE
        assert (await pool.request("GET", url + "/", extensions=TIMEOUTS)).status == 200
