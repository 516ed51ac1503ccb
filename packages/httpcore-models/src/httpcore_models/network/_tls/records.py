"""TLS without a network: bytes from the peer and calls go in, data and bytes for the peer come out.

The problem. `ssl.SSLSocket` does TLS on a socket of the operating system and on nothing else: not inside another TLS
connection, not on a tunnel or a user's own stream, and not on a socket that an event loop watches. The TLS of asyncio
and of trio is tied to the transports and streams of each.

Our way. An `ssl.SSLObject` does TLS between two buffers in memory (`ssl.MemoryBIO`). "Incoming" holds what came from
the network and TLS has not consumed, "outgoing" what TLS wants sent. Each operation either succeeds, and may have left
bytes in outgoing, or says that it wants to read. Then outgoing has to be sent and more received, by the stream that
uses this class: the same for all streams.

Two things to know. OpenSSL reports how a connection ended only once: asked again after a fatal error or alert, it
reports a plain end of stream, and after `close_notify` it goes on with whatever follows. So the first end and the first
error are kept here. And OpenSSL allows one call at a time, hence the lock.
"""

import ssl
import threading

from .alpn import make_tls_object

# The size in bytes of the largest TLS record, with its overhead.
_RECORD_SIZE = 16 * 1024 + 256

# How many bytes of data a record carries at most (RFC 8446 section 5.1).
MAX_RECORD_DATA = 16 * 1024


class TLSRecords:
    """One TLS connection of a client. May be used by several threads."""

    def __init__(self, ssl_context: ssl.SSLContext, server_hostname: str | None) -> None:
        # A replacement for a context may lack attributes.
        if getattr(ssl_context, "check_hostname", True) and not server_hostname:
            # `wrap_socket()` refuses this, but `wrap_bio()` would leave the name unchecked.
            raise ValueError("check_hostname requires server_hostname")
        self._incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.ssl_object = make_tls_object(
            ssl_context,
            lambda: ssl_context.wrap_bio(self._incoming, self.outgoing, server_hostname=server_hostname),
        )
        # One thread may read while another writes. Reentrant, as some steps of a stream take several calls.
        self.lock = threading.RLock()
        # How often `feed()` was called: if no more often than before, asking TLS again is of no use.
        self.feeds = 0
        #: The first bytes that came, which tell whether this is TLS.
        self.beginning = b""
        self.ended = False
        self.failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Continue the handshake. Raises `ssl.SSLWantReadError` until it is complete."""
        with self.lock:
            self.ssl_object.do_handshake()

    def feed(self, data: bytes) -> None:
        """Add bytes that came from the network, or `b""` for its end."""
        if data:
            self._incoming.write(data)
            if not self.feeds:
                self.beginning = data[:2]
        else:
            self._incoming.write_eof()
        self.feeds += 1

    def has_input(self) -> bool:
        """Whether TLS may have data. Look before asking for data: asking in vain costs an exception."""
        return bool(self._incoming.pending or self._incoming.eof or self.ssl_object.pending())

    def decrypt(self, max_bytes: int) -> bytes | None:
        """Return data, `b""` at the end of stream, or `None` if TLS needs more bytes. Raises `ssl.SSLError`."""
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
        """Decrypt as many records as there are. OpenSSL returns one for each call, and larger parts cost less."""
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
                # Full records come one after another, and the last one is rarely complete: asking would be in vain.
                least = _RECORD_SIZE if len(data) == MAX_RECORD_DATA else 1
                if size == max_bytes or self._incoming.pending < least:
                    break
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self.ended = True
        except ssl.SSLError as exc:
            self.failure = exc
        return records

    def encrypt(self, data: memoryview) -> int:
        """Encrypt `data`, or its beginning; return how many bytes.

        Raises `ssl.SSLWantReadError` if the peer wants a renegotiation, which TLS 1.2 allows, or `ssl.SSLError`.
        """
        try:
            return self.ssl_object.write(data)
        except ssl.SSLWantReadError:
            raise
        except ssl.SSLError as exc:
            self.failure = self.failure or exc
            raise
