"""A server that offers HTTP/3, and says hello where the made-up HTTP/3 of `fake_http3` connects to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .certificates import Certificates
from .datagrams import listen_on_one_port
from .scripted import Connection, ScriptedServer, scripted_server
from .steps import receive_request

__all__ = ["Server", "pool_origin", "said", "serving"]


class Server:
    """Speaks HTTP/1.1 over TLS, offers HTTP/3, and says hello over UDP, if it is not silent, at the same port."""

    def __init__(self, tcp: ScriptedServer, udp: socket.socket) -> None:
        self.tcp = tcp
        self.udp = udp
        self.alt_svc = b'h3=":%d"' % tcp.port
        self.silent = False
        self.said_hello = 0
        self.client_addresses: set[Any] = set()

    @property
    def url(self) -> str:
        """The URL over TCP."""
        return self.tcp.url

    def script(self, connection: Connection) -> None:
        """Answer one request over TCP."""
        receive_request()(connection)
        alt_svc = b"Alt-Svc: %b\r\n" % self.alt_svc if self.alt_svc else b""
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n%b\r\ntcp" % alt_svc)

    def answer(self) -> None:
        """Answer over UDP until a client says stop."""
        while True:
            datagram, address = self.udp.recvfrom(2048)
            if datagram == b"stop":
                return
            self.said_hello += 1
            self.client_addresses.add(address)
            if not self.silent:
                self.udp.sendto(b"hello", address)


@contextmanager
def serving(certificates: Certificates) -> Iterator[Server]:
    """Run a server for the length of the `with` block."""
    servers: list[Server] = []
    listener, udp = listen_on_one_port()
    with udp:
        script = lambda connection: servers[0].script(connection)  # noqa: E731
        with scripted_server(script, tls=certificates.server_context(), listener=listener) as tcp:
            server = Server(tcp, udp)
            servers.append(server)
            thread = threading.Thread(target=server.answer)
            thread.start()
            try:
                yield server
            finally:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
                    stop.sendto(b"stop", ("127.0.0.1", tcp.port))
                thread.join()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the pool has to say, without the events of the handshake."""
    return [message for message in caplog.messages if message.startswith("HTTP/3")]


def pool_origin(server: Server) -> str:
    """Return the origin as pools name it."""
    return f"https://127.0.0.1:{server.tcp.port}"
