"""Scripted peers on real sockets: a listener for each scenario, a thread for each connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..scenarios import Scenario
from . import http2, http11, proxies, tls
from .http2 import HTTP2
from .http11 import HTTP11
from .tls import TLS
from .wire import Conn, Gone

__all__ = ["EVERY_CONNECTION", "PEERS", "Listener"]

PEERS: dict[str, Callable[[Conn], None]] = {**HTTP11, **TLS, **HTTP2}
EVERY_CONNECTION = http11.EVERY_CONNECTION | http2.EVERY_CONNECTION | tls.EVERY_CONNECTION


class Listener:
    """A port on which the peer of one scenario answers; proxies and origins share it."""

    def __init__(
        self,
        scenario: Scenario,
        contexts: Callable[[list[str]], ssl.SSLContext],
        more: Mapping[str, Callable[[Conn], None]] | None = None,
    ) -> None:
        """`more` are peers beside those that every comparison has."""
        self._peers = {**PEERS, **(more or {})}
        self._scenario = scenario
        self._contexts = contexts
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        if scenario.peer in http11.BLOCKING:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self.port = int(self._listener.getsockname()[1])
        self.conns: list[Conn] = []
        self._spoken = 0  # connections on which the client has sent something
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._over.is_set():
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conn = Conn(sock, self._over)
            self.conns.append(conn)
            thread = threading.Thread(target=self._attend, args=(conn,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _attend(self, conn: Conn) -> None:
        with suppress(Gone, OSError):
            self._play(conn)
            self._over.wait(10)
        conn.stop()

    def _play(self, conn: Conn) -> None:
        scenario = self._scenario
        protocols = ["h2"] if scenario.http2 else ["http/1.1"]
        if scenario.peer == "either protocol":
            protocols = ["h2", "http/1.1"]
        if scenario.peer not in http11.SPEAK_FIRST:
            conn.wait_for_client()
        conn.index, self._spoken = self._spoken, self._spoken + 1
        # A caller that is stopped so early may or may not have used a connection.
        early = scenario.caller.endswith((" connecting", " handshake"))
        first = conn.index == 0 or early or scenario.peer in EVERY_CONNECTION
        before = tls.BEFORE.get(scenario.peer) if first else None
        proxies.greet(conn, scenario, self._contexts, first)
        if scenario.tls:
            if before is not None:
                before(conn)
            conn.start_tls(self._contexts(protocols))
        behave: Any = self._peers[scenario.peer] if first and scenario.peer in self._peers else None
        if behave is None:
            behave = http2.serve_http2 if scenario.http2 or conn.protocol == "h2" else http11.serve
        behave(conn)

    def stop(self) -> list[Conn]:
        """End all connections, and return them in the order in which they were accepted."""
        self._over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._listener.close()
        self._accepting.join(2)
        for thread in self._threads:
            thread.join(2)
        return self.conns
