# Generated from ../_async/pool_base.py by tools/make_sync.py: edit that file, then run it.
"""What a pool does with its state: each step under the lock, and what follows from it afterwards."""

import collections
import threading
import time
from collections.abc import Callable

from httpcore_models import ConnectError, ConnectionInterface, RequestInterface, Response
from httpcore_models.concurrency import Event, Shield
from httpcore_models.lowlevel import close_all

from .._fork import reset_after_fork
from .._pool.limits import limits
from .._pool.slots import Slot
from .._pool.state import PoolState
from .._pool.stats import PoolStats
from .reservations import Pooled, Reservation, Waiting


class PoolBase(RequestInterface):
    """The state of a pool, shared between threads.

    Whatever interrupts a step, an exception from a signal handler included, the next one finds the state repaired.
    """

    def __init__(
        self, max_connections: int | None, max_keepalive_connections: int | None, keepalive_expiry: float | None
    ) -> None:
        self._state: PoolState[ConnectionInterface]
        self._state = PoolState(max_connections, max_keepalive_connections, keepalive_expiry)
        self._closings = 0
        # Held for a few microseconds at a time, never across a wait.
        self._lock = threading.RLock()
        # What finalisers, and others that must not wait for the lock, have to say: reservations that are over, and
        # slots whose connection has changed.
        self._deferred: collections.deque[Waiting | Pooled]
        self._deferred = collections.deque()
        reset_after_fork(self)

    @property
    def connections(self) -> list[ConnectionInterface]:
        """The connections in the pool, oldest first, as a new list."""
        self._catch_up()
        return self._state.connections

    def stats(self) -> PoolStats:
        """How many connections and requests there are at the moment, and what became of connections so far. Cheap."""
        self._catch_up()
        return self._state.stats()

    def _check_not_closed(self, reservation: Reservation) -> None:
        """Without this, a request that lost its connection to the closing of the pool would open another."""
        if reservation.closings != self._closings:
            raise ConnectError("The connection pool was closed while the request waited for a connection.")

    # The steps.

    def _submit(self, reservation: Reservation, waiting: Waiting) -> None:
        state = self._state
        with self._lock:
            try:
                if state.broken:
                    state.repair()
                now = time.monotonic()
                reservation.closings = self._closings
                if not state.submit(waiting, now):
                    waiting.event = Event()
                    reservation.waiting_since = now
                if state.to_wake:
                    self._wake()
            except BaseException:
                state.broken = True
                raise

    def _rejoin(
        self,
        reservation: Reservation,
        waiting: Waiting,
        function: Callable[[Waiting], object],
    ) -> None:
        function(waiting)
        if waiting.slot is None:
            waiting.event = Event()
            reservation.waiting_since = reservation.waiting_since or time.monotonic()

    def _established(self, slot: Pooled, response: Response) -> None:
        try:
            self._step(self._state.established, slot, response.extensions.get("http_version") == b"HTTP/2")
            self._settle()
        except BaseException:
            with Shield():
                response.close()
            raise

    def _step(self, function: Callable[..., object], *arguments: object) -> None:
        with self._lock:
            state = self._state
            try:
                if state.broken:
                    state.repair()
                if self._deferred:
                    self._run_deferred()
                function(*arguments)
                self._wake()
            except BaseException:
                state.broken = True
                raise

    def _wake(self) -> None:
        assigned = self._state.to_wake
        for request in assigned:
            if request.event is not None:
                request.event.wake()
        self._state.to_wake = []

    def _defer(self, what: Waiting | Pooled) -> None:
        """Have a request released, or a changed connection looked at, by whoever comes next.

        Takes no lock: the garbage collector may call this at any point, even while the same thread holds the lock.
        """
        self._deferred.append(what)
        waiting = self._state.first_waiting
        if waiting is not None and waiting.event is not None:
            waiting.event.wake()

    def _catch_up(self) -> None:
        if (self._deferred or self._state.broken) and not self._lock._is_owned():  # type: ignore[attr-defined]
            self._step(bool)  # nothing but what was noted

    def _run_deferred(self) -> None:
        while self._deferred:
            what = self._deferred[0]
            if isinstance(what, Slot):
                self._state.changed(what)
            else:
                self._state.release(what, time.monotonic())
            self._deferred.popleft()

    def _settle(self) -> None:
        """Carry out what was noted, and close the connections that are due to be closed."""
        self._catch_up()
        if not self._state.to_close:
            return
        closing: list[ConnectionInterface] = []
        try:
            with self._lock:
                closing += self._state.to_close
                self._state.to_close = []
            close_all(closing)
        finally:
            if closing:
                # Those that were not reached, as an exception came from outside.
                with self._lock:
                    self._state.to_close += closing

    # Closing.

    def close_expired(self) -> None:
        """Close the idle connections that have expired or that their servers have closed.

        Not needed for the pool to work: a request that comes or goes looks after some of them. It is for programs
        that send nothing for long and want the sockets closed meanwhile.
        """
        self._step(self._state.close_expired, time.monotonic())
        self._settle()

    def _reset_after_fork(self) -> None:
        """In a child process: forget what belongs to the parent. Called by itself.

        The connections are closed when the pool is used next, which only closes descriptors of this process.
        """
        inherited = self._state
        self._lock = threading.RLock()
        self._deferred.clear()
        self._state = PoolState(*limits(inherited))
        self._state.to_close = inherited.disown_connections()

    def close(self) -> None:
        """Close all connections. Requests in flight on them fail, and those that wait raise `ConnectError`.

        Each connection has a second to close. The pool may be used again.
        """
        self._step(self._close)
        self._settle()

    def _close(self) -> None:
        # Counted in the same step: whoever is sent out of the line has to find it counted, and a request that came
        # before it was.
        self._closings += 1
        self._state.close()

    def __repr__(self) -> str:
        self._catch_up()
        state = self._state
        return (
            f"<{type(self).__name__} ["
            f"Requests: {state.requests_active} active, {state.requests_queued} queued | "
            f"Connections: {state.connections_active} active, {state.connections_idle} idle]>"
        )
