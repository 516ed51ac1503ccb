# Generated from ../_async/reservation.py by tools/make_sync.py: edit that file, then run it.
"""A request's hold on its slot in the pool, from the moment it comes to the end of its response."""

import time

from httpcore_models import ConnectionInterface, Lease, Request
from httpcore_models.concurrency import Event
from httpcore_models.lowlevel import RequestLimits

from .._arguments import unsupported_scheme
from .._pool.slots import PoolRequest
from .._reports import report_failed
from .._ssl import key_with_name
from .bodies import RewindableBody
from .retries import Retries
from .shared_state import SharedState

_DEFAULT_PORTS = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443}


class Reservation(Lease):
    """A request's hold on its slot in the pool, or on its position in the queue.

    The state of the pool refers to the `PoolRequest`, never to the reservation. So once the request and its response
    are gone, the reservation is collected, and releases what was not released before.
    """

    #: What is reserved; `None` after the release, and if the constructor was interrupted.
    pool_request: PoolRequest[ConnectionInterface] | None = None
    #: The body of the request, if it can be rewound.
    body: RewindableBody | None = None
    # Only few requests need them.
    _retries: Retries | None = None

    def __init__(self, pool: object, shared: SharedState, request: Request) -> None:
        """Submit the request. The response keeps the pool alive, and programs find it there (`_pool`).

        Raises `UnsupportedProtocol` for the URL's scheme.
        """
        self.pool = pool
        self.shared = shared
        url = request.url
        if url.scheme not in _DEFAULT_PORTS:
            raise unsupported_scheme(url)
        pool_request: PoolRequest[ConnectionInterface] = PoolRequest()
        pool_request.key = (url.scheme, url.host, _DEFAULT_PORTS[url.scheme] if url.port is None else url.port)
        if "sni_hostname" in request.extensions:
            pool_request.key = key_with_name(pool_request.key, request)
        pool_request.request = request
        self.pool_request = pool_request
        try:
            # As `shared.step()`, but inlined, which saves each request some calls. Deferred work is left to the pool.
            with shared.lock:
                state = shared.state
                try:
                    if state.broken:
                        state.repair()
                    now = time.monotonic()
                    pool_request.came_at = now
                    pool_request.close_count = shared.close_count
                    if not state.submit(pool_request, now):
                        pool_request.event = Event()
                        pool_request.waiting_since = now
                    if state.to_wake:
                        shared.wake()
                except BaseException:
                    state.broken = True
                    raise
        except BaseException:
            # The reservation is not collected while the traceback refers to it.
            self.drop()
            raise

    @property
    def retries(self) -> Retries:
        """The retries of the request, which is reserved for."""
        if self._retries is None:
            assert self.pool_request is not None
            self._retries = Retries(self.pool_request.request, self.pool_request, self.shared)
        return self._retries

    def wait(self) -> None:
        """Wait for a slot. Raises `PoolTimeout`, and `ConnectError` when the pool is closed."""
        pool_request = self.pool_request
        assert pool_request is not None
        timeouts = pool_request.request.extensions.get("timeout", {})
        timeout: float | None = timeouts.get("pool")
        while pool_request.slot is None:
            # There is one deadline for all waits of a request.
            remaining = None if timeout is None else max(0.0, pool_request.waiting_since + timeout - time.monotonic())
            if "total" in timeouts and isinstance(timeouts, RequestLimits):
                remaining = timeouts.left("pool", pool_request.waiting_since)
            in_time = pool_request.event.wait(remaining)
            if pool_request.slot is None:
                # Before anything else: from here on, a step of another thread wakes this request again.
                pool_request.event = Event()
                self.shared.check_not_closed(pool_request)
                self.shared.close_pending()  # what was deferred may release a slot
                if not in_time and pool_request.slot is None:
                    raise self.shared.pool_timeout(pool_request.request, remaining) from TimeoutError()

    def release(self) -> None:
        """See `Lease`."""
        shared, pool_request = self.shared, self.pool_request
        if pool_request is None:
            return
        if shared.holds_lock():
            # Called within a step, by a connection of a user's own class: release it after that step.
            self.drop()
            return
        # As `shared.step()`, but inlined. Deferred work comes last.
        with shared.lock:
            state = shared.state
            try:
                if state.broken:
                    state.repair()
                state.release(pool_request, time.monotonic())
                self.pool_request = None
                if state.to_wake:
                    shared.wake()
            except BaseException:
                state.broken = True
                raise
        if state.to_close or shared.deferred or shared.departed:
            shared.close_pending()

    def give_up(self, request: Request, exc: BaseException) -> None:
        """End a request that has failed with `exc` or was interrupted, and report that."""
        failure = exc
        try:
            self.release()
            if self.body is not None:
                self.body.discard()
        except BaseException as raised:
            failure = raised  # an interruption, for instance: it takes the place of `exc`
            raise
        finally:
            try:
                if "observe" in request.extensions:
                    report_failed(request, failure)
            finally:
                del failure  # breaks a cycle: its traceback may refer to this frame

    def drop(self) -> None:
        """See `Lease`."""
        pool_request = self.pool_request
        if pool_request is not None:
            self.shared.defer(pool_request)
            self.pool_request = None

    def __del__(self) -> None:
        if self.pool_request is not None:
            self.drop()
