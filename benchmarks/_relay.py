"""A long path: forwards connections to ports of this machine, and delays what passes in both directions.

``python -m benchmarks._relay PORT:SECONDS...`` listens once for each argument, prints the ports it listens on, and
forwards to PORT, with SECONDS of delay in each direction. Bandwidth is not limited: the relay reads all that arrives at
once, and keeps it until it is due, so that neither a socket's buffer nor a slow receiver holds up the sender. Only
`_MOST_HELD` does, which keeps a transfer without flow control from filling the memory.

The system accepts a connection without delay. To make up for it, the first bytes of the client are due a round trip
later, as if the client had sent them once the handshake of TCP was done. The process ends when its standard input is
closed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from benchmarks._server import listen, pin_to_core, raise_open_file_limit

# What one direction of a connection holds at most, far more than HTTP/2 windows have.
_MOST_HELD = 256 << 20
_READ = 1 << 20
# Bytes that arrive within this time after others are due together with them, which saves system calls.
_TOGETHER = 0.0002

_END = b""


class _Direction:
    """What passes from one socket to another. `queue` has pieces and when they are due; an empty one is the end."""

    __slots__ = ("blocked", "earliest", "ended", "held", "queue", "receiver", "scheduled", "sender")

    def __init__(self, sender: socket.socket, receiver: socket.socket, earliest: float) -> None:
        self.sender, self.receiver, self.earliest = sender, receiver, earliest
        self.queue: deque[tuple[float, memoryview]] = deque()
        self.held = 0
        # Waiting for the time when the first piece is due, or for the receiver to take more.
        self.scheduled = self.blocked = False
        self.ended = False


class _Relay:
    def __init__(self, routes: list[tuple[int, float]]) -> None:
        self._epoll = select.epoll()
        self._routes = {}
        for port, delay in routes:
            listener = listen()
            self._routes[listener.fileno()] = listener, port, delay
            self._epoll.register(listener.fileno(), select.EPOLLIN)
        self.ports: list[int] = [listener.getsockname()[1] for listener, _, _ in self._routes.values()]
        # By the descriptor of a socket: what it sends and what it receives, and the delay.
        self._connections: dict[int, tuple[_Direction, _Direction, float]] = {}
        # Sockets that both sides have ended, of which epoll would tell without end.
        self._silent: set[int] = set()
        self._due: list[tuple[float, int, _Direction]] = []
        self._count = 0

    def serve_until_closed(self, stdin: int) -> None:
        self._epoll.register(stdin, select.EPOLLIN)
        while True:
            now = time.perf_counter()
            while self._due and self._due[0][0] <= now:
                direction = heappop(self._due)[2]
                direction.scheduled = False
                self._forward(direction)
            self._wait(now)
            for fd, mask in self._epoll.poll(0):
                if fd == stdin:
                    return
                if fd in self._routes:
                    self._accept(*self._routes[fd])
                elif fd in self._connections:
                    self._serve(fd, mask)

    def _wait(self, now: float) -> None:
        # The timeout of epoll is in milliseconds, that of select in microseconds.
        select.select([self._epoll.fileno()], [], [], max(0.0, self._due[0][0] - now) if self._due else None)

    def _accept(self, listener: socket.socket, port: int, delay: float) -> None:
        for client in _accepted(listener):
            try:
                server = socket.create_connection(("127.0.0.1", port))
            except OSError:
                client.close()
                continue
            now = time.perf_counter()
            there = _Direction(client, server, earliest=now + 2 * delay)
            back = _Direction(server, client, earliest=now)
            for sock, directions in ((client, (there, back)), (server, (back, there))):
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections[sock.fileno()] = *directions, delay
                self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _serve(self, fd: int, mask: int) -> None:
        outgoing, incoming, delay = self._connections[fd]
        if mask & select.EPOLLOUT and incoming.blocked:
            incoming.blocked = False
            self._forward(incoming)
        if fd not in self._connections or not mask & ~select.EPOLLOUT:
            return
        if not outgoing.ended:
            self._read(outgoing, delay)
        elif mask & select.EPOLLHUP:
            self._silent.add(fd)
            self._epoll.unregister(fd)

    def _read(self, direction: _Direction, delay: float) -> None:
        """Take what arrived."""
        try:
            data = direction.sender.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            self._close(direction)
            return
        due = max(time.perf_counter(), direction.earliest) + delay
        if direction.queue and due - direction.queue[-1][0] < _TOGETHER:
            due = direction.queue[-1][0]
        direction.queue.append((due, memoryview(data)))
        direction.held += len(data)
        direction.ended = data == _END
        self._watch(direction.sender)
        self._schedule(direction)

    def _schedule(self, direction: _Direction) -> None:
        if direction.queue and not (direction.scheduled or direction.blocked):
            direction.scheduled = True
            self._count += 1
            heappush(self._due, (direction.queue[0][0], self._count, direction))

    def _forward(self, direction: _Direction) -> None:
        """Send what is due, in as few calls as possible, and see to what is not."""
        if direction.receiver.fileno() not in self._connections:
            return
        queue, now = direction.queue, time.perf_counter()
        try:
            while queue and queue[0][0] <= now:
                if not len(queue[0][1]):
                    queue.popleft()
                    self._finish(direction)
                    return
                pieces = [piece for due, piece in _first(queue, 64) if due <= now]
                _drop(queue, sent := direction.receiver.sendmsg(pieces))
                direction.held -= sent
        except BlockingIOError:
            direction.blocked = True
        except OSError:
            self._close(direction)
            return
        self._watch(direction.sender)
        self._watch(direction.receiver)
        self._schedule(direction)

    def _finish(self, direction: _Direction) -> None:
        """Pass on the end of what one side sends; with the end of both, the connection is over."""
        _, back, _ = self._connections[direction.sender.fileno()]
        if back.ended and not back.queue:
            self._close(direction)
        else:
            direction.receiver.shutdown(socket.SHUT_WR)

    def _watch(self, sock: socket.socket) -> None:
        if (fd := sock.fileno()) in self._silent:
            return
        outgoing, incoming, _ = self._connections[fd]
        reads = not outgoing.ended and outgoing.held < _MOST_HELD
        mask = (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if incoming.blocked else 0)
        self._epoll.modify(fd, mask)

    def _close(self, direction: _Direction) -> None:
        for sock in (direction.sender, direction.receiver):
            self._connections.pop(sock.fileno(), None)
            self._silent.discard(sock.fileno())
            sock.close()


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    try:
        while True:
            yield listener.accept()[0]
    except BlockingIOError:
        pass


def _first(queue: deque[tuple[float, memoryview]], count: int) -> list[tuple[float, memoryview]]:
    """The first entries, without the end."""
    entries = [queue[index] for index in range(min(count, len(queue)))]
    return [entry for entry in entries if len(entry[1])]


def _drop(queue: deque[tuple[float, memoryview]], count: int) -> None:
    """Remove as many bytes as were sent."""
    while count:
        due, piece = queue.popleft()
        if len(piece) > count:
            queue.appendleft((due, piece[count:]))
        count -= min(count, len(piece))


def _route(text: str) -> tuple[int, float]:
    port, _, delay = text.partition(":")
    return int(port), float(delay)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    parser.add_argument("routes", nargs="+", type=_route, metavar="PORT:SECONDS")
    arguments = parser.parse_args()
    pin_to_core(arguments.core)
    raise_open_file_limit()
    with contextlib.suppress(PermissionError):
        # To keep its times beside a server that is busy.
        os.nice(-10)
    relay = _Relay(arguments.routes)
    print(*relay.ports, flush=True)
    relay.serve_until_closed(sys.stdin.fileno())


if __name__ == "__main__":
    main()
