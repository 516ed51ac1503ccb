# Generated from ../_async/test_private_attributes.py by tools/make_sync.py: edit that file, then run it.
"""Private attributes of pools, and of their proxies, that published programs use work as in 1.0.9."""

import gc
import socket
import ssl
from typing import Any

import httpcore
import pytest
from httpcore import ConnectionPool, HTTPConnection, HTTPProxy, Proxy, SOCKSProxy
from httpcore._sync.http11 import HTTP11Connection
from httpcore._sync.http_proxy import ForwardHTTPConnection
from httpcore_test_support.background import Background
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import receive_request
from httpcore_test_support.waiting import wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


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
