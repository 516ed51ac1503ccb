# Generated from ../_async/test_private_connections.py by tools/make_sync.py: edit that file, then run it.
"""Private attributes and methods of connections that published programs use, in subclasses too, work as in 1.0.9."""

import socket
from typing import Any

import httpcore
import pytest
from httpcore import ConnectError, ConnectionPool, HTTPConnection, HTTPProxy, SOCKSProxy
from httpcore._sync.http11 import HTTP11Connection
from httpcore._sync.http_proxy import TunnelHTTPConnection, merge_headers
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


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


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
