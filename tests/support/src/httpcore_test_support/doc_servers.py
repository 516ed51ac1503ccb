"""Small servers for the programs in the documentation that the larger servers cannot answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import wsproto
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage

from .certificates import Certificates

__all__ = ["client_certificate_server", "websocket_server"]

_TIMEOUT = 10.0
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nwelcome\n"


@contextmanager
def client_certificate_server(certificates: Certificates) -> Iterator[int]:
    """Welcome over TLS who has a certificate of the same authority. Yields the port."""
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.authority_pem)

    def welcome(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65_536)
            secure.sendall(_RESPONSE)

    with _serving(welcome) as port:
        yield port


@contextmanager
def websocket_server() -> Iterator[int]:
    """Send the text messages of a WebSocket back. Yields the port."""

    def echo(connection: socket.socket) -> None:
        websocket = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
        while data := connection.recv(65_536):
            websocket.receive_data(data)
            for event in websocket.events():
                if isinstance(event, Request):
                    connection.sendall(websocket.send(AcceptConnection()))
                elif isinstance(event, TextMessage):
                    connection.sendall(websocket.send(TextMessage(event.data)))
                elif isinstance(event, CloseConnection):
                    connection.sendall(websocket.send(event.response()))
                    return

    with _serving(echo) as port:
        yield port


@contextmanager
def _serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one connection after another in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(_TIMEOUT)
                    if connection.recv(1, socket.MSG_PEEK):  # the last one, from below, sends nothing
                        serve(connection)
                        continue
                if stopping.is_set():
                    return

        stopping = threading.Event()
        port: int = listener.getsockname()[1]
        thread = threading.Thread(target=run, name="documentation server")
        thread.start()
        try:
            yield port
        finally:
            stopping.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT).close()
            thread.join(_TIMEOUT)
