"""TLS for threads, on the TLS sockets of the standard library as they are."""

import copy
import errno
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from ..._exceptions import ReadError
from .._readiness import wait_for_socket, wait_limit
from .._stock_sockets import is_stock
from .sync_polled import PolledStream
from .sync_stream import WOULD_WAIT, SyncStream
from .thread_safe_close import SharedSocket

# The most that one TLS record carries, in bytes (RFC 8446 section 5.1).
_TLS_RECORD = 16 * 1024


def _is_stock_tls(kind: Any) -> bool:
    return kind.__module__ == "ssl" and len(kind.__bases__) == 1 and is_stock(kind.__bases__[0])


class TLSSocketStream(PolledStream):
    """A TLS socket. OpenSSL needs its calls to come one at a time, so none of them may wait."""

    _takes_parts = True
    _tls: Any

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        self._tls = sock
        # Also for who reads: whoever looks whether there is something may take a byte that belongs to the reader.
        # Reentrant, as looking is made of several steps.
        self._lock = threading.RLock()
        self._reading = False
        self._unread = b""
        self._ended = False
        # What went wrong after bytes were received, for the next read; OpenSSL would then speak of an end of stream.
        self._failure: OSError | None = None
        # An end of stream without close_notify may have been a reset.
        self._tls.suppress_ragged_eofs = False
        sock.setblocking(False)

    def _send(self, data: "bytes | memoryview") -> int:
        with self._lock:
            if self._tls.gettimeout() == 0.0:
                return int(self._tls.send(data[:_TLS_RECORD]))
            return int(self._without_waiting(self._tls.send, data[:_TLS_RECORD]))

    def _receive_record(self, max_bytes: int) -> bytes:
        if self._tls.gettimeout() == 0.0:
            data: bytes = self._tls.recv(max_bytes)
            return data
        return bytes(self._without_waiting(self._tls.recv, max_bytes))

    def _without_waiting(self, operation: Callable[[Any], Any], argument: Any) -> Any:
        """Call an operation of the socket, for which somebody who got it by `get_extra_info()` has set a limit."""
        limit = self._tls.gettimeout()
        self._tls.setblocking(False)
        self._tls.suppress_ragged_eofs = False
        try:
            return operation(argument)
        finally:
            self._tls.suppress_ragged_eofs = True
            self._tls.settimeout(limit)

    def _committed(self, rest: "bytes | memoryview") -> int:
        # OpenSSL has encrypted this much, maybe, and takes nothing else before it has sent it.
        return min(len(rest), _TLS_RECORD)

    def _has_input(self) -> bool:
        return bool(self._unread or self._ended or self._failure or (self._full and self._pending()))

    def _pending(self) -> int:
        with self._lock:
            return int(self._tls.pending())

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it."""
        taking = False
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                with self._lock:
                    self._reading = True
                limit = wait_limit(timeout)
                deadline = None if limit is None else time.monotonic() + limit
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
                    if deadline is not None:
                        limit = deadline - time.monotonic()
                        if limit <= 0:
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
                # Something may have been received, and nobody will ever get it.
                self._shared.close()
            raise

    def _receive(self, max_bytes: int) -> bytes:
        """Receive without waiting. TLS gives out one record at a time: take as many as there are."""
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
                data = self._receive_record(max_bytes - size)
                if not data:
                    self._ended = True
                    break
                records.append(data)
                size += len(data)
                if len(data) < _TLS_RECORD:
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

    def _note_failure(self, exc: OSError) -> None:
        if not isinstance(exc, ssl.SSLEOFError):
            # Raised as a copy: with a traceback, which leads here, it would keep the socket alive.
            self._failure = exc.with_traceback(None)
        elif exc.reason == "UNEXPECTED_EOF_WHILE_READING":
            self._ended = True
        else:
            # Before Python 3.12.4 a reset is an end of stream, too. But it leaves the socket without a peer.
            try:
                self._sock.getpeername()
                self._ended = True
            except OSError:
                self._failure = ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                if not (self._full or self._has_input() or self._readiness.is_readable()):
                    return None
                with self._lock:
                    data = self._receive(max_bytes)
            finally:
                lease = None
            if self._shared.closed:
                raise self._closed(ReadError)
            return data
        except WOULD_WAIT:
            return None
        except OSError as exc:
            raise self._read_error(exc, None) from exc
        except BaseException:
            self._shared.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "socket":
            with self._lock:
                if self._tls.gettimeout() == 0.0 and not self._shared.closed:
                    # Whoever gets the socket may go on with blocking calls, and expects the end that sockets have.
                    self._tls.suppress_ragged_eofs = True
                    self._tls.setblocking(True)
        return super().get_extra_info(info)

    def _is_readable(self) -> bool:
        if self._has_input():
            return True
        # It may be a message of TLS itself, such as the session tickets of TLS 1.3.
        try:
            with self._lock:
                # What has come for somebody who reads is left alone.
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


SyncStream._suitable.append((lambda sock: _is_stock_tls(type(sock)), TLSSocketStream))
