"""Closing a pool in any state."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from httpcore import (
    AsyncConnectionInterface,
    AsyncConnectionPool,
    AsyncNetworkStream,
    ConnectError,
    Origin,
    PoolTimeout,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
)
from httpcore_models.lowlevel import Retryable, mark_retryable
from httpcore_models.network import AutoBackend
from httpcore_test_support.background import AsyncBackground, async_without_waiting
from httpcore_test_support.connections import AsyncForeignConnection
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.steps import receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
URL = "http://example.com/"
HOST = [("Host", "example.com")]
EMPTY = "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle"


async def test_idle_connections_are_closed() -> None:
    backend = AsyncRecordingBackend([OK])
    pool = AsyncConnectionPool(network_backend=backend)
    for host in ("a", "b", "c"):
        await pool.request("GET", f"http://{host}/")
    await pool.aclose()
    assert [stream.closed for stream in backend.streams] == [1, 1, 1]
    assert EMPTY in repr(pool)
    await pool.aclose()
    assert [stream.closed for stream in backend.streams] == [1, 1, 1]


async def test_unused_pool_can_be_closed() -> None:
    async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK])) as pool:
        assert pool.connections == []


@pytest.mark.field(14)
async def test_unread_response_does_not_prevent_closing() -> None:
    with scripted_server([receive_request(), send(OK[:-1])]) as server:
        pool = AsyncConnectionPool()
        async with pool:
            response = await pool.handle_async_request(Request("GET", server.url, headers=HOST))
        await async_wait_until(lambda: not server.open_connections)
        assert "Requests: 1 active, 0 queued | Connections: 0 active, 0 idle" in repr(pool)
        with pytest.raises(ReadError):
            await response.aread()
        await response.aclose()
        assert EMPTY in repr(pool)


async def test_an_exception_in_the_block_is_not_replaced() -> None:
    responses: list[Response] = []

    async def fail() -> None:
        async with AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK])) as pool:
            responses.append(await pool.handle_async_request(Request("GET", URL, headers=HOST)))
            _ = responses[0].status / 0

    with pytest.raises(ZeroDivisionError):
        await fail()
    await responses[0].aclose()


async def test_waiting_requests_fail() -> None:
    pool = AsyncConnectionPool(network_backend=AsyncRecordingBackend([OK]), max_connections=1)
    async with AsyncBackground() as background, pool.stream("GET", URL):
        calls = [background.start(pool.request, "GET", URL) for _ in range(3)]
        await async_wait_until(lambda: " 3 queued" in repr(pool))
        await pool.aclose()
        for call in calls:
            with pytest.raises(ConnectError, match="pool was closed while the request waited"):
                await call.result()
    assert EMPTY in repr(pool)


async def test_closed_pool_can_be_used_again() -> None:
    backend = AsyncRecordingBackend([OK, OK])
    pool = AsyncConnectionPool(network_backend=backend, max_connections=1)
    for count in (1, 2):
        async with pool:
            for _ in range(2):
                assert (await pool.request("GET", URL)).status == 200
            assert [stream.closed for stream in backend.streams] == [*[1] * (count - 1), 0]
    assert [stream.closed for stream in backend.streams] == [1, 1]


@pytest.mark.fault("T10")
async def test_connecting_request_is_not_sent() -> None:
    class Backend(AsyncRecordingBackend):
        async def connect_tcp(self, *args: Any, **kwargs: Any) -> AsyncNetworkStream:
            await pool.aclose()
            return await super().connect_tcp(*args, **kwargs)

    backend = Backend([OK])
    pool = AsyncConnectionPool(network_backend=backend)
    with pytest.raises(ConnectError, match=r"was closed while it was being opened$"):
        await pool.request("GET", URL)
    assert EMPTY in repr(pool)
    assert all(stream.closed and not stream.written for stream in backend.streams)


@pytest.mark.fault("P16")
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
async def test_connection_closed_by_the_user_makes_room(protocol: str) -> None:
    """It does so even while its response is open."""
    http2 = protocol == "HTTP/2"
    options: dict[str, Any] = {"http1": not http2, "http2": http2, "max_connections": 1}

    def script(peer: Http2Peer) -> None:
        while True:
            peer.respond(peer.request())

    http1_script = [receive_request(), send(OK), receive_request(), send(OK)]
    with scripted_server(http2_script(script) if http2 else http1_script) as server:
        async with AsyncConnectionPool(**options) as pool, pool.stream("GET", server.url):
            await pool.connections[0].aclose()
            for _ in range(2):
                response = await pool.request("GET", server.url, extensions={"timeout": {"pool": 0.0}})
                assert response.status == 200
            assert pool.stats().opened == 2


@pytest.mark.fault("P12")
@pytest.mark.parametrize("count", [2, 100])
async def test_failing_close_does_not_keep_other_connections_open(count: int) -> None:
    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            connections.append(AsyncStubbornConnection(origin, len(connections)))
            return connections[-1]

    connections: list[AsyncStubbornConnection] = []
    pool = Pool(max_connections=None)
    for number in range(count):
        await pool.request("GET", f"http://host-{number}/")
    await pool.aclose()
    assert [connection.closed for connection in connections] == [1] * count


class AsyncStubbornConnection(AsyncForeignConnection):
    """Takes a while to close. Every second one fails then."""

    def __init__(self, origin: Origin, number: int) -> None:
        super().__init__(origin)
        self.number = number

    async def aclose(self) -> None:
        await AutoBackend().sleep(0.001)
        await super().aclose()
        if self.number % 2:
            raise OSError("cannot be closed")


@pytest.mark.fault("T10")
async def test_request_is_not_retried_after_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is closed as the request returns its slot."""

    class Connection(AsyncForeignConnection):
        async def handle_async_request(self, request: Request) -> Response:
            sent.append(request)
            error = RemoteProtocolError("refused")
            mark_retryable(error, Retryable.ANY)
            raise error

    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            return Connection(origin)

    async def close_pool_first() -> None:
        if sent and not pool._shared.close_count:
            await pool.aclose()
        await close_pending()

    sent: list[Request] = []
    pool = Pool()
    close_pending = pool._shared.close_pending
    monkeypatch.setattr(pool._shared, "close_pending", close_pool_first)
    with pytest.raises(ConnectError, match="pool was closed"):
        await pool.request("GET", URL)
    assert len(sent) == 1
    assert EMPTY in repr(pool)


@pytest.mark.fault("T10")
async def test_request_opens_no_connection_after_closing() -> None:
    class Pool(AsyncConnectionPool):
        def create_connection(self, origin: Origin) -> AsyncConnectionInterface:
            async_without_waiting(self.aclose)
            return super().create_connection(origin)

    backend = AsyncRecordingBackend([OK])
    pool = Pool(network_backend=backend)
    with pytest.raises(ConnectError, match="pool was closed"):
        await pool.request("GET", URL)
    assert backend.streams == []
    assert EMPTY in repr(pool)


async def test_time_that_closing_takes_counts_towards_the_limit_of_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request closes what has left the pool before it waits for a slot."""

    class SlowConnection(AsyncForeignConnection):
        async def aclose(self) -> None:
            nonlocal passed
            passed += 100.0

    passed = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed)
    monkeypatch.setattr("httpcore._async.reservation.time", clock)
    pool = AsyncConnectionPool(max_connections=1, network_backend=AsyncRecordingBackend([OK]))
    async with pool, pool.stream("GET", URL):
        pool._shared.state.to_close.append(SlowConnection(Origin(b"http", b"other", 80)))
        begun = time.monotonic()
        with pytest.raises(PoolTimeout):
            await pool.request("GET", URL, extensions={"timeout": {"pool": 10.0}})
        assert passed
        assert time.monotonic() - begun < 10.0
