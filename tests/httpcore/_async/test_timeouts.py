"""The timeouts of a request: what each applies to, and the text of its error."""

import re

import pytest
from httpcore import AsyncConnectionPool, ConnectTimeout, ReadTimeout, TimeoutException, WriteTimeout
from httpcore_test_support.backends import AsyncUnhurriedBackend
from httpcore_test_support.recording import AsyncRecordingBackend
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.sockets import unresponsive_port
from httpcore_test_support.steps import hold, receive_request, send
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY = "Requests: 0 active, 0 queued | Connections: 0 active, 0 idle"


async def test_each_timeout_applies_to_its_own_operations() -> None:
    backend = AsyncRecordingBackend([OK])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        timeout = {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}
        await pool.request("POST", "https://example.com/", content=b"body", extensions={"timeout": timeout})
    assert backend.connects[0]["timeout"] == 1.0
    assert backend.streams[0].handshakes[0]["timeout"] == 1.0
    assert backend.streams[0].timeouts == {("read", 2.0), ("write", 3.0)}


async def test_no_timeout_by_default() -> None:
    backend = AsyncRecordingBackend([OK])
    async with AsyncConnectionPool(network_backend=backend) as pool:
        await pool.request("POST", "https://example.com/", content=b"body", extensions={"timeout": {}})
    assert backend.connects[0]["timeout"] is None
    assert backend.streams[0].handshakes[0]["timeout"] is None
    assert backend.streams[0].timeouts == {("read", None), ("write", None)}


@pytest.mark.field(85)
async def test_connecting() -> None:
    with unresponsive_port() as port:
        pool = AsyncConnectionPool()
        async with pool:
            with pytest.raises(ConnectTimeout) as raised:
                await pool.request("GET", f"http://127.0.0.1:{port}/", extensions={"timeout": {"connect": 0.05}})
            assert EMPTY in repr(pool)
        assert str(raised.value) == f"Connect timed out after 0.05 seconds (127.0.0.1:{port})"


@pytest.mark.field(85)
@pytest.mark.field(86)
async def test_the_handshake() -> None:
    with scripted_server(hold()) as server:
        pool = AsyncConnectionPool(network_backend=AsyncUnhurriedBackend())
        async with pool:
            url = f"https://127.0.0.1:{server.port}/"
            with pytest.raises(ConnectTimeout) as raised:
                await pool.request("GET", url, extensions={"timeout": {"connect": 0.05}})
            assert EMPTY in repr(pool)
        await async_wait_until(lambda: not server.open_connections)
        assert re.fullmatch(
            r"The handshake operation timed out after 0\.05 seconds \(127\.0\.0\.1(:\d+)?\)", str(raised.value)
        )


@pytest.mark.field(85)
async def test_reading_the_head() -> None:
    with scripted_server([receive_request(), hold()]) as server:
        pool = AsyncConnectionPool()
        async with pool:
            with pytest.raises(ReadTimeout) as raised:
                await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
            assert EMPTY in repr(pool)
            await async_wait_until(lambda: not server.open_connections)
        assert str(raised.value) == f"The read operation timed out after 0.05 seconds (127.0.0.1:{server.port})"


@pytest.mark.field(85)
async def test_reading_the_body() -> None:
    with scripted_server([receive_request(), send(OK[:-1]), hold()]) as server:
        pool = AsyncConnectionPool()
        async with pool:
            with pytest.raises(ReadTimeout) as raised:
                await pool.request("GET", server.url, extensions={"timeout": {"read": 0.05}})
            assert EMPTY in repr(pool)
            await async_wait_until(lambda: not server.open_connections)
        assert str(raised.value) == f"The read operation timed out after 0.05 seconds (127.0.0.1:{server.port})"


@pytest.mark.field(85)
async def test_writing() -> None:
    with scripted_server(hold(), receive_buffer=4096) as server:
        pool = AsyncConnectionPool()
        async with pool:
            extensions = {"timeout": {"write": 0.05}}
            with pytest.raises(WriteTimeout) as raised:
                await pool.request("POST", server.url, content=bytes(20_000_000), extensions=extensions)
            assert EMPTY in repr(pool)
            await async_wait_until(lambda: not server.open_connections)
        assert str(raised.value) == f"The write operation timed out after 0.05 seconds (127.0.0.1:{server.port})"


async def test_an_exceeded_timeout_does_not_affect_the_next_request() -> None:
    with scripted_server([receive_request(), send(OK), receive_request(), send(OK)]) as server:
        pool = AsyncConnectionPool(max_connections=1)
        async with pool:
            with unresponsive_port() as port, pytest.raises(TimeoutException):
                await pool.request("GET", f"http://127.0.0.1:{port}/", extensions={"timeout": {"connect": 0.01}})
            for _ in range(2):
                response = await pool.request("GET", server.url, extensions={"timeout": {"connect": 10.0, "pool": 0.0}})
                assert response.status == 200
