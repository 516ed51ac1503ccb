"""Streams for threads, on clear sockets of the standard library as they are.

`settimeout()` is for both directions of a socket, but one thread may read while another writes. So calls return at
once, and whoever has to wait does so beside them, in poll(), whose limit holds however many signals interrupt it.
"""

import math
import select
import selectors
import socket
import ssl
import time
from typing import Any

from ..._exceptions import ReadError, WriteError
from .._buffers import as_bytes
from .._readiness import Readiness, wait_for_socket, wait_limit
from .._stock_sockets import is_stock
from . import thread_safe_close
from .sync_stream import WOULD_WAIT, SyncStream
from .thread_safe_close import SharedSocket

# Makes a single call return at once, on a socket that otherwise blocks; zero where there is no such flag.
_DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)

# How often, in seconds, a writer looks whether TLS has what it waits for, which a thread that reads may have received.
_RENEGOTIATION_INTERVAL = 0.05


class PolledStream(SyncStream):
    """What clear and TLS sockets have in common: writing, which takes up what a timeout has left."""

    # Whether there may be room for more when the socket has taken a part.
    _takes_parts = False

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        self._readiness = Readiness(sock)
        # Whether the last read came back full, so that there is likely to be more.
        self._full = False
        self._unsent = b""

    def _send(self, data: "bytes | memoryview") -> int:
        """Send what can be sent at once, and return how much was. Raises an error that says what to wait for."""
        if self._shared.handed_out and not wait_for_socket(self._sock, selectors.EVENT_WRITE, 0):
            # Somebody may have set a limit for calls of the socket: this one would wait for as long.
            raise BlockingIOError
        return self._sock.send(data, _DONTWAIT)

    def _has_input(self) -> bool:
        """Whether something can be read that the socket does not tell of."""
        return False

    def _committed(self, rest: "bytes | memoryview") -> int:
        """How many bytes of `rest` have to be sent before anything else."""
        return 0

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        self._write(buffer, timeout, False)

    def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int:
        """Write as `write()` does, but return early once something may be read.

        Returns how many bytes of `buffer` were taken: `len(buffer)` when all were. What TLS has encrypted counts as
        taken, and is sent before anything else. Raises `WriteTimeout` or `WriteError`.
        """
        return self._write(buffer, timeout, True)

    def _write(self, buffer: bytes, timeout: float | None, until_readable: bool) -> int:
        deadline: float | None = None
        try:
            lease = self._shared.lease
            if lease is None:
                raise self._closed(WriteError)
            data = buffer if type(buffer) is bytes else as_bytes(buffer)
            size = len(data)
            rest: bytes | memoryview = self._unsent + data if self._unsent else data
            while rest:
                wanted = selectors.EVENT_WRITE
                try:
                    sent = self._send(rest)
                    if sent == len(rest):
                        rest = b""
                        break
                    rest = memoryview(rest)[sent:]
                    if self._takes_parts:
                        continue
                except ssl.SSLWantReadError:
                    wanted = selectors.EVENT_READ
                except (BlockingIOError, ssl.SSLWantWriteError):
                    pass
                if deadline is None and (limit := wait_limit(timeout)) is not None:
                    # From the first wait on: until then the peer has taken all at once.
                    deadline = time.monotonic() + limit
                if self._wait(wanted, deadline, until_readable):
                    if self._shared.closed:
                        raise self._closed(WriteError)
                    break
            return self._finish(rest, size) if rest or self._unsent else size
        except OSError as exc:
            if isinstance(exc, WOULD_WAIT):
                self._unsent = bytes(rest)
            raise self._write_error(exc, timeout) from exc
        except BaseException:
            # Nobody knows how much was sent.
            self._shared.close()
            raise
        finally:
            lease = None

    def _wait(self, wanted: int, deadline: float | None, until_readable: bool) -> bool:
        """Wait until the write may go on; return true if something can be read first. Raises `TimeoutError`."""
        if until_readable and self._has_input():
            return True
        remaining = None if deadline is None else deadline - time.monotonic()
        if remaining is not None and remaining <= 0:
            raise TimeoutError
        if wanted == selectors.EVENT_READ and not until_readable:
            # TLS 1.2 negotiates anew. A thread that reads may take from the socket what this one waits for.
            interval = _RENEGOTIATION_INTERVAL
            wait_for_socket(self._sock, wanted, interval if remaining is None else min(remaining, interval))
            return False
        ready = wait_for_socket(self._sock, wanted | (selectors.EVENT_READ if until_readable else 0), remaining)
        if not ready:
            raise TimeoutError
        return until_readable and bool(ready & selectors.EVENT_READ)

    def _finish(self, rest: "bytes | memoryview", size: int) -> int:
        """Keep of `rest` what can only be sent as it is; return how many of the last `size` bytes were taken."""
        kept = max(len(rest) - size, self._committed(rest)) if rest else 0
        if kept or self._unsent:
            self._unsent = bytes(rest[:kept])
        return size - len(rest) + kept

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        if info == "keeps_unsent":
            # A write that is interrupted otherwise than by its timeout closes the stream.
            return True
        return super().get_extra_info(info)

    def _is_readable(self) -> bool:
        lease = self._shared.lease
        try:
            return lease is None or self._readiness.is_readable()
        finally:
            del lease


class ClearStream(PolledStream):
    """A clear socket. Whoever gets it by `get_extra_info()` may go on with blocking calls."""

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        sock.setblocking(True)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it."""
        taking = False
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                # Then somebody may have set a limit, which is for calls of the socket, and none of them may wait here.
                handed_out = self._shared.handed_out
                if timeout is None and not handed_out:
                    taking = True
                    data = self._sock.recv(max_bytes)
                else:
                    remaining = math.inf if timeout is None else timeout
                    deadline = time.monotonic() + remaining
                    while True:
                        if (handed_out or not self._full) and not self._readiness.is_readable(remaining):
                            raise TimeoutError
                        try:
                            taking = True
                            data = self._sock.recv(max_bytes, _DONTWAIT)
                            break
                        except BlockingIOError:
                            taking = self._full = False
                            remaining = max(0.0, deadline - time.monotonic())
            finally:
                lease = None
            if self._shared.closed:
                raise self._closed(ReadError)
            self._full = len(data) == max_bytes
            return data
        except OSError as exc:
            raise self._read_error(exc, timeout) from exc
        except BaseException:
            if taking:
                # Something may have been received, and nobody will ever get it.
                self._shared.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        shared = self._shared
        if info == "is_readable" and shared.forks == thread_safe_close.forks:
            # The same in fewer calls: every request on an idle connection asks.
            lease = shared.lease
            try:
                return lease is None or self._readiness.is_readable()
            finally:
                del lease
        return super().get_extra_info(info)

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what is there, `b""` at the end of stream, or `None` if a read would wait. Raises `ReadError`."""
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                if self._shared.handed_out and not self._readiness.is_readable():
                    return None
                data = self._sock.recv(max_bytes, _DONTWAIT)
            finally:
                lease = None
            if self._shared.closed:
                raise self._closed(ReadError)
            return data
        except BlockingIOError:
            return None
        except OSError as exc:
            raise self._read_error(exc, None) from exc
        except BaseException:
            self._shared.close()
            raise


if _DONTWAIT:
    SyncStream._suitable.append((lambda sock: is_stock(type(sock)) and hasattr(select, "poll"), ClearStream))
