"""Streams on asyncio: timers of reads, back-pressure, resets, and event loops that have ended."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from httpcore_models import AnyIOBackend, ReadError, ReadTimeout, WriteError, WriteTimeout
from httpcore_models.network._streams.asyncio_stream import _READ_LIMIT, AsyncioStream
from httpcore_models.network._streams.asyncio_transport import SMALL_READ
from httpcore_test_support.asyncs import BACKENDS, Backend, run_async
from httpcore_test_support.interpreters import COUNTS_REFERENCES
from httpcore_test_support.scripted import Connection, Script, scripted_server
from httpcore_test_support.steps import abort, hold, notify, receive_exactly, send, wait
from httpcore_test_support.waiting import async_pause, async_wait_until, at_once

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0
LOOPS = ("asyncio", "uvloop")


@pytest.fixture(scope="module", params=LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Backend:
    return BACKENDS[request.param]


@asynccontextmanager
async def connected(script: Script, receive_buffer: int | None = None) -> AsyncIterator[AsyncioStream]:
    with scripted_server(script, receive_buffer=receive_buffer) as server:
        stream = await AnyIOBackend().connect_tcp("127.0.0.1", server.port, TIMEOUT)
        assert isinstance(stream, AsyncioStream)
        try:
            yield stream
        finally:
            await stream.aclose()


@pytest.fixture
async def timers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The times of all timers that are set."""
    loop, times = asyncio.get_running_loop(), []
    call_at = loop.call_at

    def counted(when: float, *arguments: Any) -> asyncio.TimerHandle:
        times.append(when)
        return call_at(when, *arguments)

    monkeypatch.setattr(loop, "call_at", counted)
    return times


def echo(connection: Connection) -> None:
    """Send back what arrives."""
    while True:
        connection.send(connection.receive())


async def exchange(stream: AsyncioStream, timeout: float | None) -> None:
    """Read bytes that arrive only after the read has begun to wait."""
    assert not stream.get_extra_info("is_readable")
    reading = asyncio.create_task(stream.read(100, timeout))
    await asyncio.sleep(0)
    await stream.write(b"data", TIMEOUT)
    assert await reading == b"data"


async def exchange_in_time(stream: AsyncioStream, timeout: float) -> None:
    """The same without a peer: even on a slow machine, the bytes come before the event loop looks at its timers."""
    reading = asyncio.create_task(stream.read(100, timeout))
    await asyncio.sleep(0)
    stream.data_received(b"data")
    assert await reading == b"data"


@pytest.mark.parametrize("anyio_backend", [BACKENDS["asyncio"]], ids=["asyncio"])
async def test_read_buffer_adapts_to_what_arrives() -> None:
    """It is small at first, large once that was not enough, and small again after small reads."""
    async with connected(echo) as stream:
        reserved = []
        for size in (100, SMALL_READ, 1024 * 1024, 100, 100):
            writing = asyncio.create_task(stream.write(bytes(size), TIMEOUT))
            parts = []
            while sum(map(len, parts)) < size:
                parts.append(await stream.read(1024 * 1024, TIMEOUT))
            await writing
            reserved.append((max(map(len, parts)) > SMALL_READ, stream._transport.max_size))  # type: ignore[attr-defined]
        assert reserved[0] == (False, SMALL_READ)
        assert reserved[2][0]
        assert reserved[-1] == (False, SMALL_READ)


@pytest.mark.parametrize("size", [1000, _READ_LIMIT])
async def test_a_cancelled_scope_ends_reading_although_each_turn_brings_more(size: int) -> None:
    """A scope of anyio cancels only a task that waits, not one whose bytes have come in the same turn."""
    async with connected(hold()) as stream:
        loop, turns = asyncio.get_running_loop(), 0

        def feed() -> None:
            nonlocal turns
            turns += 1
            if not stream._received:
                stream.data_received(bytes(size))
            if turns < 10_000:
                loop.call_soon(feed)
            else:
                stream.eof_received()
            if turns == 10:
                scope.cancel()

        with anyio.CancelScope() as scope:
            loop.call_soon(feed)
            while await stream.read(size, TIMEOUT):
                pass
        assert scope.cancelled_caught
        assert turns < 10_000


class TestReadDeadlines:
    async def test_one_timer_serves_all_reads_of_a_connection(self, timers: list[Any]) -> None:
        async with connected(echo) as stream:
            timers.clear()
            for _ in range(20):
                await exchange(stream, TIMEOUT)
            assert len(timers) == 1

    async def test_reads_without_timeout_set_no_timer(self, timers: list[Any]) -> None:
        async with connected(echo) as stream:
            timers.clear()
            await exchange(stream, None)
            assert timers == []

    async def test_next_timeout_can_be_shorter(self) -> None:
        async with connected(echo) as stream:
            await exchange(stream, 1000.0)
            with pytest.raises(ReadTimeout, match=r"^The read operation timed out after 0\.01 seconds"):
                await stream.read(100, 0.01)

    @pytest.mark.parametrize("timeout", [TIMEOUT, None])
    async def test_next_timeout_can_be_longer(self, timeout: float | None) -> None:
        async with connected(echo) as stream:
            await exchange_in_time(stream, 0.05)
            timer = stream._read_timer.handle
            reading = asyncio.create_task(stream.read(100, timeout))
            # The timer of the first read fires while the second one waits; on a slow machine, before.
            await async_wait_until(lambda: timer is None or stream._read_timer.handle is not timer)
            await stream.write(b"data", TIMEOUT)
            assert await reading == b"data"

    async def test_longer_timeout_expires(self) -> None:
        async with connected(echo) as stream:
            await exchange_in_time(stream, 0.02)
            with pytest.raises(ReadTimeout, match=r"^The read operation timed out after 0\.05 seconds"):
                await stream.read(100, 0.05)

    async def test_timer_of_a_finished_read_is_harmless(self) -> None:
        async with connected(echo) as stream:
            await exchange_in_time(stream, 0.02)
            await async_wait_until(lambda: stream._read_timer.handle is None)
            await exchange(stream, TIMEOUT)

    async def test_timer_that_fires_when_bytes_arrive_is_harmless(self) -> None:
        async with connected(echo) as stream:
            reading = asyncio.create_task(stream.read(100, 1000.0))
            await asyncio.sleep(0)
            stream.data_received(b"data")
            timer = stream._read_timer
            timer._deadline = stream._loop.time()
            timer._fire()
            assert await reading == b"data"

    async def test_closed_or_lost_stream_leaves_no_timer(self) -> None:
        async with connected(echo) as stream:
            await exchange(stream, 1000.0)
            timer = stream._read_timer.handle
            assert timer is not None
            await stream.aclose()
            assert timer.cancelled()
        ended = threading.Event()
        async with connected([send(b"data"), wait(ended), abort()]) as stream:
            reading = asyncio.create_task(stream.read(100, 1000.0))
            assert await reading == b"data"
            timer = stream._read_timer.handle
            ended.set()
            with pytest.raises(ReadError, match=r"Connection reset by peer \(127\.0\.0\.1:\d+\)$"):
                await stream.read(100, 1000.0)
            timer = stream._read_timer.handle or timer
            assert timer is None or timer.cancelled()


class TestBackPressure:
    async def test_reading_is_paused_while_too_much_is_unread(self) -> None:
        size = 16 * 1024 * 1024
        data = bytes(range(256)) * (size // 256)
        all_sent = threading.Event()
        async with connected([send(data), notify(all_sent), hold()]) as stream:
            await async_wait_until(lambda: stream._paused)
            await async_pause()
            # One more read of the event loop may exceed the limit.
            assert _READ_LIMIT < stream._received.size <= _READ_LIMIT + 256 * 1024
            assert not all_sent.is_set()
            received = bytearray()
            while len(received) < size:
                received += await stream.read(100_000, TIMEOUT)
            assert received == data
            assert stream._received.size == 0
            assert not stream._paused

    async def test_queued_bytes_can_be_read_after_the_transport_has_closed(self) -> None:
        # The transport is closing when reading would be resumed.
        size = 2 * _READ_LIMIT
        async with connected([send(bytes(100))]) as stream:
            await async_wait_until(lambda: stream._received.size == 100)
            stream.data_received(bytes(size))
            assert stream._paused
            stream._transport.abort()
            await async_pause()
            received = 0
            while received < size + 100:
                received += len(await stream.read(65536, TIMEOUT))
            assert received == size + 100
            assert await stream.read(100, TIMEOUT) == b""

    async def test_write_to_a_peer_that_does_not_read_times_out(self) -> None:
        async with connected(hold(), receive_buffer=4096) as stream:
            with pytest.raises(
                WriteTimeout, match=r"^The write operation timed out after 0\.02 seconds \(127\.0\.0\.1:\d+\)$"
            ):
                await stream.write(bytes(16 * 1024 * 1024), 0.02)

    async def test_write_waits_until_the_operating_system_has_everything(self) -> None:
        async with connected(hold(), receive_buffer=4096) as stream:
            piece = bytes(4096)
            with pytest.raises(WriteTimeout):
                await write_for_ever(stream, piece, 0.02)
            assert 0 < stream._transport.get_write_buffer_size() <= len(piece)

    async def test_write_without_timeout_waits(self) -> None:
        size = 16 * 1024 * 1024
        blocked = threading.Event()
        async with connected([wait(blocked), receive_exactly(size), send(b"done"), hold()]) as stream:
            writing = asyncio.create_task(stream.write(bytes(size)))
            await async_wait_until(lambda: stream._writer is not None)
            blocked.set()
            await writing
            assert await stream.read(100, TIMEOUT) == b"done"


class TestResets:
    async def test_response_can_be_read_after_the_upload_failed(self) -> None:
        uploading, refused = threading.Event(), threading.Event()
        answer = b"HTTP/1.1 413 Content Too Large\r\n\r\n"
        async with connected([wait(uploading), send(answer), abort(), notify(refused)]) as stream:
            await stream.write(b"start of the upload", TIMEOUT)
            uploading.set()
            # Blocks the event loop, so that it cannot read the response before it writes.
            assert refused.wait(TIMEOUT)
            stream._transport.write(b"more of the upload")
            with pytest.raises(WriteError):
                await write_for_ever(stream, b"data", TIMEOUT)
            assert await stream.read(100, TIMEOUT) == answer
            with pytest.raises(ReadError, match=r"\(127\.0\.0\.1:\d+\)$"):
                await stream.read(100, TIMEOUT)

    async def test_bytes_rescued_after_a_reset_are_bounded(self) -> None:
        first, second = socket.socketpair()
        with first, second:
            first.setblocking(False)
            stream = AsyncioStream(first, "peer")
            stream._received.size = _READ_LIMIT + 1
            second.send(b"data")
            stream.connection_lost(OSError("Broken pipe"))
            assert not stream._received
            stream._received.size = 0
            stream.connection_lost(OSError("Broken pipe"))
            assert list(stream._received) == [b"data"]
            second.close()
            stream.connection_lost(OSError("Broken pipe"))
            assert list(stream._received) == [b"data"]

    async def test_reset_during_write_raises_write_error(self) -> None:
        blocked = threading.Event()
        async with connected([wait(blocked), abort()], receive_buffer=4096) as stream:
            writing = asyncio.create_task(stream.write(bytes(16 * 1024 * 1024)))
            await async_wait_until(lambda: stream._writer is not None)
            blocked.set()
            with pytest.raises(WriteError, match=r"\(127\.0\.0\.1:\d+\)$"):
                await writing
            # The cause is remembered.
            with pytest.raises(WriteError, match=r"\(127\.0\.0\.1:\d+\)$") as caught:
                await stream.write(b"data", TIMEOUT)
            assert isinstance(caught.value.__cause__, OSError)


async def write_for_ever(stream: AsyncioStream, piece: bytes, timeout: float) -> None:
    while True:
        await stream.write(piece, timeout)
        await asyncio.sleep(0)


class TestMisuse:
    async def test_second_concurrent_read_is_rejected(self) -> None:
        async with connected(echo) as stream:
            reading = asyncio.create_task(stream.read(100, TIMEOUT))
            await asyncio.sleep(0)
            with pytest.raises(ReadError, match=r"^Another read of this stream is in progress \(.+\)$"):
                await stream.read(100, TIMEOUT)
            await stream.write(b"data", TIMEOUT)
            assert await reading == b"data"

    async def test_receive_nowait_returns_what_has_arrived(self) -> None:
        ended = threading.Event()
        async with connected([send(b"data"), wait(ended)]) as stream:
            await async_wait_until(lambda: stream._received)
            assert [stream.receive_nowait(3), stream.receive_nowait(3)] == [b"dat", b"a"]
            assert stream.receive_nowait(3) is None
            await stream.aclose()
            with pytest.raises(ReadError, match=r"^The stream is closed \(127\.0\.0\.1:\d+\)$"):
                stream.receive_nowait(3)
            ended.set()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("action", ["close", "close twice", "read", "write"])
async def connect_to(port: int) -> AsyncioStream:
    stream = await AnyIOBackend().connect_tcp("127.0.0.1", port, TIMEOUT)
    assert isinstance(stream, AsyncioStream)
    return stream


# What a loop says of its transports, which were left to it.
@pytest.mark.filterwarnings("ignore:unclosed (transport|resource) <:ResourceWarning")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("action", ["close", "close twice", "read", "write"])
def test_stream_can_be_closed_after_its_loop_has_ended(loop: str, action: str) -> None:
    async def close(stream: AsyncioStream) -> None:
        assert stream.get_extra_info("is_readable"), "to another loop it is as good as closed"
        await stream.aclose()
        if action == "close twice":
            await stream.aclose()
        if action == "read":
            with pytest.raises(ReadError):
                await stream.read(100, TIMEOUT)
        if action == "write":
            with pytest.raises(WriteError):
                await stream.write(b"data", TIMEOUT)

    with scripted_server(hold()) as server:
        stream = run_async(loop, connect_to, server.port)
        run_async(loop, close, stream)
        assert server.wait_closed()


@pytest.mark.parametrize("loop", LOOPS)
def test_stream_can_be_closed_in_another_thread(loop: str) -> None:
    streams: list[AsyncioStream] = []
    reading = threading.Event()

    async def read(port: int) -> None:
        # In debug mode event loops reject calls that other threads must not make.
        asyncio.get_running_loop().set_debug(True)
        stream = await connect_to(port)
        streams.append(stream)
        asyncio.get_running_loop().call_soon(reading.set)
        with pytest.raises(ReadError):
            await stream.read(100, TIMEOUT)

    async def close() -> None:
        assert streams[0].get_extra_info("is_readable"), "to another loop it is as good as closed"
        await streams[0].aclose()

    def close_later() -> None:
        assert reading.wait(TIMEOUT)
        run_async(loop, close)

    with scripted_server(hold()) as server:
        at_once(lambda: run_async(loop, read, server.port), close_later)
        assert server.wait_closed()


FORK = """
import asyncio, os, socket, sys
from httpcore_models import AnyIOBackend

async def parent():
    listener = socket.create_server(("127.0.0.1", 0))
    stream = await AnyIOBackend().connect_tcp(*listener.getsockname(), 5.0)
    peer, _ = listener.accept()
    child = os.fork()
    if not child:
        asyncio._set_running_loop(None)
        asyncio.new_event_loop().run_until_complete(stream.aclose())
        # uvloop keeps the descriptor for as long as the process lives.
        os._exit(sys.argv[1] == "asyncio" and stream.get_extra_info("socket").fileno() != -1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    peer.send(b"data")
    print(await stream.read(100, 5.0))
    await stream.aclose()
    peer.close()
    listener.close()

if sys.argv[1] == "uvloop":
    import uvloop
    loop = uvloop.new_event_loop()
else:
    loop = asyncio.new_event_loop()
loop.run_until_complete(parent())
loop.close()
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_child_process_closes_its_copy_only(loop: str) -> None:
    command = [sys.executable, "-c", FORK, loop]
    completed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30.0)
    assert completed.stdout.splitlines() == ["0", "b'data'"]


READ_ON_A_FRESH_HEAP = """
import asyncio, resource, socket
from httpcore_models.network._streams.asyncio_stream import open_stream

async def main():
    ours, peer = socket.socketpair()
    ours.setblocking(False)
    stream = await open_stream(ours, "peer")
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(300):
            peer.send(b"x")
            await stream.read(1000)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    await stream.aclose()
    peer.close()

asyncio.run(main())
"""


@pytest.mark.skipif(not COUNTS_REFERENCES, reason="the heap of CPython")
def test_small_reads_cause_no_page_faults() -> None:
    faults = subprocess.check_output([sys.executable, "-c", READ_ON_A_FRESH_HEAP], text=True, timeout=60)
    assert int(faults) < 100
