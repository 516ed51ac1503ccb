"""Reading a response after it or its connection was closed never ends normally before the end of the body."""

from typing import Any

import pytest
from httpcore_h11 import AsyncHTTP11Connection
from httpcore_models import URL, AsyncMockStream, ReadError, Request, Response
from httpcore_test_support import steps
from httpcore_test_support._async.h11_connections import AsyncScriptedStream, async_connected, async_parts
from httpcore_test_support.background import AsyncBackground
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.scripted import scripted_server
from httpcore_test_support.waiting import async_wait_until

pytestmark = pytest.mark.anyio

ORIGIN = URL("http://localhost").origin
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
BODIES = {
    "length": LENGTH,
    "chunked": CHUNKED,
    "chunked, by h11": CHUNKED.replace(b"3\r\n", b"3;x=y\r\n"),
    "until the end of stream": b"HTTP/1.1 200 OK\r\n\r\nabc",
}
# Of these, nothing is left to read.
EMPTY = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "by h11": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;x=y\r\n\r\n",
}
WHOLE = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "chunked": CHUNKED + b"0\r\n\r\n",
    "by h11": CHUNKED.replace(b"3\r\n", b"3;x=y\r\n") + b"0\r\n\r\n",
}

any_body = pytest.mark.parametrize("wire", BODIES.values(), ids=BODIES)
traced_or_not = pytest.mark.parametrize("traced", [False, True], ids=["plain", "traced"])
secure_or_clear = pytest.mark.parametrize("secure", [False, True], ids=["clear", "tls"])


async def trace(*_: Any) -> None:
    pass


def get(url: str = "http://localhost/", *, traced: bool = False) -> Request:
    return Request("GET", url, headers={"Host": "localhost"}, extensions={"trace": trace} if traced else {})


async def respond(wire: bytes, traced: bool) -> tuple[AsyncHTTP11Connection, Response]:
    connection = AsyncHTTP11Connection(ORIGIN, AsyncScriptedStream(wire))
    return connection, await connection.handle_async_request(get(traced=traced))


@pytest.mark.fault("S3")
@any_body
@traced_or_not
class TestUnfinishedBody:
    async def test_iterating_on_after_the_close_raises(self, wire: bytes, traced: bool) -> None:
        connection, response = await respond(wire, traced)
        parts = response.aiter_stream()
        assert await parts.__anext__() == b"abc"
        await response.aclose()
        for _ in range(2):
            with pytest.raises(ReadError, match="after the response was closed"):
                await response.stream.__aiter__().__anext__()  # type: ignore[union-attr]
        with pytest.raises(ReadError, match="after the response was closed"):
            await parts.__anext__()
        assert connection.is_closed()

    async def test_reading_after_the_close_raises(self, wire: bytes, traced: bool) -> None:
        connection, response = await respond(wire, traced)
        await response.aclose()
        with pytest.raises(ReadError, match="after the response was closed"):
            await response.aread()
        assert connection.is_closed()


@pytest.mark.fault("S3")
@traced_or_not
@pytest.mark.parametrize("wire", WHOLE.values(), ids=WHOLE)
async def test_a_body_that_was_read_before_the_close_is_still_there(wire: bytes, traced: bool) -> None:
    connection, response = await respond(wire, traced)
    assert await response.aread() == b"abc"
    await response.aclose()
    assert (await response.aread(), response.content) == (b"abc", b"abc")
    assert await async_parts(response) == []
    assert connection.is_idle()


@pytest.mark.fault("S3")
@traced_or_not
@pytest.mark.parametrize("wire", WHOLE.values(), ids=WHOLE)
async def test_closing_after_the_last_part_ends_the_body_normally(wire: bytes, traced: bool) -> None:
    """This holds with a trace callback or the debug log, too."""
    connection, response = await respond(wire, traced)
    received = []
    async for part in response.aiter_stream():
        received.append(part)
        await response.aclose()
    assert received == [b"abc"]
    assert connection.is_idle()


@pytest.mark.fault("S3")
@traced_or_not
@pytest.mark.parametrize("wire", EMPTY.values(), ids=EMPTY)
async def test_an_empty_body_ends_normally_after_the_close(wire: bytes, traced: bool) -> None:
    connection, response = await respond(wire, traced)
    await response.aclose()
    assert await response.aread() == b""
    assert connection.is_idle()


@pytest.mark.fault("S4")
@any_body
@secure_or_clear
@traced_or_not
async def test_closing_the_connection_while_a_body_is_received_raises(
    certificates: Certificates, wire: bytes, secure: bool, traced: bool
) -> None:
    script = [steps.receive_request(), steps.send(wire), steps.hold()]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        async with async_connected(server.url, certificates.client_context() if secure else None) as connection:
            response = await connection.handle_async_request(get(server.url, traced=traced))
            received: list[bytes] = []

            async def read() -> None:
                async for part in response.aiter_stream():
                    received.append(part)

            async with AsyncBackground() as background:
                call = background.start(read)
                await async_wait_until(lambda: received)
                await connection.aclose()
                with pytest.raises(ReadError, match="closed"):
                    await call.result()
            await response.aclose()
    assert b"".join(received) == b"abc"


@pytest.mark.fault("S4")
@secure_or_clear
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
async def test_closing_the_connection_while_waiting_for_a_head_raises(
    certificates: Certificates, start: bytes, secure: bool
) -> None:
    script = [steps.receive_request(), steps.send(start), steps.hold()]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        context = certificates.client_context() if secure else None
        async with async_connected(server.url, context) as connection, AsyncBackground() as background:
            call = background.start(connection.handle_async_request, get(server.url))
            await async_wait_until(lambda: server.connections and server.connections[0].received)
            await connection.aclose()
            with pytest.raises(ReadError, match="closed"):
                await call.result()


class AsyncForeignStream(AsyncMockStream):
    """Reports its own close as the end of stream."""

    connection: AsyncHTTP11Connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._buffer:
            await self.connection.aclose()
        return self._buffer.pop(0) if self._buffer else b""


@pytest.mark.fault("S4")
@pytest.mark.parametrize("parts", [[], [b"HTTP/1.1 200 OK\r\n\r\n", b"abc"]], ids=["head", "body"])
async def test_a_stream_that_ends_when_it_is_closed_raises_too(parts: list[bytes]) -> None:
    stream = AsyncForeignStream(parts)
    stream.connection = connection = AsyncHTTP11Connection(ORIGIN, stream)
    with pytest.raises(ReadError, match="The connection to http://localhost:80 was closed while"):
        await connection.request("GET", "http://localhost/")


@pytest.mark.fault("P23")
@secure_or_clear
@traced_or_not
async def test_a_connection_closes_when_the_end_of_stream_ends_a_body(
    certificates: Certificates, secure: bool, traced: bool
) -> None:
    script = [steps.receive_request(), steps.send(BODIES["until the end of stream"]), steps.shutdown_write()]
    with scripted_server(script, tls=certificates.server_context() if secure else None) as server:
        async with async_connected(server.url, certificates.client_context() if secure else None) as connection:
            response = await connection.handle_async_request(get(server.url, traced=traced))
            assert await response.aread() == b"abc"
            assert connection.is_closed()  # before the response is
            await async_wait_until(lambda: server.open_connections == 0)
            await response.aclose()
            assert connection.is_closed()
