"""Streams on the transports of asyncio: they work with every event loop, uvloop included.

The problem: a transport pushes bytes into a callback as they arrive and takes bytes to send into a buffer of its own,
while HTTP pulls and wants time limits. asyncio's own streams, and anyio's on top of them, bridge that at a cost that
exceeds the rest of a small request: a timer for each read, a copy into a buffer, a turn of the event loop for each
write.

Reading. What arrives waits in a queue, and a read takes a chunk of it as it is. The transport is paused while the queue
is long, so that a peer cannot fill the memory. It is also paused while nobody reads after the socket was handed out by
`get_extra_info()`: what arrives then is for its new holder. A busy event loop learns late what has arrived, so before
an idle connection is used again the operating system is asked once. One timer watches over all reads.

Writing. A write sends to the socket directly, as long as the transport has nothing left to send, and is then complete
without a turn of the event loop. It hands over a part of what the socket does not take and waits until that is sent:
the transport copies what it is given, maybe many times. What it was given it sends, even if the write times out or is
cancelled.
"""

import asyncio
import contextlib
import os
import socket
from asyncio import _get_running_loop as running_loop
from typing import Any, cast

from ..._buffers import as_bytes
from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from .._error_texts import (
    already_reading_text,
    already_writing_text,
    closed_text,
    failure_text,
    other_loop_text,
    timeout_text,
)
from .._readiness import Readiness
from .asyncio_read_queue import ReadQueue
from .asyncio_read_timer import ReadTimer
from .asyncio_transport import LARGE_READ, SMALL_READ, forget, read_up_to
from .legacy import LegacyAsyncioStream
from .loop_bound import LoopBoundStream

# How many bytes may wait unread before reading from the network is paused: two of asyncio's largest reads.
_READ_LIMIT = 512 * 1024

# How many bytes may be read before the event loop gets a turn. A scope of anyio cancels only a task that waits for
# something that has not come yet. A fast peer may have sent more each time that it looks.
_READ_TURN = 512 * 1024

# How many bytes may be written before the event loop gets a turn. A fast peer takes everything at once, and without a
# turn nothing would arrive, such as its refusal of an upload, and no other task would run.
_WRITE_LIMIT = 256 * 1024

# How many bytes, of what cannot be sent at once, the transport is given.
_WRITE_PART = 64 * 1024


class AsyncioStream(LegacyAsyncioStream, asyncio.Protocol, LoopBoundStream):
    """A connected socket, as the protocol of an asyncio transport."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        super().__init__()
        self._sock = sock
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        # On Windows' own loop the operating system reads ahead for the transport, and there is nothing more to ask it.
        self._reads_ahead = isinstance(self._loop, getattr(asyncio, "ProactorEventLoop", ()))
        self._received = ReadQueue()
        self._read_size = 0  # how many bytes the transport reads at most, where that can be set
        self._paused = False
        self._handed_out = False  # another holder may read from the socket: take from it only what is asked for
        self._eof = False
        self._lost: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._read_timer = ReadTimer(self._loop)
        self._readiness = Readiness(sock)
        self._loop_is_late = False  # the operating system has something that the loop has not seen
        self._writer: asyncio.Future[bool] | None = None
        self._write_blocked = False
        self._until_readable = False  # the writer waits for something to read, too
        self._read = self._written = 0  # bytes since the event loop was given a turn

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's does not inherit from it
        # A write is complete when the operating system has all of it.
        self._transport.set_write_buffer_limits(high=0)
        self._read_size = read_up_to(transport, SMALL_READ)

    def data_received(self, data: bytes) -> None:
        """Part of `asyncio.Protocol`."""
        size = len(data)
        if size == self._read_size or self._read_size == LARGE_READ:
            self._read_size = read_up_to(self._transport, SMALL_READ if size < SMALL_READ else LARGE_READ)
        self._received.put(data)
        if self._received.size > _READ_LIMIT:
            self._pause(True)
        if (reader := self._reader) is not None and not reader.done():
            reader.set_result(None)
        elif self._until_readable:
            _wake(self._writer)

    def eof_received(self) -> bool:
        """Part of `asyncio.Protocol`. Returns true: the transport stays open for what is still to be written."""
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
        """Receive what the operating system still holds after a failed write.

        A server that refuses an upload answers and closes. The reset that follows makes a write fail, and the transport
        gives up without having read the answer.
        """
        with contextlib.suppress(OSError):
            while self._received.size <= _READ_LIMIT and (data := self._sock.recv(65536)):
                self._received.put(data)

    # What the user calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is queued, or wait for it."""
        if self._loop is not running_loop():
            raise ReadError(other_loop_text(self._peer))
        if self._read > _READ_TURN:
            self._read = 0
            await asyncio.sleep(0)
        if not (self._received or self._eof):
            if self._reader is not None:
                raise ReadError(already_reading_text(self._peer))
            self._reader = reader = self._loop.create_future()
            if timeout is not None:
                self._read_timer.start(reader, timeout)
            if self._handed_out:
                self._pause(False)
            try:
                await reader
            except TimeoutError as exc:
                raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from exc
            finally:
                self._reader = None
                if self._handed_out:
                    self._pause(True)
        return self._take(max_bytes)

    def _pause(self, paused: bool) -> None:
        """Leave what arrives to the operating system, or receive it again."""
        if paused is not self._paused:
            self._paused = paused
            with contextlib.suppress(RuntimeError):  # the transport is closing
                (self._transport.pause_reading if paused else self._transport.resume_reading)()

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is queued, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        if not self._received and not self._eof:
            if self._loop is not running_loop():
                raise ReadError(other_loop_text(self._peer))
            if not self._loop_is_late:
                return None
            self._catch_up(max_bytes)
        return self._take(max_bytes) if self._received or self._eof else None

    def _catch_up(self, max_bytes: int) -> None:
        """Receive what the event loop has not seen yet. It will see what arrives after that."""
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
            raise ReadError(closed_text(self._peer))
        if not self._received:
            if self._lost is not None:
                raise ReadError(failure_text(self._lost, self._peer)) from self._lost
            return b""
        data = self._received.take(max_bytes)
        self._read += len(data)
        if self._paused and self._received.size <= _READ_LIMIT // 2 and not self._handed_out:
            self._pause(False)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        data = buffer if type(buffer) is bytes else as_bytes(buffer)
        sent = self._send(data)
        if sent < len(data) or self._written > _WRITE_LIMIT:
            await self._write_rest(memoryview(data)[sent:], timeout, until_readable=False)

    async def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        """Write until something may be read; see `AsyncNetworkStream`. Bytes that the transport has count as sent."""
        data = as_bytes(buffer)
        sent = self._send(data)
        left = 0
        if sent < len(data) or self._written > _WRITE_LIMIT:
            left = await self._write_rest(memoryview(data)[sent:], timeout, until_readable=True)
        return len(data) - left if left else None

    def _send(self, data: bytes | memoryview) -> int:
        """Send what the operating system takes at once; return how many bytes."""
        if self._closed or self._lost is not None:
            raise self._write_error(self._lost) from self._lost
        if self._loop is not running_loop():
            raise WriteError(other_loop_text(self._peer))
        if self._write_blocked:
            return 0
        # The transport has nothing left to send, so this overtakes nothing. uvloop's transport would wait for a turn.
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise self._write_error(exc) from exc
        self._written += sent
        return sent

    def _write_error(self, exc: Exception | None) -> WriteError:
        if self._closed or exc is None:
            return WriteError(closed_text(self._peer))
        return WriteError(failure_text(exc, self._peer))

    async def _write_rest(self, rest: memoryview, timeout: float | None, *, until_readable: bool) -> int:
        """Write what could not be sent at once; return how many bytes of it were not taken."""
        if self._writer is not None:
            raise WriteError(already_writing_text(self._peer))
        deadline = None if timeout is None else self._loop.time() + timeout
        try:
            if self._written > _WRITE_LIMIT:
                self._written = 0
                await asyncio.sleep(0)
            while rest or self._write_blocked:
                rest = rest[self._send(rest) :]
                if self._transport.is_closing():
                    break
                readable = until_readable and self._reader is None and (self._received or self._eof)
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
            # One turn later the transport has reported the reason.
            await asyncio.sleep(0)
            raise self._write_error(self._lost) from self._lost
        return 0

    def _hand_over(self, data: memoryview) -> None:
        if data and not self._transport.is_closing():
            # uvloop keeps the buffer itself, and the caller may change one that is not `bytes`.
            self._transport.write(data if type(data.obj) is bytes else bytes(data))

    async def _wait_for_room(self, deadline: float | None, until_readable: bool) -> bool:
        """Wait until the transport has sent everything; return whether that was in time."""
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

    def _mark_closed(self) -> None:
        # In this order: a read in the event loop's thread must not take this for an end of stream by the peer.
        self._closed = True
        self._eof = True

    def _close_in_loop(self) -> None:
        self._received.clear()
        self._read_timer.cancel()
        _wake(self._reader)
        _wake(self._writer)
        self._transport.abort()

    def _close_from_outside(self) -> None:
        if not (self._loop.is_running() or self._loop.is_closed()):
            # It may never run again, and the peer is to be told now.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def _close_without_loop(self) -> None:
        """Close the socket behind the back of a transport that cannot do it.

        Its event loop has ended, or belongs to the parent process, whose selector it would change.
        """
        # Tasks that wait there cannot be woken any more.
        self._reader = self._writer = None
        forget(self._transport)
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncNetworkStream.get_extra_info()`."""
        if info == "is_readable":
            return self._is_readable()
        if info == "socket":
            self._handed_out = True
            if self._loop is running_loop() and os.getpid() == self._process and not self._reader:
                self._pause(True)
            return self._sock
        if info == "client_addr":
            return self._transport.get_extra_info("sockname")
        if info == "server_addr":
            return self._transport.get_extra_info("peername")
        # The transport goes on sending what it was given when the write has timed out or was cancelled.
        return True if info == "keeps_unsent" else None

    def _is_readable(self) -> bool:
        # A stream of another event loop cannot be used: to this one it is closed.
        if self._received or self._eof or self._loop is not running_loop():
            return True
        if self._reader is not None or self._reads_ahead:
            return False
        self._loop_is_late = self._readiness.is_readable()
        return self._loop_is_late


async def open_stream(sock: socket.socket, peer: str) -> AsyncioStream:
    """Return a stream on a connected non-blocking socket, which is closed if that fails."""
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


def _wake(future: "asyncio.Future[Any] | None", in_time: bool = True) -> None:
    if future is not None and not future.done():
        future.set_result(in_time)
