"""TLS inside TLS for scripts: what an origin does behind an HTTPS proxy that tunnels to it."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .scripted import Connection, Step

T = TypeVar("T")

_READ_SIZE = 65_536


class InnerTLSSocket(ssl.SSLSocket):
    """A TLS server inside an `ssl.SSLSocket`, which the standard library can only make without sockets.

    It has what scripts use, and is an `ssl.SSLSocket` by name only, so that they end its stream with `close_notify`.
    """

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext) -> None:
        # A descriptor of its own lets scripts poll, shut down and reset the connection.
        socket.socket.__init__(self, outer.family, outer.type, fileno=os.dup(outer.fileno()))
        self._outer = outer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.settimeout(outer.gettimeout())

    def do_handshake(self, block: bool = False) -> None:
        """See `ssl.SSLSocket`."""
        self._run(self._tls.do_handshake)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """See `socket.socket`."""
        try:
            return self._run(lambda: self._tls.read(buflen))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """See `socket.socket`."""
        self._run(lambda: self._tls.write(data))

    def settimeout(self, value: float | None, /) -> None:
        """See `socket.socket`."""
        super().settimeout(value)
        self._outer.settimeout(value)

    def unwrap(self) -> socket.socket:
        """See `ssl.SSLSocket`."""
        # The outer TLS stays up, for what the client may still send inside it.
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._flush()
        return self

    def close(self) -> None:
        """See `socket.socket`."""
        self._outer.close()
        super().close()

    def _run(self, operation: Callable[[], T]) -> T:
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._outer.recv(_READ_SIZE)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._outer.sendall(self._outgoing.read())


def start_inner_tls(context: ssl.SSLContext) -> Step:
    """Shake hands as a second TLS server, inside the TLS that `start_tls` has set up."""

    def run(connection: Connection) -> None:
        with connection._lock:
            outer = connection._socket
            assert isinstance(outer, ssl.SSLSocket)
            inner = InnerTLSSocket(outer, context)
            connection._socket = inner
        inner.do_handshake()

    return run
