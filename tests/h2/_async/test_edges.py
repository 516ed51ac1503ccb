"""What a connection refuses, and how it behaves when callbacks and bodies fail."""

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpcore_h2 import AsyncHTTP2Connection, _connection_state
from httpcore_models import (
    URL,
    AsyncNetworkStream,
    ConnectionNotAvailable,
    LocalProtocolError,
    Origin,
    ReadError,
    RemoteProtocolError,
    Request,
)
from httpcore_test_support import h2_frames
from httpcore_test_support._async.h2_connections import async_connected
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.waiting import async_wait_until
from hyperframe.frame import GoAwayFrame, HeadersFrame, RstStreamFrame, WindowUpdateFrame

pytestmark = pytest.mark.anyio

ENABLE_CONNECT_PROTOCOL = 8
TIMEOUTS = {"timeout": {"read": 5.0, "write": 5.0, "pool": 5.0}}


async def test_another_origin() -> None:
    async with async_connected(http2_script(answering)) as (connection, server):
        with pytest.raises(RuntimeError, match="Attempted to send request to http://localhost:80 on connection to"):
            await connection.request("GET", "http://localhost/")
        assert (await connection.request("GET", server.url)).content == b"hello"


async def test_a_closed_connection() -> None:
    async with async_connected(http2_script(answering)) as (connection, server):
        assert (await connection.request("GET", server.url)).content == b"hello"
        await connection.aclose()
        assert connection.is_closed()
        assert not connection.is_available()
        with pytest.raises(ConnectionNotAvailable):
            await connection.request("GET", server.url)


async def test_a_connection_that_was_idle_for_too_long() -> None:
    async with async_connected(http2_script(answering), keepalive_expiry=0.0) as (connection, server):
        assert (await connection.request("GET", server.url)).content == b"hello"
        await async_wait_until(connection.has_expired)


@pytest.mark.parametrize(("distant", "enlarged"), [(0.0, [1, 3]), (math.inf, [1])])
async def test_requests_over_a_path_that_is_or_may_be_long_ask_for_a_large_window(
    monkeypatch: pytest.MonkeyPatch, distant: float, enlarged: list[int]
) -> None:
    """How long the path is turns out during the first request."""
    monkeypatch.setattr(_connection_state, "DISTANT", distant)
    updated: list[int] = []

    def serve(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        peer.respond(peer.request())
        peer.next(GoAwayFrame)
        updated.extend(frame.stream_id for frame in peer.received(WindowUpdateFrame) if frame.stream_id)

    async with async_connected(http2_script(serve)) as (connection, server):
        for _ in range(2):
            assert (await connection.request("GET", server.url)).content == b"hello"
    assert updated == enlarged


async def test_content_of_the_wrong_kind() -> None:
    async with async_connected(http2_script(answering)) as (connection, server):
        request = Request("POST", URL(server.url), headers={"Host": "localhost", "Content-Length": "1"}, content=b"1")
        request.stream = 1  # type: ignore[assignment]
        with pytest.raises(TypeError, match="iterable of bytes to suit the connection, but got int"):
            await connection.handle_async_request(request)
        assert (await connection.request("GET", server.url)).content == b"hello"


async def test_a_body_after_its_end() -> None:
    async with async_connected(http2_script(answering)) as (connection, server):
        response = await connection.request("GET", server.url)
        with pytest.raises(StopAsyncIteration):
            await anext(aiter(response.stream))  # type: ignore[arg-type]


class TestBodies:
    async def test_one_that_raises_resets_its_stream(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.next(RstStreamFrame)
            answering(peer)

        async def broken() -> AsyncIterator[bytes]:
            yield b"one"
            raise ValueError("broken")

        async with async_connected(http2_script(script)) as (connection, server):
            with pytest.raises(ValueError, match="broken"):
                await connection.request("POST", server.url, content=broken())
            assert (await connection.request("GET", server.url)).content == b"hello"

    @pytest.mark.field(44)
    async def test_one_that_the_server_no_longer_wants(self) -> None:
        """It is a generator, and is closed."""
        closed: list[bool] = []

        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id, 403, end_stream=True))
            answering(peer)

        async def endless() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield bytes(64 * 1024)
            finally:
                closed.append(True)

        async with async_connected(http2_script(script)) as (connection, server):
            response = await connection.request("POST", server.url, content=endless(), extensions=TIMEOUTS)
            assert response.status == 403
            assert closed == [True]
            assert (await connection.request("GET", server.url)).content == b"hello"

    async def test_the_response_of_a_server_that_stops_reading(self) -> None:
        """It answers and closes the connection; the rest of the upload fails."""

        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id, 413, end_stream=True))
            peer.connection.abort()

        async with async_connected(http2_script(script)) as (connection, server):
            try:
                response = await connection.request("POST", server.url, content=bytes(60_000), extensions=TIMEOUTS)
            except (ReadError, RemoteProtocolError):
                # The reset may have overtaken the answer.
                pass
            else:
                assert response.status == 413


class TestTraceCallbacks:
    @pytest.mark.parametrize(
        "event", ["response_closed.started", "response_closed.complete", "send_request_body.started"]
    )
    async def test_one_that_raises_leaves_the_connection_usable(self, event: str) -> None:
        async def trace(name: str, info: dict[str, Any]) -> None:
            if name == f"http2.{event}":
                raise ValueError(event)

        async with async_connected(http2_script(answering)) as (connection, server):
            with pytest.raises(ValueError, match=event):
                await connection.request("GET", server.url, extensions={**TIMEOUTS, "trace": trace})
            assert connection.is_idle()
            assert connection._engine.streams.open_count == 0
            assert (await connection.request("GET", server.url)).content == b"hello"


class TestExtendedConnect:
    async def test_a_server_that_does_not_support_it(self) -> None:
        async with async_connected(http2_script(answering)) as (connection, server):
            with pytest.raises(LocalProtocolError, match="does not support extended CONNECT"):
                await connection.request("CONNECT", server.url, extensions={**TIMEOUTS, "protocol": b"websocket"})
            assert (await connection.request("GET", server.url)).content == b"hello"

    async def test_a_server_that_goes_away_first(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.goaway(0))

        async with async_connected(http2_script(script, {ENABLE_CONNECT_PROTOCOL: 0})) as (connection, server):
            with pytest.raises((ConnectionNotAvailable, LocalProtocolError)):
                await connection.request("CONNECT", server.url, extensions={**TIMEOUTS, "protocol": b"websocket"})

    async def test_a_refusal_is_a_response(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id, 403), h2_frames.data(stream_id, b"no", end_stream=True))

        async with async_connected(http2_script(script)) as (connection, server):
            response = await connection.request("CONNECT", server.url, extensions=TIMEOUTS)
            assert (response.status, response.content) == (403, b"no")
            assert response.extensions["network_stream"] is connection._network_stream

    async def test_what_a_tunnel_knows(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
            peer.connection.hold()

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            stream = response.extensions["network_stream"]
            assert not stream.get_extra_info("is_readable")
            assert stream.get_extra_info("keeps_unsent") is None
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", server.port)
            assert await response.aread() == b""


class TestReadingAtOnce:
    """A body that has arrived completely is read without handling its parts one by one."""

    async def test_it_is_read_once(self) -> None:
        async with (
            async_connected(http2_script(answering)) as (connection, server),
            connection.stream("GET", server.url, extensions=TIMEOUTS) as response,
        ):
            body: Any = response.stream
            assert await body.aread() == b"hello"
            assert await body.aread() == b""

    async def test_received_data_is_lost_when_the_response_is_closed(self) -> None:
        async with async_connected(http2_script(answering)) as (connection, server):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
                body: Any = response.stream
            with pytest.raises(ReadError, match="closed before it had been read to its end"):
                await body.aread()

    async def test_in_parts(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            parts = [h2_frames.data(stream_id, part) for part in (b"a" * 600, b"b" * 600)]
            peer.send(h2_frames.headers(stream_id), *parts, h2_frames.data(stream_id, b"c", end_stream=True))

        async with async_connected(http2_script(script)) as (connection, server):
            response = await connection.request("GET", server.url, extensions=TIMEOUTS)
            assert response.content == b"a" * 600 + b"b" * 600 + b"c"

    async def test_tunnel_data_is_not_a_body(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(HeadersFrame).stream_id
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"pong", end_stream=True))

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            assert await response.aread() == b""
            assert await response.extensions["network_stream"].read(64, timeout=5.0) == b"pong"

    async def test_it_is_traced(self) -> None:
        events = []

        async def trace(event: str, info: dict[str, Any]) -> None:
            events.append(event)

        async with async_connected(http2_script(answering)) as (connection, server):
            await connection.request("GET", server.url, extensions={**TIMEOUTS, "trace": trace})
        body_events = [event for event in events if "response_body" in event]
        assert body_events == ["http2.receive_response_body.started", "http2.receive_response_body.complete"]


@pytest.mark.parametrize("interval", [0, -1.0])
async def test_intervals_of_pings_are_above_zero(interval: float) -> None:
    origin = Origin(b"https", b"example.com", 443)
    with pytest.raises(ValueError, match=rf"^ping_interval must be .* above 0 .*, but got {interval}\.$"):
        AsyncHTTP2Connection(origin, AsyncNetworkStream(), ping_interval=interval)
