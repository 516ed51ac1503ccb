"""Private attributes of pools, and of their proxies, that published programs use work as in 1.0.9."""

import gc
import socket
import ssl
from typing import Any

import httpcore
import pytest
from httpcore import AsyncConnectionPool, AsyncHTTPConnection, AsyncHTTPProxy, AsyncSOCKSProxy, Proxy
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._async.http_proxy import AsyncForwardHTTPConnection
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import receive_request
from httpcore_test_support.waiting import async_wait_until

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
