"""What the streams for threads on the standard library's sockets have in common.

A socket has one time limit, `settimeout()`, for both directions, but one thread may read while another writes. So calls
of a socket return at once, except for a read without a limit and without TLS. A thread that has to wait does so in
`poll()`, with a limit of its own that signals do not prolong.
"""

import selectors
import socket
import ssl
from typing import Any

from ..._buffers import as_bytes
from ..._exceptions import ReadError, WriteError
from ...deadline import Deadline
from .._readiness import Readiness, wait_for_socket, wait_limit
from .sync_stream import WOULD_WAIT, SyncStream
from .thread_safe_close import SharedSocket

# Makes a single call return at once on a socket that otherwise blocks. 0 on systems without that flag.
DONTWAIT: int = getattr(socket, "MSG_DONTWAIT", 0)

# How often, in seconds, a writer checks whether TLS has what it waits for: a thread that reads may have received it.
_RENEGOTIATION_INTERVAL = 0.05


class PolledStream(SyncStream):
    """A socket of the standard library, with or without TLS.

    A write that timed out leaves bytes that belong to it, of which a part may have been sent: the next write sends
    them first.
    """

    # Whether the socket may have room for more after it has taken a part.
    _takes_parts = False

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        self._readiness = Readiness(sock)
        # Whether the last read came back full, so that there is probably more.
        self._full = False
        self._unsent = b""

    def receive_nowait(self, max_bytes: int) -> bytes | None:
        """Return what has been received, `b""` at the end of stream, or `None` if a read would wait.

        Raises `ReadError`.
        """
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                data = self._receive_nowait(max_bytes)
            finally:
                lease = None
            if self._shared.closed:
                raise self._closed(ReadError)
            return data
        except OSError as exc:
            raise self._read_error(exc, None) from exc
        except BaseException:
            # What was received is lost.
            self._shared.close()
            raise

    def _receive_nowait(self, max_bytes: int) -> bytes | None:
        """Receive what has come, `b""` at the end of stream; return `None` if there is nothing."""
        raise NotImplementedError

    def _send(self, data: "bytes | memoryview") -> int:
        """Send what can be sent at once, and return how many bytes. Raises an error that tells what to wait for."""
        if self._shared.handed_out and not wait_for_socket(self._sock, selectors.EVENT_WRITE, 0):
            # Another holder of the socket may have set a limit for its calls: this one would wait for as long.
            raise BlockingIOError
        return self._sock.send(data, DONTWAIT)

    def _has_input(self) -> bool:
        """Whether something can be read that the socket does not tell of."""
        return False

    def _committed(self, rest: "bytes | memoryview") -> int:
        """Return how many bytes of `rest` have to be sent before anything else."""
        return 0

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, after what an interrupted write has left."""
        self._write(buffer, timeout, False)

    def write_until_readable(self, buffer: bytes, timeout: float | None = None) -> int | None:
        """Write until something may be read; see `NetworkStream`. Bytes that TLS has encrypted count as taken."""
        return self._write(buffer, timeout, True)

    def _write(self, buffer: bytes, timeout: float | None, until_readable: bool) -> int | None:
        deadline: Deadline | None = None
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
                if deadline is None:
                    # The time limit begins with the first wait: until then the peer has taken everything at once.
                    deadline = Deadline(wait_limit(timeout))
                if self._wait(wanted, deadline, until_readable):
                    if self._shared.closed:
                        raise self._closed(WriteError)
                    break
            if rest:
                return self._keep(rest, size)
            self._unsent = b""
            return None
        except OSError as exc:
            if isinstance(exc, WOULD_WAIT):
                self._unsent = bytes(rest)
            raise self._write_error(exc, timeout) from exc
        except BaseException:
            # How much was sent is unknown.
            self._shared.close()
            raise
        finally:
            lease = None

    def _wait(self, wanted: int, deadline: Deadline, until_readable: bool) -> bool:
        """Wait until the write may go on; return true if something can be read first. Raises `TimeoutError`."""
        if until_readable and self._has_input():
            return True
        remaining = deadline.remaining()
        if remaining == 0.0:
            raise TimeoutError
        if wanted == selectors.EVENT_READ and not until_readable:
            # A renegotiation of TLS 1.2. A thread that reads may take from the socket what this one waits for.
            interval = _RENEGOTIATION_INTERVAL
            wait_for_socket(self._sock, wanted, interval if remaining is None else min(remaining, interval))
            return False
        ready = wait_for_socket(self._sock, wanted | (selectors.EVENT_READ if until_readable else 0), remaining)
        if not ready:
            raise TimeoutError
        return until_readable and bool(ready & selectors.EVENT_READ)

    def _keep(self, rest: "bytes | memoryview", size: int) -> int:
        """Keep the part of `rest` that has to be sent as it is; return how many of the last `size` bytes were taken."""
        kept = max(len(rest) - size, self._committed(rest))
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
