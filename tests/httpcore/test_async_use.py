"""Async pools and connections without a running async library, and cancelled requests."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import anyio
import httpcore
import pytest
from httpcore_test_support.asyncs import BACKENDS, run_async
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import hold, receive_request, send
from httpcore_test_support.waiting import async_wait_until

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY = "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle"


def run_without_a_library(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, as an unknown async library does."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as finished:
        return finished.value


class TestOutsideOfALibrary:
    def test_pools_and_connections_can_be_created(self) -> None:
        httpcore.AsyncConnectionPool()
        httpcore.AsyncHTTPConnection(httpcore.Origin(b"http", b"example.com", 80))

    def test_a_request_is_an_error(self) -> None:
        pool = httpcore.AsyncConnectionPool()
        with pytest.raises(RuntimeError, match="unknown async library, or not in async context"):
            run_without_a_library(pool.request("GET", "http://127.0.0.1:1/"))
        assert EMPTY in repr(pool)

    def test_waiting_is_an_error(self) -> None:
        pool = httpcore.AsyncConnectionPool(network_backend=httpcore.AsyncMockBackend([OK]), max_connections=1)
        request = httpcore.Request("GET", "http://example.com/", headers={"Host": "example.com"})
        response = run_without_a_library(pool.handle_async_request(request))
        assert isinstance(response, httpcore.Response)
        with pytest.raises(RuntimeError, match="unknown async library, or not in async context"):
            run_without_a_library(pool.handle_async_request(request))
        assert "Requests: 1 active, 0 queued | Connections: 1 active, 0 idle" in repr(pool)
        run_without_a_library(response.aread())
        run_without_a_library(response.aclose())


@pytest.mark.field(15)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("expiry", [None, 0.0], ids=["kept", "expired"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_pool_outlives_its_event_loop(backend: str, expiry: float | None) -> None:
    """The event loops warn about what they left open, and the pool closes it."""
    with scripted_server(receive_requests) as server:
        pool = httpcore.AsyncConnectionPool(keepalive_expiry=expiry, max_connections=1)

        async def send_request() -> int:
            extensions = {"timeout": {"pool": 0.0, "read": 10.0}}
            return (await pool.request("GET", server.url, extensions=extensions)).status

        for _ in range(3):
            assert run_async(backend, send_request) == 200
        run_async(backend, pool.aclose)
        assert server.wait_closed()


def receive_requests(connection: Connection) -> None:
    """Answer requests until the client closes."""
    while True:
        connection.receive_request()
        connection.send(OK)


@pytest.mark.anyio
class TestCancellation:
    async def test_cancelled_while_receiving_the_head(self) -> None:
        with scripted_server([receive_request(), hold()]) as server:
            async with httpcore.AsyncConnectionPool(max_connections=1) as pool:
                await cancelled(pool, server.url, lambda: bool(server.connections and server.connections[0].received))
                assert EMPTY in repr(pool)
                await async_wait_until(lambda: not server.open_connections)

    async def test_cancelled_while_receiving_the_body(self) -> None:
        with scripted_server([receive_request(), send(OK[:-1]), hold()]) as server:
            async with httpcore.AsyncConnectionPool(max_connections=1) as pool:
                await cancelled(pool, server.url, lambda: "ACTIVE" in repr(pool.connections))
                assert EMPTY in repr(pool)
                await async_wait_until(lambda: not server.open_connections)

    @pytest.mark.field(12)
    async def test_cancelled_while_waiting_for_a_connection(self) -> None:
        with scripted_server([receive_request(), send(OK), receive_request(), send(OK)]) as server:
            async with httpcore.AsyncConnectionPool(max_connections=1) as pool:
                async with pool.stream("GET", server.url) as response:
                    await cancelled(pool, server.url, lambda: " 1 queued" in repr(pool))
                    assert "Requests: 1 active, 0 queued" in repr(pool)
                    await response.aread()
                assert (await pool.request("GET", server.url)).status == 200
            assert len(server.connections) == 1


async def cancelled(pool: httpcore.AsyncConnectionPool, url: str, moment: Any) -> None:
    """Send a request, and cancel it when `moment` comes."""
    outcomes: list[str] = []

    async def send_request() -> None:
        try:
            await pool.request("GET", url)
        except BaseException as exc:
            outcomes.append(type(exc).__name__)
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send_request)
        await async_wait_until(moment)
        tasks.cancel_scope.cancel()
    assert outcomes in (["CancelledError"], ["Cancelled"])
