"""Taking turns in reading, writing and opening streams: no request waits for a turn that does not come."""

import threading
import time
from typing import Any

import pytest
from httpcore_models import ReadError, RemoteProtocolError, WriteError, WriteTimeout
from httpcore_test_support import h2_frames
from httpcore_test_support._async.h2_connections import async_connected
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Connection
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import HeadersFrame

pytestmark = pytest.mark.anyio

MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, ENABLE_CONNECT_PROTOCOL = 3, 4, 8
TIMEOUTS = {"timeout": {"read": 5.0, "write": 5.0, "pool": 5.0}}


async def test_closing_a_stream_makes_room_for_a_waiting_request() -> None:
    """The server says nothing meanwhile."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.headers(peer.request()))
        answering(peer)

    async with async_connected(http2_script(script, {MAX_CONCURRENT_STREAMS: 1})) as (connection, server):
        first = connection.stream("GET", server.url, extensions=TIMEOUTS)
        await first.__aenter__()

        async def get() -> bytes:
            return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

        async def close() -> None:
            await async_wait_until(lambda: connection._shared.waiters.openers)
            await first.__aexit__(None, None, None)

        assert await async_at_once(get, close) == [b"hello", None]


async def test_a_request_that_waits_for_the_settings_lets_another_one_read() -> None:
    """It has read a part of them when the other one has opened a stream, and does not read while one is open."""
    read = threading.Event()
    settings = h2_frames.settings({ENABLE_CONNECT_PROTOCOL: 1})

    def script(connection: Connection) -> None:
        peer = Http2Peer(connection)
        stream_id = peer.request()
        peer.send(settings[:5])
        connection.wait(read)
        peer.send(settings[5:], h2_frames.settings_ack())
        peer.respond(stream_id)
        peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id, end_stream=True))

    async with async_connected(script) as (connection, server):

        async def connect() -> int:
            extensions: dict[str, Any] = {**TIMEOUTS, "protocol": b"websocket"}
            async with connection.stream("CONNECT", server.url, extensions=extensions) as response:
                return response.status

        async def get() -> bytes:
            await async_wait_until(lambda: connection._shared.reader.holder)
            return (await connection.request("GET", server.url, extensions=TIMEOUTS)).content

        async def go_on() -> None:
            await async_wait_until(lambda: connection._shared.reader.arrivals)
            await async_wait_until(lambda: connection._shared.waiters.openers)
            read.set()

        started = time.monotonic()
        assert await async_at_once(connect, get, go_on) == [200, b"hello", None]
        assert time.monotonic() - started < 4.0


async def test_waiting_for_another_write_times_out() -> None:
    done = threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**30))
        peer.connection.wait(done)
        peer.connection.abort()

    async with async_connected(http2_script(script, {INITIAL_WINDOW_SIZE: 2**31 - 1})) as (connection, server):

        async def stalled() -> None:
            with pytest.raises((ReadError, RemoteProtocolError, WriteError)):
                await connection.request("POST", server.url, content=bytes(50_000_000))

        async def behind() -> None:
            await async_wait_until(lambda: connection._shared.writer.holder and connection._request_count)
            with pytest.raises(WriteTimeout, match=r"0\.05 seconds"):
                # If the other one is between two writes just now, this one is stalled itself.
                await connection.request(
                    "POST", server.url, content=bytes(50_000_000), extensions={"timeout": {"write": 0.05}}
                )
            done.set()

        await async_at_once(stalled, behind)


class TestTunnels:
    @pytest.mark.parametrize("ends", [[h2_frames.data(1, b"", end_stream=True)], [h2_frames.rst_stream(1, 8)]])
    async def test_nothing_is_written_after_the_server_has_ended_it(self, ends: list[bytes]) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id), *ends)
            peer.connection.hold()

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            stream = response.extensions["network_stream"]
            await async_wait_until(lambda: stream.get_extra_info("is_readable"))
            with pytest.raises(WriteError, match="The tunnel is closed"):
                await stream.write(b"lost?", timeout=5.0)

    async def test_one_that_is_closed_says_so(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.next(HeadersFrame).stream_id))
            peer.connection.hold()

        async with (
            async_connected(http2_script(script)) as (connection, server),
            connection.stream("CONNECT", server.url, extensions=TIMEOUTS) as response,
        ):
            stream: Any = response.extensions["network_stream"]
            await stream.aclose()
            with pytest.raises(ReadError, match="The stream was closed"):
                await stream.read(1, timeout=5.0)
            with pytest.raises(WriteError, match="The tunnel is closed"):
                await stream.write(b"x", timeout=5.0)
