"""Streams for threads, on the standard library's TLS sockets.

OpenSSL allows one call at a time on a connection, and a thread may read while another writes. So calls are made under
a lock, and none of them waits: a thread that waits does so in `poll()`, without the lock.
"""

import copy
import errno
import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

from ..._exceptions import ReadError
from ...deadline import Deadline
from .._readiness import unread_bytes, wait_for_socket, wait_limit
from .._stock_sockets import is_stock_tls
from .._tls.records import MAX_RECORD_DATA
from . import thread_safe_close
from .sync_polled import PolledStream
from .sync_stream import WOULD_WAIT, used_for
from .thread_safe_close import SharedSocket

# How many small records are read, at most, before the next look whether more have arrived.
_MAX_ALONE = 64


@used_for(lambda sock: is_stock_tls(type(sock)))
class TLSSocketStream(PolledStream):
    """A TLS socket, which does not block until a program gets it by `get_extra_info()`."""

    _takes_parts = True
    _tls: Any

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        self._tls = sock
        # Guards calls of OpenSSL, and `_reading` and `_unread`: looking for input may take a byte, but not one that
        # belongs to a thread that reads. Reentrant, as looking takes several steps.
        self._lock = threading.RLock()
        self._reading = False
        self._unread = b""
        self._ended = False
        # How many small records are read before the next look, and before the look after one in vain.
        self._alone = self._next_alone = 1
        # An error that followed received bytes, for the next read: OpenSSL would report an end of stream then.
        self._failure: OSError | None = None
        # An end of stream without close_notify may have been a reset: `_note_failure()` tells.
        self._tls.suppress_ragged_eofs = False
        sock.setblocking(False)

    def _send(self, data: "bytes | memoryview") -> int:
        with self._lock:
            if self._tls.gettimeout() == 0.0:
                return int(self._tls.send(data[:MAX_RECORD_DATA]))
            return int(self._without_waiting(self._tls.send, data[:MAX_RECORD_DATA]))

    def _receive_record(self, max_bytes: int) -> bytes:
        if self._tls.gettimeout() == 0.0:
            # Not `read()`, which `recv()` calls: programs replace `recv()`, to count bytes or to raise errors.
            data: bytes = self._tls.recv(max_bytes)
            return data
        return bytes(self._without_waiting(self._tls.recv, max_bytes))

    def _without_waiting(self, operation: Callable[[Any], Any], argument: Any) -> Any:
        """Call an operation of a socket that was handed out by `get_extra_info()`: it may block or have a limit."""
        limit = self._tls.gettimeout()
        self._tls.setblocking(False)
        self._tls.suppress_ragged_eofs = False
        try:
            return operation(argument)
        finally:
            self._tls.suppress_ragged_eofs = True
            self._tls.settimeout(limit)

    def _committed(self, rest: "bytes | memoryview") -> int:
        # OpenSSL may have encrypted one record of it, and takes nothing else before that is sent.
        return min(len(rest), MAX_RECORD_DATA)

    def _has_input(self) -> bool:
        return bool(self._unread or self._ended or self._failure or (self._full and self._pending()))

    def _pending(self) -> int:
        with self._lock:
            return int(self._tls.pending())

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        taking = False
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                with self._lock:
                    self._reading = True
                limit = wait_limit(timeout)
                deadline = None if limit is None else Deadline(limit)
                while True:
                    if self._full or self._has_input() or self._readiness.is_readable(limit):
                        taking = True
                        try:
                            with self._lock:
                                data = self._receive(max_bytes)
                            break
                        except ssl.SSLWantReadError:
                            pass
                        except ssl.SSLWantWriteError:
                            wait_for_socket(self._sock, selectors.EVENT_WRITE, limit)
                        taking = False
                    limit = None if deadline is None else deadline.remaining()
                    if limit == 0.0:
                        raise TimeoutError
            finally:
                self._reading = False
                lease = None
            if self._shared.closed:
                raise self._closed(ReadError)
            return data
        except OSError as exc:
            raise self._read_error(exc, timeout) from exc
        except BaseException:
            if taking:
                # What was received is lost.
                self._shared.close()
            raise

    def _receive(self, max_bytes: int) -> bytes:
        """Receive without waiting, as many records as there are: OpenSSL returns one for each call."""
        if self._unread:
            data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
            return data
        if self._failure is not None:
            raise copy.copy(self._failure)
        if self._ended:
            return b""
        records: list[bytes] = []
        size = 0
        self._full = False
        try:
            while size < max_bytes:
                data = self._receive_record(min(max_bytes - size, MAX_RECORD_DATA))
                if not data:
                    self._ended = True
                    break
                records.append(data)
                size += len(data)
                if len(data) < MAX_RECORD_DATA and not self._has_more():
                    break
            self._full = size == max_bytes
        except WOULD_WAIT:
            if not records:
                raise
        except OSError as exc:
            self._note_failure(exc)
            if not records and self._failure is not None:
                raise copy.copy(self._failure) from None
        return records[0] if len(records) == 1 else b"".join(records)

    def _has_more(self) -> bool:
        """Whether to read another record after a small one.

        A look costs a system call, so fewer and fewer follow those in vain. Reading instead would also find the end of
        the stream, and after an end without close_notify OpenSSL sends nothing more.
        """
        if self._alone:
            self._alone -= 1
            return False
        if unread_bytes(self._sock):
            self._next_alone = 1
            return True
        self._alone = self._next_alone
        self._next_alone = min(2 * self._next_alone, _MAX_ALONE)
        return False

    def _note_failure(self, exc: OSError) -> None:
        if not isinstance(exc, ssl.SSLEOFError):
            # Raised as a copy: its traceback would lead here and keep the socket alive.
            self._failure = exc.with_traceback(None)
        elif exc.reason == "UNEXPECTED_EOF_WHILE_READING":
            self._ended = True
        else:
            # Before Python 3.12.4 this may be a reset, too. A reset leaves the socket without a peer.
            try:
                self._sock.getpeername()
                self._ended = True
            except OSError:
                self._failure = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    # Repeated beside `read()`: `optional_method()` ignores an inherited one, as a `read()` further down may do more.
    receive_nowait = PolledStream.receive_nowait

    def _receive_nowait(self, max_bytes: int) -> bytes | None:
        if not (self._full or self._has_input() or self._readiness.is_readable()):
            return None
        try:
            with self._lock:
                return self._receive(max_bytes)
        except WOULD_WAIT:
            return None

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        shared = self._shared
        if info == "is_readable" and shared.forks == thread_safe_close.forks:
            # The usual answer in fewer calls: every request on an idle connection asks.
            lease = shared.lease
            try:
                if not (lease is None or self._has_input() or self._readiness.is_readable()):
                    return False
            finally:
                del lease
        elif info == "socket":
            with self._lock:
                if self._tls.gettimeout() == 0.0 and not shared.closed:
                    # The program may go on with blocking calls, and expects the end of stream that sockets have.
                    self._tls.suppress_ragged_eofs = True
                    self._tls.setblocking(True)
        return super().get_extra_info(info)

    def _is_readable(self) -> bool:
        if self._has_input():
            return True
        # What has come may be no data, but a message of TLS itself, such as a session ticket of TLS 1.3: look.
        try:
            with self._lock:
                # Leave what has come to a thread that reads.
                if not self._reading:
                    data = self.receive_nowait(1)
                    if data:
                        self._unread = data
                    return data is not None
            return super()._is_readable()
        except ReadError:
            return True
        except BaseException:
            self._shared.close()
            raise
