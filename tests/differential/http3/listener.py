"""A UDP port on which the HTTP/2 peer of a scenario speaks HTTP/3."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from httpcore_test_support.certificates import Certificates

from ..peers import EVERY_CONNECTION, PEERS
from ..peers.http2 import serve_http2
from ..peers.tls import BEFORE
from ..peers.wire import Gone
from ..scenarios import Scenario
from .conn import QUICConn
from .peers import MORE

__all__ = ["QUICListener"]


class QUICListener:
    """A port, a thread that moves datagrams, and a thread for the script of each connection."""

    def __init__(self, scenario: Scenario, certificates: Certificates) -> None:
        self._scenario, self._certificates = scenario, certificates
        self._over = threading.Event()
        self._lock = threading.Condition(threading.RLock())
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._woken, False)
        self.conns: list[QUICConn] = []
        self._by_address: dict[Any, QUICConn] = {}
        self._threads: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._moving = threading.Thread(target=self._move, daemon=True)
        self._moving.start()

    # Datagrams.

    def _move(self) -> None:
        timer: float | None = None
        while not self._over.is_set():
            patience = 1.0 if timer is None else max(0.0, min(timer - time.monotonic(), 1.0))
            watched: list[Any] = [self._woken]
            if self._socket.fileno() >= 0:
                watched.append(self._socket)
            with suppress(OSError, ValueError):  # the port may be closed meanwhile
                select.select(watched, [], [], patience)
            with self._lock:
                self._take_in()
                now = time.monotonic()
                timers = [due for conn in self.conns if (due := conn.work(now)) is not None]
                timer = min(timers, default=None)
                self._lock.notify_all()

    def _take_in(self) -> None:
        with suppress(OSError):
            os.read(self._woken, 1_000)
        with suppress(OSError):
            while True:
                datagram, address = self._socket.recvfrom(65_536)
                conn = self._by_address.get(address)
                if conn is None:
                    conn = self._by_address[address] = self._accept(address)
                conn.datagram(datagram, time.monotonic())
                if conn.index < 0:
                    self._begin(conn)

    def _accept(self, address: Any) -> QUICConn:
        def transmit(datagrams: list[bytes]) -> None:
            for datagram in datagrams:
                with suppress(OSError):
                    self._socket.sendto(datagram, address)
            if datagrams and threading.current_thread() is not self._moving:
                os.write(self._wake, b"x")  # the timer may be an earlier one

        return QUICConn(self._over, self._lock, self._certificates, transmit, self._socket.close)

    # Scripts.

    def _begin(self, conn: QUICConn) -> None:
        conn.index = len(self.conns)
        self.conns.append(conn)
        thread = threading.Thread(target=self._attend, args=(conn,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _attend(self, conn: QUICConn) -> None:
        try:
            with suppress(Gone, OSError):
                self._play(conn)
                self._over.wait(10)
            conn.stop()
        except BaseException as exc:
            self._failures.append(exc)

    def _play(self, conn: QUICConn) -> None:
        scenario = self._scenario
        early = scenario.caller.endswith((" connecting", " handshake"))
        first = conn.index == 0 or early or scenario.peer in EVERY_CONNECTION
        script: Any = conn
        if first and scenario.peer in BEFORE:
            BEFORE[scenario.peer](script)
        behave: Callable[[Any], None] | None = PEERS.get(scenario.peer, MORE.get(scenario.peer)) if first else None
        (behave or serve_http2)(script)

    def stop(self) -> list[QUICConn]:
        """End all connections, and return them in the order in which they came."""
        self._over.set()
        with self._lock:
            self._lock.notify_all()
        os.write(self._wake, b"x")
        for thread in (self._moving, *self._threads):
            thread.join(2)
        with suppress(OSError):
            self._socket.close()
        os.close(self._wake)
        os.close(self._woken)
        if self._failures:
            raise self._failures[0]
        return self.conns
