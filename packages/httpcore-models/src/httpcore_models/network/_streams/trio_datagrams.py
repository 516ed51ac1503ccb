"""Datagrams on trio. Imported when the first stream is made."""

import contextlib
import math
import socket
from collections.abc import Sequence
from typing import Any

import trio

from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ...concurrency import current_event_loop
from .._async.datagrams import AsyncDatagramStream
from .._error_texts import already_reading_text, closed_text, failure_text, other_loop_text, timeout_text
from .._readiness import Readiness
from . import thread_safe_close
from .datagram_socket import DatagramSocket
from .loop_bound import LoopBound


class TrioDatagramStream(LoopBound, AsyncDatagramStream):
    """A connected non-blocking UDP socket. `peer` names the other end in errors."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        super().__init__()
        self._sock = sock
        self._peer = peer
        self._forks = thread_safe_close.forks
        self._datagrams = DatagramSocket(sock)
        self._readiness = Readiness(sock)
        self._reading = False
        self._waiting_to_write = 0
        self._room = trio.Lock()  # only one task can wait for it
        # What waiting and asking the operating system may raise. The last two are raised on a socket that was closed.
        self._failures = (OSError, trio.ClosedResourceError, ValueError)

    async def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return what has arrived, or wait for it."""
        self._check(ReadError)
        if self._reading:
            raise ReadError(already_reading_text(self._peer))
        try:
            self._reading = True
            if timeout is not None and timeout <= 0 and (received := self.receive_nowait()) is not None:
                return received
            with trio.CancelScope(deadline=_deadline(timeout)):
                # Waiting first makes every call a checkpoint, so a fast peer cannot keep other tasks from running.
                while True:
                    await trio.lowlevel.wait_readable(self._sock)
                    received = self.receive_nowait()
                    if received is not None:
                        return received
            raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from TimeoutError()
        except self._failures as exc:
            raise self._error(ReadError, exc) from exc
        finally:
            self._reading = False
            self._close_if_unused()

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return what has arrived, or `None`. Raises `ReadError`."""
        self._check(ReadError)
        try:
            return self._datagrams.receive()
        except OSError as exc:
            raise self._error(ReadError, exc) from exc

    async def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Send, and wait for room if there is none."""
        self._check(WriteError)
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            sent = self._datagrams.send(datagrams, 0)
            if sent < len(datagrams):
                await self._send_rest(datagrams, sent, timeout)
        except self._failures as exc:
            raise self._error(WriteError, exc) from exc

    async def _send_rest(self, datagrams: Sequence[bytes], sent: int, timeout: float | None) -> None:
        try:
            self._waiting_to_write += 1
            with trio.CancelScope(deadline=_deadline(timeout)):
                async with self._room:
                    while sent < len(datagrams):
                        await trio.lowlevel.wait_writable(self._sock)
                        self._check(WriteError)
                        sent = self._datagrams.send(datagrams, sent)
                    return
            raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from TimeoutError()
        finally:
            self._waiting_to_write -= 1
            self._close_if_unused()

    def _check(self, kind: type[ReadError] | type[WriteError]) -> None:
        """Raise an error unless the stream can be used, here and now."""
        if self._closed or self._forks != thread_safe_close.forks:
            raise kind(closed_text(self._peer))
        if self._is_elsewhere:
            raise kind(other_loop_text(self._peer))

    @property
    def _is_elsewhere(self) -> bool:
        return current_event_loop() is not self._owner

    def _error(self, kind: type[ReadError] | type[WriteError], exc: Exception) -> ReadError | WriteError:
        return kind(closed_text(self._peer) if self._closed else failure_text(exc, self._peer))

    def _close_in_loop(self) -> None:
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    def _close_from_outside(self) -> None:
        # Closing a descriptor does not wake the tasks that wait for it. This does, from any thread.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _close_soon(self) -> None:
        if self._reading or self._waiting_to_write:
            trio.lowlevel.notify_closing(self._sock)
        self._close_if_unused()

    def _close_without_loop(self) -> None:
        self._sock.close()

    def _close_if_unused(self) -> None:
        if self._closed and not (self._reading or self._waiting_to_write):
            self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """See `AsyncDatagramStream.get_extra_info()`."""
        if info == "is_readable":
            unusable = self._closed or self._is_elsewhere or self._forks != thread_safe_close.forks
            return unusable or self._readiness.is_readable()
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        return self._sock.getpeername() if info == "server_addr" else None


def _deadline(timeout: float | None) -> float:
    return math.inf if timeout is None else trio.current_time() + max(0.0, timeout)
