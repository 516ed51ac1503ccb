"""A UDP relay that makes the path to a server on loopback as bad as the test wants it.

Each client has a socket of its own behind the relay, as behind a NAT.
"""

from __future__ import annotations

import collections
import contextlib
import heapq
import itertools
import queue
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["DatagramRelay", "Path", "datagram_relay"]

_READ_SIZE = 65_536
_BUFFER = 4 * 1024 * 1024
_NOWHERE = ("127.0.0.1", 9)
_JOIN_TIMEOUT = 20.0
_MOST_CLIENTS = 64
_MOST_OLD = 20


@dataclass
class Path:
    """How the relay treats datagrams. It may be changed at any time. Shares are probabilities, times are in seconds."""

    loss: float = 0.0
    #: Send a datagram twice.
    duplicates: float = 0.0
    #: Hold a datagram back for `held` seconds, so that later ones overtake it.
    reordered: float = 0.0
    held: float = 0.003
    #: Change some bytes of a copy that is sent besides the datagram, so that the receiver has to refuse it.
    forged: float = 0.0
    #: Change some bytes of the datagram.
    corrupted: float = 0.0
    delay: float = 0.0
    #: Drop what is longer.
    largest: int | None = None
    #: Drop everything, or everything in one direction.
    blocked: bool = False
    to_server_blocked: bool = False
    to_client_blocked: bool = False
    #: Drop what the servers send after so many bytes, counted from the beginning.
    most_to_clients: int | None = None


class DatagramRelay:
    """A running relay. `seen` counts what it did, by name."""

    def __init__(self, target: int, path: Path, chance: random.Random) -> None:
        self.path = path
        self.chance = chance
        self.seen: collections.Counter[str] = collections.Counter()
        self._target = target
        self._to_clients = 0
        self._front = _bound()
        self.port: int = self._front.getsockname()[1]
        #: By the address of a client: the socket behind the relay that stands for it.
        self._backs: dict[Any, socket.socket] = {}
        self._old_backs: list[socket.socket] = []
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_end, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ, None)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._stopping = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="datagram-relay")
        self._thread.start()

    # For the test.

    def rebind(self) -> None:
        """Give each client another port as the server sees it, as a NAT does that has forgotten them."""

        self._call(self._renew)

    def lead_to(self, port: int) -> None:
        """Lead to another server, which knows nothing of the connections there are."""

        def lead() -> None:
            self._target = port
            self._renew()

        self._call(lead)

    def inject(self, datagram: bytes) -> None:
        """Send a datagram to all clients, as if it came from the server."""

        def inject() -> None:
            for client in self._backs:
                self._send(self._front.sendto, datagram, client)

        self._call(inject)

    def refuse(self, refused: bool) -> None:
        """Have the operating system refuse what clients send, as at a closed port, or take it again."""
        self._call(lambda: self._front.connect(_NOWHERE if refused else ("0.0.0.0", 0)))

    @property
    def sockets(self) -> int:
        """How many sockets the relay has open."""
        return 3 + len(self._backs) + len(self._old_backs)

    @property
    def clients(self) -> list[Any]:
        """The addresses of those that have sent anything."""
        return list(self._backs)

    def stop(self) -> None:
        """Stop; raise what went wrong, if anything did."""
        self._stopping = True
        self._wake_end.send(b"x")
        self._thread.join(_JOIN_TIMEOUT)
        self._selector.close()
        for opened in (self._front, self._wake_end, self._woken, *self._backs.values(), *self._old_backs):
            opened.close()
        if self._failure is not None:
            raise self._failure

    # In the thread.

    def _call(self, function: Callable[[], Any]) -> None:
        done: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._calls.put(lambda: done.put(function()))
        self._wake_end.send(b"x")
        done.get(timeout=_JOIN_TIMEOUT)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._step()
        except BaseException as exc:
            self._failure = exc

    def _step(self) -> None:
        patience = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
        for key, _ in self._selector.select(patience):
            if key.fileobj is self._woken:
                self._woken.recv(100)
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._calls.get_nowait()()
            elif key.fileobj is self._front:
                self._take_from_clients()
            elif key.data in self._backs:
                self._take_from_server(key.data, key.fileobj)
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()

    def _take_from_clients(self) -> None:
        with contextlib.suppress(OSError):
            for _ in range(100):
                datagram, client = self._front.recvfrom(_READ_SIZE)
                back = self._backs.get(client)
                if back is None:
                    back = self._backs[client] = self._new_back(client)
                if self.path.to_server_blocked:
                    self.seen["blocked"] += 1
                    continue
                self._pass_on(datagram, lambda part, back=back: self._send(back.send, part))  # type: ignore[misc]

    def _take_from_server(self, client: Any, back: Any) -> None:
        with contextlib.suppress(OSError):
            for _ in range(100):
                datagram = back.recv(_READ_SIZE)
                most = self.path.most_to_clients
                if self.path.to_client_blocked or (most is not None and self._to_clients >= most):
                    self.seen["blocked"] += 1
                    continue
                self._to_clients += len(datagram)
                self._pass_on(datagram, lambda part: self._send(self._front.sendto, part, client))

    def _pass_on(self, datagram: bytes, send: Callable[[bytes], None]) -> None:
        path, chance, due = self.path, self.chance, time.monotonic() + self.path.delay
        if path.blocked:
            self.seen["blocked"] += 1
            return
        if path.largest is not None and len(datagram) > path.largest:
            self.seen["too large"] += 1
            return
        if path.loss and chance.random() < path.loss:
            self.seen["lost"] += 1
            return
        if path.forged and chance.random() < path.forged:
            self.seen["forged"] += 1
            self._later(due, send, self._spoil(datagram))
        if path.corrupted and chance.random() < path.corrupted:
            self.seen["corrupted"] += 1
            datagram = self._spoil(datagram)
        if path.duplicates and chance.random() < path.duplicates:
            self.seen["duplicated"] += 1
            self._later(due, send, datagram)
        if path.reordered and chance.random() < path.reordered:
            self.seen["reordered"] += 1
            due += path.held
        self._later(due, send, datagram)
        self.seen["passed on"] += 1

    def _spoil(self, datagram: bytes) -> bytes:
        spoilt = bytearray(datagram)
        for _ in range(3):
            spoilt[self.chance.randrange(len(spoilt))] ^= 1 << self.chance.randrange(8)
        return bytes(spoilt[: self.chance.randrange(1, len(spoilt) + 1)])

    def _later(self, due: float, send: Callable[[bytes], None], datagram: bytes) -> None:
        if due <= time.monotonic():
            send(datagram)
        else:
            heapq.heappush(self._due, (due, next(self._numbers), lambda: send(datagram)))

    def _send(self, send: Callable[..., Any], *arguments: Any) -> None:
        try:
            send(*arguments)
        except OSError:  # nobody is there, or the buffer is full: the network loses datagrams
            self.seen["not sent"] += 1

    def _new_back(self, client: Any) -> socket.socket:
        back = _bound()
        back.connect(("127.0.0.1", self._target))
        while len(self._backs) >= _MOST_CLIENTS:
            # The oldest gets another port if it should still be there.
            self._retire(self._backs.pop(next(iter(self._backs))))
        self._selector.register(back, selectors.EVENT_READ, client)
        return back

    def _renew(self) -> None:
        for client in list(self._backs):
            self._retire(self._backs.pop(client))
            self._backs[client] = self._new_back(client)

    def _retire(self, back: socket.socket) -> None:
        # Not closed yet, so that its port stays in use.
        self._selector.unregister(back)
        self._old_backs.append(back)
        while len(self._old_backs) > _MOST_OLD:
            self._old_backs.pop(0).close()


def _bound() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        bound.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound


@contextmanager
def datagram_relay(port: int, path: Path | None = None, chance: random.Random | None = None) -> Iterator[DatagramRelay]:
    """Relay datagrams to a `port` of the loopback interface, for the length of the `with` block."""
    relay = DatagramRelay(port, path or Path(), chance or random.Random(0))
    try:
        yield relay
    finally:
        relay.stop()
