"""Private attributes of pools and connections that published programs use work as in 1.0.9."""

import gc
import socket
import ssl
import time
from typing import Any
from unittest import mock

import httpcore
import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, AsyncHTTPProxy, AsyncSOCKSProxy, ConnectError, Proxy
from httpcore._async.http2 import AsyncHTTP2Connection
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._async.http_proxy import AsyncForwardHTTPConnection, AsyncTunnelHTTPConnection, merge_headers
from httpcore._async.http_proxy import logger as proxy_logger
from httpcore._async.socks_proxy import AsyncSocks5Connection, _init_socks5_connection
from httpcore._trace import Trace
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
HEAD = b"\0\0\x01\x01\x05\0\0\0\x01\x88"  # the status 200, in one byte, and the end of the stream


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


def echo_head(connection: Connection) -> None:
    while True:
        head = connection.receive_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), head))


@pytest.mark.upgrade("3.2")
class TestRequests:
    async def test_requests_are_listed_at_any_time(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool(max_connections=2) as pool, AsyncBackground() as background:
                assert pool._requests == []
                first = pool.stream("GET", server.url)
                second = pool.stream("GET", server.url)
                response = await first.__aenter__()
                await second.__aenter__()
                assert [request.connection for request in pool._requests] == pool._connections
                waiting = background.start(pool.request, "GET", server.url)
                await async_wait_until(lambda: len(pool._requests) == 3)
                assert [request.is_queued() for request in pool._requests] == [False, False, True]
                assert pool._requests[2].connection is None
                assert {request.request.method for request in pool._requests} == {b"GET"}
                await response.aread()
                assert len(pool._requests) == 3
                await first.__aexit__(None, None, None)
                await waiting.result()
                assert len(pool._requests) == 1
                await second.__aexit__(None, None, None)
                assert pool._requests == []

    async def test_a_failed_request_is_not_listed(self) -> None:
        pool: Any
        with scripted_server([receive_request()]) as server:
            async with AsyncConnectionPool() as pool:
                with pytest.raises(httpcore.ReadTimeout):
                    await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
                assert pool._requests == []

    async def test_a_request_with_a_dropped_response_is_not_listed(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool() as pool:
                response = await pool.handle_async_request(httpcore.Request("GET", server.url, headers={"Host": "a"}))
                assert len(pool._requests) == 1
                with pytest.warns(ResourceWarning):  # noqa: PT031
                    del response
                    gc.collect()  # where references are not counted
                assert pool._requests == []


@pytest.mark.upgrade("3.2")
class TestLimits:
    async def test_the_values_are_those_given(self) -> None:
        pool: Any = AsyncConnectionPool(max_connections=20, max_keepalive_connections=5, keepalive_expiry=3.0)
        assert (pool._max_connections, pool._max_keepalive_connections, pool._keepalive_expiry) == (20, 5, 3.0)
        pool = AsyncConnectionPool()
        assert (pool._max_connections, pool._max_keepalive_connections, pool._keepalive_expiry) == (10, 10, None)
        pool = AsyncConnectionPool(max_connections=None, max_keepalive_connections=7)
        assert pool._max_connections > 1_000_000
        assert pool._max_keepalive_connections == 7

    async def test_raising_the_limit_serves_waiting_requests(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool(max_connections=1) as pool, AsyncBackground() as background:
                async with pool.stream("GET", server.url):
                    waiting = background.start(pool.request, "GET", server.url)
                    await async_wait_until(lambda: len(pool._requests) == 2)
                    pool._max_connections = 2
                    assert (await waiting.result()).status == 200
                assert pool._max_connections == 2

    async def test_lowering_the_limit_takes_effect_as_connections_become_idle(self) -> None:
        pool: Any
        with scripted_server(answer) as server, scripted_server(answer) as other:
            async with AsyncConnectionPool() as pool:
                async with pool.stream("GET", server.url) as first, pool.stream("GET", other.url) as second:
                    await first.aread()
                    await second.aread()
                    pool._max_connections = 1
                    assert len(pool._connections) == 2
                    assert pool._max_connections == 1
                assert len(pool._connections) == 1
                await pool.request("GET", server.url)
                await pool.request("GET", other.url)
                assert len(pool._connections) == 1
                await async_wait_until(lambda: server.open_connections == 0)

    async def test_an_idle_connection_above_the_limit_is_closed(self) -> None:
        pool: Any
        with scripted_server(answer) as server, scripted_server(answer) as other:
            async with AsyncConnectionPool() as pool, pool.stream("GET", server.url):
                await pool.request("GET", other.url)
                assert len(pool._connections) == 2
                pool._max_connections = 1
                assert len(pool._connections) == 1
                await pool.close_expired()
                await async_wait_until(lambda: other.open_connections == 0)

    async def test_fewer_connections_are_kept_alive(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool() as pool:
                async with pool.stream("GET", server.url) as first, pool.stream("GET", server.url) as second:
                    await first.aread()
                    await second.aread()
                assert len(pool._connections) == 2
                pool._max_keepalive_connections = 1
                assert len(pool._connections) == 1
                pool._max_keepalive_connections = 0
                await pool.request("GET", server.url)
                assert pool._connections == []
                await async_wait_until(lambda: server.open_connections == 0)
                pool._max_keepalive_connections = None
                await pool.request("GET", server.url)
                assert len(pool._connections) == 1

    async def test_a_new_expiry_applies_to_idle_connections(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool(keepalive_expiry=60.0) as pool:
                await pool.request("GET", server.url)
                pool._keepalive_expiry = 0.0
                assert pool._keepalive_expiry == 0.0
                await pool.close_expired()
                assert pool._connections == []
                await pool.request("GET", server.url)
                await pool.request("GET", server.url)
                assert len(server.connections) == 3

    async def test_a_subclass_may_set_limits_before_the_pool_is_initialised(self) -> None:
        class Pool(AsyncConnectionPool):
            def __init__(self) -> None:
                self._max_connections = 3
                super().__init__(max_connections=4)

        assert Pool()._max_connections == 4

    async def test_idle_connections_can_be_reaped(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncConnectionPool(keepalive_expiry=60.0) as pool:
                await pool.request("GET", server.url)
                pool._keepalive_expiry = 0.0
                with pool._optional_thread_lock:
                    closing = pool._assign_requests_to_connections()
                assert pool._connections == []
                assert [connection.is_idle() for connection in closing] == [True]
                await pool._close_connections(closing)
                await async_wait_until(lambda: server.open_connections == 0)


@pytest.mark.upgrade("3.2")
class TestProxies:
    async def test_the_values_are_those_given(self) -> None:
        proxy = Proxy("http://127.0.0.1:8080")
        pool: Any = AsyncConnectionPool(proxy=proxy)
        assert pool._proxy is proxy
        pool = AsyncConnectionPool(proxy=[proxy, proxy])
        assert pool._proxy == (proxy, proxy)
        pool = AsyncConnectionPool()
        assert pool._proxy is None

    async def test_a_proxy_that_is_set_is_used(self) -> None:
        pool: Any
        with scripted_server(echo_head) as server:
            async with AsyncConnectionPool() as pool:
                pool._proxy = Proxy(server.url, headers={"X-Proxy": "yes"})
                response = await pool.request("GET", "http://example.com/")
                assert response.content.startswith(b"GET http://example.com/ HTTP/1.1\r\n")
                assert b"X-Proxy: yes\r\n" in response.content

    async def test_headers_that_are_set_are_sent(self) -> None:
        pool: Any
        with scripted_server(echo_head) as server:
            async with AsyncHTTPProxy(server.url) as pool:
                pool._proxy_headers = [(b"X-Proxy", b"set")]
                pool._proxy_headers.append((b"X-More", b"added"))
                response = await pool.request("GET", "http://example.com/")
                assert b"X-Proxy: set\r\nX-More: added\r\n" in response.content

    async def test_pools_for_one_proxy_show_it(self) -> None:
        context = ssl.create_default_context()
        pool: Any = AsyncHTTPProxy("https://127.0.0.1:8080", ("user", "secret"), proxy_ssl_context=context)
        assert pool._proxy_url == httpcore.URL("https://127.0.0.1:8080")
        assert pool._proxy_headers == [(b"Proxy-Authorization", b"Basic dXNlcjpzZWNyZXQ=")]
        assert pool._proxy_ssl_context is context
        pool = AsyncSOCKSProxy("socks5://127.0.0.1:1080", ("user", "secret"))
        assert pool._proxy_url == httpcore.URL("socks5://127.0.0.1:1080")
        assert pool._proxy_auth == (b"user", b"secret")

    async def test_a_forwarding_connection_shows_one_to_the_proxy(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            async with AsyncHTTPProxy(server.url, socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]) as pool:
                fresh = pool.create_connection(httpcore.Origin(b"http", b"example.com", 80))
                assert fresh._connection._socket_options == [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
                await pool.request("GET", "http://example.com/")
                [connection] = pool._connections
                assert isinstance(connection, AsyncForwardHTTPConnection)
                assert type(connection._connection) is AsyncHTTPConnection
                assert isinstance(connection._connection._connection, AsyncHTTP11Connection)
                assert connection._connection.is_idle()
                assert str(connection._remote_origin) == "http://example.com:80"
                await connection._connection.aclose()
                assert connection.is_closed()


@pytest.mark.upgrade("3.3")
class TestConnections:
    async def test_the_socket_of_a_blocked_read_can_be_shut_down(self) -> None:
        pool: Any
        with scripted_server([receive_request()]) as server:
            async with AsyncConnectionPool() as pool, AsyncBackground() as background:
                call = background.start(pool.request, "GET", server.url)
                await async_wait_until(lambda: bool(pool._connections and pool._connections[0]._connection))
                stream = pool._connections[0]._connection._network_stream
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
                    await call.result()
                assert pool._connections == []

    async def test_the_socket_of_http2_can_be_shut_down(self) -> None:
        pool: Any
        with scripted_server([]) as server:
            async with (
                AsyncConnectionPool(http1=False, http2=True) as pool,
                AsyncBackground() as background,
            ):
                calls = [background.start(pool.request, "GET", server.url) for _ in range(2)]
                await async_wait_until(lambda: bool(pool._connections and pool._connections[0]._connection))
                connection = pool._connections[0]._connection
                await async_wait_until(lambda: connection._h2_state.open_outbound_streams == 2)
                assert connection._request_count == 2
                assert connection._h2_state.local_settings.enable_push == 0
                assert not hasattr(connection._h2_state, "reset_stream")  # which is what closing a response does
                connection._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                for call in calls:
                    with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
                        await call.result()
                assert pool._connections == pool._requests == []

    async def test_a_body_leads_to_the_socket(self) -> None:
        with scripted_server(answer) as server:
            async with AsyncConnectionPool() as pool:
                async with pool.stream("GET", server.url) as response:
                    body: Any = response.stream
                    stream = body._stream._connection._network_stream
                    assert stream is response.extensions["network_stream"]
                    assert body._pool is pool
                    assert [body._pool_request] == pool._requests
                assert body._pool is None

    async def test_a_subclass_may_connect_by_itself(self) -> None:
        class Pinned(AsyncHTTPConnection):
            async def _connect(self, request: httpcore.Request) -> Any:
                timeout = request.extensions["timeout"]["connect"]
                assert self._origin.host == b"example.com"
                return await self._network_backend.connect_tcp(
                    "127.0.0.1", server.port, timeout, self._local_address, self._socket_options
                )

        class Pool(AsyncConnectionPool):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
                return Pinned(origin)

        with scripted_server(answer) as server:
            async with Pool() as pool:
                extensions = {"timeout": {"connect": 5.0}}
                for _ in range(2):
                    assert (await pool.request("GET", "http://example.com/", extensions=extensions)).status == 200
                assert len(server.connections) == 1

    async def test_a_subclass_may_refuse_to_connect(self) -> None:
        class Guarded(AsyncHTTPConnection):
            async def _connect(self, request: httpcore.Request) -> Any:
                raise ConnectError("private address")

        with scripted_server(answer) as server:
            connection = Guarded(httpcore.URL(server.url).origin)
            with pytest.raises(ConnectError, match="private address"):
                await connection.request("GET", server.url)
            assert connection.is_closed()
            assert server.connections == []

    async def test_a_replaced_method_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def refuse(connection: Any, request: httpcore.Request) -> Any:
            raise ConnectError(f"no network for {request.url.host!r}")

        monkeypatch.setattr(AsyncHTTPConnection, "_connect", refuse)
        async with AsyncConnectionPool() as pool:
            with pytest.raises(ConnectError, match="no network for b'example"):
                await pool.request("GET", "http://example.com/")
            assert pool.connections == []

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_a_replaced_method_connects_to_a_proxy(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        hosts = []

        async def pinned(connection: Any, request: httpcore.Request) -> Any:
            hosts.append(connection._origin.host)
            return await connection._network_backend.connect_tcp("127.0.0.1", server.port)

        monkeypatch.setattr(AsyncHTTPConnection, "_connect", pinned)
        with scripted_server([receive_request(), send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")]) as server:
            async with AsyncHTTPProxy("http://proxy.test:8080") as pool:
                try:
                    status = (await pool.request("GET", f"{scheme}://example.com/")).status
                except httpcore.ProxyError as exc:
                    status = exc.status
            assert (status, hosts) == (403, [b"proxy.test"])
            method = b"GET http://example.com/" if scheme == "http" else b"CONNECT example.com:443"
            assert server.connections[0].received.startswith(method)

    async def test_a_method_replaced_after_a_tunnel_was_made_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def refuse(connection: Any, request: httpcore.Request) -> Any:
            raise ConnectError(f"no network for {request.url.host!r}")

        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("https://example.com").origin
        connection = AsyncTunnelHTTPConnection(proxy, origin)
        monkeypatch.setattr(AsyncHTTPConnection, "_connect", refuse)
        with pytest.raises(ConnectError, match="no network for b'proxy"):
            await connection.request("GET", "https://example.com/")

    async def test_a_replaced_method_does_not_bypass_socks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def connect(connection: Any, request: httpcore.Request) -> Any:
            raise AssertionError

        monkeypatch.setattr(AsyncHTTPConnection, "_connect", connect)
        with scripted_server([send(b"\x05\xff")]) as server:
            async with AsyncSOCKSProxy(server.url.replace("http", "socks5")) as pool:
                with pytest.raises(httpcore.ProxyError):
                    await pool.request("GET", "http://example.com/")

    async def test_a_subclass_may_call_the_original_with_another_time_limit(self) -> None:
        timeouts = []

        class Backend(httpcore.AsyncNetworkBackend):
            async def connect_tcp(self, host: str, port: int, timeout: float | None = None, **_: Any) -> Any:
                timeouts.append(timeout)
                raise ConnectError("no network")

        class Hurried(AsyncHTTPConnection):
            async def _connect(self, request: httpcore.Request) -> Any:
                request.extensions["timeout"] = {"connect": 0.25}
                return await super()._connect(request)

        connection = Hurried(httpcore.URL("http://example.com").origin, network_backend=Backend())
        with pytest.raises(ConnectError, match="no network"):
            await connection.request("GET", "http://example.com/", extensions={"timeout": {"connect": 5.0}})
        assert timeouts == [0.25]

    async def test_a_subclass_may_call_the_original(self) -> None:
        class Counting(AsyncHTTPConnection):
            connects = 0

            async def _connect(self, request: httpcore.Request) -> Any:
                self.connects += 1
                return await super()._connect(request)

        with scripted_server(answer) as server:
            connection = Counting(httpcore.URL(server.url).origin)
            async with connection:
                for _ in range(2):
                    await connection.request("GET", server.url)
                assert connection.connects == 1
                assert isinstance(connection._connection, AsyncHTTP11Connection)


class OwnConnection(AsyncHTTPConnection):
    """Opens the connection by itself."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        async with self._request_lock:
            if self._connection is None:
                stream = await self._connect(request)
                self._connection = AsyncHTTP11Connection(self._origin, stream, self._keepalive_expiry)
        return await self._connection.handle_async_request(request)


class OwnSocks(AsyncSocks5Connection):
    """Opens the connection through SOCKS by itself."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        proxy, origin = self._proxy_origin, self._remote_origin
        async with self._connect_lock:
            if self._connection is None:
                stream = await self._network_backend.connect_tcp(proxy.host.decode("ascii"), proxy.port)
                await _init_socks5_connection(stream, host=origin.host, port=origin.port, auth=self._proxy_auth)
                self._connection = AsyncHTTP11Connection(origin, stream, self._keepalive_expiry)
        return await self._connection.handle_async_request(request)


@pytest.mark.upgrade("3.3", "3.5")
class TestOwnConnections:
    async def test_a_subclass_may_open_the_connection(self) -> None:
        class Pool(AsyncConnectionPool):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
                return OwnConnection(origin)

        pool: Any
        with scripted_server(answer) as server:
            async with Pool() as pool:
                for _ in range(3):
                    assert (await pool.request("GET", server.url)).content == b"hello"
                assert len(server.connections) == 1
                assert pool.stats().connections_idle == 1
                await pool._connections[0].aclose()
                assert pool._connections[0].is_closed()
            await async_wait_until(lambda: server.open_connections == 0)

    async def test_a_subclass_may_open_a_connection_through_socks(self) -> None:
        def serve(connection: Connection) -> None:
            assert connection.receive_exactly(3) == b"\x05\x01\x00"
            connection.send(b"\x05\x00")
            assert connection.receive_exactly(18) == b"\x05\x01\x00\x03\x0bexample.com\x00\x50"
            connection.send(b"\x05\x00\x00\x01\xff\x00\x00\x01\x00\x50")
            answer(connection)

        class Pool(AsyncSOCKSProxy):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
                return OwnSocks(self._proxy_url.origin, origin, self._proxy_auth)

        with scripted_server(serve) as server:
            async with Pool(server.url.replace("http", "socks5")) as pool:
                for _ in range(3):
                    assert (await pool.request("GET", "http://example.com/")).content == b"hello"
                assert len(server.connections) == 1
            await async_wait_until(lambda: server.open_connections == 0)


class OwnTunnel(AsyncTunnelHTTPConnection):
    """Opens the tunnel by itself, over a connection to the proxy, as python-proxy-headers does."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        async with self._connect_lock:
            if not self._connected:
                await self._open_tunnel(request)
        return await self._connection.handle_async_request(request)  # type: ignore[union-attr]

    async def _open_tunnel(self, request: httpcore.Request) -> None:
        way: Any = self._connection
        origin: Any = self._remote_origin
        target = b"%b:%d" % (origin.host, origin.port)
        headers = merge_headers([(b"Host", target)], self._proxy_headers)
        proxy: Any = self._proxy_origin
        url = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target=target)
        connect = httpcore.Request(b"CONNECT", url, headers=headers, extensions=request.extensions)
        response = await way.handle_async_request(connect)
        if response.status != 200:
            await way.aclose()
            raise httpcore.ProxyError("refused")
        context: Any = self._ssl_context
        async with Trace("start_tls", proxy_logger, request, {"host": origin.host}) as trace:
            stream = await response.extensions["network_stream"].start_tls(context, origin.host.decode("ascii"))
            trace.return_value = stream
        self._connection = AsyncHTTP11Connection(origin, stream, self._keepalive_expiry)
        self._connected = True


class OwnProxy(AsyncHTTPProxy):
    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        return OwnTunnel(
            self._proxy_url.origin,
            origin,
            ssl_context=self._ssl_context,
            proxy_ssl_context=self._proxy_ssl_context,
            proxy_headers=self._proxy_headers,
            keepalive_expiry=self._keepalive_expiry,
            http1=self._http1,
            http2=self._http2,
            network_backend=self._network_backend,
            socket_options=self._socket_options,
        )


@pytest.mark.upgrade("3.5")
class TestTunnels:
    async def test_a_subclass_may_open_the_tunnel(self, certificates: Certificates) -> None:
        heads = []
        events = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append(name)

        def serve(connection: Connection) -> None:
            heads.append(connection.receive_request())
            connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.start_tls(certificates.server_context())
            answer(connection)

        with scripted_server(serve) as server:
            pool: Any = OwnProxy(
                server.url, proxy_headers={"X-Proxy": "yes"}, ssl_context=certificates.client_context()
            )
            async with pool:
                for _ in range(3):
                    response = await pool.request("GET", "https://localhost/", extensions={"trace": trace})
                    assert response.content == b"hello"
                assert len(server.connections) == 1
                [tunnel] = pool._connections
                assert tunnel._connected
                assert tunnel.is_idle()
                assert isinstance(tunnel._connection, AsyncHTTP11Connection)
            assert pool._connections == []
            await async_wait_until(lambda: server.open_connections == 0)
        assert heads == [b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nX-Proxy: yes\r\n\r\n"]
        assert "proxy.start_tls.complete" in events

    async def test_a_refused_tunnel_leaves_nothing_open(self, certificates: Certificates) -> None:
        with scripted_server([receive_request(), send(b"HTTP/1.1 407 No\r\n\r\n")]) as server:
            pool: Any = OwnProxy(server.url, ssl_context=certificates.client_context(), max_connections=1)
            async with pool:
                for _ in range(3):
                    with pytest.raises(httpcore.ProxyError, match="refused"):
                        await pool.request("GET", "https://localhost/")
                assert pool._connections == []
                assert pool._requests == []
                await async_wait_until(lambda: server.open_connections == 0)

    async def test_a_failed_handshake_leaves_nothing_open(self, certificates: Certificates) -> None:
        script = [receive_request(), send(b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS")]
        with scripted_server(script) as server:
            pool: Any = OwnProxy(server.url, ssl_context=certificates.client_context(), max_connections=1)
            async with pool:
                for _ in range(3):
                    with pytest.raises(ConnectError):
                        await pool.request("GET", "https://localhost/")
                assert pool._connections == []
                await async_wait_until(lambda: server.open_connections == 0)

    async def test_a_subclass_may_call_the_original_tunnel(self, certificates: Certificates) -> None:
        class Closing(AsyncTunnelHTTPConnection):
            async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
                try:
                    return await super().handle_async_request(request)
                except BaseException:
                    if not self._connected:
                        await self.aclose()
                    raise

        with scripted_server([receive_request(), send(b"HTTP/1.1 403 No\r\n\r\n")]) as server:
            origin = httpcore.Origin(b"https", b"localhost", 443)
            connection = Closing(httpcore.URL(server.url).origin, origin)
            with pytest.raises(httpcore.ProxyError):
                await connection.request("GET", "https://localhost/")
            assert connection.is_closed()
            await async_wait_until(lambda: server.open_connections == 0)


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
