"""A peer that sends and receives datagrams, under the control of the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["DatagramPeer", "datagram_peer", "listen_on_one_port", "refusing_udp_port"]

TIMEOUT = 10.0


class DatagramPeer:
    """A UDP socket that answers whoever sent to it last."""

    def __init__(self, host: str = "127.0.0.1", *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.bind((host, 0))
        self.socket.settimeout(TIMEOUT)
        self.port: int = self.socket.getsockname()[1]
        self.client: Any = None

    def receive(self) -> bytes:
        """Return the next datagram."""
        data, self.client = self.socket.recvfrom(65536)
        return data

    def receive_all(self, count: int) -> list[bytes]:
        """Return the next `count` datagrams."""
        return [self.receive() for _ in range(count)]

    def send(self, *datagrams: bytes) -> None:
        """Send datagrams to the client."""
        for datagram in datagrams:
            self.socket.sendto(datagram, self.client)

    def drain(self) -> None:
        """Drop what has arrived."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(65536)
        except BlockingIOError:
            self.socket.settimeout(TIMEOUT)


@contextmanager
def datagram_peer(host: str = "127.0.0.1", *, receive_buffer: int | None = None) -> Iterator[DatagramPeer]:
    """Open a peer at a free port of a loopback address."""
    peer = DatagramPeer(host, receive_buffer=receive_buffer)
    with peer.socket:
        yield peer


def listen_on_one_port() -> tuple[socket.socket, socket.socket]:
    """Return a TCP socket that listens and a UDP socket, both on the same free loopback port."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(listener.getsockname())
        except OSError:  # a port that is free for TCP may be in use for UDP
            listener.close()
            datagrams.close()
        else:
            return listener, datagrams


@contextmanager
def refusing_udp_port() -> Iterator[int]:
    """Return a loopback port where nothing receives datagrams, and no other socket comes to be meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved, socket.socket() as tcp:
        # Bound for another peer only, so that datagrams from elsewhere are refused.
        reserved.bind(("127.0.0.1", 0))
        reserved.connect(("127.0.0.1", 9))
        tcp.bind(("127.0.0.1", 0))
        yield int(reserved.getsockname()[1])
