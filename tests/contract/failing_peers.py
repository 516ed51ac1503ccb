"""Peers on real sockets that fail in one way each. Also runs with httpcore 1.0.9."""

from __future__ import annotations

import contextlib
import datetime
import functools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

import trustme

HOST = "127.0.0.1"
PATIENCE = 10.0  # seconds

# What a peer does with a connection. The event is set when the client is done.
Handler = Callable[[socket.socket, threading.Event], None]


def silent(sock: socket.socket, over: threading.Event) -> None:
    over.wait(PATIENCE)


def closes(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(65536)
    finish(sock)


def finish(sock: socket.socket) -> None:
    """End the stream, and read what still arrives: closing earlier would reset the connection."""
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass


def resets(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(65536)
    reset(sock)


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(*parts: bytes, then: Handler = closes) -> Handler:
    """Answers each message with the next part, then does something else."""

    def handler(sock: socket.socket, over: threading.Event) -> None:
        for part in parts:
            if not sock.recv(65536):
                return
            sock.sendall(part)
        if then is closes:
            finish(sock)
        elif then is resets:
            over.wait(0.1)
            reset(sock)
        else:
            then(sock, over)

    return handler


def says_first(data: bytes, then: Handler = silent) -> Handler:
    def handler(sock: socket.socket, over: threading.Event) -> None:
        sock.sendall(data)
        then(sock, over)

    return handler


def encrypted(context: ssl.SSLContext, handler: Handler = closes) -> Handler:
    def tls_handler(sock: socket.socket, over: threading.Event) -> None:
        sock.settimeout(PATIENCE)
        with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as tls:
            handler(tls, over)

    return tls_handler


@contextlib.contextmanager
def listening(handler: Handler | None, backlog: int = 16) -> Iterator[int]:
    """Serve connections by `handler`; yields the port. Nobody listens for `None`."""
    listener = socket.socket()
    listener.bind((HOST, 0))
    port = listener.getsockname()[1]
    if handler is None:
        with listener:
            yield port
        return
    listener.listen(backlog)
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock, contextlib.suppress(OSError):
                handler(sock, over)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


def full(sock: socket.socket, over: threading.Event) -> None:
    """Stands for a listener whose queue is full."""


@contextlib.contextmanager
def full_queue() -> Iterator[int]:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(3):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.connect(listener.getsockname())
        yield listener.getsockname()[1]


# Certificates.


@functools.cache
def authority() -> trustme.CA:
    """The authority that clients trust."""
    return trustme.CA()


def server_context(cert: trustme.LeafCert | None = None, **settings: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (cert or authority().issue_cert("localhost", HOST)).configure_cert(context)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def client_context(**settings: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def expired() -> trustme.LeafCert:
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    return authority().issue_cert(HOST, not_before=long_ago, not_after=long_ago + datetime.timedelta(days=1))


def not_yet_valid() -> trustme.LeafCert:
    later = datetime.datetime(2125, 1, 1, tzinfo=datetime.timezone.utc)
    return authority().issue_cert(HOST, not_before=later, not_after=later + datetime.timedelta(days=1))


def demanding(**settings: Any) -> ssl.SSLContext:
    context = server_context(verify_mode=ssl.CERT_REQUIRED, **settings)
    authority().configure_trust(context)
    return context
