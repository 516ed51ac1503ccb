# Generated from ../_async/tunnel.py by tools/make_sync.py: edit that file, then run it.
"""The network stream inside an HTTP/2 stream, after a successful CONNECT (RFC 9113 section 8.5, RFC 8441)."""

from typing import Any

from httpcore_models import NetworkError, ProtocolError, ReadError, WriteError
from httpcore_models.network import TLSCapableStream

from .._resumable import is_resumable
from .exchange import Exchange


class TunnelStream(TLSCapableStream):
    """A network stream whose bytes are carried in the DATA frames of one HTTP/2 stream.

    The other streams of the connection are not affected.
    """

    _holds = False

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._unread = b""
        self._closed = False
        exchange.holders += 1
        self._holds = True

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return up to `max_bytes` bytes, waiting until there are any; `b""` once the server has ended its side.

        Raises `ReadError` if the tunnel is closed on our side, even by another thread in the meantime; `ReadTimeout`
        after `timeout` seconds.
        """
        if self._closed:
            raise ReadError("The stream was closed")
        if not self._unread:
            self._exchange.read_timeout = timeout
            try:
                self._unread = self._exchange.receive_body({})
            except BaseException as exc:
                if not (is_resumable(exc) or isinstance(exc, (NetworkError, ProtocolError))):
                    # It comes from a signal handler: something may be lost.
                    self._closed = True
                raise
        data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, as the server's window allows.

        Raises `WriteError` once either side has ended the stream, and `WriteTimeout` after `timeout` seconds.
        """
        self._exchange.write_timeout = timeout
        if self._exchange.stream.local_end or not self._exchange.send_data(buffer):
            raise WriteError("The tunnel is closed")

    def close(self) -> None:
        """End the HTTP/2 stream; the connection stays open."""
        self._closed = True
        exchange = self._exchange
        try:
            exchange.end_request()
            exchange.close()
        finally:
            if exchange.lease is not None:
                exchange.lease.release()

    def abort(self) -> None:
        """Reset the HTTP/2 stream without waiting. May be called from a finaliser and from any thread."""
        self._closed = True
        self._exchange.abort()

    def __del__(self) -> None:
        if self._holds:
            self._exchange.release(self)

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream below the connection knows; `"is_readable"` is about the tunnel itself."""
        if info == "is_readable":
            return bool(self._unread) or self._exchange.stream.has_event()
        return None if info == "keeps_unsent" else self._exchange.network_stream.get_extra_info(info)
