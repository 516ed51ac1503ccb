"""Streams on the transports of asyncio: works with every event loop, uvloop included.

Bytes arrive in a callback, whether somebody reads or not, and wait in a queue. A read takes what is queued at once and
waits otherwise. Reading from the network is paused while the queue is long and, once others got the socket, while
nobody reads. Before an idle connection is used again the system is asked once for what a busy loop has not seen. A
write sends what it can at once, hands a part of the rest to the transport, and waits while some of it is left over.

One timer a connection watches over reads: each moves a deadline, and the timer, when it fires, looks whether that was
moved meanwhile. A request on a warm connection then makes no timer at all.
"""

import asyncio
import collections
import contextlib
import os
import socket
import ssl
from typing import Any, cast

from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ...concurrency import CLOCK_RESOLUTION
from .._async.interface import AsyncNetworkStream
from .._async.tls import AsyncTLSStream
from .._buffers import as_bytes
from .._error_texts import failure_text, timeout_text
from .._readiness import Readiness
from .._tls.alpn import takes_alpn_offer
from .asyncio_transport import LARGE_READ, SMALL_READ, forget, read_up_to
from .legacy import LegacyAsyncioStream

# How many bytes may wait unread before the network is left to wait: two of asyncio's largest reads.
_READ_LIMIT = 512 * 1024

# How many bytes may be written before the event loop gets a turn. A fast peer takes all at once; without a turn nothing
# would arrive, such as its refusal of an upload, and no other task would run.
_WRITE_LIMIT = 256 * 1024

# How much of what cannot be sent at once the transport is given. It copies what it is given, maybe many times over.
_WRITE_PART = 64 * 1024


class AsyncioStream(LegacyAsyncioStream, asyncio.Protocol, AsyncNetworkStream):
    """A connected socket, as the protocol of an asyncio transport."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()
        self._transport: asyncio.Transport
        # On Windows' own loop the operating system reads ahead for the transport, and there is nothing more to ask it.
        self._proactive = isinstance(self._loop, getattr(asyncio, "ProactorEventLoop", ()))
        self._chunks: collections.deque[bytes] = collections.deque()
        self._offset = 0  # into the first chunk
        self._queued = 0  # bytes in the chunks, the read part of the first included
        self._read_size = 0  # how many bytes the transport reads at most, where that can be set
        self._paused = False
        self._handed_out = False  # others may read from the socket: take from it only what is asked for
        self._eof = False
        self._lost: Exception | None = None
        self._closed = False
        self._reader: asyncio.Future[None] | None = None
        self._read_deadline = 0.0
        self._read_timer: asyncio.TimerHandle | None = None
        self._readiness = Readiness(sock)
        self._loop_is_late = False  # the operating system has something that the loop has not seen
        self._writer: asyncio.Future[bool] | None = None
        self._write_blocked = False
        self._until_readable = False  # the writer waits for something to read, too
        self._written = 0  # bytes since the event loop was given a turn

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        # A write is complete when the operating system has all of it.
        self._transport.set_write_buffer_limits(high=0)
        self._read_size = read_up_to(transport, SMALL_READ)

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        size = len(data)
        if size == self._read_size or self._read_size == LARGE_READ:
            self._read_size = read_up_to(self._transport, SMALL_READ if size < SMALL_READ else LARGE_READ)
        self._chunks.append(data)
        self._queued += size
        if self._queued > _READ_LIMIT:
            self._pause(True)
        if (reader := self._reader) is not None and not reader.done():
            reader.set_result(None)
        elif self._until_readable:
            _wake(self._writer)

    def eof_received(self) -> bool:
        """Part of `asyncio.Protocol`. Returns true: what is still to be written may be."""
        self._eof = True
        _wake(self._reader)
        if self._until_readable:
            _wake(self._writer)
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
        if self._loop is not asyncio._get_running_loop():
            raise ReadError(f"the stream belongs to another event loop ({self._peer})")
        if not (self._chunks or self._eof):
            if self._reader is not None:
                raise ReadError(f"another task is already reading from this stream ({self._peer})")
            self._reader = self._loop.create_future()
            if timeout is not None:
                self._set_read_deadline(self._loop.time() + timeout)
            if self._handed_out:
                self._pause(False)
            try:
                await self._reader
            except TimeoutError as exc:
                raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from exc
            finally:
                self._reader = None
                self._read_deadline = 0.0
                if self._handed_out:
                    self._pause(True)
        return self._take(max_bytes)

    def _pause(self, paused: bool) -> None:
        """Have the transport leave what comes to the operating system, or take it."""
        if paused is not self._paused:
            self._paused = paused
            with contextlib.suppress(RuntimeError):  # the transport is closing
                (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is queued, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        if not self._chunks and not self._eof:
            if self._loop is not asyncio._get_running_loop():
                raise ReadError(f"the stream belongs to another event loop ({self._peer})")
            if not self._loop_is_late:
                return None
            self._catch_up(max_bytes)
        return self._take(max_bytes) if self._chunks or self._eof else None

    def _catch_up(self, max_bytes: int) -> None:
        """Receive what the loop has not seen yet. Once it looks, it finds what comes after that."""
        try:
            data = self._sock.recv(max_bytes)
        except BlockingIOError:
            self._loop_is_late = False
        except OSError as exc:
            self._eof = True
            self._lost = exc
        else:
            if data:
                self.data_received(data)
            self._eof = not data

    def _take(self, max_bytes: int) -> bytes:
        if self._closed:
            raise ReadError(f"the stream is closed ({self._peer})")
        if not self._chunks:
            if self._lost is not None:
                raise ReadError(failure_text(self._lost, self._peer)) from self._lost
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
        if self._paused and self._queued <= _READ_LIMIT // 2 and not self._handed_out:
            self._pause(False)
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
        data = buffer if type(buffer) is bytes else as_bytes(buffer)
        sent = self._send(data)
        if sent < len(data) or self._written > _WRITE_LIMIT:
            await self._write_rest(memoryview(data)[sent:], timeout, until_readable=False)

    async def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int:
        """Write until something may be read; see `AsyncNetworkStream`. What the transport was given counts as taken."""
        data = as_bytes(buffer)
        sent = self._send(data)
        if sent < len(data) or self._written > _WRITE_LIMIT:
            return len(data) - await self._write_rest(memoryview(data)[sent:], timeout, until_readable=True)
        return sent

    def _send(self, data: bytes | memoryview) -> int:
        """Send what the operating system takes at once; return how many bytes."""
        if self._closed or self._lost is not None:
            raise self._write_error(self._lost) from self._lost
        if self._loop is not asyncio._get_running_loop():
            raise WriteError(f"the stream belongs to another event loop ({self._peer})")
        if self._write_blocked:
            return 0
        # The transport has nothing to send, so this comes after nothing. uvloop's would wait for its next turn.
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise self._write_error(exc) from exc
        self._written += sent
        return sent

    def _write_error(self, exc: Exception | None) -> WriteError:
        return WriteError(
            failure_text(OSError("the stream is closed") if self._closed or exc is None else exc, self._peer)
        )

    async def _write_rest(self, rest: memoryview, timeout: float | None, *, until_readable: bool) -> int:
        """Write what could not be sent at once; return how many bytes of it were not taken."""
        if self._writer is not None:
            raise WriteError(f"another task is already writing to this stream ({self._peer})")
        deadline = None if timeout is None else self._loop.time() + timeout
        try:
            if self._written > _WRITE_LIMIT:
                self._written = 0
                await asyncio.sleep(0)
            while rest or self._write_blocked:
                rest = rest[self._send(rest) :]
                if self._transport.is_closing():
                    break
                readable = until_readable and self._reader is None and (self._chunks or self._eof)
                if readable and (rest or self._write_blocked):
                    return len(rest)
                if rest and not self._write_blocked:
                    self._hand_over(rest[:_WRITE_PART])
                    rest = rest[_WRITE_PART:]
                if self._write_blocked and not await self._wait_for_room(deadline, until_readable):
                    raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from TimeoutError()
        except BaseException:
            # The transport goes on sending.
            self._hand_over(rest)
            raise
        if self._transport.is_closing():
            # A turn later the transport has told why.
            await asyncio.sleep(0)
            raise self._write_error(self._lost) from self._lost
        return 0

    def _hand_over(self, data: memoryview) -> None:
        if data and not self._transport.is_closing():
            # uvloop keeps what it is given, and the caller may change what is not `bytes`.
            self._transport.write(data if type(data.obj) is bytes else bytes(data))

    async def _wait_for_room(self, deadline: float | None, until_readable: bool) -> bool:
        """Wait until the transport has sent all that it was given; return whether that was in time."""
        self._writer = writer = self._loop.create_future()
        self._until_readable = until_readable
        if until_readable and self._handed_out:
            self._pause(False)
        timer = None if deadline is None else self._loop.call_at(deadline, _wake, writer, False)
        try:
            return await writer or not self._write_blocked
        finally:
            self._writer = None
            self._until_readable = False
            if self._handed_out and self._reader is None:
                self._pause(True)
            if timer is not None:
                timer.cancel()

    async def aclose(self) -> None:
        """Close the connection. What the operating system has not accepted yet is dropped."""
        self.abort()

    def abort(self) -> None:
        """Close the connection; see `AsyncNetworkStream`."""
        if self._closed:
            return
        self._closed = True
        self._eof = True
        if os.getpid() != self._process or self._loop.is_closed():
            self._abandon()
        elif self._loop is asyncio._get_running_loop():
            self._abort()
        else:
            try:
                self._loop.call_soon_threadsafe(self._abort)
            except RuntimeError:  # the loop has been closed meanwhile
                self._abandon()
            if not self._loop.is_running():
                # It may never run again, and the peer is to be told now.
                with contextlib.suppress(OSError):
                    self._sock.shutdown(socket.SHUT_RDWR)

    def _abort(self) -> None:
        self._chunks.clear()
        if self._read_timer is not None:
            self._read_timer.cancel()
        _wake(self._reader)
        _wake(self._writer)
        self._transport.abort()

    def _abandon(self) -> None:
        """Close the socket behind the back of a transport that cannot do it any more.

        Its loop has ended, or belongs to the parent process, whose selector it would change.
        """
        # Whoever waits there cannot be woken any more.
        self._reader = self._writer = None
        forget(self._transport)
        self._sock.close()

    @takes_alpn_offer
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
            return self._is_readable()
        if info == "socket":
            self._handed_out = True
            if self._loop is asyncio._get_running_loop() and os.getpid() == self._process and not self._reader:
                self._pause(True)
            return self._sock
        if info == "client_addr":
            return self._transport.get_extra_info("sockname")
        if info == "server_addr":
            return self._transport.get_extra_info("peername")
        # The transport has all that was written, and goes on sending it when nobody waits for that any more.
        return True if info == "keeps_unsent" else None

    def _is_readable(self) -> bool:
        # A stream of another event loop cannot be used: to this one it is as good as closed.
        if self._chunks or self._eof or self._loop is not asyncio._get_running_loop():
            return True
        if self._reader is not None or self._proactive:
            return False
        self._loop_is_late = self._readiness.is_readable()
        return self._loop_is_late


def _wake(future: "asyncio.Future[Any] | None", in_time: bool = True) -> None:
    if future is not None and not future.done():
        future.set_result(in_time)
