"""TLS without a network: bytes of the peer and calls in, data and bytes for the peer out.

Theory of operation: an `ssl.SSLObject` does TLS between two memory buffers. "Incoming" holds what came from the
network and TLS has not consumed, "outgoing" what TLS wants sent. An operation on the object either succeeds, having
maybe left bytes in outgoing, or says that it wants to read: then outgoing has to be sent and more received.

What TLS says once it does not say again: after a fatal error or alert OpenSSL reports a plain end of stream, and after
`close_notify` it would go on with whatever follows. So the first end and the first error are kept.
"""

import ssl
import threading

from .alpn import make_tls_object

# A TLS record of the largest size, with its overhead.
_RECORD_SIZE = 16 * 1024 + 256


class TLSRecords:
    """One TLS connection of a client. Several threads may call it."""

    def __init__(self, ssl_context: ssl.SSLContext, server_hostname: str | None) -> None:
        # What stands in for a context may not have all that one has.
        if getattr(ssl_context, "check_hostname", True) and not server_hostname:
            # Sockets refuse this by themselves; memory buffers would leave the name unchecked.
            raise ValueError("check_hostname requires server_hostname")
        self._incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.ssl_object = make_tls_object(
            ssl_context,
            lambda: ssl_context.wrap_bio(self._incoming, self.outgoing, server_hostname=server_hostname),
        )
        # OpenSSL allows one call at a time, and each thread of a reader and a writer makes some. Reentrant for those
        # whose step is made of several calls.
        self.lock = threading.RLock()
        self.ended = False
        self.failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake. Raises `ssl.SSLWantReadError` until it is complete."""
        with self.lock:
            self.ssl_object.do_handshake()

    def feed(self, data: bytes) -> None:
        """Take bytes from the network, `b""` for its end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def has_input(self) -> bool:
        """Whether there is something to ask TLS for. Asking in vain costs an exception."""
        return bool(self._incoming.pending or self._incoming.eof or self.ssl_object.pending())

    def decrypt(self, max_bytes: int) -> bytes | None:
        """Return what there is, `b""` at the end of stream, or `None` if TLS needs more. Raises `ssl.SSLError`."""
        if not self.ended and self.failure is None:
            if not self.has_input():
                return None
            with self.lock:
                records = self._read_records(max_bytes)
            if records:
                return records[0] if len(records) == 1 else b"".join(records)
        if self.failure is not None:
            raise self.failure
        return b"" if self.ended else None

    def _read_records(self, max_bytes: int) -> list[bytes]:
        """Decrypt what there is. TLS gives one record at a time, and whoever reads prefers larger parts."""
        records: list[bytes] = []
        size = 0
        try:
            while True:
                data: bytes = self.ssl_object.read(max_bytes - size)
                if not data:
                    # Nothing that follows `close_notify` is data (RFC 8446 section 6.1).
                    self.ended = max_bytes > 0
                    break
                records.append(data)
                size += len(data)
                if size == max_bytes or self._incoming.pending < _RECORD_SIZE:
                    break
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self.ended = True
        except ssl.SSLError as exc:
            self.failure = exc
        return records

    def encrypt(self, data: memoryview) -> int:
        """Encrypt `data`, or the beginning of it; return how many bytes.

        Raises `ssl.SSLWantReadError` if the peer wants a new handshake, which TLS 1.2 allows, or `ssl.SSLError`.
        """
        try:
            return self.ssl_object.write(data)
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as exc:
            self.failure = self.failure or exc
            raise
