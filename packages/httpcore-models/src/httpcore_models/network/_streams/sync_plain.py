"""Streams for threads, on the standard library's sockets without TLS."""

import select
import socket
import time
from typing import Any

from ..._exceptions import ReadError
from .._stock_sockets import is_stock
from . import thread_safe_close
from .sync_polled import DONTWAIT, PolledStream
from .sync_stream import used_for
from .thread_safe_close import SharedSocket


@used_for(lambda sock: bool(DONTWAIT) and is_stock(type(sock)) and hasattr(select, "poll"))
class PlainSocketStream(PolledStream):
    """A socket without TLS. It blocks: a program that gets it by `get_extra_info()` can go on with blocking calls."""

    def __init__(self, sock: socket.socket, peer: str | None = None, shared: SharedSocket | None = None) -> None:
        super().__init__(sock, peer, shared)
        sock.setblocking(True)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has been received, or wait for it."""
        taking = False
        try:
            lease = self._shared.lease
            try:
                if lease is None:
                    raise self._closed(ReadError)
                # Another holder of the socket may have set a limit for its calls, so none of them may wait here.
                handed_out = self._shared.handed_out
                if timeout is None and not handed_out:
                    taking = True
                    data = self._sock.recv(max_bytes)
                else:
                    began, remaining = time.monotonic(), timeout
                    while True:
                        if (handed_out or not self._full) and not self._readiness.is_readable(remaining):
                            raise TimeoutError
                        try:
                            taking = True
                            data = self._sock.recv(max_bytes, DONTWAIT)
                            break
                        except BlockingIOError:
                            taking = self._full = False
                            if timeout is not None:
                                remaining = max(0.0, began + timeout - time.monotonic())
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
                # What was received is lost.
                self._shared.close()
            raise

    # Repeated beside `read()`: `optional_method()` ignores an inherited one, as a `read()` further down may do more.
    receive_nowait = PolledStream.receive_nowait

    def _receive_nowait(self, max_bytes: int) -> bytes | None:
        if self._shared.handed_out and not self._readiness.is_readable():
            return None
        try:
            return self._sock.recv(max_bytes, DONTWAIT)
        except BlockingIOError:
            return None

    def get_extra_info(self, info: str) -> Any:
        """See `NetworkStream.get_extra_info()`."""
        shared = self._shared
        if info == "is_readable" and shared.forks == thread_safe_close.forks:
            # The same as below in fewer calls: every request on an idle connection asks.
            lease = shared.lease
            try:
                return lease is None or self._readiness.is_readable()
            finally:
                del lease
        return super().get_extra_info(info)
