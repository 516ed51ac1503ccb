"""Requests that share a connection do not affect each other."""

import threading
from typing import Any

import pytest
from httpcore_models import (
    PoolTimeout,
    ReadTimeout,
    WriteTimeout,
)
from httpcore_test_support import h2_frames
from httpcore_test_support._async.h2_connections import async_connected
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, PingFrame, RstStreamFrame, WindowUpdateFrame

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS, ENABLE_CONNECT_PROTOCOL = 3, 8
CANCEL = 8
TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}


async def test_one_request() -> None:
    async with async_connected(http2_script(answering), keepalive_expiry=5.0) as (connection, server):
        assert (connection.is_available(), connection.is_idle()) == (True, True)
        async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
            assert connection.info().endswith("HTTP/2, ACTIVE, Request Count: 1")
            assert response.extensions["http_version"] == b"HTTP/2"
            assert response.extensions["stream_id"] == 1
            assert "reason_phrase" not in response.extensions
            assert await response.aread() == b"hello"
        assert connection.info().endswith("HTTP/2, IDLE, Request Count: 1")
        assert not connection.has_expired()
    assert connection.is_closed()


async def test_responses_in_any_order() -> None:
    def script(peer: Http2Peer) -> None:
        streams = [peer.request(), peer.request(), peer.request()]
        for stream_id in reversed(streams):
            peer.respond(stream_id, b"%d" % stream_id)

    async with async_connected(http2_script(script)) as (connection, server):

        async def get() -> tuple[bytes, int]:
            response = await connection.request("GET", server.url, extensions=TIMEOUTS)
            return response.content, response.extensions["stream_id"]

        for content, stream_id in await async_at_once(get, get, get):
            assert content == b"%d" % stream_id


async def test_a_slow_reader_delays_no_other_request() -> None:
    """The whole window of one response is on its way while it is not read."""

    def script(peer: Http2Peer) -> None:
        slow = peer.request()
        peer.send(h2_frames.headers(slow))
        for _ in range(8):
            peer.send(h2_frames.data(slow, bytes(64 * 1024)))
        answered = peer.request()
        peer.respond(answered)
        while peer.next(WindowUpdateFrame).stream_id != slow:
            pass
        peer.send(h2_frames.data(slow, bytes(1024), end_stream=True))

    async with (
        async_connected(http2_script(script)) as (connection, server),
        connection.stream("GET", server.url, extensions=TIMEOUTS) as slow,
    ):
        response = await connection.request("GET", server.url, extensions=TIMEOUTS)
        assert response.content == b"hello"
        assert len(await slow.aread()) == 8 * 64 * 1024 + 1024


@pytest.mark.field(51)
async def test_read_timeouts_are_independent() -> None:
    def script(peer: Http2Peer) -> None:
        streams = {peer.request(), peer.request()}
        late = peer.next(RstStreamFrame)
        assert late.error_code == CANCEL
        peer.respond((streams - {late.stream_id}).pop())

    async with async_connected(http2_script(script)) as (connection, server):

        async def impatient() -> None:
            # After a timeout without a sign of life, the connection would not take the other request.
            await async_wait_until(lambda: connection._engine.streams.open_count)
            with pytest.raises(ReadTimeout):
                await connection.request("GET", server.url, extensions={"timeout": {"read": 0.05}})

        async def patient() -> None:
            response = await connection.request("GET", server.url, extensions=TIMEOUTS)
            assert response.content == b"hello"

        await async_at_once(patient, impatient)


@pytest.mark.field(32)
async def test_closing_a_response_early_resets_its_stream() -> None:
    """One and a half times as many as the server allows streams."""

    def script(peer: Http2Peer) -> None:
        for _ in range(150):
            peer.send(h2_frames.headers(peer.next(h2_frames.HeadersFrame).stream_id))
        while len(peer.received(RstStreamFrame)) < 150:
            peer.next_frame()
        assert {frame.error_code for frame in peer.received(RstStreamFrame)} == {CANCEL}
        peer.respond(peer.request())

    async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 100})) as (connection, server):
        for _ in range(150):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS):
                pass
        assert connection._engine.streams.open_count == 0
        assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"


@pytest.mark.field(33)
async def test_credit_of_dropped_responses_is_returned() -> None:
    """After half a megabyte each of 20 responses is dropped, a large download completes."""

    def script(peer: Http2Peer) -> None:
        credit = 65535
        for _ in range(20):
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id), *[h2_frames.data(stream_id, bytes(62500))] * 8)
            credit -= 500_000
        download = peer.request()
        window = 512 * 1024
        peer.send(h2_frames.headers(download))
        for index in range(320):
            for frame in peer.received(WindowUpdateFrame):
                credit += 0 if frame.stream_id else frame.window_increment
                window += frame.window_increment if frame.stream_id == download else 0
            peer.frames.clear()
            credit, window = credit - 62500, window - 62500
            while credit < 0 or window < 0:
                update = peer.next(WindowUpdateFrame)
                credit += 0 if update.stream_id else update.window_increment
                window += update.window_increment if update.stream_id == download else 0
                peer.frames.clear()
            peer.send(h2_frames.data(download, bytes(62500), end_stream=index == 319))

    async with async_connected(http2_script(script)) as (connection, server):
        for _ in range(20):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS):
                pass
        async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
            assert sum([len(part) async for part in response.aiter_stream()]) == 20_000_000


class TestStreamLimits:
    @pytest.mark.field(41)
    async def test_lowered_in_flight(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            first, second = peer.request(), peer.request()
            peer.send(h2_frames.settings({MAX_CONCURRENT_STREAMS: 1}))
            peer.next(h2_frames.SettingsFrame)
            assert len([frame for frame in peer.frames if isinstance(frame, h2_frames.HeadersFrame)]) == 3
            peer.respond(first)
            peer.respond(second)
            peer.respond(peer.request())

        async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 2})) as (connection, server):

            async def get() -> bytes:
                return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

            # Before the first response, the settings may not have arrived.
            assert await get() == b"hello"
            assert await async_at_once(get, get, get) == [b"hello"] * 3

    @pytest.mark.field(55)
    async def test_none_at_first(self) -> None:
        """With a limit of 0 a request waits, and is sent when the limit is raised."""
        waiting = threading.Event()

        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            peer.send(h2_frames.settings({MAX_CONCURRENT_STREAMS: 0}))
            peer.next(h2_frames.SettingsFrame)
            peer.connection.wait(waiting)
            peer.send(h2_frames.ping(b"question"))
            peer.next(PingFrame)
            assert len(peer.received(h2_frames.HeadersFrame)) == 1
            peer.send(h2_frames.settings({MAX_CONCURRENT_STREAMS: 1}))
            peer.respond(peer.request())

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            await async_wait_until(lambda: connection.has_expired() or not connection.is_available())

            async def get() -> bytes:
                response = await connection.request("GET", server.url, extensions=TIMEOUTS)
                return response.content

            async def look() -> None:
                await async_wait_until(lambda: connection._shared.reader.holder)
                waiting.set()

            assert await async_at_once(get, look) == [b"hello", None]

    async def test_waiting_for_a_stream_has_a_limit(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            peer.next(RstStreamFrame)

        async with (
            async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server),
            connection.stream("GET", server.url, extensions=TIMEOUTS),
        ):
            # The settings arrived before the response.
            assert not connection.is_available()
            with pytest.raises(PoolTimeout, match=r"0\.05 seconds: no stream .* \(1 in use\)"):
                await connection.request("GET", server.url, extensions={"timeout": {"pool": 0.05}})


class TestUploads:
    @pytest.mark.field(42)
    async def test_credit_resumes_all_uploads(self) -> None:
        """Credit for all streams comes in one piece, and nothing after it."""
        size = 1_000_000

        def script(peer: Http2Peer) -> None:
            received: dict[int, int] = {}
            while len(received) < 4 or sum(received.values()) < 65535:
                frame = peer.next_frame()
                if isinstance(frame, (h2_frames.HeadersFrame, DataFrame)):
                    received[frame.stream_id] = received.get(frame.stream_id, 0) + getattr(
                        frame, "flow_controlled_length", 0
                    )
            peer.send(*[h2_frames.window_update(stream_id, size) for stream_id in (0, 0, 0, 0, *received)])
            for _ in range(4):
                stream_id = peer.request()
                peer.respond(stream_id)
            sent = sum(len(frame.data) for frame in peer.received(DataFrame))
            assert sent == 4 * size

        async with async_connected(http2_script(script)) as (connection, server):

            async def post() -> bytes:
                response = await connection.request("POST", server.url, content=bytes(size), extensions=TIMEOUTS)
                return response.content

            assert await async_at_once(post, post, post, post) == [b"hello"] * 4

    @pytest.mark.field(44)
    @pytest.mark.parametrize("reset", [True, False])
    async def test_an_early_response_ends_an_upload(self, reset: bool) -> None:
        """The window is exhausted when the response arrives."""

        def script(peer: Http2Peer) -> None:
            stream_id = peer.next(h2_frames.HeadersFrame).stream_id
            while sum(len(frame.data) for frame in peer.received(DataFrame)) < 65535:
                peer.next(DataFrame)
            frames = [h2_frames.headers(stream_id, 413), h2_frames.data(stream_id, b"too large", end_stream=True)]
            peer.send(*frames, *([h2_frames.rst_stream(stream_id, 0)] if reset else []))
            if not reset:
                assert peer.next(RstStreamFrame).stream_id == stream_id
            answering(peer)

        async with async_connected(http2_script(script)) as (connection, server):
            response = await connection.request("POST", server.url, content=bytes(1_000_000), extensions=TIMEOUTS)
            assert (response.status, response.content) == (413, b"too large")
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"

    async def test_waiting_for_credit_has_a_limit(self) -> None:
        async with async_connected(http2_script(Http2Peer.request)) as (connection, server):
            with pytest.raises(WriteTimeout, match=r"0\.05 seconds: no flow control credit"):
                await connection.request(
                    "POST", server.url, content=bytes(100_000), extensions={"timeout": {"write": 0.05}}
                )


class TestBeyond:
    async def test_trailers(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id), h2_frames.data(stream_id, b"hello"))
            peer.send(h2_frames.headers(stream_id, None, (b"checksum", b"x"), end_stream=True))

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("GET", server.url, extensions=TIMEOUTS) as response,
        ):
            assert "trailing_headers" not in response.extensions
            assert await response.aread() == b"hello"
            assert response.extensions["trailing_headers"] == [(b"checksum", b"x")]

    async def test_a_tunnel(self) -> None:
        """Extended CONNECT (RFC 8441), with a neighbour on the same connection."""

        def script(peer: Http2Peer) -> None:
            opening = peer.next(h2_frames.HeadersFrame)
            fields = dict(peer.client.fields(opening))
            assert fields[b":protocol"] == b"websocket"
            assert fields[b":method"] == b"CONNECT"
            tunnel = opening.stream_id
            peer.send(h2_frames.headers(tunnel))
            assert peer.next(DataFrame).data == b"ping"
            peer.send(h2_frames.data(tunnel, b"pong"))
            peer.respond(peer.request())
            peer.send(h2_frames.data(tunnel, b"", end_stream=True))
            closing = peer.next(DataFrame)
            assert (closing.stream_id, closing.data) == (tunnel, b"")

        async with async_connected(http2_script(script, {ENABLE_CONNECT_PROTOCOL: 1})) as (connection, server):
            extensions = {**TIMEOUTS, "protocol": b"websocket"}
            async with connection.stream("CONNECT", server.url + "/chat", extensions=extensions) as response:
                assert response.status == 200
                stream = response.extensions["network_stream"]
                await stream.write(b"ping", timeout=5.0)
                assert await stream.read(2, timeout=5.0) == b"po"
                assert stream.get_extra_info("is_readable")
                assert await stream.read(64, timeout=5.0) == b"ng"
                assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
                assert await stream.read(64, timeout=5.0) == b""
                await stream.aclose()
            assert connection.is_idle()

    async def test_interim_responses_are_traced(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id, 103, (b"link", b"</a>")))
            peer.respond(stream_id)

        events: list[tuple[str, dict[str, Any]]] = []

        async def trace(name: str, info: dict[str, Any]) -> None:
            events.append((name, info))

        async with async_connected(http2_script(script)) as (connection, server):
            await connection.request("GET", server.url, extensions={**TIMEOUTS, "trace": trace})
        name = "http2.receive_informational_response"
        assert [event for event, _ in events if event.startswith(name)] == [f"{name}.started", f"{name}.complete"]
        assert dict(events)[f"{name}.complete"] == {"return_value": (103, [(b"link", b"</a>")])}
