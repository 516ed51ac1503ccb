"""The connection's interface for pools: availability, expiry, description."""

import threading
from types import SimpleNamespace

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_h11._async import body
from httpcore_h11._async import connection as module
from httpcore_models import URL, ConnectionNotAvailable, ReadError, RemoteProtocolError
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import (
    AsyncScriptedStream,
    async_first_part,
    async_served,
)
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

URL_ = "http://localhost/"
ORIGIN = URL(URL_).origin
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def seen(connection: AsyncHTTP11Connection) -> tuple[str, bool, bool, bool]:
    """Return the name of the state, and whether the connection is available, idle and closed."""
    state = connection.info().split(", ")[2]
    return state, connection.is_available(), connection.is_idle(), connection.is_closed()


async def test_states_from_new_to_closed() -> None:
    stream = AsyncScriptedStream(RESPONSE, RESPONSE)
    async with AsyncHTTP11Connection(ORIGIN, stream) as connection:
        assert seen(connection) == ("NEW", False, False, False)
        for _ in range(2):
            async with connection.stream("GET", URL_) as response:
                assert seen(connection) == ("ACTIVE", False, False, False)
                await response.aread()
                assert seen(connection) == ("ACTIVE", False, False, False)
            assert seen(connection) == ("IDLE", True, True, False)
            assert not stream.closed
    assert seen(connection) == ("CLOSED", False, False, True)
    assert stream.closed


async def test_info_and_repr() -> None:
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE))
    assert connection.info() == "'http://localhost:80', HTTP/1.1, NEW, Request Count: 0"
    await connection.request("GET", URL_)
    assert connection.info() == "'http://localhost:80', HTTP/1.1, IDLE, Request Count: 1"
    assert repr(connection) == "<AsyncHTTP11Connection ['http://localhost:80', IDLE, Request Count: 1]>"


async def test_a_busy_connection_takes_no_second_request() -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    async with connection.stream("GET", URL_) as response:
        with pytest.raises(ConnectionNotAvailable):
            await connection.request("GET", URL_)
        assert len(stream.written) == 1
        # The first one is not affected.
        assert await response.aread() == b"hello"
    assert connection.info().endswith(", IDLE, Request Count: 1")


async def test_a_closed_connection_takes_no_request() -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    await connection.aclose()
    with pytest.raises(ConnectionNotAvailable):
        await connection.request("GET", URL_)
    assert stream.written == []


@pytest.mark.parametrize("url", ["https://localhost/", "http://localhost:81/", "http://other/"])
async def test_a_request_to_another_origin_is_refused(url: str) -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    assert connection.can_handle_request(ORIGIN)
    assert not connection.can_handle_request(URL(url).origin)
    with pytest.raises(RuntimeError, match=r"^Attempted to send request to .* on connection to http://localhost:80$"):
        await connection.request("GET", url)
    assert seen(connection)[0] == "NEW"


async def test_closing_the_connection_before_the_response_is_read() -> None:
    async with (
        async_served([steps.receive_request(), steps.send(RESPONSE[:-1])]) as (server, connection),
        connection.stream("GET", server.url) as response,
    ):
        assert await async_first_part(response) == b"hell"
        await connection.aclose()
        with pytest.raises((ReadError, RemoteProtocolError)):
            await response.aread()
        assert connection.is_closed()


async def test_a_closed_response_leaves_a_closed_connection_alone() -> None:
    stream = AsyncScriptedStream(RESPONSE)
    connection = AsyncHTTP11Connection(ORIGIN, stream)
    async with connection.stream("GET", URL_) as response:
        await response.aread()
        await connection.aclose()
    assert connection.is_closed()


class TestExpiry:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        clock = SimpleNamespace(now=1000.0)
        clock.monotonic = lambda: clock.now
        for part in (module, body):
            monkeypatch.setattr(part, "time", clock)
        return clock

    async def test_an_idle_connection_expires(self, clock: SimpleNamespace) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE), keepalive_expiry=5.0)
        await connection.request("GET", URL_)
        clock.now += 5.0
        assert not connection.has_expired()
        clock.now += 0.1
        assert connection.has_expired()

    async def test_every_request_restarts_the_keepalive_time(self, clock: SimpleNamespace) -> None:
        connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(RESPONSE, RESPONSE), keepalive_expiry=5.0)
        for _ in range(2):
            await connection.request("GET", URL_)
            clock.now += 4.0
            assert not connection.has_expired()

    async def test_a_busy_connection_does_not_expire(self, clock: SimpleNamespace) -> None:
        stream = AsyncScriptedStream(RESPONSE, RESPONSE)
        connection = AsyncHTTP11Connection(ORIGIN, stream, keepalive_expiry=5.0)
        await connection.request("GET", URL_)
        async with connection.stream("GET", URL_):
            clock.now += 100.0
            stream.readable = True
            assert not connection.has_expired()

    async def test_without_keepalive_expiry_only_the_server_ends_it(self, clock: SimpleNamespace) -> None:
        stream = AsyncScriptedStream(RESPONSE)
        connection = AsyncHTTP11Connection(ORIGIN, stream)
        await connection.request("GET", URL_)
        clock.now += 1e9
        assert not connection.has_expired()
        stream.readable = True
        assert connection.has_expired()

    async def test_new_and_closed_connections_have_not_expired(self) -> None:
        stream = AsyncScriptedStream()
        stream.readable = True
        connection = AsyncHTTP11Connection(ORIGIN, stream, keepalive_expiry=0.0)
        assert not connection.has_expired()
        await connection.aclose()
        assert not connection.has_expired()


class TestIdleConnectionOfARealServer:
    async def test_it_has_expired_after_the_server_closed_it(self) -> None:
        close = threading.Event()
        async with async_served([steps.receive_request(), steps.send(RESPONSE), steps.wait(close), steps.close()]) as (
            server,
            connection,
        ):
            await connection.request("GET", server.url)
            assert not connection.has_expired()
            close.set()
            await async_wait_until(connection.has_expired)
            assert connection.is_idle()

    async def test_it_has_expired_after_unsolicited_data(self) -> None:
        go_on = threading.Event()
        script = [steps.receive_request(), steps.send(RESPONSE), steps.wait(go_on), steps.send(RESPONSE)]
        async with async_served(script) as (server, connection):
            await connection.request("GET", server.url)
            assert not connection.has_expired()
            go_on.set()
            await async_wait_until(connection.has_expired)

    async def test_it_is_closed_after_a_body_that_the_end_of_stream_ended(self) -> None:
        script = [steps.receive_request(), steps.send(b"HTTP/1.1 200 OK\r\n\r\nhello"), steps.close()]
        async with async_served(script) as (server, connection):
            response = await connection.request("GET", server.url)
            assert response.content == b"hello"
            assert connection.is_closed() or connection.has_expired()

    async def test_it_is_closed_after_data_behind_the_response(self) -> None:
        async with async_served([steps.receive_request(), steps.send(RESPONSE + b"HTTP/1.1 200 OK\r\n")]) as (
            server,
            connection,
        ):
            response = await connection.request("GET", server.url)
            assert response.content == b"hello"
            assert connection.is_closed()
