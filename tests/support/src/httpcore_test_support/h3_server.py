"""A scripted HTTP/3 server on a UDP port of the loopback interface, in a thread of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .certificates import Certificates
from .h3_dialogue import OK, ReceivedRequest, ScriptedServer, data, head

#: Called with the connection and the identifier of a stream of a request, whenever something of it has arrived.
Handler = Callable[["Peer", int], None]


class Peer(ScriptedServer):
    """The server's end of one connection."""

    handled: dict[int, tuple[int, bool, int | None, int | None]]
    answered: set[int]
    transmit: Callable[[], None]

    def flush(self) -> None:
        """Send what there is to send now, in a datagram of its own."""
        self.transmit()

    def respond(self, stream_id: int, body: bytes = b"hello", status: int = 200) -> None:
        """Send a whole response, unless the stream has one or is reset."""
        if stream_id in self.answered or self.requests[stream_id].stopped is not None:
            return
        self.answered.add(stream_id)
        self.send(stream_id, head([(b":status", b"%d" % status)]) + data(body), True)


def answering(peer: Peer, stream_id: int) -> None:
    """Answer each request when it is complete."""
    if peer.requests[stream_id].ended:
        peer.respond(stream_id)


def answering_in_parts(peer: Peer, stream_id: int) -> None:
    """Answer uploads bit by bit, so that the client has to wait for each part."""
    request = peer.requests[stream_id]
    if request.ended and request.stopped is None and stream_id not in peer.answered:
        peer.answered.add(stream_id)
        peer.send(stream_id, head(OK))
        for part in (b"he", b"ll"):
            peer.flush()
            peer.send(stream_id, data(part))
        peer.flush()
        peer.send(stream_id, data(b"o"), True)


def silent(peer: Peer, stream_id: int) -> None:
    """Answer nothing."""


def waiting_head(peer: Peer, stream_id: int) -> None:
    """Send the head of a response, and no more."""
    if peer.requests[stream_id].ended and stream_id not in peer.answered:
        peer.answered.add(stream_id)
        peer.send(stream_id, head(OK))


class H3Server:
    """A running server. `peers` are its connections in order of arrival."""

    def __init__(self, certificates: Certificates, handler: Handler, options: dict[str, Any]) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self.handler = handler
        self.peers: list[Peer] = []
        #: Whether what is sent in both directions is dropped, as by a path that is broken.
        self.deaf = False
        self._certificates, self._options = certificates, options
        self._by_address: dict[Any, Peer] = {}
        self._reset_token: bytes | None = None
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_end, self._woken = socket.socketpair()
        self._stopping = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="h3-server")
        self._thread.start()

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function in the server's thread, which then sends what there is to send; return its result."""
        results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put(lambda: results.put(function()))
        self._wake_end.send(b"x")
        return results.get(timeout=20)

    def request(self, stream_id: int) -> ReceivedRequest:
        """Return what has arrived on a stream of the first connection."""
        return self.peers[0].requests.get(stream_id, ReceivedRequest())

    def forget(self) -> None:
        """Know the last connection no more, as after a restart, and say so to its client (RFC 9000 section 10.3)."""
        self._reset_token = self.peers[-1].stateless_reset_token
        self._by_address.clear()

    def stop(self) -> None:
        """Stop, without telling the clients; raise what a handler has raised."""
        self._stopping = True
        self._wake_end.send(b"x")
        self._thread.join(20)
        for opened in (self.socket, self._wake_end, self._woken):
            opened.close()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._step()
        except BaseException as exc:
            self._failure = exc

    def _step(self) -> None:
        timers = [timer for peer in self.peers if (timer := peer.quic.get_timer()) is not None]
        patience = max(0.0, min([*timers, time.monotonic() + 5]) - time.monotonic())
        ready, _, _ = select.select([self.socket, self._woken], [], [], patience)
        now = time.monotonic()
        if self._woken in ready:
            self._woken.recv(100)
            with contextlib.suppress(queue.Empty):
                while True:
                    self._calls.get_nowait()()
        if self.socket in ready:
            self._receive(now)
        for address, peer in self._by_address.items():
            timer = peer.quic.get_timer()
            if timer is not None and timer <= now:
                peer.quic.handle_timer(now)
                peer.receive([], now)
            self._transmit(peer, address)

    def _transmit(self, peer: Peer, address: Any) -> None:
        for datagram, _ in peer.quic.datagrams_to_send(time.monotonic()):
            if not self.deaf:
                with contextlib.suppress(OSError):
                    self.socket.sendto(datagram, address)

    def _receive(self, now: float) -> None:
        datagram, address = self.socket.recvfrom(65536)
        if self.deaf:
            return
        peer = self._by_address.get(address)
        if peer is None:
            if datagram[0] & 0xB0 != 0x80:
                # Not the first packet of a connection (RFC 9000 section 17.2), but one of a client of an earlier server
                # at this port, or of a connection that is forgotten.
                if self._reset_token is not None:
                    self.socket.sendto(b"\x40" + os.urandom(20) + self._reset_token, address)
                return
            peer = self._by_address[address] = Peer(self._certificates, [datagram], now, **self._options)
            peer.handled, peer.answered = {}, set()
            peer.transmit = functools.partial(self._transmit, peer, address)
            peer.open_streams()
            self.peers.append(peer)
        else:
            peer.receive([datagram], now)
        for stream_id, request in list(peer.requests.items()):
            state = (len(request.data), request.ended, request.reset, request.stopped)
            if stream_id % 4 == 0 and peer.handled.get(stream_id) != state:
                peer.handled[stream_id] = state
                self.handler(peer, stream_id)


@contextmanager
def h3_server(certificates: Certificates, handler: Handler = answering, **options: Any) -> Iterator[H3Server]:
    """Run a server for the length of the `with` block. `options` are those of qh3's configuration."""
    server = H3Server(certificates, handler, options)
    try:
        yield server
    finally:
        server.stop()
