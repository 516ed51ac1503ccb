"""The network on asyncio, on its transports: works with every event loop, uvloop included.

Theory of operation: bytes arrive in a callback, whether somebody reads or not, and wait in a queue. A read takes
what is queued at once and waits otherwise; reading from the network is paused only while the queue is long. So the
end of stream and resets are known without asking the operating system. A write sends what it can at once, hands the
rest to the transport, and waits only while some of it is left over.

One timer a connection watches over reads: each read moves a deadline, and the timer, when it fires, looks whether
the deadline was moved meanwhile. A request on a warm connection then makes no timer at all.
"""

import asyncio
import collections
import contextlib
import os
import socket
import ssl
from collections.abc import Iterable
from typing import Any, cast

from .._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ..concurrency import CLOCK_RESOLUTION
from ._async.interface import AsyncNetworkBackend, AsyncNetworkStream
from ._async.tls import AsyncTLSStream
from ._connecting import open_tcp_socket, open_unix_socket
from ._errors import failed, peer_name, timed_out
from ._offers import takes_offer
from ._options import SOCKET_OPTION

# How many bytes may wait unread before the network is left to wait: two of asyncio's largest reads.
_READ_LIMIT = 512 * 1024

# How many bytes may be written before the event loop gets a turn. A fast peer takes all at once; without a turn nothing
# would arrive, such as its refusal of an upload, and no other task would run.
_WRITE_LIMIT = 256 * 1024

# asyncio reserves 256 KiB for each read and gives back what it did not need. With a small response, that may cost page
# faults, which take longer than all else, so a connection starts with less, and has all when less was not enough. There
# is no public way to say so; other loops, such as uvloop, read into memory that they keep.
_SMALL_READ = 16 * 1024
_LARGE_READ = 256 * 1024

# glibc's allocator maps blocks as large as that anew each time, at three system calls and many page faults a read,
# until it has seen a larger one freed.
bytes(384 * 1024)


class AsyncioStream(asyncio.Protocol, AsyncNetworkStream):
    """A connected socket, as the protocol of an asyncio transport."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._transport: asyncio.Transport
        self._chunks: collections.deque[bytes] = collections.deque()
        self._offset = 0  # into the first chunk
        self._queued = 0  # bytes in the chunks, the read part of the first included
        self._read_size = 0  # how many bytes the transport reads at most, where that can be set
        self._paused = False
        self._eof = False
        self._lost: Exception | None = None
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._read_deadline = 0.0
        self._read_timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Future[None] | None = None
        self._write_blocked = False
        self._written = 0  # bytes since the event loop was given a turn

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        # A write is complete when the operating system has all of it.
        self._transport.set_write_buffer_limits(high=0)
        if hasattr(transport, "max_size"):
            self._read_up_to(_SMALL_READ)

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        size = len(data)
        if size == self._read_size or self._read_size == _LARGE_READ:
            self._read_up_to(_SMALL_READ if size < _SMALL_READ else _LARGE_READ)
        self._chunks.append(data)
        self._queued += size
        if self._queued > _READ_LIMIT and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    def _read_up_to(self, size: int) -> None:
        self._read_size = size
        cast(Any, self._transport).max_size = size

    def eof_received(self) -> bool:
        """Part of `asyncio.Protocol`. Returns true: what is still to be written may be."""
        self._eof = True
        _wake(self._reader)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Part of `asyncio.Protocol`."""
        self._eof = True
        self._lost = exc or self._lost
        if exc is not None and not self._closed:
            self._rescue()
        if self._read_timer is not None:
            self._read_timer.cancel()
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Part of `asyncio.Protocol`."""
        self._write_blocked = True

    def resume_writing(self) -> None:
        """Part of `asyncio.Protocol`."""
        self._write_blocked = False
        _wake(self._writer)

    def _rescue(self) -> None:
        """Take what the operating system still holds after a failed write.

        A server that refuses an upload answers and closes; the reset that follows makes a write fail, and the
        transport gives up without having read the answer.
        """
        with contextlib.suppress(OSError):
            while self._queued <= _READ_LIMIT and (data := self._sock.recv(65536)):
                self._chunks.append(data)
                self._queued += len(data)

    # What the user calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is queued, or wait for it."""
        if not (self._chunks or self._eof or self._closed):
            if self._reader is not None:
                raise RuntimeError("another task is already reading from this stream")
            self._reader = self._loop.create_future()
            if timeout is not None:
                self._set_read_deadline(self._loop.time() + timeout)
            try:
                await self._reader
            except TimeoutError:
                raise ReadTimeout(timed_out("Read", self._peer, timeout)) from None
            finally:
                self._reader = None
                self._read_deadline = 0.0
        return self._take(max_bytes)

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is queued, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        if not self._chunks and not self._eof:
            if self._loop is not asyncio._get_running_loop():
                raise ReadError(failed(OSError("the stream belongs to another event loop"), self._peer))
            return None
        return self._take(max_bytes)

    def _take(self, max_bytes: int) -> bytes:
        if not self._chunks:
            if self._lost is not None or self._closed:
                raise ReadError(failed(self._lost or OSError("the stream is closed"), self._peer)) from self._lost
            return b""
        chunk = self._chunks[0]
        end = self._offset + max_bytes
        if end < len(chunk):
            data = chunk[self._offset : end]
            self._offset = end
            return data
        self._chunks.popleft()
        data = chunk[self._offset :] if self._offset else chunk
        self._offset = 0
        self._queued -= len(chunk)
        if self._paused and self._queued <= _READ_LIMIT // 2:
            self._paused = False
            with contextlib.suppress(RuntimeError):  # the transport is closing
                self._transport.resume_reading()
        return data

    def _set_read_deadline(self, deadline: float) -> None:
        self._read_deadline = deadline
        timer = self._read_timer
        if timer is not None and timer.when() > deadline + CLOCK_RESOLUTION:
            timer.cancel()
            timer = None
        if timer is None:
            self._read_timer = self._loop.call_at(deadline, self._check_read_deadline)

    def _check_read_deadline(self) -> None:
        self._read_timer = None
        if self._reader is None or not self._read_deadline:
            return
        # A timer may fire early by the resolution of the clock.
        if self._read_deadline <= self._loop.time() + CLOCK_RESOLUTION:
            if not self._reader.done():
                self._reader.set_exception(TimeoutError())
        else:
            self._set_read_deadline(self._read_deadline)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        if self._closed:
            raise self._write_error(None)
        rest: bytes | memoryview = buffer
        self._written += len(buffer)
        if not self._write_blocked:
            # The transport has nothing to send, so this comes after nothing. uvloop's would wait for its next turn.
            try:
                sent = self._sock.send(buffer)
            except BlockingIOError:
                sent = 0
            except OSError as exc:
                raise self._write_error(exc) from exc
            if sent == len(buffer) and self._written <= _WRITE_LIMIT:
                return
            rest = memoryview(buffer)[sent:]
        if self._transport.is_closing():
            raise self._write_error(self._lost) from self._lost
        if rest:
            self._transport.write(rest)
        if self._written > _WRITE_LIMIT:
            self._written = 0
            await asyncio.sleep(0)
        while self._write_blocked and not self._transport.is_closing():
            await self._wait_for_room(timeout)
        if self._lost is not None or self._closed:
            raise self._write_error(self._lost) from self._lost

    def _write_error(self, exc: Exception | None) -> WriteError:
        return WriteError(failed(exc or OSError("the stream is closed"), self._peer))

    async def _wait_for_room(self, timeout: float | None) -> None:
        before = self._transport.get_write_buffer_size()
        self._writer = writer = self._loop.create_future()
        timer = None if timeout is None else self._loop.call_later(timeout, _wake, writer)
        try:
            await writer
        finally:
            self._writer = None
            if timer is not None:
                timer.cancel()
        # The limit is on silence: as long as the peer accepts bytes, the write goes on.
        if self._write_blocked and self._lost is None and self._transport.get_write_buffer_size() >= before:
            raise WriteTimeout(timed_out("Write", self._peer, timeout))

    async def aclose(self) -> None:
        """Close the connection. What the operating system has not accepted yet is dropped."""
        if self._closed:
            return
        self._closed = True
        self._eof = True
        self._chunks.clear()
        if self._read_timer is not None:
            self._read_timer.cancel()
        if self._loop.is_closed() or os.getpid() != self._process:
            self._abandon()
        elif self._loop.is_running() and self._loop is not asyncio._get_running_loop():
            # In another thread.
            self._loop.call_soon_threadsafe(self._transport.abort)
        else:
            _wake(self._reader)
            self._transport.abort()

    def _abandon(self) -> None:
        """Close the socket behind the back of a transport that cannot do it any more.

        Its loop has ended, or belongs to the parent process, whose selector it would change.
        """
        # asyncio has no public way to say so; without this the transport complains, when it is collected, that it was
        # not closed. Other loops' transports have no such method and do not complain.
        forget = getattr(self._transport, "_call_connection_lost", None)
        if forget is not None:
            forget(None)
        self._sock.close()

    @takes_offer
    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> AsyncNetworkStream:
        """Do a TLS handshake."""
        return await AsyncTLSStream.handshake(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable":
            # A stream of another event loop cannot be used: to this one it is as good as closed.
            return bool(self._chunks) or self._eof or self._loop is not asyncio._get_running_loop()
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._transport.get_extra_info("sockname")
        if info == "server_addr":
            return self._transport.get_extra_info("peername")
        # The transport has all that was written, and goes on sending it when nobody waits for that any more.
        return True if info == "keeps_unsent" else None


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)


class AsyncioBackend(AsyncNetworkBackend):
    """Connects on asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers."""
        sock = await open_tcp_socket(host, port, timeout, local_address, socket_options)
        return await _open_stream(sock, peer_name(host, port))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to a Unix domain socket."""
        return await _open_stream(await open_unix_socket(path, timeout, socket_options), path)

    async def sleep(self, seconds: float) -> None:
        """Suspend this task for `seconds`."""
        await asyncio.sleep(seconds)


async def _open_stream(sock: socket.socket, peer: str) -> AsyncioStream:
    loop = asyncio.get_running_loop()
    stream = AsyncioStream(sock, peer)
    try:
        if sock.family == getattr(socket, "AF_UNIX", None):
            await loop.create_unix_connection(lambda: stream, sock=sock)
        else:
            await loop.create_connection(lambda: stream, sock=sock)
    except BaseException:
        sock.close()
        raise
    return stream
