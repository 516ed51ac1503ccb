# Generated from ../_async/test_private_attributes.py by tools/make_sync.py: edit that file, then run it.
"""Private attributes of pools and connections that published programs use work as in 1.0.9."""

import gc
import socket
import ssl
import time
from typing import Any
from unittest import mock

import httpcore
import pytest
from httpcore import ConnectError, ConnectionPool, HTTPConnection, HTTPProxy, Proxy, SOCKSProxy
from httpcore._sync.http2 import HTTP2Connection
from httpcore._sync.http11 import HTTP11Connection
from httpcore._sync.http_proxy import ForwardHTTPConnection, TunnelHTTPConnection, merge_headers
from httpcore._sync.http_proxy import logger as proxy_logger
from httpcore._sync.socks_proxy import Socks5Connection, _init_socks5_connection
from httpcore._trace import Trace
from httpcore_test_support.background import Background
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import wait_until

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
    def test_requests_are_listed_at_any_time(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool(max_connections=2) as pool, Background() as background:
                assert pool._requests == []
                first = pool.stream("GET", server.url)
                second = pool.stream("GET", server.url)
                response = first.__enter__()
                second.__enter__()
                assert [request.connection for request in pool._requests] == pool._connections
                waiting = background.start(pool.request, "GET", server.url)
                wait_until(lambda: len(pool._requests) == 3)
                assert [request.is_queued() for request in pool._requests] == [False, False, True]
                assert pool._requests[2].connection is None
                assert {request.request.method for request in pool._requests} == {b"GET"}
                response.read()
                assert len(pool._requests) == 3
                first.__exit__(None, None, None)
                waiting.result()
                assert len(pool._requests) == 1
                second.__exit__(None, None, None)
                assert pool._requests == []

    def test_a_failed_request_is_not_listed(self) -> None:
        pool: Any
        with scripted_server([receive_request()]) as server:
            with ConnectionPool() as pool:
                with pytest.raises(httpcore.ReadTimeout):
                    pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
                assert pool._requests == []

    def test_a_request_with_a_dropped_response_is_not_listed(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool() as pool:
                response = pool.handle_request(httpcore.Request("GET", server.url, headers={"Host": "a"}))
                assert len(pool._requests) == 1
                with pytest.warns(ResourceWarning):  # noqa: PT031
                    del response
                    gc.collect()  # where references are not counted
                assert pool._requests == []


@pytest.mark.upgrade("3.2")
class TestLimits:
    def test_the_values_are_those_given(self) -> None:
        pool: Any = ConnectionPool(max_connections=20, max_keepalive_connections=5, keepalive_expiry=3.0)
        assert (pool._max_connections, pool._max_keepalive_connections, pool._keepalive_expiry) == (20, 5, 3.0)
        pool = ConnectionPool()
        assert (pool._max_connections, pool._max_keepalive_connections, pool._keepalive_expiry) == (10, 10, None)
        pool = ConnectionPool(max_connections=None, max_keepalive_connections=7)
        assert pool._max_connections > 1_000_000
        assert pool._max_keepalive_connections == 7

    def test_raising_the_limit_serves_waiting_requests(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool(max_connections=1) as pool, Background() as background:
                with pool.stream("GET", server.url):
                    waiting = background.start(pool.request, "GET", server.url)
                    wait_until(lambda: len(pool._requests) == 2)
                    pool._max_connections = 2
                    assert (waiting.result()).status == 200
                assert pool._max_connections == 2

    def test_lowering_the_limit_takes_effect_as_connections_become_idle(self) -> None:
        pool: Any
        with scripted_server(answer) as server, scripted_server(answer) as other:
            with ConnectionPool() as pool:
                with pool.stream("GET", server.url) as first, pool.stream("GET", other.url) as second:
                    first.read()
                    second.read()
                    pool._max_connections = 1
                    assert len(pool._connections) == 2
                    assert pool._max_connections == 1
                assert len(pool._connections) == 1
                pool.request("GET", server.url)
                pool.request("GET", other.url)
                assert len(pool._connections) == 1
                wait_until(lambda: server.open_connections == 0)

    def test_an_idle_connection_above_the_limit_is_closed(self) -> None:
        pool: Any
        with scripted_server(answer) as server, scripted_server(answer) as other:
            with ConnectionPool() as pool, pool.stream("GET", server.url):
                pool.request("GET", other.url)
                assert len(pool._connections) == 2
                pool._max_connections = 1
                assert len(pool._connections) == 1
                pool.close_expired()
                wait_until(lambda: other.open_connections == 0)

    def test_fewer_connections_are_kept_alive(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool() as pool:
                with pool.stream("GET", server.url) as first, pool.stream("GET", server.url) as second:
                    first.read()
                    second.read()
                assert len(pool._connections) == 2
                pool._max_keepalive_connections = 1
                assert len(pool._connections) == 1
                pool._max_keepalive_connections = 0
                pool.request("GET", server.url)
                assert pool._connections == []
                wait_until(lambda: server.open_connections == 0)
                pool._max_keepalive_connections = None
                pool.request("GET", server.url)
                assert len(pool._connections) == 1

    def test_a_new_expiry_applies_to_idle_connections(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool(keepalive_expiry=60.0) as pool:
                pool.request("GET", server.url)
                pool._keepalive_expiry = 0.0
                assert pool._keepalive_expiry == 0.0
                pool.close_expired()
                assert pool._connections == []
                pool.request("GET", server.url)
                pool.request("GET", server.url)
                assert len(server.connections) == 3

    def test_a_subclass_may_set_limits_before_the_pool_is_initialised(self) -> None:
        class Pool(ConnectionPool):
            def __init__(self) -> None:
                self._max_connections = 3
                super().__init__(max_connections=4)

        assert Pool()._max_connections == 4

    def test_idle_connections_can_be_reaped(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with ConnectionPool(keepalive_expiry=60.0) as pool:
                pool.request("GET", server.url)
                pool._keepalive_expiry = 0.0
                with pool._optional_thread_lock:
                    closing = pool._assign_requests_to_connections()
                assert pool._connections == []
                assert [connection.is_idle() for connection in closing] == [True]
                pool._close_connections(closing)
                wait_until(lambda: server.open_connections == 0)


@pytest.mark.upgrade("3.2")
class TestProxies:
    def test_the_values_are_those_given(self) -> None:
        proxy = Proxy("http://127.0.0.1:8080")
        pool: Any = ConnectionPool(proxy=proxy)
        assert pool._proxy is proxy
        pool = ConnectionPool(proxy=[proxy, proxy])
        assert pool._proxy == (proxy, proxy)
        pool = ConnectionPool()
        assert pool._proxy is None

    def test_a_proxy_that_is_set_is_used(self) -> None:
        pool: Any
        with scripted_server(echo_head) as server:
            with ConnectionPool() as pool:
                pool._proxy = Proxy(server.url, headers={"X-Proxy": "yes"})
                response = pool.request("GET", "http://example.com/")
                assert response.content.startswith(b"GET http://example.com/ HTTP/1.1\r\n")
                assert b"X-Proxy: yes\r\n" in response.content

    def test_headers_that_are_set_are_sent(self) -> None:
        pool: Any
        with scripted_server(echo_head) as server:
            with HTTPProxy(server.url) as pool:
                pool._proxy_headers = [(b"X-Proxy", b"set")]
                pool._proxy_headers.append((b"X-More", b"added"))
                response = pool.request("GET", "http://example.com/")
                assert b"X-Proxy: set\r\nX-More: added\r\n" in response.content

    def test_pools_for_one_proxy_show_it(self) -> None:
        context = ssl.create_default_context()
        pool: Any = HTTPProxy("https://127.0.0.1:8080", ("user", "secret"), proxy_ssl_context=context)
        assert pool._proxy_url == httpcore.URL("https://127.0.0.1:8080")
        assert pool._proxy_headers == [(b"Proxy-Authorization", b"Basic dXNlcjpzZWNyZXQ=")]
        assert pool._proxy_ssl_context is context
        pool = SOCKSProxy("socks5://127.0.0.1:1080", ("user", "secret"))
        assert pool._proxy_url == httpcore.URL("socks5://127.0.0.1:1080")
        assert pool._proxy_auth == (b"user", b"secret")

    def test_a_forwarding_connection_shows_one_to_the_proxy(self) -> None:
        pool: Any
        with scripted_server(answer) as server:
            with HTTPProxy(server.url, socket_options=[(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]) as pool:
                fresh = pool.create_connection(httpcore.Origin(b"http", b"example.com", 80))
                assert fresh._connection._socket_options == [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
                pool.request("GET", "http://example.com/")
                [connection] = pool._connections
                assert isinstance(connection, ForwardHTTPConnection)
                assert type(connection._connection) is HTTPConnection
                assert isinstance(connection._connection._connection, HTTP11Connection)
                assert connection._connection.is_idle()
                assert str(connection._remote_origin) == "http://example.com:80"
                connection._connection.close()
                assert connection.is_closed()


@pytest.mark.upgrade("3.3")
class TestConnections:
    def test_the_socket_of_a_blocked_read_can_be_shut_down(self) -> None:
        pool: Any
        with scripted_server([receive_request()]) as server:
            with ConnectionPool() as pool, Background() as background:
                call = background.start(pool.request, "GET", server.url)
                wait_until(lambda: bool(pool._connections and pool._connections[0]._connection))
                stream = pool._connections[0]._connection._network_stream
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
                    call.result()
                assert pool._connections == []

    def test_the_socket_of_http2_can_be_shut_down(self) -> None:
        pool: Any
        with scripted_server([]) as server:
            with (
                ConnectionPool(http1=False, http2=True) as pool,
                Background() as background,
            ):
                calls = [background.start(pool.request, "GET", server.url) for _ in range(2)]
                wait_until(lambda: bool(pool._connections and pool._connections[0]._connection))
                connection = pool._connections[0]._connection
                wait_until(lambda: connection._h2_state.open_outbound_streams == 2)
                assert connection._request_count == 2
                assert connection._h2_state.local_settings.enable_push == 0
                assert not hasattr(connection._h2_state, "reset_stream")  # which is what closing a response does
                connection._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                for call in calls:
                    with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
                        call.result()
                assert pool._connections == pool._requests == []

    def test_a_body_leads_to_the_socket(self) -> None:
        with scripted_server(answer) as server:
            with ConnectionPool() as pool:
                with pool.stream("GET", server.url) as response:
                    body: Any = response.stream
                    stream = body._stream._connection._network_stream
                    assert stream is response.extensions["network_stream"]
                    assert body._pool is pool
                    assert [body._pool_request] == pool._requests
                assert body._pool is None

    def test_a_subclass_may_connect_by_itself(self) -> None:
        class Pinned(HTTPConnection):
            def _connect(self, request: httpcore.Request) -> Any:
                timeout = request.extensions["timeout"]["connect"]
                assert self._origin.host == b"example.com"
                return self._network_backend.connect_tcp(
                    "127.0.0.1", server.port, timeout, self._local_address, self._socket_options
                )

        class Pool(ConnectionPool):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
                return Pinned(origin)

        with scripted_server(answer) as server:
            with Pool() as pool:
                extensions = {"timeout": {"connect": 5.0}}
                for _ in range(2):
                    assert (pool.request("GET", "http://example.com/", extensions=extensions)).status == 200
                assert len(server.connections) == 1

    def test_a_subclass_may_refuse_to_connect(self) -> None:
        class Guarded(HTTPConnection):
            def _connect(self, request: httpcore.Request) -> Any:
                raise ConnectError("private address")

        with scripted_server(answer) as server:
            connection = Guarded(httpcore.URL(server.url).origin)
            with pytest.raises(ConnectError, match="private address"):
                connection.request("GET", server.url)
            assert connection.is_closed()
            assert server.connections == []

    def test_a_replaced_method_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(connection: Any, request: httpcore.Request) -> Any:
            raise ConnectError(f"no network for {request.url.host!r}")

        monkeypatch.setattr(HTTPConnection, "_connect", refuse)
        with ConnectionPool() as pool:
            with pytest.raises(ConnectError, match="no network for b'example"):
                pool.request("GET", "http://example.com/")
            assert pool.connections == []

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_replaced_method_connects_to_a_proxy(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        hosts = []

        def pinned(connection: Any, request: httpcore.Request) -> Any:
            hosts.append(connection._origin.host)
            return connection._network_backend.connect_tcp("127.0.0.1", server.port)

        monkeypatch.setattr(HTTPConnection, "_connect", pinned)
        with scripted_server([receive_request(), send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")]) as server:
            with HTTPProxy("http://proxy.test:8080") as pool:
                try:
                    status = (pool.request("GET", f"{scheme}://example.com/")).status
                except httpcore.ProxyError as exc:
                    status = exc.status
            assert (status, hosts) == (403, [b"proxy.test"])
            method = b"GET http://example.com/" if scheme == "http" else b"CONNECT example.com:443"
            assert server.connections[0].received.startswith(method)

    def test_a_method_replaced_after_a_tunnel_was_made_is_called(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(connection: Any, request: httpcore.Request) -> Any:
            raise ConnectError(f"no network for {request.url.host!r}")

        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("https://example.com").origin
        connection = TunnelHTTPConnection(proxy, origin)
        monkeypatch.setattr(HTTPConnection, "_connect", refuse)
        with pytest.raises(ConnectError, match="no network for b'proxy"):
            connection.request("GET", "https://example.com/")

    def test_a_replaced_method_does_not_bypass_socks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def connect(connection: Any, request: httpcore.Request) -> Any:
            raise AssertionError

        monkeypatch.setattr(HTTPConnection, "_connect", connect)
        with scripted_server([send(b"\x05\xff")]) as server:
            with SOCKSProxy(server.url.replace("http", "socks5")) as pool:
                with pytest.raises(httpcore.ProxyError):
                    pool.request("GET", "http://example.com/")

    def test_a_subclass_may_call_the_original_with_another_time_limit(self) -> None:
        timeouts = []

        class Backend(httpcore.NetworkBackend):
            def connect_tcp(self, host: str, port: int, timeout: float | None = None, **_: Any) -> Any:
                timeouts.append(timeout)
                raise ConnectError("no network")

        class Hurried(HTTPConnection):
            def _connect(self, request: httpcore.Request) -> Any:
                request.extensions["timeout"] = {"connect": 0.25}
                return super()._connect(request)

        connection = Hurried(httpcore.URL("http://example.com").origin, network_backend=Backend())
        with pytest.raises(ConnectError, match="no network"):
            connection.request("GET", "http://example.com/", extensions={"timeout": {"connect": 5.0}})
        assert timeouts == [0.25]

    def test_a_subclass_may_call_the_original(self) -> None:
        class Counting(HTTPConnection):
            connects = 0

            def _connect(self, request: httpcore.Request) -> Any:
                self.connects += 1
                return super()._connect(request)

        with scripted_server(answer) as server:
            connection = Counting(httpcore.URL(server.url).origin)
            with connection:
                for _ in range(2):
                    connection.request("GET", server.url)
                assert connection.connects == 1
                assert isinstance(connection._connection, HTTP11Connection)


class OwnConnection(HTTPConnection):
    """Opens the connection by itself."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        with self._request_lock:
            if self._connection is None:
                stream = self._connect(request)
                self._connection = HTTP11Connection(self._origin, stream, self._keepalive_expiry)
        return self._connection.handle_request(request)


class OwnSocks(Socks5Connection):
    """Opens the connection through SOCKS by itself."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        proxy, origin = self._proxy_origin, self._remote_origin
        with self._connect_lock:
            if self._connection is None:
                stream = self._network_backend.connect_tcp(proxy.host.decode("ascii"), proxy.port)
                _init_socks5_connection(stream, host=origin.host, port=origin.port, auth=self._proxy_auth)
                self._connection = HTTP11Connection(origin, stream, self._keepalive_expiry)
        return self._connection.handle_request(request)


@pytest.mark.upgrade("3.3", "3.5")
class TestOwnConnections:
    def test_a_subclass_may_open_the_connection(self) -> None:
        class Pool(ConnectionPool):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
                return OwnConnection(origin)

        pool: Any
        with scripted_server(answer) as server:
            with Pool() as pool:
                for _ in range(3):
                    assert (pool.request("GET", server.url)).content == b"hello"
                assert len(server.connections) == 1
                assert pool.stats().connections_idle == 1
                pool._connections[0].close()
                assert pool._connections[0].is_closed()
            wait_until(lambda: server.open_connections == 0)

    def test_a_subclass_may_open_a_connection_through_socks(self) -> None:
        def serve(connection: Connection) -> None:
            assert connection.receive_exactly(3) == b"\x05\x01\x00"
            connection.send(b"\x05\x00")
            assert connection.receive_exactly(18) == b"\x05\x01\x00\x03\x0bexample.com\x00\x50"
            connection.send(b"\x05\x00\x00\x01\xff\x00\x00\x01\x00\x50")
            answer(connection)

        class Pool(SOCKSProxy):
            def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
                return OwnSocks(self._proxy_url.origin, origin, self._proxy_auth)

        with scripted_server(serve) as server:
            with Pool(server.url.replace("http", "socks5")) as pool:
                for _ in range(3):
                    assert (pool.request("GET", "http://example.com/")).content == b"hello"
                assert len(server.connections) == 1
            wait_until(lambda: server.open_connections == 0)


class OwnTunnel(TunnelHTTPConnection):
    """Opens the tunnel by itself, over a connection to the proxy, as python-proxy-headers does."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        with self._connect_lock:
            if not self._connected:
                self._open_tunnel(request)
        return self._connection.handle_request(request)  # type: ignore[union-attr]

    def _open_tunnel(self, request: httpcore.Request) -> None:
        way: Any = self._connection
        origin: Any = self._remote_origin
        target = b"%b:%d" % (origin.host, origin.port)
        headers = merge_headers([(b"Host", target)], self._proxy_headers)
        proxy: Any = self._proxy_origin
        url = httpcore.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target=target)
        connect = httpcore.Request(b"CONNECT", url, headers=headers, extensions=request.extensions)
        response = way.handle_request(connect)
        if response.status != 200:
            way.close()
            raise httpcore.ProxyError("refused")
        context: Any = self._ssl_context
        with Trace("start_tls", proxy_logger, request, {"host": origin.host}) as trace:
            stream = response.extensions["network_stream"].start_tls(context, origin.host.decode("ascii"))
            trace.return_value = stream
        self._connection = HTTP11Connection(origin, stream, self._keepalive_expiry)
        self._connected = True


class OwnProxy(HTTPProxy):
    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:
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
    def test_a_subclass_may_open_the_tunnel(self, certificates: Certificates) -> None:
        heads = []
        events = []

        def trace(name: str, info: dict[str, Any]) -> None:
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
            with pool:
                for _ in range(3):
                    response = pool.request("GET", "https://localhost/", extensions={"trace": trace})
                    assert response.content == b"hello"
                assert len(server.connections) == 1
                [tunnel] = pool._connections
                assert tunnel._connected
                assert tunnel.is_idle()
                assert isinstance(tunnel._connection, HTTP11Connection)
            assert pool._connections == []
            wait_until(lambda: server.open_connections == 0)
        assert heads == [b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\nX-Proxy: yes\r\n\r\n"]
        assert "proxy.start_tls.complete" in events

    def test_a_refused_tunnel_leaves_nothing_open(self, certificates: Certificates) -> None:
        with scripted_server([receive_request(), send(b"HTTP/1.1 407 No\r\n\r\n")]) as server:
            pool: Any = OwnProxy(server.url, ssl_context=certificates.client_context(), max_connections=1)
            with pool:
                for _ in range(3):
                    with pytest.raises(httpcore.ProxyError, match="refused"):
                        pool.request("GET", "https://localhost/")
                assert pool._connections == []
                assert pool._requests == []
                wait_until(lambda: server.open_connections == 0)

    def test_a_failed_handshake_leaves_nothing_open(self, certificates: Certificates) -> None:
        script = [receive_request(), send(b"HTTP/1.1 200 OK\r\n\r\nthis is no TLS")]
        with scripted_server(script) as server:
            pool: Any = OwnProxy(server.url, ssl_context=certificates.client_context(), max_connections=1)
            with pool:
                for _ in range(3):
                    with pytest.raises(ConnectError):
                        pool.request("GET", "https://localhost/")
                assert pool._connections == []
                wait_until(lambda: server.open_connections == 0)

    def test_a_subclass_may_call_the_original_tunnel(self, certificates: Certificates) -> None:
        class Closing(TunnelHTTPConnection):
            def handle_request(self, request: httpcore.Request) -> httpcore.Response:
                try:
                    return super().handle_request(request)
                except BaseException:
                    if not self._connected:
                        self.close()
                    raise

        with scripted_server([receive_request(), send(b"HTTP/1.1 403 No\r\n\r\n")]) as server:
            origin = httpcore.Origin(b"https", b"localhost", 443)
            connection = Closing(httpcore.URL(server.url).origin, origin)
            with pytest.raises(httpcore.ProxyError):
                connection.request("GET", "https://localhost/")
            assert connection.is_closed()
            wait_until(lambda: server.open_connections == 0)


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
    def test_an_option_is_patched_for_a_while(self, kind: str, name: str) -> None:
        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("https://example.com").origin
        patched: Any = {
            "pool": ConnectionPool,
            "proxy": lambda **options: HTTPProxy("http://proxy.test", **options),
            "connection": lambda **options: HTTPConnection(origin, **options),
            "tunnel": lambda **_: TunnelHTTPConnection(proxy, origin),
            "socks": lambda **_: Socks5Connection(proxy, origin),
        }[kind](retries=3, http2=True)
        before, other = getattr(patched, name), object()
        with mock.patch.object(patched, name, other):
            assert getattr(patched, name) is other
        assert getattr(patched, name) is before
        delattr(patched, name)
        assert not hasattr(patched, name)

    @pytest.mark.parametrize("name", ["_proxy_url", "_proxy_headers", "_proxy_auth", "_proxy_ssl_context"])
    def test_a_part_of_the_proxy_is_patched_for_a_while(self, name: str) -> None:
        pool = HTTPProxy("http://user:password@proxy.test")
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
    def test_the_state_of_a_pool_is_patched_for_a_while(self, name: str, other: Any) -> None:
        pool = ConnectionPool(max_connections=4, network_backend=httpcore.MockBackend([OK]))
        pool.request("GET", "http://example.com/")
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
    def test_the_state_of_a_connection_is_patched_for_a_while(self, used: bool, name: str) -> None:
        backend = httpcore.MockBackend([OK, OK])
        connection = HTTPConnection(httpcore.URL("http://example.com").origin, network_backend=backend)
        if used:
            connection.request("GET", "http://example.com/")
        before, other = getattr(connection, name), object()
        with mock.patch.object(connection, name, other):
            assert getattr(connection, name) is other
        assert getattr(connection, name) is before
        assert (connection.request("GET", "http://example.com/")).status == 200

    def test_the_connection_of_a_tunnel_is_patched_for_a_while(self) -> None:
        proxy, origin = httpcore.URL("http://proxy.test:80").origin, httpcore.URL("ws://example.com").origin
        backend = httpcore.MockBackend([b"HTTP/1.1 200 OK\r\n\r\n", OK])
        tunnel = TunnelHTTPConnection(proxy, origin, network_backend=backend)
        before, other = tunnel._connection, object()
        with mock.patch.object(tunnel, "_connection", other):
            assert tunnel._connection is other
        assert tunnel._connection is before
        assert (tunnel.request("GET", "ws://example.com/")).status == 200

    def test_the_proxy_is_patched_for_a_while(self) -> None:
        pool, before, other = ConnectionPool(), Proxy("http://one.test"), Proxy("http://two.test")
        pool._proxy = before
        with mock.patch.object(pool, "_proxy", other):
            assert pool._proxy is other
        assert pool._proxy is before
        with mock.patch.object(pool, "_network_backend", httpcore.MockBackend([])):
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
    def test_an_attribute_of_a_connection_is_patched_for_a_while(self, version: str, name: str) -> None:
        kind = HTTP11Connection if version == "HTTP/1.1" else HTTP2Connection
        connection = kind(httpcore.URL("https://example.com").origin, httpcore.MockStream([]), 5.0)
        before, other = getattr(connection, name), object()
        with mock.patch.object(connection, name, other):
            assert getattr(connection, name) is other
        assert getattr(connection, name) is before


@pytest.mark.upgrade("3.4")
@pytest.mark.parametrize("expiry", [60.0, None])
@pytest.mark.parametrize("http2", [False, True])
def test_a_connection_expires_when_a_program_says_so(http2: bool, expiry: float | None) -> None:
    """Tests of clients assign a time in the past."""
    answer = [SETTINGS, HEAD] if http2 else [OK]
    backend = httpcore.MockBackend(answer, http2=http2)
    with ConnectionPool(network_backend=backend, http2=http2, keepalive_expiry=expiry) as pool:
        pool.request("GET", "https://example.com/")
        connection: Any = pool.connections[0]
        assert not connection.has_expired()
        connection._connection._expire_at = time.monotonic() - 1.0
        assert connection.has_expired()
