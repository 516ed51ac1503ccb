"""Datagrams on asyncio, for every event loop that can watch a socket, uvloop included.

asyncio's transport for datagrams takes one a turn of the event loop from the operating system, and has no room for what
tells joined ones apart. So the loop only watches the socket. It goes on watching between two calls, since each change
costs a call of the operating system, until something arrives that nobody waits for.
"""

import asyncio
import socket
from asyncio import _get_running_loop as running_loop
from collections.abc import Sequence
from typing import Any

from ..._exceptions import ConnectError, ReadError, ReadTimeout, WriteError, WriteTimeout
from .._async.datagrams import AsyncDatagramStream
from .._error_texts import already_reading_text, closed_text, failure_text, other_loop_text, timeout_text
from .._readiness import Readiness
from . import thread_safe_close
from .asyncio_read_timer import ReadTimer
from .datagram_socket import DatagramSocket
from .loop_bound import LoopBound


class AsyncioDatagramStream(LoopBound, AsyncDatagramStream):
    """A connected non-blocking UDP socket. `peer` names the other end in errors."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        super().__init__()
        self._sock = sock
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._forks = thread_safe_close.forks
        self._datagrams = DatagramSocket(sock)
        self._readiness = Readiness(sock)
        # What was received, or the error, for the call that waits. If that is cancelled, it is for the next one.
        self._received: tuple[bytes, int] | OSError | None = None
        self._reader: asyncio.Future[None] | None = None
        self._read_timer = ReadTimer(self._loop)
        self._watching = False
        self._writers: set[asyncio.Future[None]] = set()

    def watch(self) -> None:
        """Have the event loop watch the socket. Raises `NotImplementedError` if it cannot."""
        # By number: for an object, uvloop puts off closing it.
        self._loop.add_reader(self._sock.fileno(), self._on_readable)
        self._watching = True

    async def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return what has arrived, or wait for it."""
        self._check(ReadError)
        if self._received is None:
            if self._reader is not None:
                raise ReadError(already_reading_text(self._peer))
            self._reader = reader = self._loop.create_future()
            try:
                if not self._watching:
                    self.watch()
                if timeout is not None:
                    self._read_timer.start(reader, timeout)
                await reader
            except TimeoutError as exc:
                raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from exc
            finally:
                self._reader = None
        received = self._take()
        if received is None:
            raise ReadError(closed_text(self._peer))
        return received

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return what has arrived, or `None`. Raises `ReadError`."""
        if self._received is not None:
            return self._take()
        self._check(ReadError)
        try:
            return self._datagrams.receive()
        except OSError as exc:
            raise ReadError(failure_text(exc, self._peer)) from exc

    def _take(self) -> tuple[bytes, int] | None:
        self._check(ReadError)
        received, self._received = self._received, None
        if isinstance(received, OSError):
            raise ReadError(failure_text(received, self._peer)) from received
        return received

    def _receive(self) -> None:
        try:
            self._received = self._datagrams.receive()
        except OSError as exc:
            self._received = exc

    def _on_readable(self) -> None:
        reader = self._reader
        if reader is None:
            self._loop.remove_reader(self._sock.fileno())
            self._watching = False
        elif not reader.done():
            self._receive()
            if self._received is not None:
                reader.set_result(None)

    async def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Send, and wait for room if there is none."""
        sent = self._send(datagrams, 0)
        if sent < len(datagrams):
            await self._send_rest(datagrams, sent, timeout)

    def _send(self, datagrams: Sequence[bytes], sent: int) -> int:
        self._check(WriteError)
        try:
            return self._datagrams.send(datagrams, sent)
        except OSError as exc:
            raise WriteError(failure_text(exc, self._peer)) from exc

    async def _send_rest(self, datagrams: Sequence[bytes], sent: int, timeout: float | None) -> None:
        writer: asyncio.Future[None] | None = None
        deadline = None if timeout is None else self._loop.time() + timeout
        try:
            while sent < len(datagrams):
                writer = self._loop.create_future()
                timer = None if deadline is None else self._loop.call_at(deadline, _expire, writer)
                try:
                    self._writers.add(writer)
                    self._loop.add_writer(self._sock.fileno(), self._on_writable)
                    await writer
                finally:
                    self._writers.discard(writer)
                    if timer is not None:
                        timer.cancel()
                sent = self._send(datagrams, sent)
                # A socket that is said to be writable, and is not, would let no timer expire.
                if sent < len(datagrams) and deadline is not None and deadline <= self._loop.time():
                    raise TimeoutError
        except TimeoutError as exc:
            raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from exc
        finally:
            if not self._writers and not self._closed:
                self._loop.remove_writer(self._sock.fileno())

    def _on_writable(self) -> None:
        for writer in self._writers:
            _wake(writer)

    def _check(self, kind: type[ReadError] | type[WriteError]) -> None:
        """Raise an error unless the stream can be used, here and now."""
        if self._closed or self._forks != thread_safe_close.forks:
            raise kind(closed_text(self._peer))
        if self._loop is not running_loop():
            raise kind(other_loop_text(self._peer))

    def _close_in_loop(self) -> None:
        try:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
        finally:
            self._read_timer.cancel()
            self._sock.close()
            _wake(self._reader)
            self._on_writable()

    def _close_without_loop(self) -> None:
        # Tasks that wait there cannot be woken any more.
        self._reader = None
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncDatagramStream.get_extra_info()`."""
        if info == "is_readable":
            # A stream of another event loop cannot be used: to this one it is closed.
            unusable = self._closed or self._loop is not running_loop() or self._forks != thread_safe_close.forks
            return unusable or self._received is not None or self._readiness.is_readable()
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        return self._sock.getpeername() if info == "server_addr" else None


def open_datagrams(sock: socket.socket, peer: str) -> AsyncioDatagramStream:
    """Return a stream on a connected non-blocking socket, which is closed if that fails. Raises `ConnectError`."""
    try:
        stream = AsyncioDatagramStream(sock, peer)
        stream.watch()
    except NotImplementedError as exc:
        sock.close()
        raise ConnectError(f"This event loop cannot watch sockets ({peer})") from exc
    except BaseException:
        sock.close()
        raise
    return stream


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _expire(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(TimeoutError())
