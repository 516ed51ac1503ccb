# Generated from ../_async/stream_queue.py by tools/make_sync.py: edit that file, then run it.
"""Which request gets the next stream: first come, first served, within the server's limit (RFC 9113 section 5.1.2)."""

import threading
import time
from collections.abc import Callable

from httpcore_models import ConnectionNotAvailable, LocalProtocolError, PoolTimeout
from httpcore_models.concurrency import Event

from .._engine import Engine
from .._translate import RequestHead
from .exchange import Exchange
from .shared_stream import SharedStream


class StreamQueue:
    """The requests that wait for a stream.

    In a pool, which has other connections, only those wait that do not know yet how many streams there will be.
    """

    def __init__(self, engine: Engine, shared: SharedStream, lock: threading.Lock, peer: str) -> None:
        """`lock` guards `engine`."""
        self._engine = engine
        self._shared = shared
        self._lock = lock
        self._peer = peer
        # In their order, with what wakes each when it has become the first, where it is not: all at once would wake up
        # in vain whenever a stream ends.
        self._waiting: dict[Exchange, Event | None] = {}
        self._opened = False
        self._reported: int | None = None
        #: Set by a pool: what is to be called when there may be more or fewer streams than before.
        self.on_capacity_change: Callable[[], None] | None = None

    @property
    def has_room(self) -> bool:
        """Whether another request would get a stream now, or at least wait for the server's limit."""
        engine = self._engine
        return engine.usable and (not engine.limit_known or engine.can_open_after(len(self._waiting)))

    def open_stream(self, exchange: Exchange, head: RequestHead) -> None:
        """Open a stream for the exchange, when it is its turn.

        Raises `PoolTimeout`, and `ConnectionNotAvailable` when there will be none here.
        """
        engine = self._engine
        if "protocol" in exchange.request.extensions:
            self._wait(exchange, lambda: engine.settings_received, _timeout_of(exchange))
            if not engine.supports_extended_connect:
                raise LocalProtocolError("The server does not support extended CONNECT (RFC 8441)")
        try:
            if not self._open_in_turn(exchange, head):
                self._wait_and_open(exchange, head)
        finally:
            if self._waiting:
                self._step_out(exchange)

    def _wait_and_open(self, exchange: Exchange, head: RequestHead) -> None:
        timeout = _timeout_of(exchange)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            self._wait_for_turn(exchange, timeout)
            while not self._open_in_turn(exchange, head):
                remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
                self._wait(exchange, lambda: self._may_open(exchange) or self._is_full(), remaining)
        except PoolTimeout as exc:
            raise PoolTimeout(
                f"Pool timed out after {timeout:g} seconds: no stream to {self._peer} became available "
                f"({self._engine.open_streams} in use)"
            ) from exc

    def _wait_for_turn(self, exchange: Exchange, timeout: float | None) -> None:
        with self._lock:
            if next(iter(self._waiting), exchange) is exchange:
                return
            event = self._waiting[exchange] = Event()
        if not event.wait(timeout):
            raise PoolTimeout from TimeoutError()

    def _step_out(self, exchange: Exchange) -> None:
        with self._lock:
            self._waiting.pop(exchange, None)
            event = next(iter(self._waiting.values()), None)
            if event is not None:
                event.set()

    def _open_in_turn(self, exchange: Exchange, head: RequestHead) -> bool:
        with self._lock:
            self._engine.check_whole()
            if not self._engine.usable:
                self._shared.wake_all()
                raise self._engine.not_available()
            if not self._may_open(exchange):
                if self._is_full():
                    raise ConnectionNotAvailable(
                        f"The server allows no further stream on this connection to {self._peer} "
                        f"({self._engine.open_streams} in use)"
                    )
                self._waiting[exchange] = None
                return False
            self._engine.open_stream(head, exchange.opened)
            self._opened = True
            return True

    def _may_open(self, exchange: Exchange) -> bool:
        return self._engine.can_open and next(iter(self._waiting), exchange) is exchange

    def _is_full(self) -> bool:
        """Whether a request had better go to another connection. A new connection may begin with a limit of 0."""
        engine = self._engine
        return self.on_capacity_change is not None and engine.limit_known and self._opened and not engine.can_open

    def _wait(self, exchange: Exchange, ready: Callable[[], bool], timeout: float | None) -> None:
        self._shared.wait_for_settings(exchange, lambda: ready() or not self._engine.usable, timeout)
        if not self._engine.usable:
            raise self._engine.not_available()

    def report(self) -> None:
        """Tell the pool if the limit, or whether there is one, has changed. The lock is not held."""
        engine = self._engine
        limit = engine.stream_limit if engine.usable else 0
        if limit != self._reported:
            self._reported = limit
            if self.on_capacity_change is not None:
                self.on_capacity_change()


def _timeout_of(exchange: Exchange) -> float | None:
    timeout: float | None = exchange.request.extensions.get("timeout", {}).get("pool")
    return timeout
