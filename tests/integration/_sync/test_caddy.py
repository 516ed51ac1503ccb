# Generated from ../_async/test_caddy.py by tools/make_sync.py: edit that file, then run it.
"""A real server over TCP, TLS and a Unix socket: bodies of all kinds, with and without keep-alive."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from httpcore import ConnectionPool, ReadTimeout, Response
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


def connections(pool: ConnectionPool) -> tuple[int, int]:
    """How many connections are in use and how many are idle."""
    found = re.search(r"0 queued \| Connections: (\d+) active, (\d+) idle", repr(pool))
    assert found
    return int(found[1]), int(found[2])


def body() -> Iterator[bytes]:
    """A megabyte in pieces of different sizes."""
    for size in (1, 100_000, 65_536, 834_463):
        yield b"x" * size


class TestBodies:
    def test_get(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/")
        assert (response.status, response.content) == (200, b"Hello, world!\n")
        assert response.extensions["http_version"] == b"HTTP/1.1"
        assert header(response, b"content-length") == b"14"

    def test_post(self, target: Target) -> None:
        content = bytes(range(256)) * 4096
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("POST", target.url + "/echo", content=content)
        assert header(response, b"x-method") == b"POST"
        assert response.content == content

    def test_post_in_chunks(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("POST", target.url + "/echo", content=body())
        assert response.content == b"x" * 1_000_000

    def test_a_download_of_50_megabytes(self, target: Target, caddy: CaddyServer) -> None:
        digest, size = hashlib.sha256(), 0
        with ConnectionPool(**target.arguments) as pool:
            with pool.stream("GET", target.url + "/50mb.bin") as response:
                for part in response.iter_stream():
                    digest.update(part)
                    size += len(part)
            assert connections(pool) == (0, 1)
        expected = caddy.files["/50mb.bin"]
        assert (size, digest.hexdigest()) == (expected.size, expected.sha256)

    def test_a_chunked_response(self, target: Target, caddy: CaddyServer) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/chunked")
            assert connections(pool) == (0, 1)
        assert header(response, b"transfer-encoding") == b"chunked"
        assert hashlib.sha256(response.content).hexdigest() == caddy.files["/1mb.bin"].sha256

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("HEAD", "/1mb.bin", 200), ("GET", "/status/204", 204), ("GET", "/status/304", 304), ("GET", "/bytes/0", 200)],
    )
    def test_responses_without_a_body(self, target: Target, method: str, path: str, status: int) -> None:
        with ConnectionPool(**target.arguments) as pool:
            for _ in range(2):
                response = pool.request(method, target.url + path, extensions={"timeout": {"read": 10.0}})
                assert (response.status, response.content) == (status, b"")
            assert connections(pool) == (0, 1)

    def test_interim_responses_are_passed_over(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            for _ in range(2):
                response = pool.request("GET", target.url + "/early-hints")
                assert (response.status, response.content) == (200, b"hinted\n")
            assert connections(pool) == (0, 1)

    @pytest.mark.parametrize("status", [302, 404, 500])
    def test_every_status_is_a_response(self, target: Target, status: int) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", f"{target.url}/status/{status}")
        assert (response.status, response.content) == (status, b"status %d\n" % status)

    def test_repeated_headers_stay_apart(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/headers")
        assert [value for name, value in response.headers if name == b"X-Repeated"] == [b"one", b"two"]
        assert (b"X-Empty", b"") in response.headers

    def test_the_target_is_sent_as_given(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/inspect?a=%20b&c")
        assert response.content.startswith(b"GET /inspect?a=%20b&c HTTP/1.1 ")


class TestConnections:
    def test_one_connection_carries_requests_in_turn(self, caddy: CaddyServer) -> None:
        ports = set()
        with ConnectionPool() as pool:
            for path in ["/", "/bytes/100000", "/status/404", "/chunked", "/headers"] * 4:
                ports.add(header(pool.request("GET", caddy.http_url + path), b"x-remote-port"))
            assert connections(pool) == (0, 1)
        assert len(ports) == 1

    def test_one_that_the_server_closes_is_not_used_again(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            for _ in range(3):
                response = pool.request("GET", target.url + "/close")
                assert header(response, b"connection") == b"close"
                assert connections(pool) == (0, 0)

    def test_one_that_the_client_closes_is_not_used_again(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/", headers=[("Connection", "close")])
            assert response.content == b"Hello, world!\n"
            assert connections(pool) == (0, 0)

    def test_a_download_that_is_left_early_closes_its_connection(self, target: Target) -> None:
        with ConnectionPool(**target.arguments, max_connections=1) as pool:
            with pool.stream("GET", target.url + "/50mb.bin") as response:
                assert next(iter(response.stream))  # type: ignore[arg-type]
            assert connections(pool) == (0, 0)
            assert (pool.request("GET", target.url + "/")).status == 200

    def test_a_timeout_closes_its_connection(self, target: Target) -> None:
        with ConnectionPool(**target.arguments, max_connections=1) as pool:
            with pytest.raises(ReadTimeout):
                pool.request("GET", target.url + "/slow", extensions={"timeout": {"read": 0.05}})
            assert connections(pool) == (0, 0)
            assert (pool.request("GET", target.url + "/")).status == 200

    def test_the_name_in_tls_can_be_chosen(self, caddy: CaddyServer, certificates: Certificates) -> None:
        with ConnectionPool(ssl_context=certificates.client_context()) as pool:
            extensions = {"sni_hostname": "localhost"}
            response = pool.request("GET", caddy.https_url + "/inspect", extensions=extensions)
        assert header(response, b"x-server-name") == b"localhost"
