"""Datagrams for threads, on the standard library's sockets."""

import selectors
import socket
from collections.abc import Sequence
from typing import Any

from ..._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from ...deadline import Deadline
from .._error_texts import closed_text, failure_text, timeout_text
from .._readiness import Readiness, wait_for_socket, wait_limit
from .._sync.datagrams import DatagramStream
from . import thread_safe_close
from .datagram_socket import DatagramSocket
from .thread_safe_close import SharedSocket


class SyncDatagramStream(DatagramStream):
    """A connected non-blocking UDP socket. Any number of threads may use it. `peer` names the other end in errors."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self._peer = peer
        # See `thread_safe_close` for why each method refers to the lease of it.
        self._shared = SharedSocket(sock)
        self._datagrams = DatagramSocket(sock)
        self._readiness = Readiness(sock)
        # Whether several datagrams came together last time, so that there is probably more.
        self._busy = False

    def receive(self, timeout: float | None = None) -> tuple[bytes, int]:
        """Return what has arrived, or wait for it."""
        lease = self._shared.lease
        try:
            if self._is_closed:
                raise ReadError(closed_text(self._peer))
            deadline = Deadline(wait_limit(timeout))
            while True:
                in_time = self._busy or self._readiness.is_readable(deadline.remaining())
                received = self._datagrams.receive()
                if self._is_closed:
                    raise ReadError(closed_text(self._peer))
                if received is not None:
                    self._busy = len(received[0]) > received[1]
                    return received
                if self._busy:
                    self._busy = False
                elif not in_time or deadline.has_passed:
                    raise ReadTimeout(timeout_text("The read operation", self._peer, timeout)) from TimeoutError()
        except OSError as exc:
            raise self._error(ReadError, exc) from exc
        finally:
            del lease

    def receive_nowait(self) -> tuple[bytes, int] | None:
        """Return what has arrived, or `None`. Raises `ReadError`."""
        lease = self._shared.lease
        try:
            received = None if self._is_closed else self._datagrams.receive()
            if self._is_closed:
                raise ReadError(closed_text(self._peer))
            return received
        except OSError as exc:
            raise self._error(ReadError, exc) from exc
        finally:
            del lease

    def send(self, datagrams: Sequence[bytes], timeout: float | None = None) -> None:
        """Send, and wait for room if there is none."""
        lease = self._shared.lease
        deadline: Deadline | None = None
        try:
            sent = 0
            while not self._is_closed:
                sent = self._datagrams.send(datagrams, sent)
                if sent == len(datagrams):
                    return
                deadline = deadline or Deadline(wait_limit(timeout))
                if deadline.has_passed or not wait_for_socket(self._sock, selectors.EVENT_WRITE, deadline.remaining()):
                    raise WriteTimeout(timeout_text("The write operation", self._peer, timeout)) from TimeoutError()
            raise WriteError(closed_text(self._peer))
        except OSError as exc:
            raise self._error(WriteError, exc) from exc
        finally:
            del lease

    def close(self) -> None:
        """Close the socket. Threads that use it fail with `ReadError` or `WriteError`."""
        self._shared.close()

    def abort(self) -> None:
        """Close at once, as `close()` does."""
        self._shared.close()

    @property
    def _is_closed(self) -> bool:
        """Whether it is closed, or a forked child process has inherited it, which must not take part."""
        return self._shared.closed or self._shared.forks != thread_safe_close.forks

    def _error(self, kind: type[ReadError] | type[WriteError], exc: OSError) -> ReadError | WriteError:
        return kind(closed_text(self._peer) if self._is_closed else failure_text(exc, self._peer))

    def get_extra_info(self, info: str) -> Any:
        """See `DatagramStream.get_extra_info()`."""
        if info == "is_readable":
            lease = self._shared.lease
            try:
                return self._is_closed or self._readiness.is_readable()
            finally:
                del lease
        if info == "socket":
            self._shared.handed_out = True
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        return self._sock.getpeername() if info == "server_addr" else None
