# Generated from ../_async/reservations.py by tools/make_sync.py: edit that file, then run it.
"""What a request holds of a pool: a slot or a position in the queue, from submitting it to closing its response."""

import random
import time

from httpcore_models import (
    ConnectError,
    ConnectionInterface,
    ConnectionNotAvailable,
    Lease,
    PoolTimeout,
    RemoteProtocolError,
    Request,
)
from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import Retryable, is_refused, is_shut_down, may_retry_method, retryable_after

from .._pool.slots import PoolRequest, Slot
from .bodies import RewindableBody, can_resend_body
from .shared_state import SharedState

# How many connections a request opens, at most. Another thread may be faster and take the connection that a request
# has opened, but hardly so often: more likely the connections do not work.
_MAX_OPENED = 5

# How often a refused request is sent again, and the longest pause before the second retry, in seconds. The pause
# doubles with each further retry. All pauses together take less than a second.
_MAX_REFUSED = 6
_PAUSE = 0.03


class Reservation(Lease):
    """A request's hold on its slot in the pool, or on its position in the queue.

    The state of the pool refers to the `PoolRequest`, never to the reservation. So once the request and its response
    are gone, the reservation is collected, and releases what was not released before.
    """

    #: What is reserved; `None` after the release, and if the constructor was interrupted.
    pool_request: PoolRequest[ConnectionInterface] | None = None
    #: When the wait began that the `pool` timeout limits; 0.0 if there was none.
    waiting_since = 0.0
    #: The body of the request, if it can be rewound.
    body: RewindableBody | None = None
    #: How many connections the request has opened, how often it was refused, and for how many seconds it pauses.
    opened = 0
    refused = 0
    pause = 0.0

    def __init__(self, pool: object, shared: SharedState, pool_request: PoolRequest[ConnectionInterface]) -> None:
        """Submit the request. The response keeps the pool alive, and programs find it there (`_pool`)."""
        self.pool = pool
        self.shared = shared
        self.pool_request = pool_request
        try:
            # A step without deferred work, which is not worth a call more for each request.
            with shared.lock:
                state = shared.state
                try:
                    if state.broken:
                        state.repair()
                    now = time.monotonic()
                    #: How often the pool had been closed when the request came.
                    self.close_count = shared.close_count
                    if not state.submit(pool_request, now):
                        pool_request.event = Event()
                        self.waiting_since = now
                    if state.to_wake:
                        shared.wake()
                except BaseException:
                    state.broken = True
                    raise
        except BaseException:
            # The reservation is not collected while the traceback refers to it.
            self.drop()
            raise

    def release(self) -> None:
        """See `Lease`."""
        shared, pool_request = self.shared, self.pool_request
        if pool_request is None:
            return
        if shared.holds_lock():
            # Called within a step, by a connection of a user's own class: release it after that step.
            self.drop()
            return
        with shared.lock:
            state = shared.state
            try:
                state.release(pool_request, time.monotonic())
                self.pool_request = None
                if state.to_wake:
                    shared.wake()
            except BaseException:
                state.broken = True
                raise
        if state.to_close or shared.deferred:
            shared.close_pending()

    def drop(self) -> None:
        """See `Lease`."""
        pool_request = self.pool_request
        if pool_request is not None:
            self.shared.defer(pool_request)
            self.pool_request = None

    def __del__(self) -> None:
        if self.pool_request is not None:
            self.drop()

    def check_pool_not_closed(self) -> None:
        """Raise `ConnectError` if the pool was closed since the request came.

        Otherwise a request that lost its connection to the closing of the pool would open another one.
        """
        if self.close_count != self.shared.close_count:
            raise ConnectError("The connection pool was closed while the request waited for a connection.")

    # Waiting.

    def wait(self) -> None:
        """Wait for a slot. Raises `PoolTimeout`, and `ConnectError` when the pool is closed."""
        pool_request = self.pool_request
        assert pool_request is not None
        timeout: float | None = pool_request.request.extensions.get("timeout", {}).get("pool")
        while pool_request.slot is None:
            # There is one deadline for all waits of a request.
            remaining = None if timeout is None else max(0.0, self.waiting_since + timeout - time.monotonic())
            in_time = pool_request.event.wait(remaining)
            if pool_request.slot is None:
                # Before anything else: from here on, a step of another thread wakes this request again.
                pool_request.event = Event()
                self.check_pool_not_closed()
                self.shared.close_pending()  # what was deferred may release a slot
                if not in_time and pool_request.slot is None:
                    raise self._pool_timeout(pool_request.request) from TimeoutError()

    def _pool_timeout(self, request: Request) -> PoolTimeout:
        timeout = request.extensions["timeout"]["pool"]
        stats = self.shared.state.stats()
        limit = self.shared.state.slots.limits.max_connections
        return PoolTimeout(
            f"Pool timed out after {timeout:g} seconds: no connection to {request.url.origin} became "
            f"available ({stats.connections_active} of {limit} in use, {stats.requests_queued} waiting)"
        )

    # Retrying.

    def may_retry(self, request: Request, exc: Exception) -> bool:
        """Whether a request that failed is to be sent again, after `pause` seconds."""
        pool_request = self.pool_request
        assert pool_request is not None
        not_available = isinstance(exc, ConnectionNotAvailable)
        if not_available:
            self.check_pool_not_closed()
            if not is_refused(exc):
                self._check_opened(request, exc)
        elif not may_retry_method(request, exc):
            return False
        self.pause = 0.0
        if self.body is not None:
            request.stream = self.body
        if retryable_after(exc) is Retryable.IDEMPOTENT:
            # Once, and on another connection: a server that fails twice would fail for ever.
            if pool_request.failed_on is not None or pool_request.slot is None:
                return False
            if self.close_count != self.shared.close_count or not can_resend_body(request, exc):
                return False
            pool_request.failed_on = pool_request.slot.number
            return True
        # A server that ends each connection after a number of requests processes all of them in the end, however often
        # one request comes too late. Only other refusals are counted.
        if (is_refused(exc) and not is_shut_down(exc)) or _says_available(pool_request.slot):
            self.refused += 1
            if self.refused > 1:
                self.pause = _PAUSE * 2 ** (self.refused - 2) * random.uniform(0.5, 1.0)
        in_time = self._has_time_to_pause(request)
        if self.refused <= _MAX_REFUSED and in_time and can_resend_body(request, exc):
            self.check_pool_not_closed()
            return True
        if not not_available:
            return False
        if not in_time:
            raise self._pool_timeout(request) from exc
        tried = self.refused > _MAX_REFUSED
        why = f"refused {self.refused} times" if tried else "and its body cannot be sent again"
        raise RemoteProtocolError(f"{request.url.origin} did not process the request, {why}: {exc}") from exc

    def _check_opened(self, request: Request, exc: Exception) -> None:
        if self.opened >= _MAX_OPENED:
            raise ConnectError(
                f"{self.opened} new connections to {request.url.origin} were not available to the request "
                "that opened them"
            ) from exc

    def _has_time_to_pause(self, request: Request) -> bool:
        if not self.pause:
            return True
        now = time.monotonic()
        self.waiting_since = self.waiting_since or now
        timeout: float | None = request.extensions.get("timeout", {}).get("pool")
        return timeout is None or now + self.pause <= self.waiting_since + timeout

    def retry(self, usable: bool) -> None:
        """Return the slot and get another, or the same if its connection is `usable`; after a pause, if any."""
        pool_request, shared = self.pool_request, self.shared
        assert pool_request is not None
        state = shared.state
        if usable and pool_request.failed_on is None:
            shared.step(state.release, pool_request, time.monotonic())
        elif self.pause:
            shared.step(state.suspend, pool_request)
        else:
            shared.step(self._requeue, pool_request)
            self.check_pool_not_closed()
            return
        shared.close_pending()
        if self.pause:
            Event().wait(self.pause)
        shared.step(self._resume, pool_request)
        # Closing the pool does not reach a request that has no slot and does not wait. From here on it does.
        self.check_pool_not_closed()

    def _requeue(self, pool_request: PoolRequest[ConnectionInterface]) -> None:
        self.shared.state.requeue(pool_request)
        self._prepare_to_wait(pool_request)

    def _resume(self, pool_request: PoolRequest[ConnectionInterface]) -> None:
        self.shared.state.resume(pool_request)
        self._prepare_to_wait(pool_request)

    def _prepare_to_wait(self, pool_request: PoolRequest[ConnectionInterface]) -> None:
        if pool_request.slot is None:
            pool_request.event = Event()
            self.waiting_since = self.waiting_since or time.monotonic()


def _says_available(slot: Slot[ConnectionInterface] | None) -> bool:
    try:
        return slot is not None and slot.connection is not None and slot.connection.is_available()
    except Exception:
        return False
