"""The benchmark server: one process, plain epoll, prepared responses. Linux only.

It must be faster than every client, so it parses only the request target:

* ``/small``, and any upload: a response of 1 KiB.
* ``/new-head``: the same, with a different ID in each head.
* ``/download``: 100 MB, sent with sendfile; ``/download-10`` over HTTP/2: 10 MB.
* ``/hold/N``: answered once N such requests wait, so that N connections exist at the same time.
* ``/stats``: how busy the server was.

After CONNECT, the server acts as the origin behind a proxy. A second port offers all of it over TLS, a third one HTTP/2
over TLS. The process ends when its standard input is closed, so it cannot outlive the run that started it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import select
import socket
import ssl
import sys
import time

from benchmarks import _http2
from benchmarks._tls import TlsSocket, tls_context

SMALL_LENGTH = 1024
TRANSFER_LENGTH = 100_000_000
SHORT_TRANSFER_LENGTH = 10_000_000
MEDIUM_TRANSFER_LENGTH = 5_000_000
STATUS = 200

# How many bytes are received at a time, and how many of a large response are produced at a time.
_LARGE_PIECE = 256 * 1024

_HEAD = (
    "HTTP/1.1 200 OK\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "Server: benchmark\r\n"
    "Content-Type: {content_type}\r\n"
    "Content-Length: {length}\r\n"
    "Cache-Control: no-cache\r\n"
    'ETag: "33a64df551425fcc55e4d42a148795d9"\r\n'
    "Vary: Accept-Encoding\r\n"
    "X-Request-Id: {request_id:036}\r\n"
    "\r\n"
)


def _head(length: int, content_type: str = "application/json", request_id: int = 0) -> bytes:
    return _HEAD.format(length=length, content_type=content_type, request_id=request_id).encode()


def _fields(length: int) -> list[tuple[bytes, bytes]]:
    """Return the fields of the same head for HTTP/2, without the status."""
    lines = _head(length).split(b"\r\n")[1:-2]
    return [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]


def raise_open_file_limit() -> None:
    """Allow enough file descriptors for many connections; for server and client."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    return listener


def pin_to_core(core: int | None) -> None:
    if core is not None:
        os.sched_setaffinity(0, {core})


class _Connection:
    __slots__ = ("http2", "offset", "received", "socket", "uploading")

    def __init__(self, sock: socket.socket | TlsSocket) -> None:
        self.socket = sock
        self.http2: _http2.Session | None = None
        self.received = b""
        self.offset = 0
        self.uploading = 0  # remaining bytes of an upload


_LENGTHS = {b"/small": SMALL_LENGTH, b"/download": TRANSFER_LENGTH, b"/download-10": SHORT_TRANSFER_LENGTH}


class Server:
    def __init__(self, certificate: str) -> None:
        self._http2_context = tls_context(certificate, "h2")
        self._listeners: dict[int, tuple[socket.socket, ssl.SSLContext | None]] = {}
        for context in (None, tls_context(certificate), self._http2_context):
            listener = listen()
            self._listeners[listener.fileno()] = listener, context
        self.ports: list[int] = [listener.getsockname()[1] for listener, _ in self._listeners.values()]
        self._epoll = select.epoll()
        for fd in self._listeners:
            self._epoll.register(fd, select.EPOLLIN)
        self._connections: dict[int, _Connection] = {}
        # Connections during which the server does not sleep.
        self._awake: set[int] = set()
        self._held: set[int] = set()
        self._small = _head(SMALL_LENGTH) + b"x" * SMALL_LENGTH
        self._download_head = _head(TRANSFER_LENGTH, "application/octet-stream")
        self._download_file = os.memfd_create("download")
        os.truncate(self._download_file, TRANSFER_LENGTH)
        # Unwritten pages are allocated by the first read. Write them now, not at the first client's expense.
        os.pwrite(self._download_file, b"x" * TRANSFER_LENGTH, 0)
        self._piece = memoryview(b"x" * _LARGE_PIECE)
        self._buffer = memoryview(bytearray(_LARGE_PIECE))
        self._sending: set[int] = set()
        self._requests = self._accepted = 0
        self._busy = 0.0

    def serve_until_closed(self, stdin: int) -> None:
        self._epoll.register(stdin, select.EPOLLIN)
        poll = self._epoll.poll
        connections, awake, sending = self._connections, self._awake, self._sending
        now = time.perf_counter
        while True:
            # Poll without sleeping: waking a core may take longer than a request, and would hide the clients' cost.
            # During a download the core does not sleep for long, and large pieces are faster. HTTP/2 over TLS may come
            # through the relay, which needs the core, and is also measured with a server that sleeps.
            events = poll(0 if awake and not sending else None)
            if not events:
                continue
            started = now()
            for fd, mask in events:
                if (connection := connections.get(fd)) is not None:
                    self._serve(fd, connection, mask)
                elif fd in self._listeners:
                    self._accept(*self._listeners[fd])
                elif fd == stdin:
                    return
            self._busy += now() - started

    def _accept(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        try:
            while True:
                sock, _ = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = _Connection(sock if context is None else TlsSocket(sock, context))
                fd = connection.socket.fileno()
                self._connections[fd] = connection
                self._accepted += 1
                if context is not self._http2_context:
                    self._awake.add(fd)
                self._epoll.register(fd, select.EPOLLIN)
        except BlockingIOError:
            pass

    def _serve(self, fd: int, connection: _Connection, mask: int) -> None:
        try:
            if mask & select.EPOLLIN:
                self._receive(fd, connection)
            elif mask & select.EPOLLOUT:
                if connection.http2 is None:
                    self._send_download(fd, connection)
                else:
                    self._send_http2(fd, connection, connection.http2)
            else:
                self._close(fd)
        except BlockingIOError:
            pass
        except OSError:
            # The client is gone: its run was cut short.
            self._close(fd)

    def _receive(self, fd: int, connection: _Connection) -> None:
        received = connection.socket.recv_into(self._buffer)
        if not received:
            self._close(fd)
            return
        if connection.uploading:
            self._receive_upload(connection, received)
            return
        if connection.http2 is not None:
            connection.http2.receive(self._buffer[:received])
            self._send_http2(fd, connection, connection.http2)
            return
        data = bytes(self._buffer[:received])
        if connection.received:
            data = connection.received + data
            connection.received = b""
        if data.startswith(_http2.PREFACE):
            connection.http2 = _http2.Session(_fields, _LENGTHS)
            connection.http2.receive(data[len(_http2.PREFACE) :])
            self._send_http2(fd, connection, connection.http2)
        elif fd not in self._awake:
            # HTTP/1.1 where HTTP/2 is to be measured, or a part of the preface, which no client sends.
            self._close(fd)
        elif data.startswith(b"POST ") and b"\r\n\r\n" in data:
            self._begin_upload(fd, connection, data)
        elif not data.endswith(b"\r\n\r\n"):
            connection.received = data
        elif data.startswith(b"CONNECT "):
            connection.socket.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        elif data.startswith(b"GET /small "):
            self._requests += 1
            connection.socket.send(self._small)
        else:
            self._answer_other(fd, connection, data.split(b" ", 2)[1])

    def _begin_upload(self, fd: int, connection: _Connection, data: bytes) -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        if length:
            connection.uploading = int(length)
            self._receive_upload(connection, len(body))
        else:
            self._close(fd)

    def _receive_upload(self, connection: _Connection, received: int) -> None:
        connection.uploading -= received
        if not connection.uploading:
            self._requests += 1
            connection.socket.send(self._small)

    def _answer_other(self, fd: int, connection: _Connection, target: bytes) -> None:
        if target == b"/download":
            self._requests += 1
            connection.socket.send(self._download_head, socket.MSG_MORE)
            connection.offset = 0
            self._sending.add(fd)
            self._epoll.modify(fd, select.EPOLLOUT)
        elif target == b"/new-head":
            self._requests += 1
            connection.socket.send(_head(SMALL_LENGTH, request_id=self._requests) + self._small[-SMALL_LENGTH:])
        elif target.startswith(b"/hold/"):
            self._held.add(fd)
            if len(self._held) >= int(target.rpartition(b"/")[2]):
                for held in self._held:
                    with contextlib.suppress(OSError):
                        self._connections[held].socket.send(self._small)
                self._held.clear()
        elif target == b"/stats":
            stats = {"busy": self._busy, "requests": self._requests, "accepted": self._accepted}
            # The connection that asks for the statistics does not belong to the client.
            body = json.dumps({**stats, "connections": len(self._connections) - 1}).encode()
            connection.socket.send(_head(len(body)) + body)
        else:
            self._close(fd)

    def _send_download(self, fd: int, connection: _Connection) -> None:
        left = TRANSFER_LENGTH - connection.offset
        if isinstance(connection.socket, TlsSocket):
            connection.offset += connection.socket.send(self._piece[:left])
        else:
            connection.offset += os.sendfile(fd, self._download_file, connection.offset, left)
        if connection.offset == TRANSFER_LENGTH:
            self._sending.discard(fd)
            self._epoll.modify(fd, select.EPOLLIN)

    def _send_http2(self, fd: int, connection: _Connection, session: _http2.Session) -> None:
        blocked = False
        while not blocked:
            session.fill(_LARGE_PIECE)
            if not session.outgoing:
                break
            try:
                del session.outgoing[: connection.socket.send(session.outgoing)]
            except BlockingIOError:
                blocked = True
        self._requests += session.done
        session.done = 0
        self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT if blocked else select.EPOLLIN)

    def _close(self, fd: int) -> None:
        self._held.discard(fd)
        self._awake.discard(fd)
        self._sending.discard(fd)
        self._connections.pop(fd).socket.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("certificate", help="the file of the certificate and its key")
    arguments = parser.parse_args()
    pin_to_core(arguments.core)
    raise_open_file_limit()
    server = Server(arguments.certificate)
    print(*server.ports, flush=True)
    server.serve_until_closed(sys.stdin.fileno())


if __name__ == "__main__":
    main()
