"""A pool's state with a clock, on model connections, that tests drive step by step."""

from __future__ import annotations

from httpcore._pool.slots import Key, PoolRequest, Slot

from .pool_invariants import CheckedPoolState, ModelConnection

__all__ = ["A", "B", "C", "ModelPool", "ModelRequest"]

A: Key = (b"http", b"a", 80)
B: Key = (b"http", b"b", 80)
C: Key = (b"http", b"c", 80)


class ModelRequest(PoolRequest[ModelConnection]):
    """A request, and what tests ask of it."""

    def __init__(self, key: Key) -> None:
        self.key = key

    @property
    def leased(self) -> Slot[ModelConnection]:
        """The slot."""
        assert self.slot is not None, "the request has no slot"
        return self.slot

    @property
    def connection(self) -> ModelConnection:
        """The connection of the slot."""
        assert self.leased.connection is not None, "the slot has no connection yet"
        return self.leased.connection


class ModelPool(CheckedPoolState):
    """A pool's state with a clock, and calls that do what a pool does in between."""

    now = 0.0
    #: Whether connections made from now on count as ones that tell when they can carry more.
    reports = False

    def ask(self, key: Key = A) -> ModelRequest:
        """Submit a request."""
        request = ModelRequest(key)
        self.submit(request, self.now)
        return request

    def open(self, request: ModelRequest, streams: int = 1, **options: bool) -> ModelConnection:
        """Fill a new slot, without connecting."""
        connection = ModelConnection(streams, **options)
        request.leased.reports = self.reports
        self.opened(request.leased, connection)
        return connection

    def respond(self, request: ModelRequest, streams: int = 1, **options: bool) -> ModelConnection:
        """Carry a request as far as its response, on a new connection if its slot has none."""
        if request.leased.connection is None:
            self.open(request, streams, **options)
        assert request.connection.take()
        if not request.leased.established:
            self.established(request.leased)
        return request.connection

    def finish(self, request: ModelRequest, *, keep: bool = True) -> None:
        """End a request that was responded to."""
        request.connection.end(keep=keep)
        self.release(request, self.now)

    def idle(self, key: Key = A) -> ModelConnection:
        """Carry a request, and return its connection, now idle."""
        request = self.ask(key)
        connection = self.respond(request)
        self.finish(request)
        return connection

    def idle_beside(self, count: int, key: Key = A) -> list[ModelConnection]:
        """Carry `count` requests at once, and return their connections, now idle, oldest first."""
        requests = [self.ask(key) for _ in range(count)]
        connections = [self.respond(request) for request in requests]
        for request in requests:
            self.finish(request)
        return connections
