"""A real server over TCP, TLS and a Unix socket: bodies of all kinds, with and without keep-alive."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from httpcore import AsyncConnectionPool, ReadTimeout, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates

pytestmark = pytest.mark.anyio


class Target(NamedTuple):
    """How to reach the server: the start of all URLs, and the arguments of a pool."""

    url: str
    arguments: dict[str, Any]


@pytest.fixture(params=["http", "https", "unix"])
def target(request: pytest.FixtureRequest, caddy: CaddyServer, certificates: Certificates) -> Target:
    """Each way to reach the server."""
    if request.param == "unix":
        return Target("http://localhost", {"uds": caddy.unix_socket})
    if request.param == "https":
        return Target(caddy.https_url, {"ssl_context": certificates.client_context()})
    return Target(caddy.http_url, {})


def header(response: Response, name: bytes) -> bytes:
    """The value of a header."""
    return next(value for key, value in response.headers if key.lower() == name)


def connections(pool: AsyncConnectionPool) -> tuple[int, int]:
    """How many connections are in use and how many are idle."""
    found = re.search(r"0 queued \| Connections: (\d+) active, (\d+) idle", repr(pool))
    assert found
    return int(found[1]), int(found[2])


async def body() -> AsyncIterator[bytes]:
    """A megabyte in pieces of different sizes."""
    for size in (1, 100_000, 65_536, 834_463):
        yield b"x" * size


class TestBodies:
    async def test_get(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", target.url + "/")
        assert (response.status, response.content) == (200, b"Hello, world!\n")
        assert response.extensions["http_version"] == b"HTTP/1.1"
        assert header(response, b"content-length") == b"14"

    async def test_post(self, target: Target) -> None:
        content = bytes(range(256)) * 4096
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("POST", target.url + "/echo", content=content)
        assert header(response, b"x-method") == b"POST"
        assert response.content == content

    async def test_post_in_chunks(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("POST", target.url + "/echo", content=body())
        assert response.content == b"x" * 1_000_000

    async def test_a_download_of_50_megabytes(self, target: Target, caddy: CaddyServer) -> None:
        digest, size = hashlib.sha256(), 0
        async with AsyncConnectionPool(**target.arguments) as pool:
            async with pool.stream("GET", target.url + "/50mb.bin") as response:
                async for part in response.aiter_stream():
                    digest.update(part)
                    size += len(part)
            assert connections(pool) == (0, 1)
        expected = caddy.files["/50mb.bin"]
        assert (size, digest.hexdigest()) == (expected.size, expected.sha256)

    async def test_a_chunked_response(self, target: Target, caddy: CaddyServer) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", target.url + "/chunked")
            assert connections(pool) == (0, 1)
        assert header(response, b"transfer-encoding") == b"chunked"
        assert hashlib.sha256(response.content).hexdigest() == caddy.files["/1mb.bin"].sha256

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("HEAD", "/1mb.bin", 200), ("GET", "/status/204", 204), ("GET", "/status/304", 304), ("GET", "/bytes/0", 200)],
    )
    async def test_responses_without_a_body(self, target: Target, method: str, path: str, status: int) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            for _ in range(2):
                response = await pool.request(method, target.url + path, extensions={"timeout": {"read": 10.0}})
                assert (response.status, response.content) == (status, b"")
            assert connections(pool) == (0, 1)

    async def test_interim_responses_are_passed_over(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            for _ in range(2):
                response = await pool.request("GET", target.url + "/early-hints")
                assert (response.status, response.content) == (200, b"hinted\n")
            assert connections(pool) == (0, 1)

    @pytest.mark.parametrize("status", [302, 404, 500])
    async def test_every_status_is_a_response(self, target: Target, status: int) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", f"{target.url}/status/{status}")
        assert (response.status, response.content) == (status, b"status %d\n" % status)

    async def test_repeated_headers_stay_apart(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", target.url + "/headers")
        assert [value for name, value in response.headers if name == b"X-Repeated"] == [b"one", b"two"]
        assert (b"X-Empty", b"") in response.headers

    async def test_the_target_is_sent_as_given(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", target.url + "/inspect?a=%20b&c")
        assert response.content.startswith(b"GET /inspect?a=%20b&c HTTP/1.1 ")


class TestConnections:
    async def test_one_connection_carries_requests_in_turn(self, caddy: CaddyServer) -> None:
        ports = set()
        async with AsyncConnectionPool() as pool:
            for path in ["/", "/bytes/100000", "/status/404", "/chunked", "/headers"] * 4:
                ports.add(header(await pool.request("GET", caddy.http_url + path), b"x-remote-port"))
            assert connections(pool) == (0, 1)
        assert len(ports) == 1

    async def test_one_that_the_server_closes_is_not_used_again(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            for _ in range(3):
                response = await pool.request("GET", target.url + "/close")
                assert header(response, b"connection") == b"close"
                assert connections(pool) == (0, 0)

    async def test_one_that_the_client_closes_is_not_used_again(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments) as pool:
            response = await pool.request("GET", target.url + "/", headers=[("Connection", "close")])
            assert response.content == b"Hello, world!\n"
            assert connections(pool) == (0, 0)

    async def test_a_download_that_is_left_early_closes_its_connection(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments, max_connections=1) as pool:
            async with pool.stream("GET", target.url + "/50mb.bin") as response:
                assert await anext(aiter(response.stream))  # type: ignore[arg-type]
            assert connections(pool) == (0, 0)
            assert (await pool.request("GET", target.url + "/")).status == 200

    async def test_a_timeout_closes_its_connection(self, target: Target) -> None:
        async with AsyncConnectionPool(**target.arguments, max_connections=1) as pool:
            with pytest.raises(ReadTimeout):
                await pool.request("GET", target.url + "/slow", extensions={"timeout": {"read": 0.05}})
            assert connections(pool) == (0, 0)
            assert (await pool.request("GET", target.url + "/")).status == 200

    async def test_the_name_in_tls_can_be_chosen(self, caddy: CaddyServer, certificates: Certificates) -> None:
        async with AsyncConnectionPool(ssl_context=certificates.client_context()) as pool:
            extensions = {"sni_hostname": "localhost"}
            response = await pool.request("GET", caddy.https_url + "/inspect", extensions=extensions)
        assert header(response, b"x-server-name") == b"localhost"
