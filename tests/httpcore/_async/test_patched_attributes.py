"""Private attributes that tests of published programs replace for a while, or set, work as in 1.0.9."""

import time
from typing import Any
from unittest import mock

import httpcore
import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, AsyncHTTPProxy, Proxy
from httpcore._async.http2 import AsyncHTTP2Connection
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._async.http_proxy import AsyncTunnelHTTPConnection
from httpcore._async.socks_proxy import AsyncSocks5Connection

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
HEAD = b"\0\0\x01\x01\x05\0\0\0\x01\x88"  # the status 200, in one byte, and the end of the stream


@pytest.mark.upgrade("3.2")
class TestPatching:
    """`mock.patch.object()` deletes the attribute at the end, and assigns the former value where it is gone then."""

    @pytest.mark.parametrize(
        "name",
        [
            "_ssl_context",
            "_http1",
            "_http2",
            "_retries",
            "_local_address",
            "_uds",
            "_network_backend",
            "_socket_options",
        ],
    )
    @pytest.mark.parametrize("kind", ["pool", "proxy", "connection", "tunnel", "socks"])
    async def test_an_option_is_patched_for_a_while(self, kind: str, name: str) -> None:
        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("https://example.com").origin
        patched: Any = {
            "pool": AsyncConnectionPool,
            "proxy": lambda **options: AsyncHTTPProxy("http://proxy.test", **options),
            "connection": lambda **options: AsyncHTTPConnection(origin, **options),
            "tunnel": lambda **_: AsyncTunnelHTTPConnection(proxy, origin),
            "socks": lambda **_: AsyncSocks5Connection(proxy, origin),
        }[kind](retries=3, http2=True)
        before, other = getattr(patched, name), object()
        with mock.patch.object(patched, name, other):
            assert getattr(patched, name) is other
        assert getattr(patched, name) is before
        delattr(patched, name)
        assert not hasattr(patched, name)

    @pytest.mark.parametrize("name", ["_proxy_url", "_proxy_headers", "_proxy_auth", "_proxy_ssl_context"])
    async def test_a_part_of_the_proxy_is_patched_for_a_while(self, name: str) -> None:
        pool = AsyncHTTPProxy("http://user:password@proxy.test")
        before, other = getattr(pool, name), object()
        with mock.patch.object(pool, name, other):
            assert getattr(pool, name) is other
        assert getattr(pool, name) is before

    @pytest.mark.parametrize(
        ("name", "other"),
        [
            ("_max_connections", 3),
            ("_max_keepalive_connections", 2),
            ("_keepalive_expiry", 7.0),
            ("_connections", []),
            ("_requests", []),
        ],
    )
    async def test_the_state_of_a_pool_is_patched_for_a_while(self, name: str, other: Any) -> None:
        pool = AsyncConnectionPool(max_connections=4, network_backend=httpcore.AsyncMockBackend([OK]))
        await pool.request("GET", "http://example.com/")
        before = getattr(pool, name)
        with mock.patch.object(pool, name, other):
            assert getattr(pool, name) == other
        assert getattr(pool, name) == before
        assert len(pool._connections) == 1
        if not isinstance(other, list):
            delattr(pool, name)
            assert not hasattr(pool, name)

    @pytest.mark.parametrize("name", ["_connection", "_request_lock"])
    @pytest.mark.parametrize("used", [False, True])
    async def test_the_state_of_a_connection_is_patched_for_a_while(self, used: bool, name: str) -> None:
        backend = httpcore.AsyncMockBackend([OK, OK])
        connection = AsyncHTTPConnection(httpcore.URL("http://example.com").origin, network_backend=backend)
        if used:
            await connection.request("GET", "http://example.com/")
        before, other = getattr(connection, name), object()
        with mock.patch.object(connection, name, other):
            assert getattr(connection, name) is other
        assert getattr(connection, name) is before
        assert (await connection.request("GET", "http://example.com/")).status == 200

    async def test_the_connection_of_a_tunnel_is_patched_for_a_while(self) -> None:
        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("ws://example.com").origin
        backend = httpcore.AsyncMockBackend([b"HTTP/1.1 200 OK\r\n\r\n", OK])
        tunnel = AsyncTunnelHTTPConnection(proxy, origin, network_backend=backend)
        before, other = tunnel._connection, object()
        with mock.patch.object(tunnel, "_connection", other):
            assert tunnel._connection is other
        assert tunnel._connection is before
        assert (await tunnel.request("GET", "ws://example.com/")).status == 200

    async def test_the_proxy_is_patched_for_a_while(self) -> None:
        pool, before, other = AsyncConnectionPool(), Proxy("http://one.test"), Proxy("http://two.test")
        pool._proxy = before
        with mock.patch.object(pool, "_proxy", other):
            assert pool._proxy is other
        assert pool._proxy is before
        with mock.patch.object(pool, "_network_backend", httpcore.AsyncMockBackend([])):
            connection: Any = pool.create_connection(httpcore.URL("http://example.com").origin)
            assert connection._network_backend is pool._network_backend
        assert connection._network_backend is not pool._network_backend

    @pytest.mark.parametrize(
        "name",
        [
            "_origin",
            "_network_stream",
            "_state",
            "_request_count",
            "_expire_at",
            "_keepalive_expiry",
        ],
    )
    @pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
    async def test_an_attribute_of_a_connection_is_patched_for_a_while(self, version: str, name: str) -> None:
        kind = AsyncHTTP11Connection if version == "HTTP/1.1" else AsyncHTTP2Connection
        connection = kind(httpcore.URL("https://example.com").origin, httpcore.AsyncMockStream([]), 5.0)
        before, other = getattr(connection, name), object()
        with mock.patch.object(connection, name, other):
            assert getattr(connection, name) is other
        assert getattr(connection, name) is before


@pytest.mark.upgrade("3.4")
@pytest.mark.parametrize("expiry", [60.0, None])
@pytest.mark.parametrize("http2", [False, True])
async def test_a_connection_expires_when_a_program_says_so(http2: bool, expiry: float | None) -> None:
    """Tests of clients assign a time in the past."""
    answer = [SETTINGS, HEAD] if http2 else [OK]
    backend = httpcore.AsyncMockBackend(answer, http2=http2)
    async with AsyncConnectionPool(network_backend=backend, http2=http2, keepalive_expiry=expiry) as pool:
        await pool.request("GET", "https://example.com/")
        connection: Any = pool.connections[0]
        assert not connection.has_expired()
        connection._connection._expire_at = time.monotonic() - 1.0
        assert connection.has_expired()
