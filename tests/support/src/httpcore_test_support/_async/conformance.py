"""The contract of `AsyncNetworkStream`, as checks for any implementation.

Each check takes a function that connects a stream to a peer with the given script.
"""

import array
import ssl
import threading
from typing import Any

import pytest
from httpcore_models import (
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    WriteError,
    WriteTimeout,
)

from ..scripted import Connection
from ..steps import abort, close, hold, notify, receive_exactly, receive_until, send, shutdown_write, wait
from ..transports import AsyncCheck, AsyncConnect, hold_until_closed
from ..waiting import async_pause, async_wait_until

# Long enough never to be reached.
TIMEOUT = 10.0
DATA = bytes(range(256))
LARGE = DATA * (2 * 4096)  # 2 MB
# More than any socket buffers for a peer that does not read.
ENDLESS = bytes(16 * 1024 * 1024)
SHORT_TIMEOUTS = (0.0, 0.01)
# None of them ever ends.
UNUSUAL_LIMITS = (float("inf"), 1e18, 30 * 24 * 3600.0)


async def async_check_reads_return_what_is_there(connect: AsyncConnect) -> None:
    """A read does not wait for as many bytes as it may return."""
    async with connect([send(b"abc"), hold()]) as stream:
        assert await stream.read(65536, TIMEOUT) == b"abc"


async def async_check_reads_are_bounded(connect: AsyncConnect) -> None:
    """No read returns more than asked for, and nothing is lost or out of order."""
    async with connect([send(DATA), hold()]) as stream:
        parts = []
        for size in (1, 7, 100, 1, 147):
            wanted = size
            while wanted:
                part = await stream.read(wanted, TIMEOUT)
                assert 0 < len(part) <= wanted
                parts.append(part)
                wanted -= len(part)
        assert b"".join(parts) == DATA


async def async_check_the_end_is_read_again_and_again(connect: AsyncConnect) -> None:
    """After the last byte every read returns `b""`."""
    async with connect([send(b"last"), close()]) as stream:
        assert await async_read_exactly(stream, 4) == b"last"
        assert [await stream.read(100, TIMEOUT) for _ in range(3)] == [b"", b"", b""]


async def async_check_a_peer_that_sends_nothing_more_can_be_written_to(connect: AsyncConnect) -> None:
    """The end of the stream applies to one direction only."""
    ended, received = threading.Event(), threading.Event()
    async with connect([shutdown_write(), notify(ended), receive_until(b"more"), notify(received)]) as stream:
        await async_wait_until(ended.is_set)
        assert await stream.read(100, TIMEOUT) == b""
        await stream.write(b"more", TIMEOUT)
        await async_wait_until(received.is_set)


async def async_check_what_is_written_arrives(connect: AsyncConnect) -> None:
    """Writes arrive whole and in order, and an empty one does no harm."""
    async with connect([receive_exactly(len(DATA) + 1), send(b"done"), hold()]) as stream:
        await stream.write(DATA[:100], TIMEOUT)
        await stream.write(b"", TIMEOUT)
        await stream.write(DATA[100:] + b"!")
        assert await async_read_exactly(stream, 4) == b"done"


async def async_check_large_downloads(connect: AsyncConnect) -> None:
    """Megabytes are read unchanged."""
    async with connect([send(LARGE), hold()]) as stream:
        assert await async_read_exactly(stream, len(LARGE)) == LARGE


async def async_check_large_uploads(connect: AsyncConnect) -> None:
    """Megabytes are written unchanged by one call."""

    def compare(connection: Connection) -> None:
        connection.send(b"yes" if connection.receive_exactly(len(LARGE)) == LARGE else b"no!")

    async with connect([compare, hold()]) as stream:
        await stream.write(LARGE, TIMEOUT)
        assert await async_read_exactly(stream, 3) == b"yes"


async def async_check_read_timeouts(connect: AsyncConnect) -> None:
    """A read from a silent peer ends in `ReadTimeout`, however short the time, and the stream can be closed."""
    for timeout in SHORT_TIMEOUTS:
        gone = threading.Event()
        async with connect([hold_until_closed(gone)]) as stream:
            with pytest.raises(ReadTimeout) as caught:
                await stream.read(100, timeout)
            assert_text_of_timeout(str(caught.value), "The read operation", timeout, stream)
            await stream.aclose()
            await async_wait_until(gone.is_set)


async def async_check_write_timeouts(connect: AsyncConnect) -> None:
    """A write to a peer that reads nothing ends in `WriteTimeout`, however short the time; the stream can be closed."""
    for timeout in SHORT_TIMEOUTS:
        gone = threading.Event()
        async with connect([hold_until_closed(gone)]) as stream:
            with pytest.raises(WriteTimeout) as caught:
                await stream.write(ENDLESS, timeout)
            assert_text_of_timeout(str(caught.value), "The write operation", timeout, stream)
            await stream.aclose()
            await async_wait_until(gone.is_set)


async def async_check_short_writes_need_no_time(connect: AsyncConnect) -> None:
    """A write that the operating system accepts at once does not time out."""
    async with connect([receive_until(b"more"), send(b"done"), hold()]) as stream:
        await stream.write(b"more", 0.0)
        assert await async_read_exactly(stream, 4) == b"done"


async def async_check_closed_streams(connect: AsyncConnect) -> None:
    """A stream is closed at once and for good, even with unread bytes, and closing again does nothing."""
    gone = threading.Event()
    async with connect([send(b"unread"), hold_until_closed(gone)]) as stream:
        assert await stream.read(2, TIMEOUT) == b"un"
        await stream.aclose()
        await stream.aclose()
        await async_wait_until(gone.is_set)
        with pytest.raises(ReadError):
            await stream.read(100, TIMEOUT)
        with pytest.raises(WriteError):
            await stream.write(b"data", TIMEOUT)
        assert stream.get_extra_info("is_readable")


async def async_check_resets(connect: AsyncConnect) -> None:
    """A peer that resets the connection makes reads and writes fail, once everything before it has been read."""
    for operation, error in ((async_read_to_the_end, ReadError), (async_write_for_ever, WriteError)):
        written, reset = threading.Event(), threading.Event()
        async with connect([wait(written), abort(), notify(reset)]) as stream:
            # A Unix socket too is reset if it is closed with unread bytes.
            await stream.write(b"unread", TIMEOUT)
            written.set()
            await async_wait_until(reset.is_set)
            with pytest.raises(error):
                await operation(stream)


async def async_check_readability(connect: AsyncConnect) -> None:
    """`is_readable` tells whether a read would return at once, and consumes nothing."""
    first, second = threading.Event(), threading.Event()
    async with connect([wait(first), send(b"abc"), wait(second), close()]) as stream:
        await async_pause()
        assert not stream.get_extra_info("is_readable")
        first.set()
        await async_wait_until(lambda: stream.get_extra_info("is_readable"))
        assert stream.get_extra_info("is_readable")
        assert await async_read_exactly(stream, 3) == b"abc"
        assert not stream.get_extra_info("is_readable")
        second.set()
        await async_wait_until(lambda: stream.get_extra_info("is_readable"))
        assert await stream.read(100, TIMEOUT) == b""


async def async_check_extra_info(connect: AsyncConnect) -> None:
    """The socket, both its addresses and TLS are known; other keys are `None`."""
    async with connect(hold()) as stream:
        sock = stream.get_extra_info("socket")
        assert sock.fileno() >= 0
        assert stream.get_extra_info("client_addr") == sock.getsockname()
        assert stream.get_extra_info("server_addr") == sock.getpeername()
        ssl_object = stream.get_extra_info("ssl_object")
        assert ssl_object is None or ssl_object.version() == "TLSv1.3"
        assert stream.get_extra_info("unknown") is None


async def async_check_start_tls_with_a_silent_peer(connect: AsyncConnect) -> None:
    """A handshake that takes too long ends in `ConnectTimeout`, however short the time, and closes the stream."""
    for timeout in SHORT_TIMEOUTS:
        gone = threading.Event()
        async with connect([hold_until_closed(gone)]) as stream:
            with pytest.raises(ConnectTimeout) as caught:
                await stream.start_tls(client_context(), "example.org", timeout)
            assert f"The handshake operation timed out after {timeout:g} seconds (" in str(caught.value)
            await async_wait_until(gone.is_set)


async def async_check_start_tls_with_a_peer_that_does_not_speak_it(connect: AsyncConnect) -> None:
    """A handshake with a peer that closes, or responds without TLS, ends in `ConnectError`, and closes the stream."""
    receive = receive_until(lambda data: bool(data))
    for answer in ([], [send(b"HTTP/1.1 400 Bad Request\r\n\r\n")]):
        gone = threading.Event()
        async with connect([receive, *answer, shutdown_write(), hold_until_closed(gone)]) as stream:
            with pytest.raises(ConnectError):
                await stream.start_tls(client_context(), "example.org", TIMEOUT)
            await async_wait_until(gone.is_set)


async def async_check_abort(connect: AsyncConnect) -> None:
    """`abort()` closes at once, even with unread bytes or when repeated; later reads and writes say so."""
    gone = threading.Event()
    async with connect([send(b"unread"), hold_until_closed(gone)]) as stream:
        assert await stream.read(2, TIMEOUT) == b"un"
        abort_stream(stream)
        abort_stream(stream)
        await async_wait_until(gone.is_set)
        with pytest.raises(ReadError, match=r"^The stream is closed \(.+\)$"):
            await stream.read(100, TIMEOUT)
        with pytest.raises(WriteError, match=r"^The stream is closed \(.+\)$"):
            await stream.write(b"data", TIMEOUT)
        assert stream.get_extra_info("is_readable")
        await stream.aclose()


async def async_check_any_buffer_is_written(connect: AsyncConnect) -> None:
    """A buffer is written by bytes, not by items."""
    buffers: list[Any] = [
        array.array("I", range(50_000)),
        memoryview(array.array("d", [0.5] * 1000)),
        memoryview(DATA)[::2],
        bytearray(b"!"),
        array.array("I"),
    ]
    expected = b"".join(memoryview(buffer).tobytes() for buffer in buffers)

    def compare(connection: Connection) -> None:
        connection.send(b"yes" if connection.receive_exactly(len(expected)) == expected else b"no!")

    async with connect([compare, hold()]) as stream:
        for buffer in buffers:
            await stream.write(buffer, TIMEOUT)
        assert await async_read_exactly(stream, 3) == b"yes"


async def async_check_unusual_limits(connect: AsyncConnect) -> None:
    """Infinity means no limit, very long limits work, and a negative one has expired."""
    async with connect([receive_exactly(3), send(b"abc"), hold()]) as stream:
        for limit in UNUSUAL_LIMITS:
            await stream.write(b"x", limit)
        for limit in UNUSUAL_LIMITS:
            assert len(await stream.read(1, limit)) == 1
        with pytest.raises(ReadTimeout):
            await stream.read(1, -1.0)
    async with connect(hold()) as stream:
        with pytest.raises(WriteTimeout):
            await stream.write(ENDLESS, -1.0)
    for limit in UNUSUAL_LIMITS:
        async with connect([receive_until(lambda data: bool(data)), close()]) as stream:
            with pytest.raises(ConnectError):
                await stream.start_tls(client_context(), "example.org", limit)


async def async_check_write_until_readable(connect: AsyncConnect) -> None:
    """A write pauses when there is something to read, and continues afterwards; all accepted bytes arrive."""
    answer, go_on, whole = threading.Event(), threading.Event(), threading.Event()

    def take_the_rest(connection: Connection) -> None:
        assert connection.receive_exactly(len(LARGE)) == LARGE
        whole.set()

    script = [wait(answer), send(b"wait"), wait(go_on), take_the_rest, hold()]
    async with connect(script) as stream:
        write = stream.write_until_readable  # type: ignore[attr-defined]
        assert await write(b"", TIMEOUT) is None
        answer.set()
        taken, received = 0, b""
        while (more := await write(LARGE[taken:], TIMEOUT)) is not None:
            taken += more
            while data := stream.receive_nowait(100):  # type: ignore[attr-defined]
                received += data
            if received == b"wait":
                go_on.set()
        while received != b"wait":
            received += await stream.read(100, TIMEOUT)
        go_on.set()
        await stream.write(b"", TIMEOUT)
        await async_wait_until(whole.is_set)


async def async_check_blocked_writes_see_an_answer(connect: AsyncConnect) -> None:
    """A blocked write ends as soon as the peer sends something, long before its limit."""
    async with connect([receive_until(lambda data: bool(data)), send(b"no"), hold()]) as stream:
        write = stream.write_until_readable  # type: ignore[attr-defined]
        received = b""
        while received != b"no":
            taken = await write(ENDLESS, TIMEOUT)
            assert taken is not None
            assert taken < len(ENDLESS)
            received += stream.receive_nowait(100) or b""  # type: ignore[attr-defined]


CHECKS: tuple[AsyncCheck, ...] = (
    async_check_reads_return_what_is_there,
    async_check_reads_are_bounded,
    async_check_the_end_is_read_again_and_again,
    async_check_a_peer_that_sends_nothing_more_can_be_written_to,
    async_check_what_is_written_arrives,
    async_check_large_downloads,
    async_check_large_uploads,
    async_check_read_timeouts,
    async_check_write_timeouts,
    async_check_short_writes_need_no_time,
    async_check_closed_streams,
    async_check_resets,
    async_check_readability,
    async_check_extra_info,
    async_check_start_tls_with_a_silent_peer,
    async_check_start_tls_with_a_peer_that_does_not_speak_it,
    async_check_abort,
    async_check_any_buffer_is_written,
    async_check_unusual_limits,
    async_check_write_until_readable,
    async_check_blocked_writes_see_an_answer,
)


async def async_read_exactly(stream: AsyncNetworkStream, size: int) -> bytes:
    """Read `size` bytes."""
    parts = []
    while size:
        part = await stream.read(min(size, 65536), TIMEOUT)
        assert part, "the stream ended early"
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


async def async_read_to_the_end(stream: AsyncNetworkStream) -> None:
    """Read until there is nothing more."""
    while await stream.read(65536, TIMEOUT):
        pass


async def async_write_for_ever(stream: AsyncNetworkStream) -> None:
    """Write more than any socket buffers: the peer's reset may show only after a few writes."""
    for _ in range(100):
        await stream.write(LARGE, TIMEOUT)


def abort_stream(stream: AsyncNetworkStream) -> None:
    """Call the optional method `abort()`."""
    stream.abort()  # type: ignore[attr-defined]


def assert_text_of_timeout(text: str, phase: str, timeout: float, stream: AsyncNetworkStream) -> None:
    """Fail unless the text of a timeout names phase, seconds and peer."""
    address = stream.get_extra_info("server_addr")
    peer = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
    assert text == f"{phase} timed out after {timeout:g} seconds ({peer})"


def client_context() -> ssl.SSLContext:
    """A context without trusted certificates: it reads none."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
