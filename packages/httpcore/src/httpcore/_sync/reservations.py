# Generated from ../_async/reservations.py by tools/make_sync.py: edit that file, then run it.
"""What a pool lends: a reservation for each request, and its hold on the bodies of responses."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from httpcore_models import (
    BodyIterator,
    ConnectionInterface,
    Lease,
    Request,
    ResponseStream,
)
from httpcore_models.concurrency import Shield
from httpcore_models.lowlevel import warn_unclosed

from .._pool.slots import PoolRequest, Slot
from .bodies import SentBody

if TYPE_CHECKING:
    from .pool_base import PoolBase

Waiting = PoolRequest[ConnectionInterface]
Pooled = Slot[ConnectionInterface]


class Reservation(Lease):
    """A request's hold on its slot in the pool, or in the line.

    The pool holds the request, never the reservation. Once the request and its response are over nobody else does, so
    a slot that was not given back is given back when the reservation is collected.
    """

    #: When the wait began of which the `pool` limit is; 0.0 if there was none.
    waiting_since = 0.0
    #: What the request waits with; `None` once it is over, and where a signal handler interrupted the constructor.
    waiting: Waiting | None = None
    #: The body, where it is watched as it is sent.
    body: SentBody | None = None
    #: How often the pool had been closed when the request came.
    closings = 0
    #: How many connections the request has opened, how often it was refused, and how many seconds it pauses for that.
    opened = 0
    refused = 0
    pause = 0.0

    def __init__(self, pool: "PoolBase", waiting: Waiting) -> None:
        self.pool = pool
        self.waiting = waiting

    def release(self) -> None:
        """See `Lease`."""
        pool, waiting = self.pool, self.waiting
        if waiting is None:
            return
        if pool._lock._is_owned():  # type: ignore[attr-defined]
            # Within a step of the pool, by code of a connection that is somebody's own: it is done after that step.
            self.drop()
            return
        with pool._lock:
            state = pool._state
            try:
                state.release(waiting, time.monotonic())
                self.waiting = None
                if state.to_wake:
                    pool._wake()
            except BaseException:
                state.broken = True
                raise
        if state.to_close or pool._deferred:
            pool._settle()

    def drop(self) -> None:
        """See `Lease`."""
        waiting = self.waiting
        if waiting is not None:
            self.pool._defer(waiting)
            self.waiting = None

    def __del__(self) -> None:
        if self.waiting is not None:
            self.drop()


class LeasedBody(ResponseStream):
    """The body of a response from a connection that knows nothing of leases: one of somebody's own."""

    _closed = True

    def __init__(self, stream: Any, lease: Reservation, request: Request) -> None:
        self._stream = stream
        self._lease = lease
        self._request = request
        self._iterator: Iterator[bytes] | None = None
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        # Whether it can be iterated over again is for the stream to say.
        self._iterator = None
        return BodyIterator(self)

    def __next__(self) -> bytes:
        if self._iterator is None:
            self._iterator = self._stream.__iter__()
        try:
            return self._iterator.__next__()
        except StopIteration:
            raise
        except BaseException:
            with Shield():
                self.close()
            raise

    def drop(self) -> None:
        if not self._closed:
            # Generators end what they stand for.
            self._iterator = None
            self._lease.drop()

    def close(self) -> None:
        if self._closed:
            return
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            self._closed = True
            self._lease.release()

    def __del__(self) -> None:
        if self._closed:
            return
        # The connection, which is somebody's own, is closed by the next call on the pool.
        self._lease.drop()
        warn_unclosed(self._request, self)
