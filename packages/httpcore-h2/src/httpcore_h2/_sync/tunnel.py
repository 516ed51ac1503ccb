# Generated from ../_async/tunnel.py by tools/make_sync.py: edit that file, then run it.
"""The network stream inside an HTTP/2 stream, after a successful CONNECT (RFC 9113 section 8.5, RFC 8441)."""

import ssl
from typing import TYPE_CHECKING, Any

from httpcore_models import NetworkError, NetworkStream, ProtocolError, ReadError, WriteError
from httpcore_models.network import TLSStream

from .writing import is_resumable

if TYPE_CHECKING:
    from .connection import HTTP2Connection
    from .exchange import Exchange


class TunnelStream(NetworkStream):
    """Bytes in the DATA frames of one stream; its neighbours on the connection go on as they were."""

    _holds = False

    def __init__(self, connection: "HTTP2Connection", exchange: "Exchange") -> None:
        self._connection = connection
        self._exchange = exchange
        self._unread = b""
        self._closed = False
        exchange.holders += 1
        self._holds = True

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what is there, or wait for it; `b""` once the server has ended its side.

        Raises `ReadError` once it is closed on our side, also where another thread does that meanwhile.
        """
        if self._closed:
            raise ReadError("The stream was closed")
        if not self._unread:
            self._exchange.read_timeout = timeout
            try:
                self._unread = self._connection._receive_body(self._exchange, {})
            except BaseException as exc:
                if not (is_resumable(exc) or isinstance(exc, (NetworkError, ProtocolError))):
                    # From a signal handler: something may be lost.
                    self._closed = True
                raise
        data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`, as the server's window allows. Raises `WriteError` once either side has ended."""
        self._exchange.write_timeout = timeout
        stream = self._exchange.stream
        assert stream is not None
        if stream.local_end or not self._connection._send_data(self._exchange, buffer):
            raise WriteError("The tunnel is closed")

    def close(self) -> None:
        """End the stream, and nothing but the stream."""
        self._closed = True
        connection, exchange = self._connection, self._exchange
        try:
            connection._end_request(exchange)
            connection._close_response(exchange)
        finally:
            if exchange.lease is not None:
                exchange.lease.release()

    def abort(self) -> None:
        """Reset the stream without waiting; may be called from a finaliser and from any thread."""
        self._closed = True
        self._connection._abort(self._exchange)

    def __del__(self) -> None:
        if self._holds:
            self._connection._drop(self._exchange, self)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Do a TLS handshake inside the stream."""
        return TLSStream.handshake(self, ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        """As for the connection, but for `"is_readable"`, which is that of the stream."""
        if info == "is_readable":
            return bool(self._unread) or self._connection._has_event(self._exchange)
        return None if info == "keeps_unsent" else self._connection._network_stream.get_extra_info(info)
