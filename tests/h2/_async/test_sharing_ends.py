"""The end of a connection that several requests share, and how a silent server is found out."""

import threading

import pytest
from httpcore_models import (
    URL,
    ConnectionNotAvailable,
    ReadError,
    RemoteProtocolError,
    Request,
    Response,
    WriteError,
)
from httpcore_test_support import h2_frames
from httpcore_test_support._async.h2_connections import async_connected
from httpcore_test_support.http2_peer import Http2Peer, http2_script
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, GoAwayFrame, PingFrame

pytestmark = pytest.mark.anyio

INITIAL_WINDOW_SIZE = 4
TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}


class TestEnds:
    @pytest.mark.field(34)
    @pytest.mark.field(36)
    async def test_a_goaway_lets_the_accepted_finish(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(
                h2_frames.goaway(stream_id),
                h2_frames.headers(stream_id),
                h2_frames.data(stream_id, b"hello", end_stream=True),
            )

        async with async_connected(http2_script(script)) as (connection, server):
            async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
                assert not connection.is_available()
                with pytest.raises(ConnectionNotAvailable):
                    await connection.request("GET", server.url, extensions=TIMEOUTS)
                assert await response.aread() == b"hello"
            assert connection.is_closed()

    @pytest.mark.field(37)
    async def test_the_end_of_stream_after_a_goaway(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.request()
            peer.send(h2_frames.goaway(1))
            peer.connection.shutdown_write()

        async with async_connected(http2_script(script)) as (connection, server):

            async def get() -> str:
                with pytest.raises((ConnectionNotAvailable, RemoteProtocolError)) as caught:
                    await connection.request("GET", server.url, extensions=TIMEOUTS)
                return str(caught.value)

            text = "<ConnectionTerminated error_code:0, last_stream_id:1, additional_data:None>"
            assert sorted(await async_at_once(get, get)) == [text, f"Server disconnected after {text}"]

    @pytest.mark.field(46)
    async def test_all_requests_fail_with_the_reason(self) -> None:
        def script(peer: Http2Peer) -> None:
            for _ in range(3):
                peer.request()
            peer.send(h2_frames.frame(0, 0, 0, b"?"))

        async with async_connected(http2_script(script)) as (connection, server):

            async def get() -> str:
                with pytest.raises(RemoteProtocolError) as caught:
                    await connection.request("GET", server.url, extensions=TIMEOUTS)
                return str(caught.value)

            first, second, third = await async_at_once(get, get, get)
            assert first == second == third
            assert "stream 0" in first
            assert connection.is_closed()

    @pytest.mark.field(40)
    async def test_an_idle_connection_that_the_server_closed(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            peer.send(h2_frames.goaway(1))
            peer.connection.shutdown_write()

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
            await async_wait_until(lambda: connection.has_expired() or connection.is_closed())
            with pytest.raises(ConnectionNotAvailable):
                await connection.request("GET", server.url, extensions=TIMEOUTS)

    async def test_frames_do_not_expire_an_idle_connection(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            peer.send(h2_frames.headers(stream_id, 200, end_stream=True), h2_frames.ping(b"are you?"))
            stream_id = peer.request()
            assert [frame.opaque_data for frame in peer.received(PingFrame)] == [b"are you?"]
            peer.respond(stream_id)

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b""
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"

    @pytest.mark.field(55)
    async def test_a_goaway_is_sent_on_closing(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.respond(peer.request())
            assert peer.next(GoAwayFrame).error_code == 0

        async with async_connected(http2_script(script)) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"

    async def test_closing_ends_the_open_requests(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.headers(peer.request()))
            peer.connection.hold()

        async with async_connected(http2_script(script)) as (connection, server):
            response: Response = await connection.handle_async_request(
                Request("GET", URL(server.url), headers={"Host": "localhost"}, extensions=TIMEOUTS)
            )

            async def read() -> None:
                with pytest.raises(ReadError):
                    await response.aread()

            async def close() -> None:
                await async_wait_until(lambda: connection._shared.reader.holder is not None)
                await connection.aclose()

            await async_at_once(read, close)
            await response.aclose()


class TestPings:
    async def test_a_silent_server_is_pinged_and_abandoned(self) -> None:
        def script(peer: Http2Peer) -> None:
            peer.request()
            peer.next(PingFrame)
            peer.connection.hold()

        async with async_connected(http2_script(script), ping_interval=0.05, ping_timeout=0.05) as (connection, server):
            with pytest.raises(ReadError, match=r"No answer to a PING within 0\.05 seconds"):
                await connection.request("GET", server.url, extensions=TIMEOUTS)
            assert connection.is_closed()

    @pytest.mark.fault("T19")
    @pytest.mark.parametrize(("interval", "limit"), [(1.2, 0.05), (0.05, 1.2)])
    async def test_a_silent_server_is_pinged_during_a_blocked_write(self, interval: float, limit: float) -> None:
        """Checking now and then whether the writer has given up does not restart the interval."""

        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.window_update(0, 2**30))
            peer.send(h2_frames.headers(peer.request()))
            peer.connection.hold()

        settings = {INITIAL_WINDOW_SIZE: 2**30}
        async with async_connected(http2_script(script, settings), ping_interval=interval, ping_timeout=limit) as (
            connection,
            server,
        ):

            async def upload() -> None:
                with pytest.raises((ReadError, WriteError)):
                    await connection.request("POST", server.url, content=bytes(2**25), extensions=TIMEOUTS)

            async def read() -> None:
                await async_wait_until(lambda: connection._shared.writer.holder is not None)
                with pytest.raises(ReadError, match=f"No answer to a PING within {limit:g} seconds"):
                    await response.aread()

            async with connection.stream("GET", server.url, extensions=TIMEOUTS) as response:
                await async_at_once(upload, read)

    @pytest.mark.fault("T19")
    async def test_a_silent_server_is_abandoned_during_a_blocked_upload(self) -> None:
        """No other request waits for a response."""

        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.window_update(0, 2**30))
            peer.connection.hold()

        settings = {INITIAL_WINDOW_SIZE: 2**30}
        async with async_connected(http2_script(script, settings), ping_interval=0.05, ping_timeout=0.05) as (
            connection,
            server,
        ):
            with pytest.raises(ReadError, match=r"No answer to a PING within 0\.05 seconds"):
                await connection.request("POST", server.url, content=bytes(2**25), extensions=TIMEOUTS)
            assert connection.is_closed()

    @pytest.mark.fault("T19")
    async def test_a_blocked_upload_goes_on_when_a_silent_server_reads_again(self) -> None:
        """The PING that was sent meanwhile comes after what was being sent."""
        size, asked = 2**24, threading.Event()

        def script(peer: Http2Peer) -> None:
            peer.send(h2_frames.window_update(0, 2**30))
            peer.connection.wait(asked)
            received = 0
            while received < size:
                frame = peer.next(DataFrame)
                received += len(frame.data)
            assert peer.received(PingFrame)
            peer.respond(frame.stream_id)

        settings = {INITIAL_WINDOW_SIZE: 2**30}
        async with async_connected(http2_script(script, settings), ping_interval=0.05, ping_timeout=30.0) as (
            connection,
            server,
        ):

            async def upload() -> bytes:
                response = await connection.request("POST", server.url, content=bytes(size), extensions=TIMEOUTS)
                return response.content

            async def watch() -> bytes:
                await async_wait_until(lambda: connection._engine.ping_unanswered)
                asked.set()
                return b""

            assert await async_at_once(upload, watch) == [b"hello", b""]

    async def test_a_slow_server_that_answers_pings_is_awaited(self) -> None:
        def script(peer: Http2Peer) -> None:
            stream_id = peer.request()
            for _ in range(3):
                ping = peer.next(PingFrame)
                peer.send(h2_frames.ping(ping.opaque_data, ack=True))
            peer.respond(stream_id)

        async with async_connected(http2_script(script), ping_interval=0.02, ping_timeout=5.0) as (connection, server):
            assert (await connection.request("GET", server.url, extensions=TIMEOUTS)).content == b"hello"
