"""Servers that do not read: a request that writes still receives, and does not block other requests."""

import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol

import pytest
from httpcore_h2 import AsyncHTTP2Connection
from httpcore_models import (
    AutoBackend,
    ConnectionNotAvailable,
    Origin,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    WriteError,
    WriteTimeout,
)
from httpcore_test_support import h2_frames
from httpcore_test_support.certificates import Certificates
from httpcore_test_support.http2_peer import Http2Peer, answering, http2_script
from httpcore_test_support.scripted import Script, ScriptedServer, scripted_server
from httpcore_test_support.waiting import async_at_once, async_wait_until
from hyperframe.frame import DataFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

pytestmark = pytest.mark.anyio

INITIAL_WINDOW_SIZE = 4
OPEN = {INITIAL_WINDOW_SIZE: 2**31 - 1}
PATIENT = {"timeout": {"read": 10.0, "write": 10.0, "pool": 10.0}}
# The size of buffers of the operating system, which fill up soon.
SMALL = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)]
TINY = [*SMALL, (socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)]
# More than the buffers of the operating system hold, and little enough for a quick test.
MUCH = 8_000_000
PART = h2_frames.data(1, bytes(16_000))


class Connect(Protocol):
    def __call__(self, script: Script) -> AbstractAsyncContextManager[tuple[AsyncHTTP2Connection, ScriptedServer]]: ...


@asynccontextmanager
async def connecting(
    script: Script, tls: Certificates | None, options: Any = SMALL, ping_interval: float | None = None
) -> AsyncIterator[tuple[AsyncHTTP2Connection, ScriptedServer]]:
    context = None if tls is None else tls.server_context(alpn=["h2"])
    with scripted_server(script, tls=context, receive_buffer=8192) as server:
        stream = await AutoBackend().connect_tcp("127.0.0.1", server.port, timeout=5.0, socket_options=options)
        if tls is not None:
            stream = await stream.start_tls(tls.client_context(), "localhost", timeout=5.0)
        origin = Origin(b"http" if tls is None else b"https", b"127.0.0.1", server.port)
        async with AsyncHTTP2Connection(origin, stream, ping_interval=ping_interval) as connection:
            yield connection, server
        server.raise_failures()


@pytest.fixture(params=["clear", "TLS"])
def tls(request: pytest.FixtureRequest, certificates: Certificates) -> Certificates | None:
    return certificates if request.param == "TLS" else None


@pytest.fixture
def connected(tls: Certificates | None) -> Connect:
    return lambda script: connecting(script, tls)


async def upload(connection: AsyncHTTP2Connection, server: ScriptedServer, **timeouts: float) -> Any:
    """Send more than the server accepts."""
    extensions = {"timeout": {**PATIENT["timeout"], **timeouts}}
    return await connection.request("POST", server.url, content=bytes(MUCH), extensions=extensions)


@pytest.mark.fault("T11")
@pytest.mark.parametrize("complete", [True, False])
async def test_a_response_is_received_while_an_upload_is_blocked(connected: Connect, complete: bool) -> None:
    """The server stops reading, and closes nothing."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        stream_id = peer.next(DataFrame).stream_id
        time.sleep(0.2)
        peer.send(h2_frames.headers(stream_id, 413))
        if not complete:
            time.sleep(0.05)
        peer.send(h2_frames.data(stream_id, b"too large", end_stream=True))
        peer.connection.hold()

    async with connected(http2_script(script, OPEN)) as (connection, server):
        response = await upload(connection, server, write=30.0)
        assert (response.status, response.content) == (413, b"too large")


@pytest.mark.fault("T11")
async def test_the_rest_of_a_request_is_sent_after_something_was_received_meanwhile(tls: Certificates | None) -> None:
    """The server answers only once it has the whole request. TLS has encrypted all of it already."""
    received = threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.respond(peer.request())
        peer.next(HeadersFrame)
        peer.send(h2_frames.window_update(0, 1000))
        peer.connection.wait(received)
        peer.respond(peer.request())

    async with connecting(http2_script(script), tls, TINY) as (connection, server):
        assert (await connection.request("GET", server.url, extensions=PATIENT)).content == b"hello"
        arrivals = connection._shared.reader.arrivals

        async def post() -> None:
            response = await connection.request("POST", server.url, content=bytes(60_000), extensions=PATIENT)
            assert response.content == b"hello"

        async def look() -> None:
            await async_wait_until(lambda: connection._shared.reader.arrivals > arrivals)
            received.set()

        await async_at_once(post, look)


@pytest.mark.fault("S4")
async def test_a_complete_success_does_not_end_a_small_upload(tls: Certificates | None) -> None:
    """The server answers before it reads the body, which arrives although the connection is not used again."""
    received = threading.Event()

    def script(peer: Http2Peer) -> None:
        stream_id = peer.next(HeadersFrame).stream_id
        time.sleep(0.2)
        peer.send(h2_frames.headers(stream_id, 200), h2_frames.data(stream_id, b"early", end_stream=True))
        time.sleep(0.2)
        while "END_STREAM" not in peer.next(DataFrame).flags:
            pass
        received.set()
        peer.connection.hold()

    async with connecting(http2_script(script), tls, TINY) as (connection, server):
        response = await connection.request("POST", server.url, content=bytes(60_000), extensions=PATIENT)
        assert (response.status, response.content) == (200, b"early")
        await async_wait_until(received.is_set)


@pytest.mark.fault("T11")
async def test_an_unfinished_frame_is_sent_first(connected: Connect) -> None:
    """The frame that was being sent when the response arrived is completed."""
    answered = threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        stream_id = peer.next(DataFrame).stream_id
        time.sleep(0.2)
        peer.send(h2_frames.headers(stream_id, 413, end_stream=True))
        peer.connection.wait(answered)
        assert peer.next(RstStreamFrame).stream_id == stream_id
        answering(peer)

    async with connected(http2_script(script, OPEN)) as (connection, server):
        assert (await upload(connection, server)).status == 413
        answered.set()
        assert (await connection.request("GET", server.url, extensions=PATIENT)).content == b"hello"


@pytest.mark.fault("T11")
async def test_a_server_that_reads_only_after_its_response_is_read_causes_no_deadlock(connected: Connect) -> None:
    """No task reads that response yet: the task that writes receives it."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        download = peer.request()
        peer.send(h2_frames.headers(download))
        other = peer.next(HeadersFrame).stream_id
        peer.connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        for _ in range(30):
            peer.send(PART)
        while not (isinstance(frame := peer.next_frame(), DataFrame) and "END_STREAM" in frame.flags):
            peer.frames.clear()
        peer.respond(other)
        peer.send(h2_frames.data(download, b"", end_stream=True))

    async with (
        connected(http2_script(script, OPEN)) as (connection, server),
        connection.stream("GET", server.url, extensions=PATIENT) as download,
    ):
        assert (await upload(connection, server)).content == b"hello"
        assert len(await download.aread()) == 30 * 16_000


@pytest.mark.fault("T13")
async def test_a_received_body_is_read_while_another_request_is_blocked(connected: Connect) -> None:
    done = threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        download = peer.request()
        peer.send(h2_frames.headers(download))
        peer.next(DataFrame)
        time.sleep(0.2)
        for _ in range(30):
            peer.send(PART)
        peer.send(h2_frames.data(download, b"", end_stream=True))
        peer.connection.wait(done)
        peer.connection.abort()

    async with (
        connected(http2_script(script, OPEN)) as (connection, server),
        connection.stream("GET", server.url, extensions=PATIENT) as download,
    ):

        async def blocked() -> None:
            with suppress(ReadError, WriteError, RemoteProtocolError):
                await upload(connection, server, write=50.0)

        async def read() -> None:
            await async_wait_until(lambda: connection._shared.writer.holder)
            assert len(await download.aread()) == 30 * 16_000
            done.set()

        await async_at_once(blocked, read)


@pytest.mark.fault("T15")
async def test_a_write_timeout_does_not_affect_other_requests(
    connected: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of its unfinished frame is sent when the server reads again."""
    late, over = threading.Event(), threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        download = peer.request()
        peer.send(h2_frames.headers(download), PART)
        other = peer.next(DataFrame).stream_id
        # This is a sign of life: the connection stays in use.
        peer.connection.wait(late)
        peer.send(h2_frames.ping())
        peer.connection.wait(over)
        peer.send(h2_frames.data(download, b"the end", end_stream=True))
        assert peer.next(RstStreamFrame).stream_id == other
        answering(peer)

    async with connected(http2_script(script, OPEN)) as (connection, server):
        reader, writer, content = connection._shared.reader, connection._shared.writer, bytearray()
        write_until_readable: Any = writer.write_until_readable

        async def time_out_late(data: bytes, timeout: float) -> int | None:
            arrivals = reader.arrivals
            try:
                taken: int | None = await write_until_readable(data, timeout)
                return taken
            except WriteTimeout:
                if not late.is_set():
                    late.set()
                    await async_wait_until(lambda: reader.arrivals != arrivals)
                raise

        monkeypatch.setattr(writer, "write_until_readable", time_out_late)

        async def neighbour() -> None:
            async with connection.stream("GET", server.url, extensions=PATIENT) as download:
                async for part in download.aiter_stream():
                    content.extend(part)
            assert content == bytes(16_000) + b"the end"

        async def blocked() -> None:
            # Then the credit has arrived, too.
            await async_wait_until(lambda: len(content) == 16_000)
            with pytest.raises(WriteTimeout, match=r"0\.2 seconds"):
                await upload(connection, server, write=0.2)
            over.set()

        await async_at_once(neighbour, blocked)
        assert (await connection.request("GET", server.url, extensions=PATIENT)).content == b"hello"


@pytest.mark.fault("T3")
@pytest.mark.parametrize(
    "chatter",
    [h2_frames.ping(), h2_frames.headers(1, 103), h2_frames.headers(1, 200)[:7], h2_frames.headers(1, 200)],
    ids=["PING", "103", "half a head", "200"],
)
async def test_only_a_final_response_ends_a_blocked_write(connected: Connect, chatter: bytes) -> None:
    done = threading.Event()

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        peer.next(DataFrame)
        time.sleep(0.1)
        peer.send(chatter)
        peer.connection.wait(done)
        peer.connection.abort()

    async with connected(http2_script(script, OPEN)) as (connection, server):
        with pytest.raises(WriteTimeout, match=r"^The write operation timed out after 0\.4 seconds"):
            await upload(connection, server, write=0.4)
        done.set()


@pytest.mark.fault("T12")
async def test_settings_that_arrive_with_an_upload_are_acknowledged_before_it_waits_for_credit(
    connected: Connect,
) -> None:
    """Credit comes only after that."""

    def script(peer: Http2Peer) -> None:
        sent = 0
        while sent < 65535:
            frame = peer.next(DataFrame)
            sent += len(frame.data)
        peer.send(h2_frames.settings({INITIAL_WINDOW_SIZE: 1000}))
        while "ACK" not in peer.next(SettingsFrame).flags:
            pass
        for _ in range(3):
            peer.send(h2_frames.window_update(0, 100_000), h2_frames.window_update(frame.stream_id, 60_000))
        peer.respond(peer.request())

    async with connected(http2_script(script)) as (connection, server):
        response = await connection.request("POST", server.url, content=bytes(150_000), extensions=PATIENT)
        assert response.content == b"hello"


@pytest.mark.fault("T14")
async def test_a_server_that_sends_endlessly_does_not_delay_the_read_timeout(connected: Connect) -> None:
    def script(peer: Http2Peer) -> None:
        stream_id = peer.request()
        peer.send(h2_frames.headers(stream_id, 103))
        while True:
            peer.connection.send(h2_frames.ping(b"question"))
            peer.next(PingFrame)

    async with connected(http2_script(script)) as (connection, server):
        with pytest.raises(ReadTimeout, match=r"^The read operation timed out after 0\.2 seconds"):
            await connection.request("GET", server.url, extensions={"timeout": {"read": 0.2}})


@pytest.mark.fault("T11")
async def test_a_disconnect_ends_a_blocked_write(connected: Connect) -> None:
    """That of a head, behind an upload: no answer to its own request could end it."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        peer.next(DataFrame)
        time.sleep(0.3)
        peer.connection.shutdown_write()
        peer.connection.hold()

    async with connected(http2_script(script, OPEN)) as (connection, server):
        uploads_over: list[int] = []

        async def blocked() -> None:
            with pytest.raises((WriteError, WriteTimeout, ReadError, RemoteProtocolError)):
                await upload(connection, server, write=0.1)
            uploads_over.append(1)

        async def behind() -> None:
            await async_wait_until(lambda: connection._shared.writer.holder or uploads_over)
            with pytest.raises((ConnectionNotAvailable, WriteError, ReadError, RemoteProtocolError)):
                await connection.request("GET", server.url, extensions={"timeout": {}})

        await async_at_once(blocked, behind)


@pytest.mark.fault("T7")
async def test_a_disconnect_fails_readers_and_writers(connected: Connect) -> None:
    """Over TLS, without a close_notify."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**31 - 1 - 65535))
        download = peer.request()
        peer.send(h2_frames.headers(download), PART)
        peer.next(DataFrame)
        time.sleep(0.1)
        peer.connection.close(close_notify=False)

    async with connected(http2_script(script, OPEN)) as (connection, server):
        failures: list[BaseException] = []

        async def read() -> None:
            try:
                async with connection.stream("GET", server.url, extensions=PATIENT) as download:
                    await download.aread()
            except Exception as exc:
                failures.append(exc)

        async def write() -> None:
            await async_wait_until(lambda: connection._engine.streams.open_count)
            try:
                await upload(connection, server)
            except Exception as exc:
                failures.append(exc)

        await async_at_once(read, write)
        assert len(failures) == 2
        assert not any(isinstance(failure, (ReadTimeout, WriteTimeout)) for failure in failures), failures


@pytest.mark.fault("T19")
async def test_asking_a_silent_server_does_not_prolong_the_time_limit_of_a_write() -> None:
    """The PING waits behind what the server does not read."""

    def script(peer: Http2Peer) -> None:
        peer.send(h2_frames.window_update(0, 2**30))
        peer.connection.hold()

    async with connecting(http2_script(script, OPEN), None, TINY, 0.7) as (connection, server):
        timeouts = {"timeout": {"read": 10.0, "write": 0.8, "pool": 10.0}}
        started = time.monotonic()
        with pytest.raises(WriteTimeout, match=r"after 0\.8 seconds"):
            await connection.request("POST", server.url, content=bytes(MUCH), extensions=timeouts)
        assert connection._engine.ping_unanswered
        assert time.monotonic() - started < 1.3
