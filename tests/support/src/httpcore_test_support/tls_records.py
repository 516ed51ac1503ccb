"""The TLS of a server, record by record, for what no TLS library sends: data after the end, damaged records."""

from __future__ import annotations

import ssl
from contextlib import suppress

from .scripted import Connection

__all__ = ["RecordPeer"]

# What no key decrypts.
_NOISE = b"\x17\x03\x03\x00\x20" + bytes(32)


class RecordPeer:
    """Shakes hands as a TLS server over a clear connection, and makes the records that the script then sends."""

    def __init__(self, connection: Connection, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                connection.send(self._outgoing.read())
                self._incoming.write(connection.receive())
            else:
                connection.send(self._outgoing.read())
                return

    def data(self, data: bytes) -> bytes:
        """Return `data` as records."""
        self._tls.write(data)
        return self._outgoing.read()

    def damaged(self) -> bytes:
        """Return a record that was modified in transit."""
        record = bytearray(self.data(bytes(16384)))
        record[100] ^= 1
        return bytes(record)

    def alert(self) -> bytes:
        """Return the fatal alert for a record that cannot be decrypted."""
        self._incoming.write(_NOISE)
        with suppress(ssl.SSLError):
            self._tls.read(1)
        return self._outgoing.read()

    def close_notify(self) -> bytes:
        """Return the end of the server's direction."""
        with suppress(ssl.SSLError):  # it waits for the client's own, or finds data instead
            self._tls.unwrap()
        return self._outgoing.read()
