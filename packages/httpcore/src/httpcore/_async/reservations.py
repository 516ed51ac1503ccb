"""What a pool lends: a reservation for each request, and its hold on the bodies of responses."""

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from httpcore_models import (
    AsyncBodyIterator,
    AsyncConnectionInterface,
    AsyncLease,
    AsyncResponseStream,
    Request,
)
from httpcore_models.concurrency import AsyncShield
from httpcore_models.lowlevel import warn_unclosed

from .._pool.slots import PoolRequest, Slot
from .bodies import AsyncSentBody

if TYPE_CHECKING:
    from .pool_base import AsyncPoolBase

AsyncWaiting = PoolRequest[AsyncConnectionInterface]
AsyncPooled = Slot[AsyncConnectionInterface]


class AsyncReservation(AsyncLease):
    """A request's hold on its slot in the pool, or in the line.

    The pool holds the request, never the reservation. Once the request and its response are over nobody else does, so
    a slot that was not given back is given back when the reservation is collected.
    """

    #: When the wait began of which the `pool` limit is; 0.0 if there was none.
    waiting_since = 0.0
    #: What the request waits with; `None` once it is over, and where a signal handler interrupted the constructor.
    waiting: AsyncWaiting | None = None
    #: The body, where it is watched as it is sent.
    body: AsyncSentBody | None = None
    #: How often the pool had been closed when the request came.
    closings = 0
    #: How many connections the request has opened, how often it was refused, and how many seconds it pauses for that.
    opened = 0
    refused = 0
    pause = 0.0

    def __init__(self, pool: "AsyncPoolBase", waiting: AsyncWaiting) -> None:
        self.pool = pool
        self.waiting = waiting

    async def release(self) -> None:
        """See `AsyncLease`."""
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
            await pool._settle()

    def drop(self) -> None:
        """See `AsyncLease`."""
        waiting = self.waiting
        if waiting is not None:
            self.pool._defer(waiting)
            self.waiting = None

    def __del__(self) -> None:
        if self.waiting is not None:
            self.drop()


class AsyncLeasedBody(AsyncResponseStream):
    """The body of a response from a connection that knows nothing of leases: one of somebody's own."""

    _closed = True

    def __init__(self, stream: Any, lease: AsyncReservation, request: Request) -> None:
        self._stream = stream
        self._lease = lease
        self._request = request
        self._iterator: AsyncIterator[bytes] | None = None
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        # Whether it can be iterated over again is for the stream to say.
        self._iterator = None
        return AsyncBodyIterator(self)

    async def __anext__(self) -> bytes:
        if self._iterator is None:
            self._iterator = self._stream.__aiter__()
        try:
            return await self._iterator.__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            with AsyncShield():
                await self.aclose()
            raise

    def drop(self) -> None:
        if not self._closed:
            # Generators end what they stand for.
            self._iterator = None
            self._lease.drop()

    async def aclose(self) -> None:
        if self._closed:
            return
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            self._closed = True
            await self._lease.release()

    def __del__(self) -> None:
        if self._closed:
            return
        # The connection, which is somebody's own, is closed by the next call on the pool.
        self._lease.drop()
        warn_unclosed(self._request, self)
