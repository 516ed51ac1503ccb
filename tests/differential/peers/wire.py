"""The peer's end of a connection: bytes in and out, plain or as TLS records, and what the client sent."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from typing import Any

__all__ = ["Conn", "Gone"]

PATIENCE = 8.0  # seconds


class Gone(Exception):
    """The client has closed the connection, or its scenario is over."""


class Conn:
    """A connection of a client; `index` counts those of its scenario on which the client sent something."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.index = -1
        self.over = over
        self.received = bytearray()  # what the client sent, decrypted
        self.preludes: list[bytes] = []  # what it sent to proxies before that
        self.started = 0  # the start of the unprocessed part of `received`
        self._sock = sock
        self._tls: list[tuple[Any, ssl.MemoryBIO, ssl.MemoryBIO]] = []
        self.closed = False
        self.in_clear = False  # whether a part of an upload arrived unencrypted despite TLS
        sock.settimeout(PATIENCE)

    # Bytes.

    def send(self, data: bytes) -> None:
        """Send data, through all layers of TLS."""
        self.send_raw(self.records(data))

    def records(self, data: bytes) -> bytes:
        """Return `data` as it is sent over the wire."""
        for tls, _, outgoing in reversed(self._tls):
            tls.write(data)
            data = outgoing.read()
        return data

    def send_raw(self, data: bytes) -> None:
        """Send bytes without further encryption."""
        view = memoryview(data)
        deadline = time.monotonic() + PATIENCE
        while view:
            self._sock.settimeout(0.1)
            try:
                view = view[self._sock.send(view) :]
            except TimeoutError:
                if self.over.is_set() or time.monotonic() > deadline:
                    raise Gone from None
            except OSError:
                raise Gone from None

    def wait_for_client(self) -> None:
        """Wait for the first byte of the client, and leave it there."""
        while True:
            self._sock.settimeout(0.1)
            try:
                if not self._sock.recv(1, socket.MSG_PEEK):
                    raise Gone
            except TimeoutError:
                if self.over.is_set():
                    raise Gone from None
            except OSError:
                raise Gone from None
            else:
                return

    def _receive_raw(self, patience: float) -> bytes:
        deadline = time.monotonic() + patience
        while not self.closed:
            self._sock.settimeout(0.1)
            try:
                data = self._sock.recv(262_144)
                self.in_clear = self.in_clear or (bool(self._tls) and b"SECRETSECRET" in data)
                return data
            except TimeoutError:
                if self.over.is_set() or time.monotonic() > deadline:
                    raise Gone from None
            except OSError:
                break
        raise Gone

    def _receive(self, layer: int, patience: float) -> bytes:
        if layer < 0:
            return self._receive_raw(patience)
        tls, incoming, _ = self._tls[layer]
        while True:
            try:
                data: bytes = tls.read(262_144)
                return data
            except ssl.SSLWantReadError:
                self._flush(layer)
                data = self._receive(layer - 1, patience)
                if not data:
                    return b""
                incoming.write(data)
            except ssl.SSLError:  # a close_notify, or a failure
                with suppress(Gone):
                    while not layer and self._receive_raw(0.2):
                        pass
                return b""

    def receive(self, patience: float = PATIENCE) -> bytes:
        """Wait for data and store it; no data means the end."""
        data = self._receive(len(self._tls) - 1, patience)
        self.received += data
        if not data:
            raise Gone
        return data

    # TLS.

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands as the server, inside the present layers."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        self._tls.append((tls, incoming, outgoing))
        layer = len(self._tls) - 1
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush(layer)
                data = self._receive(layer - 1, PATIENCE)
                if not data:
                    raise Gone from None
                incoming.write(data)
            except ssl.SSLError:
                self._flush(layer)
                raise Gone from None
            else:
                self._flush(layer)
                return

    def _flush(self, layer: int) -> None:
        data = self._tls[layer][2].read()
        for tls, _, outgoing in reversed(self._tls[:layer]):
            if data:
                tls.write(data)
                data = outgoing.read()
        if data:
            self.send_raw(data)

    @property
    def protocol(self) -> str | None:
        """The protocol that the innermost TLS has negotiated."""
        selected: str | None = self._tls[-1][0].selected_alpn_protocol() if self._tls else None
        return selected

    def close_notify(self) -> bytes:
        """Return the record that ends the peer's direction of TLS, or nothing without TLS."""
        if not self._tls:
            return b""
        with suppress(ssl.SSLError):
            self._tls[-1][0].unwrap()
        return self._wrapped(self._tls[-1][2].read())

    def _wrapped(self, record: bytes) -> bytes:
        """Return the output of the innermost TLS as it is sent over the wire, encrypted again by outer TLS, if any."""
        for tls, _, outgoing in reversed(self._tls[:-1]):
            if record:
                tls.write(record)
                record = outgoing.read()
        return record

    def alert(self) -> bytes:
        """Return a fatal alert."""
        tls, incoming, outgoing = self._tls[-1]
        incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))
        with suppress(ssl.SSLError):
            tls.read(1)
        return self._wrapped(outgoing.read())

    # Ends.

    def close(self) -> None:
        """Close gracefully: with a close_notify, if there is TLS, and a FIN."""
        with suppress(Gone):
            self.send_raw(self.close_notify())
        self.drop()

    def drop(self) -> None:
        """Read what is unread, then send a FIN: closing with unread data would reset the connection."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        with suppress(Gone):
            while self.receive(0.05):
                pass
        self._end()

    def half_close(self) -> None:
        """Send a FIN, and keep the other direction open."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send a RST."""
        with suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._end()

    def _end(self) -> None:
        self.closed = True
        with suppress(OSError):
            self._sock.close()

    def stop(self) -> None:
        """When the scenario is over, read what has arrived and end the connection."""
        with suppress(Gone):
            while not self.closed and self._tls_ready():
                self.receive(0)
        self._end()

    def _tls_ready(self) -> bool:
        self._sock.settimeout(0)
        try:
            return bool(self._sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def wait_over(self) -> None:
        """Do nothing until the scenario is over."""
        self.over.wait(PATIENCE)
        raise Gone

    def pause(self, seconds: float) -> None:
        """Do nothing for that many seconds."""
        if self.over.wait(seconds):
            raise Gone

    # HTTP/1.1.

    def head(self, *, peek: bool = False) -> bytes:
        """Wait for the head of a request and return it; with `peek`, leave the whole request unread."""
        while True:
            end = self.received.find(b"\r\n\r\n", self.started)
            if end >= 0:
                head = bytes(self.received[self.started : end + 4])
                self.started += 0 if peek else len(head)
                return head
            self.receive()

    def request(self) -> bytes:
        """Wait for a complete request and return its head."""
        head = self.head()
        lower = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lower:
            self._until(b"0\r\n\r\n")
        elif b"\r\ncontent-length: " in lower:
            length = int(lower.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
            while len(self.received) < self.started + length:
                self.receive()
            self.started += length
        return head

    def _until(self, mark: bytes) -> None:
        begin = self.started
        while (end := self.received.find(mark, begin)) < 0:
            begin = max(self.started, len(self.received) - len(mark))
            self.receive()
        self.started = end + len(mark)
