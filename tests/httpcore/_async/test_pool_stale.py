"""Connections that the server closed while they were idle."""

import io
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpcore import AsyncConnectionPool, LocalProtocolError, ReadError, RemoteProtocolError
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import Connection, scripted_server
from httpcore_test_support.steps import by_connection
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def answer(connection: Connection) -> None:
    while True:
        connection.receive_request()
        connection.send(OK)


def answer_once_then_vanish(connection: Connection) -> None:
    """Close the connection as the next request arrives: it is received but not answered, unknown to the client."""
    connection.receive_request()
    connection.send(OK)
    connection.receive_request()
    connection.abort()


def vanish(connection: Connection) -> None:
    connection.receive_request()
    connection.abort()


@pytest.mark.field(16)
@pytest.mark.parametrize(("method", "content"), [("GET", None), ("PUT", b"body"), ("DELETE", None)])
async def test_request_is_retried_once(method: str, content: bytes | None) -> None:
    """A reused connection is closed before the response begins: the request is sent again over a new one."""
    with scripted_server(by_connection(answer_once_then_vanish, answer)) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            response = await pool.request(method, server.url, content=content)
            assert response.content == b"hello"
            assert pool.stats().opened == 2
            if content:
                assert content in server.connections[1].received


@pytest.mark.field(16)
async def test_request_is_not_retried_twice() -> None:
    with scripted_server(by_connection(answer_once_then_vanish, vanish)) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            with pytest.raises((ReadError, RemoteProtocolError)):
                await pool.request("GET", server.url)
            assert len(server.connections) == 2
            assert pool.connections == []


@pytest.mark.field(16)
async def test_request_on_a_new_connection_is_not_retried() -> None:
    with scripted_server(vanish) as server:
        async with AsyncConnectionPool() as pool:
            with pytest.raises((ReadError, RemoteProtocolError)):
                await pool.request("GET", server.url)
            assert len(server.connections) == 1


@pytest.mark.field(16)
async def test_non_idempotent_request_is_not_retried() -> None:
    with scripted_server(answer_once_then_vanish) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            with pytest.raises((ReadError, RemoteProtocolError)):
                await pool.request("POST", server.url, content=b"body")
            assert len(server.connections) == 1


@pytest.mark.field(16)
@pytest.mark.parametrize("spent", ["iterator", "nothing", "rest", "raises"])
async def test_request_with_a_spent_body_is_not_retried(spent: str) -> None:
    class Spent:
        """Yields its two parts once. Then it is its own iterator, or yields less, or raises."""

        def __init__(self) -> None:
            self.parts = [b"b", b"ody"]

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self.iterate()

        async def iterate(self) -> AsyncIterator[bytes]:
            if not self.parts and spent == "raises":
                raise ValueError("used up")
            while self.parts:
                yield self.parts.pop(0)
            if spent == "rest":
                self.parts = [b"rest"]

    body = Spent()
    with scripted_server(answer_once_then_vanish) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            with pytest.raises((ReadError, RemoteProtocolError)):
                await pool.request("PUT", server.url, content=body.iterate() if spent == "iterator" else body)
            assert len(server.connections) == 1


@pytest.mark.fault("P4")
async def test_request_with_a_rewindable_body_is_retried() -> None:
    class Lasting:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"b"
            yield b"ody"

    with scripted_server(by_connection(answer_once_then_vanish, answer)) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            assert (await pool.request("PUT", server.url, content=Lasting())).content == b"hello"
            assert server.connections[1].received.endswith(b"1\r\nb\r\n3\r\nody\r\n0\r\n\r\n")


@pytest.mark.fault("S6")
@pytest.mark.parametrize("held", ["a file", "files in a list"])
@pytest.mark.parametrize("declared", [False, True], ids=["chunked", "length"])
async def test_rest_of_a_body_is_not_sent_as_the_whole(declared: bool, held: str) -> None:
    def answer_once_then_vanish_amid_a_body(connection: Connection) -> None:
        connection.receive_request()
        connection.send(OK)
        connection.receive_until(bytes(1000))
        connection.abort()

    class Source:
        """Iterates over the rest of a file of zeros."""

        def __init__(self) -> None:
            file = io.BytesIO(bytes(10_000))
            self._held: Any = file if held == "a file" else [file]

        async def __aiter__(self) -> AsyncIterator[bytes]:
            file: io.BytesIO = self._held if held == "a file" else self._held[0]
            while part := file.read(1000):
                if file.tell() == 6000:
                    await async_wait_until(lambda: server.connections[0].closed)
                yield part

    headers = {"Content-Length": "10000"} if declared else {}
    with scripted_server(by_connection(answer_once_then_vanish_amid_a_body, answer)) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            with pytest.raises((ReadError, LocalProtocolError, RemoteProtocolError)):
                await pool.request("PUT", server.url, headers=headers, content=Source())
        await async_wait_until(lambda: server.open_connections == 0)
        assert all(b"\r\n0\r\n\r\n" not in connection.received for connection in server.connections)


@pytest.mark.field(16)
async def test_request_with_a_partial_response_is_not_retried() -> None:
    def cut_off(connection: Connection) -> None:
        connection.receive_request()
        connection.send(OK)
        connection.receive_request()
        connection.send(b"HTTP/1.1 2")

    def close(connection: Connection) -> None:
        cut_off(connection)
        connection.close()

    with scripted_server(close) as server:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            with pytest.raises(RemoteProtocolError):
                await pool.request("GET", server.url)
            assert len(server.connections) == 1


def answer_once(connection: Connection) -> None:
    connection.receive_request()
    connection.send(OK)
    connection.shutdown_write()


@pytest.mark.field(18)
async def test_close_expired_closes_connections_closed_by_the_server() -> None:
    with scripted_server(answer_once) as server, scripted_server(answer_once) as other:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            await pool.request("GET", other.url)
            await async_wait_until(lambda: all(connection.has_expired() for connection in pool.connections))
            await pool.close_expired()
            assert pool.connections == []
            await async_wait_until(lambda: server.open_connections == 0)
            await async_wait_until(lambda: other.open_connections == 0)
            assert pool.stats().closed["stale"] == 2


@pytest.mark.field(18)
async def test_request_to_another_origin_closes_connections_closed_by_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted_server(answer_once) as server, scripted_server(answer) as other:
        async with AsyncConnectionPool() as pool:
            await pool.request("GET", server.url)
            await async_wait_until(pool.connections[0].has_expired)
            now = time.monotonic
            monkeypatch.setattr(time, "monotonic", lambda: now() + 2.0)
            await pool.request("GET", other.url)
            assert len(pool.connections) == 1
            await async_wait_until(lambda: server.open_connections == 0)


async def test_request_to_another_origin_closes_expired_connections() -> None:
    with scripted_server(answer) as server, scripted_server(answer) as other:
        async with AsyncConnectionPool(keepalive_expiry=0.05) as pool:
            await pool.request("GET", server.url)
            await pool._network_backend.sleep(0.06)
            await pool.request("GET", other.url)
            assert len(pool.connections) == 1
            assert pool.stats().closed["expired"] == 1
            await async_wait_until(lambda: server.open_connections == 0)


@pytest.mark.fault("P17")
@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("size", [1_000, 5_000_000])
async def test_request_with_a_body_of_any_size_is_retried(size: int, end: str, certificates: Certificates) -> None:
    """The connection may be closed while the body is sent."""

    def answer_once(connection: Connection) -> None:
        connection.receive_request()
        connection.send(OK)
        connection.receive()
        connection.abort() if end == "reset" else connection.close()

    for tls in (None, certificates):
        server_tls = None if tls is None else tls.server_context()
        client_tls = None if tls is None else tls.client_context()
        with scripted_server(by_connection(answer_once, answer), tls=server_tls) as server:
            async with AsyncConnectionPool(ssl_context=client_tls) as pool:
                await pool.request("GET", server.url)
                assert (await pool.request("PUT", server.url, content=b"x" * size)).content == b"hello"
                assert server.connections[1].received.count(b"x") == size
