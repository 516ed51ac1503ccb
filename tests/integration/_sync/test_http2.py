# Generated from ../_async/test_http2.py by tools/make_sync.py: edit that file, then run it.
"""HTTP/2 with real servers: Caddy and hypercorn, with and without TLS, and httpx on top."""

import hashlib
from typing import Any, NamedTuple

import httpx
import pytest
from httpcore import ConnectionPool, Response
from httpcore_test_support.caddy import CaddyServer
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.hypercorn import HypercornServer
from httpcore_test_support.waiting import at_once

pytestmark = pytest.mark.anyio

TIMEOUTS = {"timeout": {"connect": 10.0, "read": 20.0, "write": 20.0, "pool": 20.0}}


class Target(NamedTuple):
    """The start of all URLs, and the arguments of a pool that reaches the server."""

    url: str
    arguments: dict[str, Any]


def targets(server: CaddyServer | HypercornServer, certificates: Certificates, kind: str) -> Target:
    if kind == "https":
        return Target(server.https_url, {"http2": True, "ssl_context": certificates.client_context()})
    return Target(server.http_url, {"http1": False, "http2": True})


@pytest.fixture(params=["https", "http"])
def target(request: pytest.FixtureRequest, caddy: CaddyServer, certificates: Certificates) -> Target:
    """Caddy."""
    return targets(caddy, certificates, request.param)


@pytest.fixture(params=["https", "http"])
def other(request: pytest.FixtureRequest, hypercorn: HypercornServer, certificates: Certificates) -> Target:
    """hypercorn."""
    return targets(hypercorn, certificates, request.param)


class TestCaddy:
    def test_get(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            response = pool.request("GET", target.url + "/", extensions=TIMEOUTS)
            assert (response.status, response.content) == (200, b"Hello, world!\n")
            assert response.extensions["http_version"] == b"HTTP/2"
            assert "HTTP/2, IDLE" in repr(pool.connections[0])

    def test_a_hundred_requests_share_a_connection(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:

            def get() -> str:
                response: Response = pool.request("GET", target.url + "/", extensions=TIMEOUTS)
                return dict(response.headers)[b"x-remote-port"].decode()

            # Threads that begin before the first one has a connection may open one of their own.
            get()
            assert len(set(at_once(*[get] * 100))) == 1
            assert pool.stats().opened == 1

    def test_simultaneous_uploads(self, target: Target) -> None:
        content = bytes(range(256)) * 4096
        with ConnectionPool(**target.arguments) as pool:

            def post() -> bytes:
                return (pool.request("POST", target.url + "/echo", content=content, extensions=TIMEOUTS)).content

            assert at_once(*[post] * 6) == [content] * 6

    @pytest.mark.field(54)
    def test_a_large_download(self, target: Target, caddy: CaddyServer) -> None:
        file = caddy.files["/50mb.bin"]
        digest = hashlib.sha256()
        with (
            ConnectionPool(**target.arguments) as pool,
            pool.stream("GET", target.url + "/50mb.bin", extensions=TIMEOUTS) as response,
        ):
            for part in response.iter_stream():
                digest.update(part)
        assert digest.hexdigest() == file.sha256

    @pytest.mark.field(33)
    def test_downloads_that_are_dropped(self, target: Target) -> None:
        with ConnectionPool(**target.arguments) as pool:
            for _ in range(20):
                with pool.stream("GET", target.url + "/1mb.bin", extensions=TIMEOUTS):
                    pass
            response = pool.request("GET", target.url + "/1mb.bin", extensions=TIMEOUTS)
            assert len(response.content) == 1_000_000
            assert pool.stats().opened == 1


class TestHypercorn:
    def test_get(self, other: Target) -> None:
        with ConnectionPool(**other.arguments) as pool:
            response = pool.request("GET", other.url + "/", extensions=TIMEOUTS)
        assert (response.status, response.content) == (200, b"Hello from hypercorn\n")
        assert response.extensions["http_version"] == b"HTTP/2"

    def test_post(self, other: Target) -> None:
        content = bytes(range(256)) * 2048
        with ConnectionPool(**other.arguments) as pool:
            response = pool.request("POST", other.url + "/echo", content=content, extensions=TIMEOUTS)
        assert response.content == content

    def test_trailers(self, other: Target) -> None:
        headers = {"TE": "trailers"}
        with ConnectionPool(**other.arguments) as pool:
            response = pool.request("GET", other.url + "/trailers", headers=headers, extensions=TIMEOUTS)
        assert response.extensions["trailing_headers"] == [(b"checksum", b"abc")]


def test_httpx(caddy: CaddyServer, certificates: Certificates) -> None:
    context = certificates.client_context()
    with httpx.Client(http2=True, verify=context, base_url=caddy.https_url, trust_env=False) as client:
        response = client.get("/")
        assert (response.http_version, response.text) == ("HTTP/2", "Hello, world!\n")
        response = client.post("/echo", json={"a": "b"})
        assert response.json() == {"a": "b"}
        with client.stream("GET", "/1mb.bin") as streamed:
            assert len(streamed.read()) == 1_000_000
