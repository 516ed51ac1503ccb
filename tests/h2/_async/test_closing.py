"""Closing ends what was in progress with an error, at once, and nothing else."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpcore_h2 import AsyncHTTP2Connection
from httpcore_models import (
    URL,
    AutoBackend,
    ConnectionNotAvailable,
    Origin,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    WriteError,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Script, ScriptedServer, scripted_server
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, HeadersFrame, PingFrame

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS = 3
TIMEOUTS = {"timeout": {"read": 20.0, "write": 20.0, "pool": 20.0}}


@pytest.fixture(params=["clear", "tls"])
def certificates_or_none(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "tls" else None


@asynccontextmanager
async def connected(
    script: Script, certificates: Certificates | None = None
) -> AsyncIterator[tuple[AsyncHTTP2Connection, ScriptedServer]]:
    server_tls = None
    if certificates is not None:
        server_tls = certificates.server_context()
        server_tls.set_alpn_protocols(["h2"])
    with scripted_server(script, tls=server_tls) as server:
        stream: Any = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0)
        scheme = b"http"
        if certificates is not None:
            client_tls = certificates.client_context()
            client_tls.set_alpn_protocols(["h2"])
            stream = await stream.start_tls(client_tls, "127.0.0.1", 5.0)
            scheme = b"https"
        connection = AsyncHTTP2Connection(Origin(scheme, b"127.0.0.1", server.port), stream)
        async with connection:
            yield connection, server
        server.raise_failures()


def request_to(server: ScriptedServer, method: str = "GET", path: str = "/", **extensions: Any) -> Request:
    return Request(method, URL(server.url + path), headers={"Host": "localhost"}, extensions={**TIMEOUTS, **extensions})


def half(peer: Http2Peer) -> None:
    """Send half of the first response, and answer all other requests."""
    stream_id = peer.request()
    peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"))
    answering(peer)


def tunnel(peer: Http2Peer) -> None:
    """Open a tunnel, and answer all other requests."""
    peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
    answering(peer)


async def discard(name: str, info: dict[str, Any]) -> None:
    pass


@pytest.fixture(params=["quiet", "traced"])
def trace(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"trace": discard} if request.param == "traced" else {}


@pytest.mark.fault("S3")
class TestReadingWhatIsClosed:
    async def test_by_an_iterator(self, trace: dict[str, Any]) -> None:
        async with connected(http2_script(half)) as (connection, server):
            async with connection.stream("GET", server.url, extensions={**TIMEOUTS, **trace}) as response:
                iterator = response.aiter_stream()
                assert await anext(iterator) == b"half"
            with pytest.raises(ReadError, match="closed before it had been read to its end"):
                await anext(iterator)
            body: Any = response.stream
            for _ in range(2):
                with pytest.raises(ReadError):
                    await anext(body)

    async def test_at_once(self, trace: dict[str, Any]) -> None:
        async with connected(http2_script(half)) as (connection, server):
            async with connection.stream("GET", server.url, extensions={**TIMEOUTS, **trace}) as response:
                pass
            with pytest.raises(ReadError, match="closed before it had been read to its end"):
                await response.aread()

    async def test_a_body_that_had_arrived_completely(self) -> None:
        async with connected(http2_script(answering)) as (connection, server):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
                pass
            with pytest.raises(ReadError):
                await response.aread()

    async def test_a_body_that_was_read_to_its_end(self, trace: dict[str, Any]) -> None:
        async with connected(http2_script(answering)) as (connection, server):
            async with connection.stream("GET", server.url, extensions={**TIMEOUTS, **trace}) as response:
                assert await response.aread() == b"hello"
            assert await response.aread() == b"hello"
            body: Any = response.stream
            with pytest.raises(StopAsyncIteration):
                await anext(body)

    async def test_a_response_without_a_body(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request(), 204, end_stream=True))

        async with connected(http2_script(script)) as (connection, server):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
                pass
            assert await response.aread() == b""

    async def test_a_body_that_had_failed(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(
                h2_frames.headers(stream_id), h2_frames.data(stream_id, b"half"), h2_frames.rst_stream(stream_id, 2)
            )

        async with connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))
            body: Any = response.stream
            with pytest.raises(RemoteProtocolError, match="StreamReset"):
                await body.aread()
            with pytest.raises(ReadError):
                await body.aread()

    async def test_a_tunnel(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"unread", end_stream=True))

        async with (
            connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            stream = response.extensions["network_stream"]
            assert await stream.read(2, timeout=5.0) == b"un"
            await stream.aclose()
            with pytest.raises(ReadError, match="The stream was closed"):
                await stream.read(64, timeout=5.0)

    async def test_a_tunnel_whose_response_is_closed(self) -> None:
        async with connected(http2_script(tunnel)) as (connection, server):
            async with connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response:
                stream = response.extensions["network_stream"]
            with pytest.raises(ReadError, match="The stream was closed"):
                await stream.read(64, timeout=5.0)


async def while_waiting(
    connection: AsyncHTTP2Connection, wait: Callable[[], Awaitable[Any]], waits: Callable[[], Any], error: Any
) -> None:
    async def waiting() -> None:
        with pytest.raises(error, match="closed"):
            await wait()

    async def close() -> None:
        await async_wait_until(waits)
        await connection.aclose()

    await async_at_once(waiting, close)


@pytest.mark.fault("S4")
class TestClosingTheConnection:
    """While another thread or task waits."""

    async def test_for_a_head(self, certificates_or_none: Certificates | None, trace: dict[str, Any]) -> None:
        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.connection.hold()

        async with connected(http2_script(script), certificates_or_none) as (connection, server):
            await while_waiting(
                connection,
                lambda: connection.request("GET", server.url, extensions={**TIMEOUTS, **trace}),
                lambda: connection._shared.reader.holder is not None,
                ReadError,
            )

    async def test_for_a_body_without_a_length(
        self, certificates_or_none: Certificates | None, trace: dict[str, Any]
    ) -> None:
        async with connected(http2_script(half), certificates_or_none) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server, **trace))
            await while_waiting(
                connection, response.aread, lambda: connection._shared.reader.holder is not None, ReadError
            )
            await response.aclose()

    async def test_for_another_reader(self, certificates_or_none: Certificates | None) -> None:
        def script(peer: Http2Peer) -> None:
            for _ in range(3):
                peer.send(h2_frames.headers(peer.request()))
            peer.connection.hold()

        async with connected(http2_script(script), certificates_or_none) as (connection, server):
            responses: list[Response] = [await connection.handle_async_request(request_to(server)) for _ in range(3)]

            async def read(response: Response) -> None:
                with pytest.raises(ReadError, match="closed"):
                    await response.aread()

            async def close() -> None:
                await async_wait_until(lambda: len(connection._shared.waiters.receivers) == 2)
                await connection.aclose()

            await async_at_once(*[lambda each=each: read(each) for each in responses], close)
            for each in responses:
                await each.aclose()

    async def test_for_credit(self, certificates_or_none: Certificates | None, trace: dict[str, Any]) -> None:
        def script(peer: Http2Peer) -> None:
            while sum(len(frame.data) for frame in peer.received(DataFrame)) < 65535:
                peer.next(DataFrame)
            peer.connection.hold()

        async with connected(http2_script(script), certificates_or_none) as (connection, server):
            await while_waiting(
                connection,
                lambda: connection.request(
                    "POST", server.url, content=bytes(100_000), extensions={**TIMEOUTS, **trace}
                ),
                lambda: connection._shared.waiters.senders or connection._shared.reader.holder,
                (ReadError, WriteError),
            )

    async def test_for_a_stream(self, certificates_or_none: Certificates | None) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            peer.connection.hold()

        settings = {MAX_CONCURRENT_STREAMS: 1}
        async with connected(http2_script(script, settings), certificates_or_none) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))
            await while_waiting(
                connection,
                lambda: connection.request("GET", server.url, extensions=TIMEOUTS),
                lambda: connection._shared.waiters.openers,
                ConnectionNotAvailable,
            )
            await response.aclose()

    async def test_for_a_write(self, certificates_or_none: Certificates | None) -> None:
        holding = threading.Event()

        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.settings({4: 2**31 - 1}), h2_frames.window_update(0, 2**30))
            peer.next(HeadersFrame)
            holding.set()
            peer.connection.hold()

        async with connected(http2_script(script), certificates_or_none) as (connection, server):
            await while_waiting(
                connection,
                lambda: connection.request("POST", server.url, content=bytes(50_000_000), extensions=TIMEOUTS),
                lambda: holding.is_set() and connection._shared.writer.holder is not None,
                (ReadError, WriteError),
            )


@pytest.mark.fault("S4")
class TestClosingOneStream:
    """While another thread or task reads it, and the server sends nothing on its own."""

    async def test_a_tunnel(self, certificates_or_none: Certificates | None) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
            peer.send(h2_frames.ping(peer.next(PingFrame).opaque_data, ack=True))
            answering(peer)

        async with connected(http2_script(script), certificates_or_none) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server, "CONNECT"))
            stream = response.extensions["network_stream"]

            async def read() -> None:
                with pytest.raises(ReadError, match="closed"):
                    await stream.read(1)

            async def close() -> None:
                await async_wait_until(lambda: connection._shared.reader.holder is not None)
                await stream.aclose()

            await async_at_once(read, close)
            await response.aclose()
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"

    async def test_a_response(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            peer.send(h2_frames.ping(peer.next(PingFrame).opaque_data, ack=True))
            answering(peer)

        async with connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(request_to(server))

            async def read() -> None:
                with pytest.raises(ReadError, match="closed"):
                    await response.aread()

            async def close() -> None:
                await async_wait_until(lambda: connection._shared.reader.holder is not None)
                await response.aclose()

            await async_at_once(read, close)
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
